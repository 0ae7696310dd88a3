# Run by cpack between staging and packing, once for all packages: adds what only packages have, and brings the rest into the
# form that Debian wants.
set(debian ${CMAKE_CURRENT_LIST_DIR})
set(source ${debian}/../..)

function(nr_gzip)
  execute_process(COMMAND gzip -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Copyright and changelogs, which every package has.
function(nr_stage_doc ROOT PACKAGE)
  set(doc ${ROOT}/usr/share/doc/${PACKAGE})
  file(COPY ${debian}/copyright DESTINATION ${doc} FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  configure_file(${source}/CHANGELOG.md ${doc}/changelog COPYONLY)
  string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
  file(WRITE ${doc}/changelog.Debian "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) stable; \
urgency=medium\n\n  * See changelog.gz.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
  nr_gzip(${doc}/changelog ${doc}/changelog.Debian)
endfunction()

set(registry ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/registry)
set(library ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/library)
set(development ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/development)
set(doc ${registry}/usr/share/doc/dagi-registry)
nr_stage_doc(${registry} dagi-registry)
nr_stage_doc(${library} ${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME})
nr_stage_doc(${development} libnr-dev)
file(REMOVE ${doc}/LICENSE ${doc}/CHANGELOG.md)
configure_file(${debian}/README.Debian ${doc}/README.Debian COPYONLY)
configure_file(${source}/deploy/noded.conf.example ${registry}/etc/dagi/noded.conf COPYONLY)
configure_file(${debian}/dagi-agent.default ${registry}/etc/default/dagi-agent COPYONLY)
file(RENAME ${development}/usr/share/doc/dagi-registry/examples ${development}/usr/share/doc/libnr-dev/examples)
file(REMOVE_RECURSE ${development}/usr/share/doc/dagi-registry)
file(RENAME ${registry}/usr/share/zsh/site-functions ${registry}/usr/share/zsh/vendor-completions) # where Debian's zsh looks
file(GLOB_RECURSE pages ${registry}/usr/share/man/*.[1-9])
nr_gzip(${pages})
