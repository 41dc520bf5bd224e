# Build-time halves of tools/check. Included last, when every folder has been read.

# interposers.txt: one line `library=version script` per library that is loaded into foreign processes.
get_property(flexai_interposers GLOBAL PROPERTY FLEXAI_INTERPOSERS)
list(JOIN flexai_interposers "\n" flexai_interposers)
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/interposers.txt" CONTENT "${flexai_interposers}\n")

# headers_alone: every header of ours is compiled by itself, twice in one file (the guard), a .h also as C, and the headers
# of code that lives in foreign processes also with those flags. Not part of `all`.
set(flexai_header_roots api src tests fuzz examples bench)
set(flexai_foreign_header_roots "^(api|src/core|src/slice|src/intercept|src/remote/(codec|transport|client))/")
set(alone_hosted)
set(alone_foreign)
foreach(root IN LISTS flexai_header_roots)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
       "${PROJECT_SOURCE_DIR}/${root}/*.hpp" "${PROJECT_SOURCE_DIR}/${root}/*.h")
  foreach(header IN LISTS headers)
    set(stub "${CMAKE_BINARY_DIR}/headers_alone/${header}")
    set(text "#include \"${PROJECT_SOURCE_DIR}/${header}\"\n#include \"${PROJECT_SOURCE_DIR}/${header}\"\n")
    file(CONFIGURE OUTPUT "${stub}.cpp" CONTENT "${text}" @ONLY)
    list(APPEND alone_hosted "${stub}.cpp")
    if(header MATCHES "\\.h$")
      file(CONFIGURE OUTPUT "${stub}.c" CONTENT "${text}" @ONLY)
      list(APPEND alone_hosted "${stub}.c")
    endif()
    if(header MATCHES "${flexai_foreign_header_roots}")
      file(CONFIGURE OUTPUT "${stub}.foreign.cpp" CONTENT "${text}" @ONLY)
      list(APPEND alone_foreign "${stub}.foreign.cpp")
    endif()
  endforeach()
endforeach()
add_custom_target(headers_alone)
foreach(kind hosted foreign)
  if(alone_${kind})
    add_library(headers_alone_${kind} OBJECT EXCLUDE_FROM_ALL ${alone_${kind}})
    target_include_directories(headers_alone_${kind} PRIVATE ${FLEXAI_INCLUDE_DIRS} $<$<STREQUAL:${kind},hosted>:${PROJECT_SOURCE_DIR}/examples>)
    target_link_libraries(headers_alone_${kind} PRIVATE flexai_${kind})
    # A function that only other files call is unused here.
    target_compile_options(headers_alone_${kind} PRIVATE -Wno-unused-function)
    add_dependencies(headers_alone headers_alone_${kind})
  endif()
endforeach()
