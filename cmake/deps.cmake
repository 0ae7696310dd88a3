# What is needed from the system, found once, for all directories: PkgConfig::lmdb, ::sodium, ::event, ::event_extra,
# ::inih, ::msgpack, ::curl and, for the tests, ::cmocka. Versions are those of Debian 12.

find_package(PkgConfig)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "pkg-config is missing: run tools/deps.sh (Debian package pkg-config)")
endif()

# nr_need(lmdb lmdb>=0.9.24 liblmdb-dev): PkgConfig::lmdb, or an error that says how to get it.
function(nr_need NAME MODULE PACKAGE)
  pkg_check_modules(${NAME} QUIET IMPORTED_TARGET GLOBAL ${MODULE})
  if(NOT ${NAME}_FOUND)
    message(FATAL_ERROR "${MODULE} is missing: run tools/deps.sh (Debian package ${PACKAGE})")
  endif()
endfunction()

nr_need(lmdb lmdb>=0.9.24 liblmdb-dev)
nr_need(sodium libsodium>=1.0.18 libsodium-dev)
nr_need(inih inih>=55 libinih-dev)
nr_need(msgpack msgpack>=4.0.0 libmsgpack-dev)
nr_need(event libevent_core>=2.1.12 libevent-dev)
# The OpenSSL flavour: the one that Debian's curl itself brings along.
nr_need(curl libcurl>=7.88.0 libcurl4-openssl-dev)
nr_need(event_extra libevent_extra>=2.1.12 libevent-dev)
if(BUILD_TESTING)
  nr_need(cmocka cmocka>=1.1.5 libcmocka-dev)
  find_program(NR_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
  if(NOT NR_PYTHON)
    message(FATAL_ERROR "/usr/bin/python3 is missing: run tools/deps.sh (or configure with -DBUILD_TESTING=OFF)")
  endif()
endif()
