# Libraries of Debian 12; nothing is downloaded at build time. Each shared library costs every start
# some tenths of a millisecond, so small ones are linked into the program where Debian has them as
# archives. OpenSSL stays shared: the system's updates must reach it.
find_package(Threads REQUIRED)
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(Catch2 REQUIRED)
find_package(mimalloc 2.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
# Only app/settings.cpp includes it, so it is used without its library.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
add_library(tomlplusplus INTERFACE)
target_include_directories(tomlplusplus INTERFACE ${TOMLPLUSPLUS_INCLUDE})
pkg_check_modules(MD4C REQUIRED IMPORTED_TARGET md4c)
pkg_check_modules(PQ REQUIRED libpq)

# archive(NAME FILE HEADER) makes a target of a library that is linked into the program.
function(archive name file header)
  find_library(${name}_FILE ${file} REQUIRED)
  find_path(${name}_INCLUDE ${header} REQUIRED)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${name}_FILE})
  target_include_directories(${name} INTERFACE ${${name}_INCLUDE})
  target_link_libraries(${name} INTERFACE m ${CMAKE_DL_LIBS})
endfunction()
archive(sqlite libsqlite3.a sqlite3.h)
archive(unistring libunistring.a unistr.h)
archive(idn2 libidn2.a idn2.h)
target_link_libraries(idn2 INTERFACE unistring)
archive(utf8proc libutf8proc.a utf8proc.h)
# libpq is loaded when it is first called (core/store/postgres/libpq.cpp); here it is its header.
archive(pqxx libpqxx.a pqxx/pqxx)
target_include_directories(pqxx INTERFACE ${PQ_INCLUDE_DIRS})

# JSON is configured once: no implicit conversions, so a wrong type is a compile error.
add_library(json INTERFACE)
target_link_libraries(json INTERFACE nlohmann_json::nlohmann_json)
target_compile_definitions(json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)

# Asio and Beast are compiled once, each in its one source file (transport/separate_compilation).
add_library(asio_headers INTERFACE)
target_link_libraries(asio_headers INTERFACE Boost::headers Threads::Threads OpenSSL::SSL)
target_compile_definitions(asio_headers INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
