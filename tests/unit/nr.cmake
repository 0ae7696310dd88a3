foreach(name registry_standing registry_nodes registry_records registry_life)
  nr_store_test(${name} SOURCES ${CMAKE_CURRENT_LIST_DIR}/registry_fixture.c LINKS nr_nr)
endforeach()
