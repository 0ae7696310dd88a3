foreach(name store view)
  nr_unit_test(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
               LINKS nr_store nr_core nr_crypto nr_proto nr_base)
  target_include_directories(test_${name} PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()
