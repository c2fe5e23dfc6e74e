/* SPDX-License-Identifier: Apache-2.0 */
/* Text made by hand into a caller's buffer, for parts without stdio. What does not fit is cut off;
 * the text is always NUL-terminated. */
#ifndef LQ_SIM_STAGE_PRINT_H
#define LQ_SIM_STAGE_PRINT_H

#include <stdint.h>

struct lq_print {
    char *text;
    uint32_t size_bytes; /* of the buffer, at least 1 */
    uint32_t used;       /* without the NUL */
};

struct lq_print lq_print_into(char *text, uint32_t size_bytes);
void lq_print_text(struct lq_print *print, const char *text);
void lq_print_number(struct lq_print *print, uint64_t number);
void lq_print_hex(struct lq_print *print, uint64_t number, uint32_t digits);

/* Nanoseconds with the largest unit that keeps them whole: "3s", "150ms"; "never". */
void lq_print_duration(struct lq_print *print, uint64_t duration_ns);

/* Seconds with nine decimals. */
void lq_print_time(struct lq_print *print, uint64_t time_ns);

#endif
