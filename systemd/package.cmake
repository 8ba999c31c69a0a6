# Units, man pages and the Debian package. The units are generated for the systemd version of the build machine.

pkg_get_variable(SYSTEMD_UNIT_DIR systemd systemdsystemunitdir)
if(NOT SYSTEMD_UNIT_DIR)
  set(SYSTEMD_UNIT_DIR /lib/systemd/system)
endif()

# Since version 253 systemd has Type=notify-reload: it sends SIGHUP itself and waits until the reload is finished. Older versions
# need ExecReload=; there the reload is finished when its command exits.
function(make_unit name of_account config state credential make_inbox)
  set(OF_ACCOUNT "${of_account}")
  set(CONFIG "${config}")
  set(STATE "${state}")
  set(CREDENTIAL "${credential}")
  set(MAKE_INBOX "${make_inbox}")
  if(SYSTEMD_VERSION VERSION_GREATER_EQUAL 253)
    set(SERVICE_TYPE notify-reload)
    set(EXEC_RELOAD "")
  else()
    set(SERVICE_TYPE notify)
    set(EXEC_RELOAD "# Exits when the daemon has done or refused the reload, so `systemctl reload` waits, and fails if the configuration has a fault.
ExecReload=/usr/bin/consent-sync reload --config ${config}
")
  endif()
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/systemd/consent-sync.service.in ${CMAKE_BINARY_DIR}/systemd/${name} @ONLY)
endfunction()

make_unit(consent-sync.service "" /etc/consent-sync/consent-sync.json consent-sync consent-sync
          "systemd-tmpfiles --create consent-sync.conf")
make_unit(consent-sync@.service " (account %i)" /etc/consent-sync/%i.json consent-sync-accounts/%i consent-sync.%i
          "/bin/sh -c 'echo d /var/lib/consent-sync-accounts/%i/inbox 3770 consent-sync consent-drop | systemd-tmpfiles --create -'")

function(compress source destination name)
  set(made ${CMAKE_BINARY_DIR}/systemd/${name}.gz)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/systemd)
  execute_process(COMMAND gzip -9nc ${CMAKE_CURRENT_SOURCE_DIR}/systemd/${source} OUTPUT_FILE ${made}
                  COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/systemd/${source})
  install(FILES ${made} DESTINATION ${destination})
endfunction()

install(FILES ${CMAKE_BINARY_DIR}/systemd/consent-sync.service ${CMAKE_BINARY_DIR}/systemd/consent-sync@.service
        DESTINATION ${SYSTEMD_UNIT_DIR})
install(FILES systemd/consent-sync.sysusers DESTINATION /usr/lib/sysusers.d RENAME consent-sync.conf)
install(FILES systemd/consent-sync.tmpfiles DESTINATION /usr/lib/tmpfiles.d RENAME consent-sync.conf)
install(FILES config/consent-sync.json DESTINATION /etc/consent-sync)
install(FILES config/consent-sync.schema.json config/consent-sync.rules.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/consent-sync)
install(FILES systemd/completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME consent-sync)
install(FILES systemd/debian/copyright systemd/what-to-do.md systemd/recovery.md systemd/security.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/consent-sync)
install(FILES lib/observe/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/consent-sync RENAME monitoring.md)
install(FILES systemd/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME consent-sync)
compress(man/consent-sync.1 ${CMAKE_INSTALL_MANDIR}/man1 consent-sync.1)
compress(man/consent-sync.json.5 ${CMAKE_INSTALL_MANDIR}/man5 consent-sync.json.5)
compress(debian/changelog ${CMAKE_INSTALL_DATADIR}/doc/consent-sync changelog)

# tests/boot sets this to make a newer package from the same build.
set(CONSENT_SYNC_PACKAGE_VERSION ${PROJECT_VERSION} CACHE STRING "Version of the package")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME consent-sync)
set(CPACK_PACKAGE_VERSION ${CONSENT_SYNC_PACKAGE_VERSION})
set(CPACK_PACKAGE_CONTACT "consent-sync <consent-sync@consent-sync.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "bring changes of marketing consent from files to HubSpot")
set(CPACK_PACKAGE_DESCRIPTION
"A service that watches an inbox folder for files of opt-ins and
opt-outs, sends each row to HubSpot's batch endpoint as fast as the limits
of the account allow and never in the wrong order, and reports the outcome
of every row.")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd (>= 252), init-system-helpers (>= 1.54), ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/prerm ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/postrm
    ${CMAKE_CURRENT_SOURCE_DIR}/systemd/debian/conffiles)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
include(CPack)
