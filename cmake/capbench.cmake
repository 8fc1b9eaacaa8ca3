# cb_sources(TARGET DIR): every .c file below DIR (not *.bpf.c).
function(cb_sources target dir)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.c)
  list(FILTER sources EXCLUDE REGEX "\\.bpf\\.c$")
  target_sources(${target} PRIVATE ${sources})
endfunction()

# cb_module(NAME DIR LINK LIBS...): the static library cb_NAME of the folder DIR.
set_property(GLOBAL PROPERTY CB_MODULES "")
function(cb_module name dir)
  cmake_parse_arguments(M "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.c)
  list(FILTER sources EXCLUDE REGEX "\\.bpf\\.c$")
  add_library(cb_${name} STATIC ${sources})
  set_target_properties(cb_${name} PROPERTIES LINKER_LANGUAGE C)
  target_link_libraries(cb_${name} PUBLIC ${M_LINK})
  set_property(GLOBAL APPEND PROPERTY CB_MODULES "${name}=${dir}")
endfunction()

# cb_leave_out(MODULE REGEX): without the files that match.
function(cb_leave_out name regex)
  get_target_property(sources cb_${name} SOURCES)
  list(FILTER sources EXCLUDE REGEX ${regex})
  set_target_properties(cb_${name} PROPERTIES SOURCES "${sources}")
endfunction()

# cb_bpf_object(MODULE FILE.bpf.c): compiled by clang for the BPF target, embedded as FILE.skel.h, which
# the module includes as "FILE.skel.h".
find_program(CB_CLANG NAMES clang REQUIRED)
find_program(CB_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)
function(cb_bpf_object module source)
  get_filename_component(base ${source} NAME_WE)
  get_filename_component(dir ${source} DIRECTORY)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.h)
  set(object ${CMAKE_BINARY_DIR}/generated/${base}.bpf.o)
  set(skeleton ${CMAKE_BINARY_DIR}/generated/${base}.skel.h)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
  # -mcpu=v3: atomics with a result; -g: BTF. The asm headers of the build machine's architecture.
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch OUTPUT_VARIABLE triplet
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT triplet)
    execute_process(COMMAND gcc -print-multiarch OUTPUT_VARIABLE triplet
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${CB_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -I${CMAKE_SOURCE_DIR}
            -idirafter /usr/include/${triplet} -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
    COMMAND ${CMAKE_COMMAND} -DBPFTOOL=${CB_BPFTOOL} -DOBJECT=${object} -DNAME=${base}_bpf
            -DOUT=${skeleton} -P ${CMAKE_SOURCE_DIR}/cmake/bpf_skeleton.cmake
    DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${headers} ${CMAKE_SOURCE_DIR}/cmake/bpf_skeleton.cmake
    VERBATIM COMMENT "eBPF ${source}")
  target_sources(cb_${module} PRIVATE ${skeleton})
  set_source_files_properties(${skeleton} PROPERTIES GENERATED TRUE HEADER_FILE_ONLY TRUE)
endfunction()

# cb_embed(MODULE DIR): the files of DIR as the array cb_embedded_files (harness/report/embedded.h), so that
# the program needs none of them at run time.
function(cb_embed module dir)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*)
  set(out ${CMAKE_BINARY_DIR}/generated/embedded_${module}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM COMMENT "Embedding ${dir}")
  target_sources(cb_${module} PRIVATE ${out})
endfunction()

# tests/unit mirrors the C tree: tests/unit/DIR/.../test_X.c links the module of DIR. fake_X.c becomes a
# shared object that tests load, CB_FAKE_DIR "/fake_X.so".
function(cb_unit_tests)
  get_property(modules GLOBAL PROPERTY CB_MODULES)
  foreach(entry ${modules})
    string(REPLACE "=" ";" pair ${entry})
    list(GET pair 0 name)
    list(GET pair 1 dir)
    file(GLOB_RECURSE fakes CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${dir}/fake_*.c)
    set(loaded "")
    foreach(fake ${fakes})
      get_filename_component(base ${fake} NAME_WE)
      add_library(${base} MODULE ${fake})
      set_target_properties(${base} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY
        ${CMAKE_BINARY_DIR}/fakes)
      list(APPEND loaded ${base})
    endforeach()
    file(GLOB_RECURSE tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${dir}/test_*.c)
    foreach(test ${tests})
      get_filename_component(base ${test} NAME_WE)
      string(REGEX REPLACE "^test_" "" base ${base})
      set(target unit_${name}_${base})
      add_executable(${target} ${test})
      target_link_libraries(${target} PRIVATE cb_${name} ${CMOCKA_LIBRARY})
      target_compile_definitions(${target} PRIVATE CB_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        CB_FAKE_DIR="${CMAKE_BINARY_DIR}/fakes")
      if(loaded)
        add_dependencies(${target} ${loaded})
      endif()
      add_test(NAME ${target} COMMAND ${target})
      set_tests_properties(${target} PROPERTIES TIMEOUT 60)
    endforeach()
  endforeach()
endfunction()

# tests/fuzz/fuzz_MODULE_X.c links the module it names. Those that read what others wrote count their edges, or the
# fuzzer would be blind in them; what only computes is quicker without.
function(cb_fuzz_targets)
  foreach(module base net record scenario wire generators)
    target_compile_options(cb_${module} PRIVATE -fsanitize=fuzzer-no-link)
  endforeach()
  file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
  foreach(source ${targets})
    get_filename_component(target ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_([a-z]+)_.*$" "\\1" module ${target})
    add_executable(${target} ${source})
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE cb_${module})
  endforeach()
endfunction()
