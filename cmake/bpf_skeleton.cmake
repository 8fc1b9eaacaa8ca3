# Writes OUT: the skeleton of OBJECT by bpftool. The analyzer can't see through libbpf's destructors, so
# clang-tidy is told to leave generated code alone.
execute_process(COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name ${NAME}
  OUTPUT_VARIABLE text RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "bpftool gen skeleton ${OBJECT} failed: ${status}")
endif()
file(WRITE ${OUT} "/* NOLINTBEGIN */\n${text}/* NOLINTEND */\n")
