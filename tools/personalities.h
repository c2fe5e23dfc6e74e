/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personalities: the deliberate wrongs that together behave as another target does, with what the
 * judges must convict it of. Tests show both on scenarios/personalities.
 */
#ifndef LQ_TOOLS_PERSONALITIES_H
#define LQ_TOOLS_PERSONALITIES_H

enum { LQ_PERSONALITY_WRONGS_MAX = 16, LQ_PERSONALITY_PROPERTIES_MAX = 12 };

struct lq_personality {
    const char *name; /* what users type */
    const char *sentence;
    const char *wrongs[LQ_PERSONALITY_WRONGS_MAX];         /* names, ended by NULL */
    const char *properties[LQ_PERSONALITY_PROPERTIES_MAX]; /* ids, ended by NULL */
};

extern const struct lq_personality lq_personalities[]; /* ended by a NULL name */

/* The one called NAME; NULL when there is none. */
const struct lq_personality *lq_personality_find(const char *name);

#endif
