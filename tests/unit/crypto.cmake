foreach(name crypto seal)
  nr_unit_test(${name} SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/${name}.c LINKS nr_crypto nr_proto nr_base)
endforeach()

add_subdirectory(vectors)
