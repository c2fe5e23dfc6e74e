/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a world gives to a shard: the present time as a value, choice, history, deliberate wrongs.
 *
 * The world writes now_ns before each call; time cannot change inside a call. Passed explicitly,
 * owned by the world, outlives the shard.
 */
#ifndef LQ_CORE_ENV_H
#define LQ_CORE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/choice.h"
#include "core/base/history.h"

/*
 * A deliberate wrong: one known way to be unsafe, one branch where its rule is enforced. It proves
 * that the judges can convict. Each part owns a const table of its wrongs; a wrong's number is its
 * place in that table and its bit in the part's mask below. Never undefined behaviour.
 */
struct lq_wrong {
    const char *name;     /* what users type: "ordered-as-simple" */
    const char *property; /* id of the property that must convict it: "ORD-1" */
    const char *sentence; /* what it does wrong, one sentence */
};

enum { LQ_WRONG_WORDS = 4 };

struct lq_wrongs { /* bit n % 64 of word n / 64 */
    uint64_t core[LQ_WRONG_WORDS];  /* of core/wrongs.h */
    uint64_t iscsi[LQ_WRONG_WORDS]; /* of proto/iscsi/wrongs.h */
    uint64_t fc[LQ_WRONG_WORDS];    /* of proto/fc/wrongs.h */
};

struct lq_env {
    uint64_t now_ns;
    struct lq_choice *choice;
    struct lq_history *history; /* NULL: none is kept */
    struct lq_wrongs wrongs;
};

#define LQ_WRONG(words, number) (((words)[(number) / 64] >> ((number) % 64)) & 1U)

#endif
