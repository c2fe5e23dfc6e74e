# SPDX-License-Identifier: Apache-2.0
#
# Writes the file FROM as the C array of characters NAME to TO, with a NUL behind it.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" lines "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," characters "${lines}")
file(WRITE "${TO}" "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${characters}0};\n")
