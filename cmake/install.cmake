# What is installed beside the programs and the library (those install themselves, each in its own CMakeLists.txt).

set(NODED ${CMAKE_INSTALL_FULL_SBINDIR}/noded)
set(NODEHTTPD ${CMAKE_INSTALL_FULL_SBINDIR}/nodehttpd)
file(GLOB units CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/deploy/systemd deploy/systemd/*.service)
foreach(unit IN LISTS units)
  configure_file(deploy/systemd/${unit} ${PROJECT_BINARY_DIR}/systemd/${unit} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit} DESTINATION lib/systemd/system)
endforeach()
install(FILES deploy/systemd/dagi.sysusers DESTINATION lib/sysusers.d RENAME dagi.conf)

foreach(section 1 3 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS deploy/man/*.${section})
  if(pages)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endif()
endforeach()
install(FILES deploy/completion/nodectl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME nodectl)
install(FILES deploy/completion/_nodectl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES README.md CHANGELOG.md LICENSE deploy/noded.conf.example deploy/openapi.yaml
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES proto/README.md proto/CONTROL.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/protocol)
