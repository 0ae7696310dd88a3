if(TARGET nodectl_parts)
  foreach(name text table archive files jsonpack command store bootstrap_conf)
    nr_unit_test(nodectl_${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/nodectl_${name}.c LINKS nodectl_parts)
  endforeach()

  nr_unit_test(nodectl_docs SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/nodectl_docs.c LINKS nodectl_parts)
  target_compile_definitions(test_nodectl_docs PRIVATE NODECTL_DEPLOY="${PROJECT_SOURCE_DIR}/deploy")

  find_program(NR_MANDOC mandoc)
  if(NR_MANDOC)
    add_test(NAME house.man_nodectl COMMAND ${NR_MANDOC} -T lint ${PROJECT_SOURCE_DIR}/deploy/man/nodectl.1)
    set_tests_properties(house.man_nodectl PROPERTIES TIMEOUT 30 LABELS house)
  endif()
  find_program(NR_GROFF groff)
  if(NR_GROFF)
    # Warnings go to standard error, which `sh` turns into a failure.
    add_test(NAME house.groff_nodectl COMMAND sh -c
      "said=$('${NR_GROFF}' -ww -man -Tutf8 -z '${PROJECT_SOURCE_DIR}/deploy/man/nodectl.1' 2>&1) && test -z \"$said\" || { echo \"$said\"; exit 1; }")
    set_tests_properties(house.groff_nodectl PROPERTIES TIMEOUT 30 LABELS house)
  endif()
endif()
