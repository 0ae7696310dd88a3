nr_unit_test(io_loop SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/io_loop.c LINKS nr_io nr_base)
nr_unit_test(io_udp SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/io_udp.c LINKS nr_io nr_base)
nr_unit_test(io_control SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/io_control.c LINKS nr_io nr_proto nr_base)
nr_unit_test(io_names SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/io_names.c LINKS nr_io nr_conf nr_base)
