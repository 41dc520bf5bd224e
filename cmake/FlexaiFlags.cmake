# Three INTERFACE targets say with what flags code is compiled:
#   flexai_warnings   the warnings every file of ours must be free of; errors only with -DFLEXAI_WERROR=ON (CI)
#   flexai_hosted     code in our own processes: sanitizers, coverage, mold
#   flexai_foreign    code loaded into other people's processes: no exceptions, no RTTI, nothing but glibc, old glibc symbols

option(FLEXAI_WERROR "Warnings are errors (CI)" OFF)
option(FLEXAI_FOREIGN_ONLY "Only the libraries for foreign processes: cross builds, where the rest's dependencies are missing" OFF)
option(FLEXAI_FUZZ "Build *_fuzz targets against libFuzzer (needs clang)" OFF)
option(FLEXAI_COVERAGE "Instrument for gcov" OFF)
set(FLEXAI_SANITIZE "" CACHE STRING "Comma-separated sanitizers for our own processes")

add_library(flexai_warnings INTERFACE)
target_compile_options(flexai_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wformat=2 -Wundef -Wvla
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers>
    # clang sees libstdc++ 12's std::stable_sort use a function that libstdc++ 12 deprecates.
    $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations -Wthread-safety -Wno-missing-designated-field-initializers>
    $<$<BOOL:${FLEXAI_WERROR}>:-Werror>)

if(FLEXAI_SANITIZE)
  # g++ sees uninitialised values in the code that sanitizers add, and ThreadSanitizer does not see fences.
  target_compile_options(flexai_warnings INTERFACE "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-tsan>")
endif()

add_library(flexai_hosted INTERFACE)
target_link_libraries(flexai_hosted INTERFACE flexai_warnings Threads::Threads)
if(FLEXAI_SANITIZE)
  target_compile_options(flexai_hosted INTERFACE -fsanitize=${FLEXAI_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(flexai_hosted INTERFACE -fsanitize=${FLEXAI_SANITIZE})
endif()
if(FLEXAI_FUZZ)
  target_compile_options(flexai_hosted INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(FLEXAI_COVERAGE)
  target_compile_options(flexai_hosted INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(flexai_hosted INTERFACE --coverage)
endif()
if(FLEXAI_MOLD)
  target_link_options(flexai_hosted INTERFACE -fuse-ld=mold)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(flexai_hosted INTERFACE -mcx16)
endif()

add_library(flexai_foreign INTERFACE)
target_link_libraries(flexai_foreign INTERFACE flexai_warnings)
target_compile_definitions(flexai_foreign INTERFACE FLEXAI_FOREIGN=1)
target_compile_options(flexai_foreign INTERFACE
    -fvisibility=hidden -fno-plt -fstack-protector-strong -ffunction-sections -fdata-sections
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility-inlines-hidden>
    "SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/foreign/glibc_pins.h")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(flexai_foreign INTERFACE -mcx16)
endif()
