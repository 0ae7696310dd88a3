foreach(name store view)
  nr_unit_test(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
               LINKS nr_store nr_core nr_crypto nr_proto nr_base)
  target_include_directories(test_${name} PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()
# It reads what it wrote through the library too.
nr_unit_test(store_lmdb SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_lmdb.c ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
             LINKS nr_nr nr_store nr_core nr_crypto nr_proto nr_base)
target_include_directories(test_store_lmdb PRIVATE ${CMAKE_CURRENT_LIST_DIR})
nr_unit_test(store_faults SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_faults.c ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
             LINKS nr_store nr_core nr_crypto nr_proto nr_base)
target_include_directories(test_store_faults PRIVATE ${CMAKE_CURRENT_LIST_DIR})
nr_fail_alloc(test_store_faults)
