nr_unit_test(registry SOURCES ${CMAKE_CURRENT_LIST_DIR}/registry.c ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
             LINKS nr_nr nr_store nr_core nr_crypto nr_proto nr_base)
target_include_directories(test_registry PRIVATE ${CMAKE_CURRENT_LIST_DIR})
