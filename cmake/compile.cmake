# How every target is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  # A precompiled header carries time stamps; ccache needs to be told that they do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror=return-type -Wshadow -Wnon-virtual-dtor
                    -Wno-missing-field-initializers -fno-omit-frame-pointer)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Xclang>
                    $<$<COMPILE_LANGUAGE:CXX>:-fno-pch-timestamp>)
add_link_options(-fuse-ld=lld)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

if(SEGMENTFLOW_SANITIZE)
  # object-size guesses what AddressSanitizer knows, and takes a fifth of the time to compile.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=object-size
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

# Hardening costs next to nothing and turns many memory errors into clean aborts.
if(NOT SEGMENTFLOW_SANITIZE)
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()
