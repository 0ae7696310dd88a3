# Debian packages: cpack -G DEB in the build directory. deploy/debian/ holds what only packages have.
#   dagi-registry  programs, units, manual pages    component registry
#   libnr0         the library                      library
#   libnr-dev      what it takes to build with it   development

set(NR_MAINTAINER "DAGI registry maintainers <registry@localhost.localdomain>" CACHE STRING "Maintainer of the packages")

set(debian ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "decentralised registry of DAGI nodes")
set(CPACK_PACKAGE_CONTACT ${NR_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL registry library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${debian}/stage.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# As debhelper has it: who makes users and directories may be systemd, or a part of it where there is no systemd.
set(CPACK_DEBIAN_REGISTRY_PACKAGE_NAME dagi-registry)
set(CPACK_DEBIAN_REGISTRY_PACKAGE_SECTION net)
set(CPACK_DEBIAN_REGISTRY_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers, \
systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_REGISTRY_PACKAGE_CONTROL_EXTRA ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_REGISTRY_DESCRIPTION "Every node holds the whole registry on its own disk; every statement in it is
signed by who made it, and the peers tell each other over UDP. There is no
server.
.
This package holds the peer daemon noded, the HTTP facade nodehttpd and the
tool nodectl.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libnr${NR_SOVERSION})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "Reads the registry of this machine's node, without a copy and without a system
call, and talks to its noded.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${debian}/triggers)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libnr-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libnr${NR_SOVERSION} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Headers, pkg-config and CMake files of libnr, and an example.")
include(CPack)
