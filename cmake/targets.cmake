# One target per folder; each links only what it may know (docs/architecture.md, "The house").
# tests/tidy checks the include arrows too, because all targets share one include root.

add_library(pch_heavy OBJECT cmake/pch.cpp)
target_link_libraries(pch_heavy PUBLIC json fmt::fmt spdlog::spdlog tl::expected asio_headers)
target_include_directories(pch_heavy PUBLIC ${PROJECT_SOURCE_DIR})
target_precompile_headers(pch_heavy PUBLIC ${PROJECT_SOURCE_DIR}/cmake/pch.hpp)

# segmentflow_library(NAME FOLDERS... ) makes a static library of all sources in the folders.
function(segmentflow_library name)
  set(sources)
  foreach(folder ${ARGN})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    list(APPEND sources ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC json fmt::fmt tl::expected Threads::Threads asio_headers
                                       spdlog::spdlog)
  target_precompile_headers(${name} REUSE_FROM pch_heavy)
endfunction()

segmentflow_library(describe schemas/describe)
target_link_libraries(describe PRIVATE utf8proc)
segmentflow_library(schemas schemas)
target_link_libraries(schemas PUBLIC describe)

segmentflow_library(core core/base core/store core/store/sqlite core/store/postgres core/jobs
                    core/access core/brand core/profiles core/templates core/templates/render
                    core/senders core/engine core/emails core/delivery core/move)
target_link_libraries(core PUBLIC describe
                           PRIVATE sqlite pqxx idn2 PkgConfig::SODIUM
                                   PkgConfig::MD4C OpenSSL::Crypto)

segmentflow_library(mcp mcp)
target_link_libraries(mcp PUBLIC describe PRIVATE PkgConfig::SODIUM)

segmentflow_library(tools tools)
target_link_libraries(tools PUBLIC core schemas PRIVATE mcp)

segmentflow_library(transport_asio transport/separate_compilation)
segmentflow_library(transport_http transport/http)
target_link_libraries(transport_http PUBLIC transport_asio describe PRIVATE Boost::url)
segmentflow_library(transport_stdio transport/stdio)
target_link_libraries(transport_stdio PUBLIC mcp)
segmentflow_library(transport_mcp transport/mcp)
target_link_libraries(transport_mcp PUBLIC mcp transport_http)
segmentflow_library(transport_smtp transport/smtp)
# Of core it needs one header, the interface it implements.
target_link_libraries(transport_smtp PUBLIC transport_asio PRIVATE Boost::url)

# The demo's templates are the examples themselves.
file(READ ${PROJECT_SOURCE_DIR}/examples/templates/receipt-default.json RECEIPT_TEMPLATE)
file(READ ${PROJECT_SOURCE_DIR}/examples/templates/password-reset.json PASSWORD_RESET_TEMPLATE)
configure_file(${PROJECT_SOURCE_DIR}/app/demo_templates.hpp.in
               ${PROJECT_BINARY_DIR}/generated/app/demo_templates.hpp @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/examples/templates/receipt-default.json
  ${PROJECT_SOURCE_DIR}/examples/templates/password-reset.json)

segmentflow_library(app app app/commands)
target_include_directories(app PRIVATE ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(app PUBLIC SEGMENTFLOW_VERSION="${PROJECT_VERSION}")
target_link_libraries(app PUBLIC tools transport_mcp transport_stdio transport_smtp
                          PRIVATE CLI11::CLI11 tomlplusplus prometheus-cpp::core
                                  Boost::url OpenSSL::Crypto)

add_executable(segmentflow app/main/main.cpp)
target_link_libraries(segmentflow PRIVATE app)
# An accept makes some hundred small allocations on one thread that another frees. There the C
# library's allocator takes a fifth of the processor, mimalloc half of that. The sanitizers bring
# their own.
if(NOT SEGMENTFLOW_SANITIZE)
  target_link_libraries(segmentflow PRIVATE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
endif()
set_target_properties(segmentflow PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

include(cmake/tests.cmake)
