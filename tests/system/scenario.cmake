# tests/scenarios on real processes: those that take about a minute or less, most of which they wait, so that several at once do not
# disturb each other; the others by hand.
add_executable(wire ${CMAKE_CURRENT_LIST_DIR}/wire.c)
target_link_libraries(wire PRIVATE nr_flags)
set_target_properties(wire PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
nr_system_test(scenario_script SCRIPT script_test.py ONCE)
nr_system_test(scenario_fails SCRIPT scenario_test.py ONCE)
set(scenarios together parted deaf frozen moved silent garbled latency lossy-few one-way-pairs one-way-start killed-of-2 killed-of-3
  killed-of-5 cut-of-2)
if(NOT NR_SANITIZE)
  list(APPEND scenarios clock-steps year clock-offsets clock-year) # by a preloaded library
endif()
foreach(name ${scenarios})
  nr_system_test(scenario.${name} SCRIPT scenario.py ARGS ${PROJECT_SOURCE_DIR}/tests/scenarios/${name}.scenario ONCE)
endforeach()
