# Unit tests: one binary per room, so that a change in one room relinks one small binary.
# segmentflow_tests(NAME FOLDERS... LINK targets...)
function(segmentflow_tests name)
  cmake_parse_arguments(T "" "" "FOLDERS;LINK" ${ARGN})
  set(sources)
  foreach(folder ${T_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  # The precompiled header refers to Asio, which transport_asio compiles.
  target_link_libraries(${name} PRIVATE ${T_LINK} transport_asio Catch2::Catch2WithMain)
  target_precompile_headers(${name} REUSE_FROM pch_heavy)
  target_compile_definitions(${name} PRIVATE SEGMENTFLOW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

# Databases of tests, on SQLite or on the PostgreSQL server that the environment names.
add_library(test_database STATIC ${PROJECT_SOURCE_DIR}/tests/unit/engine/test_database.cpp)
target_link_libraries(test_database PUBLIC core PRIVATE pqxx)
target_precompile_headers(test_database REUSE_FROM pch_heavy)

segmentflow_tests(describe_tests FOLDERS describe LINK describe schemas)
segmentflow_tests(core_tests FOLDERS base store move access profiles senders templates
                  LINK test_database)
if(TARGET core_tests)
  # The VFS that forgets what was not synced, for the power loss tests of the store.
  file(GLOB fault_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fault/*.cpp)
  target_sources(core_tests PRIVATE ${fault_sources})
  target_link_libraries(core_tests PRIVATE sqlite)
endif()
segmentflow_tests(emails_tests FOLDERS emails LINK test_database)
segmentflow_tests(render_tests FOLDERS render LINK core)
segmentflow_tests(delivery_tests FOLDERS jobs delivery LINK test_database)
segmentflow_tests(mcp_tests FOLDERS mcp LINK mcp transport_stdio)
segmentflow_tests(http_tests FOLDERS http LINK transport_http)
segmentflow_tests(smtp_tests FOLDERS smtp LINK transport_smtp)
segmentflow_tests(tools_tests FOLDERS tools LINK tools test_database)
segmentflow_tests(app_tests FOLDERS app LINK app)

# Built by ./dev bench only.
foreach(bench claims renders)
  add_executable(${bench}_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/${bench}.cpp)
  target_link_libraries(${bench}_bench PRIVATE core transport_asio)
  target_precompile_headers(${bench}_bench REUSE_FROM pch_heavy)
  if(NOT SEGMENTFLOW_SANITIZE)  # as the binary itself
    target_link_libraries(${bench}_bench PRIVATE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
  endif()
endforeach()

add_executable(mcp_echo_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/mcp_echo.cpp)
target_link_libraries(mcp_echo_bench PRIVATE transport_mcp transport_stdio)
target_precompile_headers(mcp_echo_bench REUSE_FROM pch_heavy)
set_target_properties(mcp_echo_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
if(NOT SEGMENTFLOW_SANITIZE)  # as the binary itself
  target_link_libraries(mcp_echo_bench PRIVATE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
endif()

# Stands beside the reference renderer in tests/render.
add_executable(render_lines ${PROJECT_SOURCE_DIR}/tests/render/render_lines.cpp)
target_link_libraries(render_lines PRIVATE core transport_asio)
target_precompile_headers(render_lines REUSE_FROM pch_heavy)

# What the official MCP conformance suite is run against.
file(GLOB conformance_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*.cpp)
add_executable(mcp_conformance_server ${conformance_sources})
target_link_libraries(mcp_conformance_server PRIVATE transport_mcp transport_stdio)
target_precompile_headers(mcp_conformance_server REUSE_FROM pch_heavy)
set_target_properties(mcp_conformance_server PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

# Fuzz targets of the sanitizer build: tests/fuzz/NAME_fuzz.cpp. What they look into is instrumented
# for coverage where it is compiled, so that the build needs no second copy of everything.
function(segmentflow_fuzz name)
  cmake_parse_arguments(F "" "" "SOURCES;LINK" ${ARGN})
  if(NOT SEGMENTFLOW_SANITIZE)
    return()
  endif()
  # What -fsanitize=fuzzer-no-link means, in the words that a precompiled header allows.
  foreach(folder ${F_SOURCES})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
    set_source_files_properties(${found} PROPERTIES COMPILE_OPTIONS
      -fsanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table)
  endforeach()
  add_executable(${name}_fuzz ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cpp)
  target_link_libraries(${name}_fuzz PRIVATE ${F_LINK} transport_asio)
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  target_precompile_headers(${name}_fuzz REUSE_FROM pch_heavy)
endfunction()

segmentflow_fuzz(template SOURCES core/templates core/templates/render LINK core)
segmentflow_fuzz(definition SOURCES core/templates core/templates/render LINK core)
segmentflow_fuzz(markdown SOURCES core/templates core/templates/render LINK core)
segmentflow_fuzz(jsonrpc SOURCES mcp LINK mcp)
segmentflow_fuzz(http SOURCES mcp transport/http LINK mcp transport_http)
