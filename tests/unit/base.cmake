foreach(name addr base64 buf cursor err histogram json log rng time token_bucket utf8)
  nr_unit_test(${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/${name}.c LINKS nr_base)
endforeach()

# nr_fail_alloc(test_buf): the test may make allocations fail (unit/fail_alloc.h).
function(nr_fail_alloc TARGET)
  target_sources(${TARGET} PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit/fail_alloc.c)
  target_link_options(${TARGET} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
endfunction()
nr_fail_alloc(test_buf)
nr_fail_alloc(test_json)
