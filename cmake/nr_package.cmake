# How other projects find libnr: pkg-config (nr.pc) and find_package(nr), which gives the target nr::nr.
include(CMakePackageConfigHelpers)

set(nr_cmakedir ${CMAKE_INSTALL_LIBDIR}/cmake/nr)
# The way from the directory of nr.pc up to the prefix, so that an installed tree can be moved.
file(RELATIVE_PATH NR_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/nr.pc.in ${CMAKE_CURRENT_BINARY_DIR}/nr.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/nr.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nr-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/nr-config.cmake
                              INSTALL_DESTINATION ${nr_cmakedir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/nr-config-version.cmake
                                 VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(EXPORT nr-targets NAMESPACE nr:: DESTINATION ${nr_cmakedir} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/nr-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/nr-config-version.cmake
        DESTINATION ${nr_cmakedir} COMPONENT development)
