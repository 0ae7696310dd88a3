# What is installed beside the programs and the library (those install themselves, each in its own CMakeLists.txt).

# nr_install(DESTINATION deploy/man/*.1 …): the files that match, if any.
function(nr_install DESTINATION)
  file(GLOB files CONFIGURE_DEPENDS LIST_DIRECTORIES false RELATIVE ${PROJECT_SOURCE_DIR} ${ARGN})
  if(files)
    install(FILES ${files} DESTINATION ${DESTINATION})
  endif()
endfunction()

nr_install(${CMAKE_INSTALL_DOCDIR} README.md CHANGELOG.md LICENSE)
