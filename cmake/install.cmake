# What is installed beside the programs and the library (those install themselves, each in its own CMakeLists.txt).

# Units name the place of the programs, which is known only when they are installed (cmake --install --prefix, cpack).
file(GLOB units CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/deploy/systemd deploy/systemd/*.service)
list(TRANSFORM units PREPEND ${PROJECT_BINARY_DIR}/systemd/ OUTPUT_VARIABLE made_units)
install(CODE "
  set(SBINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
  set(BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  foreach(unit IN ITEMS ${units})
    configure_file(\"${PROJECT_SOURCE_DIR}/deploy/systemd/\${unit}\" \"${PROJECT_BINARY_DIR}/systemd/\${unit}\" @ONLY)
  endforeach()")
install(FILES ${made_units} DESTINATION lib/systemd/system)
install(FILES deploy/systemd/dagi.sysusers DESTINATION lib/sysusers.d RENAME dagi.conf)
install(FILES deploy/systemd/dagi.tmpfiles DESTINATION lib/tmpfiles.d RENAME dagi.conf)
install(DIRECTORY deploy/systemd/drop-ins DESTINATION ${CMAKE_INSTALL_DOCDIR}/systemd)

foreach(section 1 3 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS deploy/man/*.${section})
  if(pages)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endif()
endforeach()
install(FILES deploy/completion/nodectl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME nodectl)
install(FILES deploy/completion/_nodectl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
file(GLOB operators CONFIGURE_DEPENDS deploy/*.md)
install(FILES README.md CHANGELOG.md LICENSE deploy/noded.conf.example deploy/openapi.yaml ${operators}
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY deploy/firewall DESTINATION ${CMAKE_INSTALL_DATADIR}/dagi-registry USE_SOURCE_PERMISSIONS)
install(FILES proto/README.md proto/CONTROL.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/protocol)
