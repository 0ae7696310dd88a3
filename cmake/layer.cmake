# One layer of the architecture is one static library that links only what it may see (CONTRIBUTING.md, "The house").
#   nr_layer(NAME base SOURCES err.c … LINKS nr_x … PRIVATE_LINKS PkgConfig::y …)
# Warnings and hardening are per target, never global flags.

option(NR_WERROR "Treat warnings as errors" ON)
set(NR_SANITIZE "" CACHE STRING "Sanitizers for every target, as for -fsanitize=")
# Hardening needs an optimised build and gets in the way of sanitizers.
set(nr_harden OFF)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$" AND NOT NR_SANITIZE)
  set(nr_harden ON)
endif()
option(NR_HARDEN "Hardening flags" ${nr_harden})

add_library(nr_flags INTERFACE)
target_compile_features(nr_flags INTERFACE c_std_11)
target_compile_definitions(nr_flags INTERFACE _GNU_SOURCE NR_VERSION="${PROJECT_VERSION}")
target_compile_options(nr_flags INTERFACE
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wundef
  -Wpointer-arith -Wwrite-strings -Wformat=2 -fvisibility=hidden -fno-common
  $<$<BOOL:${NR_WERROR}>:-Werror>)
target_include_directories(nr_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(NR_SANITIZE)
  # What sanitizers insert makes gcc's guesses about lengths and initial values wrong.
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    target_compile_options(nr_flags INTERFACE -Wno-format-truncation -Wno-maybe-uninitialized -Wno-stringop-overflow)
  endif()
  target_compile_options(nr_flags INTERFACE -fsanitize=${NR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(nr_flags INTERFACE -fsanitize=${NR_SANITIZE})
endif()
if(NR_HARDEN)
  target_compile_options(nr_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
    -fstack-clash-protection -fcf-protection)
  target_link_options(nr_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

function(nr_layer)
  cmake_parse_arguments(A "" "NAME" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(nr_${A_NAME} STATIC ${A_SOURCES})
  set_target_properties(nr_${A_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(nr_${A_NAME} PUBLIC ${A_LINKS} PRIVATE nr_flags ${A_PRIVATE_LINKS})
endfunction()

# Daemons go where only the administrator looks for them, the tool where everybody does, and what noded starts by itself
# where nobody looks.
set(NR_INSTALL_noded ${CMAKE_INSTALL_SBINDIR})
set(NR_INSTALL_nodehttpd ${CMAKE_INSTALL_SBINDIR})
set(NR_INSTALL_nodeprobe ${CMAKE_INSTALL_LIBEXECDIR}/dagi)
set(NR_INSTALL_nodectl ${CMAKE_INSTALL_BINDIR})

# nr_program(NAME noded SOURCES … LINKS …): into build/bin/; installed, if it has a line above.
function(nr_program)
  cmake_parse_arguments(A "" "NAME" "SOURCES;LINKS" ${ARGN})
  add_executable(${A_NAME} ${A_SOURCES})
  target_link_libraries(${A_NAME} PRIVATE nr_flags ${A_LINKS})
  set_target_properties(${A_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
    POSITION_INDEPENDENT_CODE ON)
  if(NR_INSTALL_${A_NAME})
    install(TARGETS ${A_NAME} RUNTIME DESTINATION ${NR_INSTALL_${A_NAME}})
  endif()
endfunction()

# nr_unit_test(record LINKS …): tests/unit/record.c (below the current directory) as ctest unit.record.
function(nr_unit_test NAME)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS" ${ARGN})
  if(NOT A_SOURCES)
    set(A_SOURCES ${NAME}.c)
  endif()
  add_executable(test_${NAME} ${A_SOURCES})
  target_link_libraries(test_${NAME} PRIVATE nr_flags ${A_LINKS} PkgConfig::cmocka)
  set_target_properties(test_${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME unit.${NAME} COMMAND test_${NAME})
  set_tests_properties(unit.${NAME} PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()
