nr_unit_test(http_parse SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/http_parse.c LINKS nr_io)
nr_unit_test(http_server SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/http_server.c LINKS nr_io)
foreach(name http_bodies http_cache http_metrics http_query http_router)
  nr_unit_test(${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/${name}.c LINKS nodehttpd_parts)
endforeach()
target_compile_definitions(test_http_router PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")
nr_unit_test(http_census
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/http_census.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/registry_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/unit/store_fixture.c
  LINKS nodehttpd_parts nr_store nr_core nr_crypto nr_proto nr_base)
target_include_directories(test_http_census PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit)
