# The tools that compare with others' programs, our side of them alone. Python cannot load a sanitized libnr.
if(NOT NR_SANITIZE)
  nr_system_test(compare_serf)
endif()
