# What nodeprobe finds. machine/ holds machines as the kernel would show them: a folder each, to be read in place of /.
foreach(name text procfs answer)
  nr_unit_test(source_${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/source_${name}.c LINKS nodeprobe_parts)
endforeach()
foreach(name machines gpus)
  nr_unit_test(source_${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/source_${name}.c
                                      ${CMAKE_CURRENT_SOURCE_DIR}/unit/source_fixture.c LINKS nodeprobe_parts)
  target_compile_definitions(test_source_${name} PRIVATE MACHINES="${CMAKE_CURRENT_SOURCE_DIR}/unit/machine")
endforeach()
