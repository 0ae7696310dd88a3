# tests/scenarios on real processes. SERIAL: they have bounds in time.
add_executable(wire ${CMAKE_CURRENT_LIST_DIR}/wire.c)
target_link_libraries(wire PRIVATE nr_flags)
set_target_properties(wire PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
nr_system_test(scenario_script SCRIPT script_test.py)
nr_system_test(scenario_fails SCRIPT scenario_test.py SERIAL)
if(NOT NR_SANITIZE)
  set(clocks clock-steps year) # by a preloaded library
endif()
foreach(name together parted deaf frozen moved silent ${clocks})
  nr_system_test(scenario.${name} SCRIPT scenario.py ARGS ${PROJECT_SOURCE_DIR}/tests/scenarios/${name}.scenario SERIAL)
endforeach()
