/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences put together by hand, without stdio. Too long a text is cut. Internal to the judges. */
#ifndef LQ_CONFORMANCE_JUDGES_TEXT_H
#define LQ_CONFORMANCE_JUDGES_TEXT_H

#include <stdint.h>

#include "conformance/judges/judge.h"

struct lq_text {
    uint32_t length;
    char chars[LQ_FINDING_TEXT_MAX];
};

void lq_text_add(struct lq_text *text, const char *string);
void lq_text_number(struct lq_text *text, uint64_t number);
void lq_text_hex(struct lq_text *text, uint64_t number, uint32_t digits);

/* Seconds with nine decimals: "3.250000000 s". */
void lq_text_time(struct lq_text *text, uint64_t time_ns);

/* FORMAT with each % replaced by the next of up to four NUMBERS, in decimal. */
struct lq_text lq_text_form(const char *format, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

#endif
