/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario's text as a list of lines, one statement each, that can be taken away and changed; and
 * as a file for people.
 *
 * Who uses it: retell.c writes them, shrink.c and cmd_sim_shrink.c change them.
 */
#ifndef LQ_TOOLS_LINES_H
#define LQ_TOOLS_LINES_H

#include <stdbool.h>
#include <stdint.h>

enum { LQ_LINE_MAX = 400, LQ_LINES_MAX = 640 };

struct lq_lines {
    char text[LQ_LINES_MAX][LQ_LINE_MAX];
    uint32_t count;
    bool overflowed; /* a line was too many or too long, and is cut or left out */
};

/* Appends a line as printf does; what is too long is cut. */
void lq_lines_add(struct lq_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void lq_lines_remove(struct lq_lines *lines, uint32_t place);

/* Gives labels short names in order: w1 to a write, r1 to a read, f1 to a fault, c1 to others. */
void lq_lines_rename(struct lq_lines *lines);

/* TEXT's lines without indentation, comments and empty ones. */
void lq_lines_split(struct lq_lines *lines, const char *text);

/* All lines, one below the other, into TEXT; false when SIZE_BYTES are not enough. */
bool lq_lines_join(const struct lq_lines *lines, char *text, uint32_t size_bytes);

/* The same with short blocks and moments in one line each, and indented. Returns how many lines it
 * has, 0 when SIZE_BYTES are not enough. */
uint32_t lq_lines_print(const struct lq_lines *lines, char *text, uint32_t size_bytes);

#endif
