/* SPDX-License-Identifier: Apache-2.0 */
/* What the language's sources share: text made by hand, tokens, tables of words. */
#ifndef LQ_SCENARIOS_LANG_INTERNAL_H
#define LQ_SCENARIOS_LANG_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "scenarios/lang/scenario.h"

/* --- text.c: text into a bounded buffer, always NUL-terminated ------------------------------ */

struct lq_scn_text {
    char *text;
    uint32_t size_bytes; /* of the buffer, at least 1 */
    uint32_t used;
    bool overflowed;
};

struct lq_scn_text lq_scn_text_into(char *text, uint32_t size_bytes);
void lq_scn_put(struct lq_scn_text *to, const char *text);
void lq_scn_put_bytes(struct lq_scn_text *to, const char *bytes, uint32_t size_bytes);
void lq_scn_put_number(struct lq_scn_text *to, uint64_t number);
void lq_scn_put_hex(struct lq_scn_text *to, uint64_t number, uint32_t digits);
/* Behind a space; many without spaces between. */
void lq_scn_put_hex_bytes(struct lq_scn_text *to, struct lq_slice bytes);

/* --- tokens.c ------------------------------------------------------------------------------- */

enum lq_scn_token_kind {
    LQ_SCN_TOKEN_END,
    LQ_SCN_TOKEN_NEWLINE, /* or ';' */
    LQ_SCN_TOKEN_WORD,    /* letters, digits, _ . - and a leading + */
    LQ_SCN_TOKEN_STRING,  /* "...": text and size without the quotes */
    LQ_SCN_TOKEN_OPEN,
    LQ_SCN_TOKEN_CLOSE,
    LQ_SCN_TOKEN_COMMA,
    LQ_SCN_TOKEN_SLASH,
    LQ_SCN_TOKEN_ARROW,
    LQ_SCN_TOKEN_OPERATOR, /* = != < > <= >= & */
    LQ_SCN_TOKEN_BAD /* a byte that begins nothing, or a string without end */
};

struct lq_scn_token {
    enum lq_scn_token_kind kind;
    const char *text; /* not NUL-terminated */
    uint32_t size_bytes;
    struct lq_scn_place place;
};

struct lq_scn_lexer {
    const char *at, *end, *line_start;
    uint32_t line;
};

void lq_scn_lexer_init(struct lq_scn_lexer *lexer, const char *text, uint64_t size_bytes);
struct lq_scn_token lq_scn_lexer_next(struct lq_scn_lexer *lexer);

bool lq_scn_token_is(const struct lq_scn_token *token, const char *word);

/* --- table.c -------------------------------------------------------------------------------- */

/* NAME may be several words. Rows end with a row without a name. */
struct lq_scn_row {
    const char *name;
    enum lq_scn_unit unit;
    uint64_t least, most;
};

extern const struct lq_scn_row lq_scn_limit_rows[];
extern const struct lq_scn_row lq_scn_disk_rows[];
extern const struct lq_scn_row lq_scn_initiator_iscsi_rows[];
extern const struct lq_scn_row lq_scn_target_iscsi_rows[];
extern const struct lq_scn_row lq_scn_link_rows[];
extern const struct lq_scn_row lq_scn_clause_rows[];
extern const struct lq_scn_row lq_scn_rule_rows[];

#define LQ_SCN_BIT(which) (UINT32_C(1) << (which))

enum lq_scn_kind_of_verb {
    LQ_SCN_SESSION_VERB,
    LQ_SCN_COMMAND_VERB,
    LQ_SCN_TM_VERB,
    LQ_SCN_RAW_VERB
};

struct lq_scn_verb_row {
    const char *name;
    enum lq_scn_kind_of_verb kind;
    uint32_t allowed, needed; /* clauses, bits 1 << enum lq_scn_clause */
    bool names_command;       /* a label follows */
};

extern const struct lq_scn_verb_row lq_scn_verb_rows[LQ_SCN_VERBS];

/* A word and what it stands for; ended by a row without a word. */
struct lq_scn_word {
    const char *word;
    uint32_t value;
};

/* Verbs, clauses, settings and blocks that one transport alone has (enum lq_scn_transport). */
extern const struct lq_scn_word lq_scn_only[];
extern const struct lq_scn_word lq_scn_strikes[], lq_scn_statuses[];
extern const struct lq_scn_word lq_scn_sense_keys[];
extern const struct lq_scn_word lq_scn_answers[];
extern const struct lq_scn_word lq_scn_initiator_events[]; /* enum lq_scn_event_kind */

/* The word of VALUE; "?" when there is none. */
const char *lq_scn_word_of(const struct lq_scn_word *words, uint32_t value);

/* --- values.c ------------------------------------------------------------------------------- */

/* Reads the whole of TOKEN as UNIT. False: it is none, or does not fit 64 bits. */
bool lq_scn_read_value(const struct lq_scn_token *token, enum lq_scn_unit unit, uint64_t *value);
/* Reads TOKEN as a number, a size, a duration or `never', and says in UNIT which one it is. */
bool lq_scn_read_any(const struct lq_scn_token *token, enum lq_scn_unit *unit, uint64_t *value);
bool lq_scn_read_hex(const char *text, uint32_t size_bytes, uint64_t *value);
void lq_scn_put_value(struct lq_scn_text *to, enum lq_scn_unit unit, uint64_t value);

/* "a duration such as 10ms" */
const char *lq_scn_unit_text(enum lq_scn_unit unit);

/* --- parser.c, shared with timeline.c and expect.c ------------------------------------------ */

struct lq_scn_parser {
    struct lq_scn_lexer lexer;
    struct lq_scn_token token; /* the next one */
    const struct lq_pdu_table *const *tables; /* of all transports */
    const struct lq_pdu_table *pdus;          /* of the file's; NULL: it has none */
    struct lq_scenario *scenario;
    struct lq_scn_problem *problem;
};

/* All functions that return bool return false after a problem has been noted. */
void lq_scn_advance(struct lq_scn_parser *parser);
bool lq_scn_fail(struct lq_scn_parser *parser, const char *wrong, const char *expected);
/* The same about TOKEN, which need not be the next one. */
bool lq_scn_fail_at(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                    const char *wrong, const char *expected);
/* TOKEN stands for NAME, which is refused where lq_scn_only says that another transport has it. */
bool lq_scn_check_word(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       const char *name);
/* TOKEN is of what TRANSPORT alone has. */
bool lq_scn_check_only(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                       uint32_t transport);
/* Takes the word when it is the next token. */
bool lq_scn_take(struct lq_scn_parser *parser, const char *word);
bool lq_scn_need(struct lq_scn_parser *parser, const char *word);
/* A name of at most SIZE_BYTES - 1 characters into NAME. */
bool lq_scn_take_name(struct lq_scn_parser *parser, char *name, uint32_t size_bytes,
                      const char *expected);
bool lq_scn_take_value(struct lq_scn_parser *parser, const struct lq_scn_row *row,
                       uint64_t *value);
bool lq_scn_need_token(struct lq_scn_parser *parser, enum lq_scn_token_kind kind,
                       const char *expected);
void lq_scn_skip_newlines(struct lq_scn_parser *parser);
/* The row whose name stands next, taken; -1: none does. */
int lq_scn_take_row(struct lq_scn_parser *parser, const struct lq_scn_row *rows);
/* The row's value, given at most once. */
bool lq_scn_take_setting(struct lq_scn_parser *parser, const struct lq_scn_row *rows, int row,
                         struct lq_scn_values *values);
bool lq_scn_take_coded(struct lq_scn_parser *parser, const struct lq_scn_word *words,
                       const char *what, uint32_t *value);
/* The initiator that TOKEN names; initiator_count when there is none. */
uint32_t lq_scn_find_initiator(const struct lq_scn_parser *parser,
                               const struct lq_scn_token *token);
/* The bytes as a value for lq_scn_string. */
bool lq_scn_keep(struct lq_scn_parser *parser, const uint8_t *bytes, uint32_t size_bytes,
                 uint64_t *value);
/* Bytes in hexadecimal, two digits each, in one word or several: at least one, at most MOST. */
bool lq_scn_take_hex(struct lq_scn_parser *parser, uint8_t *bytes, uint32_t most,
                     uint32_t *size_bytes);
bool lq_scn_take_string(struct lq_scn_parser *parser, uint64_t *value);
/* { SETTING; ... } of ROWS. */
bool lq_scn_parse_settings(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
                           bool with_commas, struct lq_scn_values *values);

#define LQ_SCN_ANY_TARGET UINT32_MAX

/* TARGET/N or N, which is of *TARGET; that is LQ_SCN_ANY_TARGET when any may be meant. */
bool lq_scn_take_lun(struct lq_scn_parser *parser, uint32_t *target, uint64_t *lun);
/* The same of any target, and the LUN is there. */
bool lq_scn_take_lun_with_store(struct lq_scn_parser *parser, uint32_t *target, uint64_t *lun);

/* --- world.c -------------------------------------------------------------------------------- */

bool lq_scn_parse_disk(struct lq_scn_parser *parser);
bool lq_scn_parse_target(struct lq_scn_parser *parser);
bool lq_scn_parse_initiator(struct lq_scn_parser *parser);
bool lq_scn_parse_iscsi(struct lq_scn_parser *parser, const struct lq_scn_row *rows,
                        struct lq_scn_values *iscsi);

/* The disk or target that TOKEN names; their count when there is none. */
uint32_t lq_scn_find_disk(const struct lq_scn_parser *parser, const struct lq_scn_token *token);
uint32_t lq_scn_find_target(const struct lq_scn_parser *parser, const struct lq_scn_token *token);

/* timeline.c: everything from the first moment on. */
bool lq_scn_parse_timeline(struct lq_scn_parser *parser);
/* A label of a statement that stands before. COMMANDS: of a command of an initiator only. */
enum lq_scn_label_of { LQ_SCN_OF_COMMAND, LQ_SCN_OF_REQUEST, LQ_SCN_OF_FAULT };
bool lq_scn_take_label(struct lq_scn_parser *parser, enum lq_scn_label_of of, uint32_t *place);
uint32_t lq_scn_find_label(const struct lq_scenario *scenario, const char *text,
                           uint32_t size_bytes);
bool lq_scn_take_event(struct lq_scn_parser *parser, bool is_when, struct lq_scn_event *event);

/* The fault that the next token names, taken. */
bool lq_scn_take_fault(struct lq_scn_parser *parser, uint32_t *fault);

/* change.c: what happens to a LUN; the target's name stands next. */
bool lq_scn_parse_change(struct lq_scn_parser *parser, struct lq_scn_change *change);
void lq_scn_put_change(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_change *change);

/* fabric.c: what happens to the fabric, behind that word */
bool lq_scn_parse_fabric(struct lq_scn_parser *parser, struct lq_scn_fabric *fabric);
void lq_scn_put_fabric(struct lq_scn_text *to, const struct lq_scenario *scenario,
                       const struct lq_scn_fabric *fabric);

/* swarm.c */
/* NAME VALUE, one more of *COUNT settings (at most MOST); nothing with a range is checked. */
bool lq_scn_take_named(struct lq_scn_parser *parser, struct lq_scn_setting *settings,
                       uint32_t *count, uint32_t most, bool with_of);
void lq_scn_put_named(struct lq_scn_text *to, const struct lq_scn_setting *setting);
bool lq_scn_parse_swarm(struct lq_scn_parser *parser);
void lq_scn_print_swarm(const struct lq_scn_swarm *swarm, struct lq_scn_text *to);

/* raw.c: { header HEX; data HEX } */
bool lq_scn_take_raw(struct lq_scn_parser *parser, struct lq_scn_action *action);
void lq_scn_put_raw(struct lq_scn_text *to, const struct lq_scenario *scenario,
                    const struct lq_scn_action *action);

/* login.c: { key "NAME=VALUE"; without "NAME"; ... }, and expectations of answers */
bool lq_scn_take_login(struct lq_scn_parser *parser, struct lq_scn_action *action);
void lq_scn_put_login(struct lq_scn_text *to, const struct lq_scenario *scenario,
                      const struct lq_scn_action *action);
bool lq_scn_expect_key(struct lq_scn_parser *parser, struct lq_scn_expect *expect);
bool lq_scn_expect_finds(struct lq_scn_parser *parser, struct lq_scn_expect *expect);
void lq_scn_put_key(struct lq_scn_text *to, const struct lq_scenario *scenario,
                    const struct lq_scn_expect *expect);
void lq_scn_put_finds(struct lq_scn_text *to, const struct lq_scenario *scenario,
                      const struct lq_scn_expect *expect);

/* expect.c */
/* STATUS [KEY [ASCh/ASCQh]] */
bool lq_scn_take_status(struct lq_scn_parser *parser, uint32_t *status, uint32_t *sense,
                        uint32_t *sense_mask);
void lq_scn_put_status(struct lq_scn_text *to, uint32_t status, uint32_t sense,
                       uint32_t sense_mask);
bool lq_scn_parse_expect(struct lq_scn_parser *parser, struct lq_scn_statement *statement);

/* fault.c: the statement behind its first word, and its text. A label that STATEMENT has already
 * is used when the text gives none. */
bool lq_scn_parse_fault(struct lq_scn_parser *parser, struct lq_scn_statement *statement);

/* The word of a catastrophe, taken; NULL: there is none. Then the rest of its statement. */
const struct lq_scn_word *lq_scn_take_strike(struct lq_scn_parser *parser);
bool lq_scn_parse_strike(struct lq_scn_parser *parser, struct lq_scn_statement *statement,
                         uint32_t fault);
void lq_scn_print_strike(struct lq_scn_text *to, const struct lq_scenario *scenario,
                         const struct lq_scn_fault *strike);
void lq_scn_print_fault(const struct lq_scenario *scenario, const struct lq_scn_fault *fault,
                        struct lq_scn_text *to);

/* pdu.c: one clause about PDUs; *TAKEN: there was one. */
bool lq_scn_take_pdu_clause(struct lq_scn_parser *parser, struct lq_scn_fault *fault, bool *taken);
/* What a whole rule about PDUs needs; TOKEN is the fault's name. */
bool lq_scn_check_pdu(struct lq_scn_parser *parser, const struct lq_scn_token *token,
                      const struct lq_scn_fault *fault);
void lq_scn_print_pdu(const struct lq_scn_fault *fault, struct lq_scn_text *to);
void lq_scn_make_pdu_rule(const struct lq_scn_fault *fault, const struct lq_pdu_table *pdus,
                          struct lq_pdu_rule *rule);

/* timeline.c */
/* A statement of KIND (enum lq_scn_statement_kind) stands before. */
bool lq_scn_has_kind(const struct lq_scenario *scenario, uint32_t kind);
bool lq_scn_take_as(struct lq_scn_parser *parser, struct lq_scn_statement *statement);

/* printer.c, for fault.c and expect.c */
void lq_scn_print_clauses(struct lq_scn_text *to, const struct lq_scenario *scenario,
                          const struct lq_scn_row *rows, const struct lq_scn_values *values);
void lq_scn_print_event(const struct lq_scenario *scenario, const struct lq_scn_event *event,
                        struct lq_scn_text *to);
void lq_scn_print_expect(const struct lq_scenario *scenario, const struct lq_scn_expect *expect,
                         struct lq_scn_text *to);

#endif
