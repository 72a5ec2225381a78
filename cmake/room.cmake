# A room is one folder under src/, one static library, and the list of rooms that it may include.
# tools/check_arrows.py reads the same millrace_room() lines and checks every #include against them.
function(millrace_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;LINK" ${ARGN})
  string(REPLACE "/" "_" target "millrace_${name}")
  list(TRANSFORM ROOM_SOURCES PREPEND "${CMAKE_SOURCE_DIR}/src/${name}/")
  add_library(${target} STATIC ${ROOM_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(dep ${ROOM_DEPS})
    string(REPLACE "/" "_" dep_target "millrace_${dep}")
    target_link_libraries(${target} PUBLIC ${dep_target})
  endforeach()
  target_link_libraries(${target} PRIVATE ${ROOM_LINK})
endfunction()
