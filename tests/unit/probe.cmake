foreach(name launch plan report)
  nr_unit_test(probe_${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/probe_${name}.c LINKS nr_probe)
endforeach()
target_compile_definitions(test_probe_launch PRIVATE
  NODEPROBE="$<TARGET_FILE:nodeprobe>" NR_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}/dagi")
add_dependencies(test_probe_launch nodeprobe)
foreach(name bounds check_tcp facts gather task)
  nr_unit_test(probe_${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/probe_${name}.c LINKS nodeprobe_parts)
endforeach()
