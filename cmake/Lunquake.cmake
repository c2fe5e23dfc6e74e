# SPDX-License-Identifier: Apache-2.0
#
# What every directory's CMakeLists.txt uses:
#
#   lq_library(NAME SOURCES a.c b.c [DEPS lq_base ...] [POSIX])
#       A static library. Includes are written from the project's root. POSIX defines
#       _GNU_SOURCE and is for sim/live, conformance/suites and tools only: the other parts are
#       plain C17 and shall not even see a socket's declaration.
#   lq_program(NAME SOURCES main.c ... [DEPS ...])
#       A program that may use POSIX.
#   lq_unit_test(NAME SOURCES test_x.c ... [DEPS ...] [POSIX] [TIMEOUT seconds] [LABELS ...])
#       A CUnit program registered with CTest under NAME. Its main returns non-zero when an
#       assertion failed.
#   lq_pytest(NAME PATHS test_x.py ... [TIMEOUT seconds] [LABELS ...])
#       A pytest run registered with CTest; not registered with LUNQUAKE_PURE_ONLY. The tests
#       find the program under test in the environment: LUNQUAKE (file), LUNQUAKE_SOURCE_DIR,
#       LUNQUAKE_BUILD_DIR.
#   lq_fuzzer(NAME SOURCES fuzz_x.c ... [DEPS ...] SEEDS directory ...)
#       A libFuzzer program, in builds for fuzzing only (preset fuzz); the test of this name runs it
#       for some seconds from the seeds (cmake/fuzz.sh).
#
# Every test is bounded: TIMEOUT is for a native build without sanitizers and is multiplied for
# the slower ones.
include_guard(GLOBAL)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# Asserts stay on in release, so no -DNDEBUG anywhere.
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

add_library(lq_flags INTERFACE)
target_include_directories(lq_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(lq_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wcast-qual
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
if(LUNQUAKE_WERROR)
    target_compile_options(lq_flags INTERFACE -Werror)
endif()

set(lq_slowness 1)
if(LUNQUAKE_SANITIZE)
    target_compile_options(lq_flags INTERFACE
        -fsanitize=${LUNQUAKE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(lq_flags INTERFACE -fsanitize=${LUNQUAKE_SANITIZE})
    set(lq_slowness 5)
endif()
if(LUNQUAKE_COVERAGE)
    target_compile_options(lq_flags INTERFACE --coverage)
    target_link_options(lq_flags INTERFACE --coverage)
    set(lq_slowness 5)
endif()
if(CMAKE_CROSSCOMPILING)
    set(lq_slowness 10)
endif()

function(lq_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "POSIX" "" "SOURCES;DEPS")
    lq_check_arguments(lq_library ${name})
    add_library(${name} STATIC ${arg_SOURCES})
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
               OUTPUT_VARIABLE place)
    if(NOT place MATCHES "^(tools|sim/live|conformance/suites)")
        set_property(GLOBAL APPEND PROPERTY LQ_PURE_LIBRARIES ${name})
    endif()
    lq_common(${name})
endfunction()

function(lq_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
    lq_check_arguments(lq_program ${name})
    set(arg_POSIX ON)
    add_executable(${name} ${arg_SOURCES})
    lq_common(${name})
endfunction()

function(lq_unit_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "POSIX" "TIMEOUT" "SOURCES;DEPS;LABELS")
    lq_check_arguments(lq_unit_test ${name})
    if(NOT BUILD_TESTING)
        return()
    endif()
    add_executable(${name} ${arg_SOURCES})
    lq_common(${name})
    target_link_libraries(${name} PRIVATE lq_cunit)
    add_test(NAME ${name} COMMAND ${name})
    lq_bound_test(${name} 120 "unit")
endfunction()

function(lq_pytest name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "PATHS;LABELS")
    if(NOT BUILD_TESTING OR LUNQUAKE_PURE_ONLY)
        return()
    endif()
    list(TRANSFORM arg_PATHS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    add_test(NAME ${name}
             COMMAND /usr/bin/python3 -B -m pytest -q -p no:cacheprovider ${arg_PATHS})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
        "LUNQUAKE=$<TARGET_FILE:lunquake>;LUNQUAKE_SOURCE_DIR=${PROJECT_SOURCE_DIR};LUNQUAKE_BUILD_DIR=${PROJECT_BINARY_DIR}")
    lq_bound_test(${name} 300 "program")
endfunction()

function(lq_fuzzer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;SEEDS")
    lq_check_arguments(lq_fuzzer ${name})
    if(NOT BUILD_TESTING OR NOT LUNQUAKE_SANITIZE MATCHES "fuzzer-no-link")
        return()
    endif()
    add_executable(${name} ${arg_SOURCES})
    lq_common(${name})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    list(TRANSFORM arg_SEEDS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    add_test(NAME ${name}
             COMMAND "${PROJECT_SOURCE_DIR}/cmake/fuzz.sh" $<TARGET_FILE:${name}> ${arg_SEEDS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 7200 LABELS fuzz)
endfunction()

# The rest is internal. These macros read the caller's arg_ variables.

macro(lq_check_arguments function name)
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "${function}(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_SOURCES)
        message(FATAL_ERROR "${function}(${name}): no SOURCES")
    endif()
endmacro()

macro(lq_common name)
    # $<BUILD_INTERFACE> is not needed: nothing here is exported, only programs are installed.
    target_link_libraries(${name} PUBLIC lq_flags ${arg_DEPS})
    if(arg_POSIX)
        target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    endif()
endmacro()

macro(lq_bound_test name default_timeout default_label)
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT ${default_timeout})
    endif()
    math(EXPR timeout "${arg_TIMEOUT} * ${lq_slowness}")
    set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout}
                         LABELS "${default_label};${arg_LABELS}")
endmacro()

# CUnit of the system; where foreign libraries cannot be had (cross builds) or would not be
# instrumented (MSan), the stand-in in cmake/cunit/ with the same interface.
add_library(lq_cunit INTERFACE)
if(NOT BUILD_TESTING)
    # Nobody links it.
elseif(LUNQUAKE_PURE_ONLY)
    add_library(lq_cunit_standin STATIC EXCLUDE_FROM_ALL
                "${PROJECT_SOURCE_DIR}/cmake/cunit/cunit.c")
    target_include_directories(lq_cunit_standin PUBLIC "${PROJECT_SOURCE_DIR}/cmake/cunit")
    target_link_libraries(lq_cunit_standin PUBLIC lq_flags)
    target_link_libraries(lq_cunit INTERFACE lq_cunit_standin)
else()
    find_path(CUNIT_INCLUDE_DIR CUnit/CUnit.h REQUIRED)
    find_library(CUNIT_LIBRARY cunit REQUIRED)
    target_include_directories(lq_cunit SYSTEM INTERFACE "${CUNIT_INCLUDE_DIR}")
    target_link_libraries(lq_cunit INTERFACE "${CUNIT_LIBRARY}")
endif()
