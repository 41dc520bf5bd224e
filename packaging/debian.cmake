# Debian's package, by CPack: `tools/package`. Included where everything that is installed is known.
#
# dpkg unpacks each file beside its place as NAME.dpkg-new and renames it (dpkg(1), unpacking step): a library that a living process has
# mapped keeps its bytes. The layer's file carries the version besides, so that an upgrade does not even take its name.

set(FLEXAI_MAINTAINER "flexai maintainers <maintainers@flexai.example>" CACHE STRING "Who answers for the package: NAME <ADDRESS>")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH where that is set
configure_file(debian/changelog.in "${generated}/debian/changelog" @ONLY)

find_program(FLEXAI_GZIP gzip REQUIRED)
add_custom_command(OUTPUT "${generated}/debian/compressed.stamp"
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${generated}/debian/man1"
    COMMAND "${CMAKE_COMMAND}" -E copy_directory "${generated}/manual" "${generated}/debian/man1"
    COMMAND sh -c "'${FLEXAI_GZIP}' -9nr '${generated}/debian/man1' && '${FLEXAI_GZIP}' -9nc '${generated}/debian/changelog' >'${generated}/debian/changelog.gz'"
    COMMAND "${CMAKE_COMMAND}" -E touch "${generated}/debian/compressed.stamp"
    DEPENDS "${generated}/manual.stamp" "${generated}/debian/changelog" COMMENT "Pages for the package" VERBATIM)
add_custom_target(flexai-package-files ALL DEPENDS "${generated}/debian/compressed.stamp")

install(DIRECTORY "${generated}/debian/man1/" DESTINATION share/man/man1 COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES "${generated}/debian/changelog.gz" debian/copyright DESTINATION share/doc/flexai COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES debian/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME flexai.conf COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES "${generated}/completion/flexai.zsh" DESTINATION share/zsh/vendor-completions RENAME _flexai
        COMPONENT debian EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};flexai;flexai;/;${CMAKE_BINARY_DIR};flexai;debian;/")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME flexai)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "${FLEXAI_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "slices of accelerators for unmodified programs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Runs an unmodified OpenCL program in a slice of an accelerator: a guaranteed
percentage of its compute and a cap, a quota of its memory, a priority. The
limits are kept by a layer that the OpenCL loader loads into the program, over
a region of shared memory; there is no daemon.
.
This package holds the command flexai, the layer, and the programs of
its demo and its bench. Users in the group flexai share the
accelerators of the machine with each other.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# A loader that loads layers; programs find it as libOpenCL.so.1.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ocl-icd-libopencl1 (>= 2.3) | libopencl1")
# python3: for the runners of `flexai demo --with` alone.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "pocl-opencl-icd | opencl-icd, python3:any")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst;${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Symbols are a package of their own: flexai-dbgsym.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
