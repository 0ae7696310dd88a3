# tests/scenarios on real processes. With the sanitizers a few of them, each with the machine to itself: they have bounds in time. As
# shipped those that take less than a minute, most of which they wait, so that several at once do not disturb each other; the others
# by hand.
add_executable(wire ${CMAKE_CURRENT_LIST_DIR}/wire.c)
target_link_libraries(wire PRIVATE nr_flags)
set_target_properties(wire PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
nr_system_test(scenario_script SCRIPT script_test.py)
nr_system_test(scenario_fails SCRIPT scenario_test.py SERIAL)
set(scenarios together parted deaf frozen moved silent)
set(serial SERIAL)
if(NOT NR_SANITIZE)
  set(serial)
  list(APPEND scenarios clock-steps year clock-offsets clock-year) # by a preloaded library
  list(APPEND scenarios garbled latency lossy-few one-way-pairs one-way-start killed-of-2 killed-of-3 killed-of-5 cut-of-2)
endif()
foreach(name ${scenarios})
  nr_system_test(scenario.${name} SCRIPT scenario.py ARGS ${PROJECT_SOURCE_DIR}/tests/scenarios/${name}.scenario ${serial})
endforeach()
