nr_unit_test(noded_requests SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/noded_requests.c LINKS nr_noded)
nr_unit_test(noded_commit SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/noded_commit.c LINKS nr_noded)
nr_unit_test(noded_identity SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/noded_identity.c LINKS nr_noded)
nr_unit_test(noded_host SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/noded_host.c LINKS nr_noded)
