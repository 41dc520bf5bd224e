# Language level, output folders, build types, and the tools that only make builds faster (ccache, mold): both are used
# when present and never needed.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/archive")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Dev, Release or Sanitize" FORCE)
endif()
foreach(lang C CXX)
  set(CMAKE_${lang}_FLAGS_DEV "-O0 -g1")
  set(CMAKE_${lang}_FLAGS_RELEASE "-O2 -g1")
  set(CMAKE_${lang}_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
endforeach()

# Decisions replay byte for byte on every machine, so a*b+c is never fused.
add_compile_options(-ffp-contract=off)

find_program(FLEXAI_CCACHE ccache)
mark_as_advanced(FLEXAI_CCACHE)
if(FLEXAI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the checkout count as relative: another clone of the same commit, such as CI's, finds what this one compiled.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${FLEXAI_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
endif()

find_program(FLEXAI_MOLD NAMES mold ld.mold)
mark_as_advanced(FLEXAI_MOLD)

find_package(Threads REQUIRED)
