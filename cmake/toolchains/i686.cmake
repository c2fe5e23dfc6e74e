# SPDX-License-Identifier: Apache-2.0
#
# 32-bit x86 with Debian's gcc-i686-linux-gnu. Programs are linked statically, so they need
# neither a 32-bit loader nor a sysroot to run.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER i686-linux-gnu-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
set(CMAKE_FIND_ROOT_PATH /usr/i686-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# Most kernels that run x86-64 programs run these too; where one does not, qemu-user does.
execute_process(COMMAND /usr/i686-linux-gnu/lib/ld-linux.so.2 --version
                RESULT_VARIABLE lq_i686_runs OUTPUT_QUIET ERROR_QUIET)
if(NOT lq_i686_runs STREQUAL "0")
    set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-i386;-L;/usr/i686-linux-gnu")
endif()
