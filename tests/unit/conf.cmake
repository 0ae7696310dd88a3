nr_unit_test(conf SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/conf.c LINKS nr_conf nr_base)
target_compile_definitions(test_conf PRIVATE
  CONF_FILES="${CMAKE_CURRENT_SOURCE_DIR}/unit/conf_files" SOURCE_DIR="${PROJECT_SOURCE_DIR}")
nr_unit_test(conf_checks SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/conf_checks.c LINKS nr_conf nr_base)
nr_unit_test(url SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/url.c LINKS nr_conf nr_base)
nr_unit_test(command SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/command.c LINKS nr_conf nr_base)
