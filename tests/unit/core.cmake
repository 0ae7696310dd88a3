nr_unit_test(core SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
nr_unit_test(core_counts SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_counts.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_counts PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_include_directories(test_core PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_set SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_set.c LINKS nr_core)
nr_unit_test(core_parts SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_parts.c LINKS nr_core)
nr_unit_test(core_roster SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_roster.c LINKS nr_core)
nr_unit_test(core_verdict SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_verdict.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_roster PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_include_directories(test_core_verdict PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_repair SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_repair.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_repair PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_metrics SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_metrics.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_metrics PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_held SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_held.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_held PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_clock SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_clock.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_clock PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_refer SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_refer.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_refer PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_idle SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_idle.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_idle PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
nr_unit_test(core_beat SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_beat.c LINKS nr_core)
nr_unit_test(core_still SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_still.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/core_fixture.c
             LINKS nr_core nr_crypto)
target_include_directories(test_core_still PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
