# The helpers every folder's CMakeLists.txt uses.
#
#   flexai_library(slice SOURCES a.cpp b.cpp TESTS a_test.cpp FUZZ parse_fuzz.cpp BENCH a_bench.cpp
#                  DEPS flexai::core TEST_DEPS flexai::fakes FOREIGN)
#     flexai::slice        a static library (header-only when SOURCES is empty)
#     flexai::slice_foreign  with FOREIGN or when header-only: the same code with the flags of libraries that live in other
#                            people's processes; its DEPS are the _foreign twins of DEPS
#     slice_test           one gtest binary of all TESTS; every test is known to ctest, label `unit`
#     parse_fuzz           see flexai_fuzz        a_bench   one Google Benchmark binary per file, never run by ctest
#   flexai_interposer(flexai_opencl SOURCES layer.cpp EXPORTS exports.map DEPS flexai::slice_foreign)
#     lib/libflexai_opencl.so, a link to the file that carries the project's version, for foreign processes; OUTPUT cuda VERSION 1
#     makes libcuda.so.1
#   flexai_app(flexai SOURCES main.cpp DEPS flexai::cli)     bin/flexai
#   flexai_gtest(name SOURCES … DEPS … LABEL integration)    a gtest binary that belongs to no library; with SERIAL none of
#                            its tests runs beside another; finds what it starts by FLEXAI_SOURCE_DIR and FLEXAI_BUILD_DIR
#   flexai_script_test(name SCRIPT x.sh LABEL integration)   a bash test; exit 77 means skipped
#   flexai_fuzz(name SOURCE x_fuzz.cpp DEPS …)               libFuzzer target; elsewhere a replay of fuzz/corpora/<name>
#
# Includes are written from the root of src ("slice/arbiter.hpp") and, for contracts, from the repository root
# ("api/region/region.h").

include(GoogleTest)
find_package(GTest 1.12 QUIET)
find_package(benchmark QUIET)

# What tools/fuzz and tools/check build by name: every fuzz target, every library for foreign processes.
add_custom_target(fuzz_targets)
add_custom_target(interposers)

set(FLEXAI_INCLUDE_DIRS "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")

# flexai::slice -> flexai::slice_foreign; everything that is not ours stays as it is.
function(flexai_foreign_names out)
  set(names)
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "^flexai::" AND NOT dep MATCHES "_foreign$")
      string(APPEND dep "_foreign")
    endif()
    if(NOT dep STREQUAL "Threads::Threads")
      list(APPEND names "${dep}")
    endif()
  endforeach()
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

function(flexai_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "FOREIGN" "" "SOURCES;TESTS;FUZZ;BENCH;DEPS;PRIVATE_DEPS;TEST_DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "flexai_library(${name}): unknown words: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  flexai_foreign_names(foreign_deps ${arg_DEPS} ${arg_PRIVATE_DEPS})

  if(arg_SOURCES)
    if(NOT FLEXAI_FOREIGN_ONLY)
      add_library(flexai_${name} STATIC ${arg_SOURCES})
      target_include_directories(flexai_${name} PUBLIC ${FLEXAI_INCLUDE_DIRS})
      target_link_libraries(flexai_${name} PUBLIC flexai_hosted ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
    endif()
    if(arg_FOREIGN)
      add_library(flexai_${name}_foreign STATIC ${arg_SOURCES})
      target_include_directories(flexai_${name}_foreign PUBLIC ${FLEXAI_INCLUDE_DIRS})
      # The support library behind each of them, so that the linker still looks for fstat when the last one needs it.
      target_link_libraries(flexai_${name}_foreign PUBLIC flexai_foreign ${foreign_deps} flexai_foreign_support)
      add_library(flexai::${name}_foreign ALIAS flexai_${name}_foreign)
    endif()
  else()
    add_library(flexai_${name} INTERFACE)
    target_include_directories(flexai_${name} INTERFACE ${FLEXAI_INCLUDE_DIRS})
    target_link_libraries(flexai_${name} INTERFACE ${arg_DEPS})
    add_library(flexai_${name}_foreign INTERFACE)
    target_include_directories(flexai_${name}_foreign INTERFACE ${FLEXAI_INCLUDE_DIRS})
    if(arg_FOREIGN)
      target_link_libraries(flexai_${name}_foreign INTERFACE ${foreign_deps})
    endif()
    add_library(flexai::${name}_foreign ALIAS flexai_${name}_foreign)
  endif()
  if(NOT FLEXAI_FOREIGN_ONLY)
    add_library(flexai::${name} ALIAS flexai_${name})
  endif()

  if(arg_TESTS)
    flexai_gtest(${name}_test SOURCES ${arg_TESTS} DEPS flexai::${name} ${arg_PRIVATE_DEPS} ${arg_TEST_DEPS} LABEL unit)
  endif()
  foreach(source IN LISTS arg_FUZZ)
    get_filename_component(target "${source}" NAME_WE)
    flexai_fuzz(${target} SOURCE ${source} DEPS flexai::${name} ${arg_PRIVATE_DEPS})
  endforeach()
  if(benchmark_FOUND AND NOT FLEXAI_FOREIGN_ONLY)
    foreach(source IN LISTS arg_BENCH)
      get_filename_component(target "${source}" NAME_WE)
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE flexai_hosted flexai::${name} ${arg_PRIVATE_DEPS} benchmark::benchmark_main)
    endforeach()
  endif()
endfunction()

function(flexai_gtest name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LABEL;TIMEOUT" "SOURCES;DEPS;ENVIRONMENT")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "flexai_gtest(${name}): unknown words: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(FLEXAI_FOREIGN_ONLY OR NOT GTest_FOUND)
    if(NOT FLEXAI_FOREIGN_ONLY)
      message(WARNING "GoogleTest is not installed (tools/install-packages): ${name} is left out")
    endif()
    # Never built; for those who name it in add_dependencies or give it properties.
    add_executable(${name} EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/cmake/not_built.c")
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${FLEXAI_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE flexai_hosted ${arg_DEPS} GTest::gmock GTest::gtest_main)
  if(NOT arg_LABEL STREQUAL unit)
    target_compile_definitions(${name} PRIVATE
        FLEXAI_SOURCE_DIR="${PROJECT_SOURCE_DIR}" FLEXAI_BUILD_DIR="${CMAKE_BINARY_DIR}")
  endif()
  set(properties LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_LIST ${name}_tests PROPERTIES ${properties})
  if(arg_ENVIRONMENT)
    # A property whose value is a list does not survive gtest_discover_tests, so ctest sets it once it knows the tests.
    set(script "${CMAKE_CURRENT_BINARY_DIR}/${name}_environment.cmake")
    file(WRITE "${script}" "foreach(test IN LISTS ${name}_tests)
  set_tests_properties(\"\${test}\" PROPERTIES ENVIRONMENT \"${arg_ENVIRONMENT}\")
endforeach()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
  endif()
endfunction()

function(flexai_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "SCRIPT;LABEL;TIMEOUT" "ARGS;ENVIRONMENT")
  if(FLEXAI_FOREIGN_ONLY)
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL integration)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND bash "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT}" ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
      ENVIRONMENT "FLEXAI_SOURCE_DIR=${PROJECT_SOURCE_DIR};FLEXAI_BUILD_DIR=${CMAKE_BINARY_DIR};${arg_ENVIRONMENT}")
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

function(flexai_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "DEPS")
  if(FLEXAI_FOREIGN_ONLY)
    return()
  endif()
  add_executable(${name} ${arg_SOURCE})
  target_include_directories(${name} PRIVATE ${FLEXAI_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE flexai_hosted ${arg_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  add_dependencies(fuzz_targets ${name})
  if(FLEXAI_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/fuzz/replay_main.cpp")
    add_test(NAME ${name}.replay COMMAND ${name} "${PROJECT_SOURCE_DIR}/fuzz/corpora/${name}")
    set_tests_properties(${name}.replay PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
  endif()
endfunction()

function(flexai_app name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  if(FLEXAI_FOREIGN_ONLY)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${FLEXAI_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE flexai_hosted ${arg_DEPS})
endfunction()

# libstdc++ comes in only if something calls it, which tools/check-binaries reports. Linked by binutils' ld, whose handling of .symver is the reference.
# libpthread and libdl are named although this glibc keeps their code in libc: with a glibc before 2.34 the pinned
# pthread_create and dlsym live there.
function(flexai_interposer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORTS;OUTPUT;VERSION" "SOURCES;DEPS")
  if(NOT arg_EXPORTS)
    message(FATAL_ERROR "flexai_interposer(${name}): EXPORTS names the linker version script")
  endif()
  get_filename_component(exports "${arg_EXPORTS}" ABSOLUTE)
  flexai_foreign_names(foreign_deps ${arg_DEPS})
  add_library(${name} SHARED ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${FLEXAI_INCLUDE_DIRS})
  target_link_libraries(${name} PRIVATE flexai_foreign ${foreign_deps} flexai_foreign_support)
  target_link_options(${name} PRIVATE
      -fuse-ld=bfd -static-libgcc "LINKER:--version-script=${exports}"
      LINKER:-z,defs LINKER:-z,nodelete LINKER:-z,now LINKER:-z,relro LINKER:-Bsymbolic LINKER:--exclude-libs,ALL LINKER:--gc-sections
      LINKER:--no-as-needed -l:libpthread.so.0 -l:libdl.so.2 LINKER:--as-needed)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C LINK_DEPENDS "${exports}")
  if(arg_OUTPUT)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME "${arg_OUTPUT}")
  endif()
  if(arg_VERSION)
    set_target_properties(${name} PROPERTIES SOVERSION "${arg_VERSION}")
  else()
    # Another release is another file: installing one never writes into a library that a living process has mapped.
    set_target_properties(${name} PROPERTIES VERSION "${PROJECT_VERSION}")
  endif()
  add_dependencies(interposers ${name})
  set_property(GLOBAL APPEND PROPERTY FLEXAI_INTERPOSERS "$<TARGET_FILE:${name}>=${exports}")
endfunction()

add_library(flexai_foreign_support STATIC "${PROJECT_SOURCE_DIR}/cmake/foreign/glibc_support.c")
target_link_libraries(flexai_foreign_support PUBLIC flexai_foreign)
