/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/message.h"

#include <stdarg.h>
#include <stdio.h>

void lq_message(const char *format, ...)
{
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    fflush(stdout); /* so that the two streams of a terminal keep their order */
    fprintf(stderr, "lunquake: %s\n", line);
}
