# nr_store_test(store LINKS … SOURCES …): with the fixture that makes stores and records.
function(nr_store_test NAME)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS" ${ARGN})
  nr_unit_test(${NAME} SOURCES ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${NAME}.c
                               ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/store_fixture.c ${A_SOURCES}
               LINKS ${A_LINKS} nr_store nr_core nr_crypto nr_proto nr_base)
  target_include_directories(test_${NAME} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
endfunction()

nr_store_test(store)
nr_store_test(view)
nr_store_test(store_history)
nr_store_test(store_faults)
nr_fail_alloc(test_store_faults)
nr_unit_test(store_keys SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_keys.c LINKS nr_store)
# These read through the library too.
foreach(name store_lmdb store_killed)
  nr_store_test(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_dir.c LINKS nr_nr)
endforeach()
