/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story as one self-contained HTML page: no network, no other file. The page itself is
 * tools/page/page.html; here its data are written.
 */
#ifndef LQ_TOOLS_PAGE_H
#define LQ_TOOLS_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "conformance/judges/judge.h"
#include "tools/story.h"

struct lq_page {
    const char *title;     /* "seed 42", a scenario's title */
    const char *verdict;   /* "nothing wrong", "property violated" */
    const char *reproduce; /* the command line */
    const struct lq_finding *finding; /* what is marked; NULL: none */
};

/* Writes STORY to TO. False when it can't be written, or memory is short. */
bool lq_page_write(FILE *to, const struct lq_story *story, const struct lq_page *page);

#endif
