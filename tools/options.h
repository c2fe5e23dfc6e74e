/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of the program: one table, from which parsing, --help, the man page and the
 * completion come (manual.h prints the latter three).
 *
 * Every subcommand gets the same struct lq_options with the defaults filled in; the table says
 * which options it knows. Strings are the arguments' own and live as long as argv.
 */
#ifndef LQ_TOOLS_OPTIONS_H
#define LQ_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/iscsi/keys.h"

enum lq_subcommand { LQ_SUBCOMMAND_SERVE, LQ_SUBCOMMAND_WITH, LQ_SUBCOMMAND_SIM,
                     LQ_SUBCOMMAND_FEATURES, LQ_SUBCOMMANDS };

enum { LQ_LUN_OPTIONS_MAX = 64, LQ_FAULT_OPTIONS_MAX = 32 };

/* --ram SIZE or --file PATH. */
struct lq_lun_option {
    const char *path;    /* NULL: RAM */
    const char *text;    /* the argument as written */
    uint64_t size_bytes; /* RAM */
    bool read_only;
    bool removable;
};

struct lq_options {
    enum lq_subcommand subcommand;
    bool help;
    uint64_t given; /* bit n: row n of the table was given */

    /* serve, with */
    struct lq_lun_option luns[LQ_LUN_OPTIONS_MAX];
    uint32_t lun_count;
    const char *portal;
    uint16_t port;
    uint32_t portal_count;
    const char *iqn;
    const char *fcoe; /* frame device; NULL: none */
    bool fcoe_vn2vn;
    uint64_t quarantine_after_ns; /* UINT64_MAX: never */
    enum lq_digest_offer header_digest, data_digest;
    uint64_t busy_after_ns;
    uint64_t shutdown_after_ns;
    const char *scenario;     /* file; NULL: none */
    const char *faults[LQ_FAULT_OPTIONS_MAX]; /* rules, as scenarios write them */
    uint32_t fault_count;
    uint32_t max_connections; /* 0: the default limit */
    uint32_t max_commands;    /* 0: the default limit */
    bool print_limits;

    /* all */
    const char *pcap; /* NULL: no capture */

    /* sim */
    bool seeds_given;
    uint64_t first_seed, last_seed;
    const char *wrong; /* NULL: none */
    bool list_wrongs;
    bool over_fcp;           /* --transport fcp */
    const char *personality; /* NULL: none */
    bool list_personalities;
    bool judge_table;
    bool list_faults;
    bool fingerprint;
    uint32_t jobs;     /* 0: one per processor */
    uint64_t commands; /* 0: as the seed says */
    bool trace, ladder, totals, twice, bench, unjudged, print_scenario;
    const char *campaign;      /* database, NULL: none */
    const char *merge;         /* the new database, NULL: nothing is merged; files are the shards */
    uint32_t shard, shards;    /* 1..shards; 0: not given */
    uint64_t seed_timeout_ns;  /* of wall time */
    char **files; /* scenarios, in the order given */
    uint32_t file_count;
    bool no_shrink, shrink_given;
    uint64_t shrink_s;
    const char *out; /* directory of shrunk scenarios; NULL: the present one */
    const char *tap, *junit, *json_lines, *html, *record, *replay; /* files, NULL: none */
    const char *every_step; /* name of a catastrophe, NULL: none */
    uint64_t step;          /* 0: every one */
    bool exhaust, no_reduction, verdicts;
    const char *schedule;  /* NULL: none */
    uint64_t exhaust_for_ns; /* 0: as long as it takes */

    /* features */
    const char *results; /* file, NULL: none */

    /* with: the command and its arguments, ended by NULL */
    char **command;
};

struct lq_option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* "SIZE"; NULL: none is taken */
    uint32_t subcommands; /* bits 1 << enum lq_subcommand */
    bool repeatable;
    const char *sentence; /* what it does, for people */
    /* Takes the argument ("" where there is none). NULL, or what is wrong and what was expected,
     * to stand behind "--name: `argument' ". */
    const char *(*take)(struct lq_options *options, const char *argument);
};

struct lq_subcommand_row {
    const char *name;
    const char *synopsis;          /* what follows the name */
    const char *sentence;          /* what it does, in one line */
    const char *const *paragraphs; /* more of it; ended by NULL */
    const char *const *examples;   /* command lines; ended by NULL */
};

extern const struct lq_option_row lq_option_rows[]; /* ended by a row without a name */
extern const struct lq_subcommand_row lq_subcommand_rows[LQ_SUBCOMMANDS];

/* The defaults of SUBCOMMAND. */
void lq_options_init(struct lq_options *options, enum lq_subcommand subcommand);

/* Reads the arguments after the subcommand's name. False: a message has been printed. */
bool lq_options_parse(struct lq_options *options, int count, char **arguments);

/* Option NAME was given. */
bool lq_options_gave(const struct lq_options *options, const char *name);

/* The subcommand called NAME; LQ_SUBCOMMANDS when there is none. */
enum lq_subcommand lq_subcommand_find(const char *name);

/* The name of a subcommand (or of an option of SUBCOMMAND, without dashes) most like TEXT; NULL
 * when none is near. */
const char *lq_subcommand_near(const char *text);
const char *lq_option_near(enum lq_subcommand subcommand, const char *text);

#endif
