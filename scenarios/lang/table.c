/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the language, as data: parser and printer walk the same rows. */
#include <stddef.h>

#include "core/base/history.h"
#include "scenarios/lang/internal.h"

#define SECOND UINT64_C(1000000000)
#define HOUR (3600 * SECOND)

const struct lq_scn_row lq_scn_limit_rows[] = {
    [LQ_SCN_QUARANTINE_AFTER] = {"quarantine after", LQ_SCN_OR_NEVER, 0, HOUR},
    [LQ_SCN_LOGIN_QUARANTINE_AFTER] = {"login quarantine after", LQ_SCN_OR_NEVER, 0, HOUR},
    [LQ_SCN_BUSY_AFTER] = {"busy after", LQ_SCN_OR_NEVER, 0, HOUR},
    [LQ_SCN_LOGIN_TIMEOUT] = {"login timeout", LQ_SCN_DURATION, 1, HOUR},
    [LQ_SCN_DATA_TIMEOUT] = {"data timeout", LQ_SCN_DURATION, 1, HOUR},
    [LQ_SCN_NOP_INTERVAL] = {"nop interval", LQ_SCN_DURATION, 0, HOUR},
    [LQ_SCN_TASKS] = {"tasks", LQ_SCN_NUMBER, 1, 64},
    [LQ_SCN_TASKS_PER_NEXUS] = {"tasks per nexus", LQ_SCN_NUMBER, 1, 64},
    [LQ_SCN_TM_FUNCTIONS] = {"task management functions", LQ_SCN_NUMBER, 1, 60},
    [LQ_SCN_UNIT_ATTENTIONS] = {"unit attentions", LQ_SCN_NUMBER, 2, 16},
    [LQ_SCN_COMMAND_WINDOW] = {"command window", LQ_SCN_NUMBER, 1, 64},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_disk_rows[] = {
    [LQ_SCN_CACHE] = {"cache", LQ_SCN_CACHE_KIND, 0, 1},
    [LQ_SCN_BLOCK] = {"block", LQ_SCN_SIZE, 512, 4096},
    [LQ_SCN_GRANULE] = {"granule", LQ_SCN_NUMBER, 1, 64},
    [LQ_SCN_LATENCY] = {"latency", LQ_SCN_DURATION, 1, 60 * SECOND},
    [LQ_SCN_UNFENCED] = {"unfenced", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_THIN] = {"thin", LQ_SCN_FLAG, 0, 0},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_initiator_iscsi_rows[] = {
    [LQ_SCN_INITIAL_R2T] = {"initial-r2t", LQ_SCN_YES_NO, 0, 1},
    [LQ_SCN_IMMEDIATE_DATA] = {"immediate-data", LQ_SCN_YES_NO, 0, 1},
    [LQ_SCN_MAX_BURST] = {"max-burst", LQ_SCN_SIZE, 512, 262144},
    [LQ_SCN_FIRST_BURST] = {"first-burst", LQ_SCN_SIZE, 512, 262144},
    [LQ_SCN_MAX_SEGMENT] = {"max-segment", LQ_SCN_SIZE, 512, 262144},
    [LQ_SCN_MAX_R2T] = {"max-r2t", LQ_SCN_NUMBER, 1, 8},
    [LQ_SCN_HEADER_DIGEST] = {"header-digest", LQ_SCN_DIGEST, 0, LQ_SCN_DIGESTS - 1},
    [LQ_SCN_DATA_DIGEST] = {"data-digest", LQ_SCN_DIGEST, 0, LQ_SCN_DIGESTS - 1},
    [LQ_SCN_FIRST_SN] = {"first-cmdsn", LQ_SCN_NUMBER, 0, UINT32_MAX},
    [LQ_SCN_FIRST_TAG] = {"first-itt", LQ_SCN_NUMBER, 0, UINT32_MAX},
    [LQ_SCN_ISID] = {"isid", LQ_SCN_NUMBER, 0, UINT32_MAX},
    [LQ_SCN_ISCSI_NAME] = {"name", LQ_SCN_STRING, 0, 0},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_target_iscsi_rows[] = {
    [LQ_SCN_INITIAL_R2T] = {"initial-r2t", LQ_SCN_YES_NO, 0, 1},
    [LQ_SCN_IMMEDIATE_DATA] = {"immediate-data", LQ_SCN_YES_NO, 0, 1},
    [LQ_SCN_MAX_BURST] = {"max-burst", LQ_SCN_SIZE, 512, 262144},
    [LQ_SCN_FIRST_BURST] = {"first-burst", LQ_SCN_SIZE, 512, 262144},
    [LQ_SCN_MAX_SEGMENT] = {"max-segment", LQ_SCN_SIZE, 512, 16384},
    [LQ_SCN_MAX_R2T] = {"max-r2t", LQ_SCN_NUMBER, 1, 8},
    [LQ_SCN_HEADER_DIGEST] = {"header-digest", LQ_SCN_DIGEST, 0, LQ_SCN_DIGESTS - 1},
    [LQ_SCN_DATA_DIGEST] = {"data-digest", LQ_SCN_DIGEST, 0, LQ_SCN_DIGESTS - 1},
    [LQ_SCN_FIRST_SN] = {"first-statsn", LQ_SCN_NUMBER, 0, UINT32_MAX},
    [LQ_SCN_FIRST_TAG] = {"first-ttt", LQ_SCN_NUMBER, 0, UINT32_MAX - 1},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_link_rows[] = {
    [LQ_SCN_LINK_LATENCY] = {"latency", LQ_SCN_DURATION, 1000, SECOND},
    [LQ_SCN_LINK_BANDWIDTH] = {"bandwidth", LQ_SCN_SIZE, 16384, UINT64_C(1) << 34}, /* a second */
    [LQ_SCN_LINK_WINDOW] = {"window", LQ_SCN_SIZE, 1024, 65536},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_clause_rows[] = {
    [LQ_SCN_LUN] = {"lun", LQ_SCN_NUMBER, 0, 255},
    [LQ_SCN_LBA] = {"lba", LQ_SCN_NUMBER, 0, UINT64_MAX},
    [LQ_SCN_BLOCKS] = {"blocks", LQ_SCN_NUMBER, 1, 65535},
    [LQ_SCN_IN] = {"in", LQ_SCN_SIZE, 1, LQ_SCN_TRANSFER_MAX},
    [LQ_SCN_OUT] = {"out", LQ_SCN_SIZE, 1, LQ_SCN_TRANSFER_MAX},
    [LQ_SCN_ORDERED] = {"ordered", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_HEAD_OF_QUEUE] = {"head-of-queue", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_FUA] = {"fua", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_IMMEDIATE] = {"immediate", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_WITHHELD] = {"data withheld", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_LATE] = {"data late", LQ_SCN_DURATION, 1, HOUR},
    [LQ_SCN_STALL] = {"stall after", LQ_SCN_SIZE, 0, 65536},
    [LQ_SCN_KEY] = {"key", LQ_SCN_NUMBER, 0, UINT64_MAX},
    [LQ_SCN_NEW_KEY] = {"new-key", LQ_SCN_NUMBER, 0, UINT64_MAX},
    [LQ_SCN_TYPE] = {"type", LQ_SCN_NUMBER, 0, 15},
    [LQ_SCN_TO] = {"to", LQ_SCN_NUMBER, 0, 0}, /* its name is written */
    [LQ_SCN_D_SENSE] = {"d-sense", LQ_SCN_NUMBER, 0, 1},
    [LQ_SCN_SWP] = {"swp", LQ_SCN_NUMBER, 0, 1},
    [LQ_SCN_WCE] = {"wce", LQ_SCN_NUMBER, 0, 1},
    [LQ_SCN_TST] = {"tst", LQ_SCN_NUMBER, 0, 7},
    [LQ_SCN_QERR] = {"qerr", LQ_SCN_NUMBER, 0, 3},
    [LQ_SCN_TAS] = {"tas", LQ_SCN_NUMBER, 0, 1},
    [LQ_SCN_REORDERING] = {"reordering", LQ_SCN_NUMBER, 0, 15},
    [LQ_SCN_UA_INTLCK] = {"ua-intlck", LQ_SCN_NUMBER, 0, 3},
    [LQ_SCN_TMF_ONLY] = {"tmf-only", LQ_SCN_NUMBER, 0, 1},
    [LQ_SCN_APTPL] = {"aptpl", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_NACA] = {"naca", LQ_SCN_FLAG, 0, 0},
    [LQ_SCN_ACA_ATTRIBUTE] = {"aca", LQ_SCN_FLAG, 0, 0},
    {NULL, LQ_SCN_FLAG, 0, 0}};

const struct lq_scn_row lq_scn_rule_rows[] = {
    [LQ_SCN_NTH] = {"nth", LQ_SCN_NUMBER, 1, UINT32_MAX},
    [LQ_SCN_EVERY] = {"every", LQ_SCN_NUMBER, 1, UINT32_MAX},
    [LQ_SCN_FOR] = {"for", LQ_SCN_DURATION, 1, HOUR},
    [LQ_SCN_BY] = {"by", LQ_SCN_DURATION, 1, HOUR},
    [LQ_SCN_ODDS] = {"odds", LQ_SCN_NUMBER, 1, UINT32_MAX},
    [LQ_SCN_ODDS_IN] = {"in", LQ_SCN_NUMBER, 1, UINT32_MAX},
    [LQ_SCN_RULE_AFTER] = {"after", LQ_SCN_DURATION, 0, HOUR},
    [LQ_SCN_RULE_COUNT] = {"count", LQ_SCN_NUMBER, 1, UINT32_MAX},
    [LQ_SCN_RULE_BEHIND] = {"behind", LQ_SCN_NUMBER, 1, 64},
    [LQ_SCN_RULE_BYTES] = {"bytes", LQ_SCN_NUMBER, 0, 16777215},
    {NULL, LQ_SCN_FLAG, 0, 0}};

enum {
    WHERE = 1 << LQ_SCN_LUN,
    HOW = 1 << LQ_SCN_ORDERED | 1 << LQ_SCN_HEAD_OF_QUEUE | 1 << LQ_SCN_IMMEDIATE |
          1 << LQ_SCN_NACA | 1 << LQ_SCN_ACA_ATTRIBUTE,
    EXTENT = 1 << LQ_SCN_LBA | 1 << LQ_SCN_BLOCKS,
    WITHHOLD = 1 << LQ_SCN_WITHHELD | 1 << LQ_SCN_LATE,
    STALL = 1 << LQ_SCN_STALL,
    KEYS = 1 << LQ_SCN_KEY | 1 << LQ_SCN_NEW_KEY,
    TYPE = 1 << LQ_SCN_TYPE,
    RESERVES = WHERE | HOW,
    MODES = 1 << LQ_SCN_D_SENSE | 1 << LQ_SCN_SWP | 1 << LQ_SCN_WCE | 1 << LQ_SCN_TST |
            1 << LQ_SCN_QERR | 1 << LQ_SCN_TAS | 1 << LQ_SCN_REORDERING | 1 << LQ_SCN_UA_INTLCK |
            1 << LQ_SCN_TMF_ONLY,
    PERSISTS = WHERE | HOW | WITHHOLD | KEYS
};

const struct lq_scn_verb_row lq_scn_verb_rows[LQ_SCN_VERBS] = {
    [LQ_SCN_LOG_IN] = {"login", LQ_SCN_SESSION_VERB, STALL, 0, false},
    [LQ_SCN_LOG_OUT] = {"logout", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_VANISH] = {"vanish", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_RELOGIN] = {"relogin", LQ_SCN_SESSION_VERB, STALL, 0, false},
    [LQ_SCN_DROP] = {"drop", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_CLOSE] = {"close", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_DISCOVER] = {"discover", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_PING] = {"ping", LQ_SCN_SESSION_VERB, 0, 0, false},
    [LQ_SCN_READ] = {"read", LQ_SCN_COMMAND_VERB, WHERE | HOW | EXTENT | 1 << LQ_SCN_FUA, EXTENT,
                     false},
    [LQ_SCN_WRITE] = {"write", LQ_SCN_COMMAND_VERB,
                      WHERE | HOW | EXTENT | WITHHOLD | 1 << LQ_SCN_FUA, EXTENT, false},
    [LQ_SCN_TEST_UNIT_READY] = {"test-unit-ready", LQ_SCN_COMMAND_VERB, WHERE | HOW, 0, false},
    [LQ_SCN_INQUIRY] = {"inquiry", LQ_SCN_COMMAND_VERB, WHERE | HOW, 0, false},
    [LQ_SCN_SYNCHRONIZE_CACHE] = {"synchronize-cache", LQ_SCN_COMMAND_VERB, WHERE | HOW, 0, false},
    [LQ_SCN_REQUEST_SENSE] = {"request-sense", LQ_SCN_COMMAND_VERB, WHERE | HOW, 0, false},
    [LQ_SCN_RESERVE] = {"reserve", LQ_SCN_COMMAND_VERB, RESERVES, 0, false},
    [LQ_SCN_RELEASE] = {"release", LQ_SCN_COMMAND_VERB, RESERVES, 0, false},
    [LQ_SCN_REGISTER] = {"register", LQ_SCN_COMMAND_VERB,
                         PERSISTS | 1 << LQ_SCN_TO | 1 << LQ_SCN_APTPL,
                         1 << LQ_SCN_NEW_KEY, false},
    [LQ_SCN_REGISTER_AND_IGNORE] = {"register-and-ignore", LQ_SCN_COMMAND_VERB,
                                    PERSISTS | 1 << LQ_SCN_APTPL,
                                    1 << LQ_SCN_NEW_KEY, false},
    [LQ_SCN_REGISTER_AND_MOVE] = {"register-and-move", LQ_SCN_COMMAND_VERB,
                                  PERSISTS | 1 << LQ_SCN_TO | 1 << LQ_SCN_APTPL,
                                  KEYS | 1 << LQ_SCN_TO, false},
    [LQ_SCN_PERSISTENT_RESERVE] = {"persistent-reserve", LQ_SCN_COMMAND_VERB, PERSISTS | TYPE,
                                   1 << LQ_SCN_KEY | TYPE, false},
    [LQ_SCN_PERSISTENT_RELEASE] = {"persistent-release", LQ_SCN_COMMAND_VERB, PERSISTS | TYPE,
                                   1 << LQ_SCN_KEY | TYPE, false},
    [LQ_SCN_CLEAR] = {"clear", LQ_SCN_COMMAND_VERB, PERSISTS, 1 << LQ_SCN_KEY, false},
    [LQ_SCN_PREEMPT] = {"preempt", LQ_SCN_COMMAND_VERB, PERSISTS | TYPE, KEYS, false},
    [LQ_SCN_PREEMPT_AND_ABORT] = {"preempt-and-abort", LQ_SCN_COMMAND_VERB, PERSISTS | TYPE, KEYS,
                                  false},
    [LQ_SCN_READ_KEYS] = {"read-keys", LQ_SCN_COMMAND_VERB, RESERVES, 0, false},
    [LQ_SCN_READ_RESERVATION] = {"read-reservation", LQ_SCN_COMMAND_VERB, RESERVES, 0, false},
    [LQ_SCN_MODE_SELECT] = {"mode-select", LQ_SCN_COMMAND_VERB, WHERE | HOW | WITHHOLD | MODES, 0,
                            false},
    [LQ_SCN_MODE_SENSE] = {"mode-sense", LQ_SCN_COMMAND_VERB, WHERE | HOW, 0, false},
    [LQ_SCN_CDB] = {"cdb", LQ_SCN_COMMAND_VERB,
                    WHERE | HOW | WITHHOLD | 1 << LQ_SCN_IN | 1 << LQ_SCN_OUT, 0, false},
    [LQ_SCN_ABORT] = {"abort", LQ_SCN_TM_VERB, 0, 0, true},
    [LQ_SCN_QUERY_TASK] = {"query-task", LQ_SCN_TM_VERB, 0, 0, true},
    [LQ_SCN_QUERY_TASK_SET] = {"query-task-set", LQ_SCN_TM_VERB, WHERE, 0, false},
    [LQ_SCN_QUERY_ASYNCHRONOUS_EVENT] = {"query-asynchronous-event", LQ_SCN_TM_VERB, WHERE, 0,
                                         false},
    [LQ_SCN_NEXUS_RESET] = {"i-t-nexus-reset", LQ_SCN_TM_VERB, 0, 0, false},
    [LQ_SCN_ABORT_TASK_SET] = {"abort-task-set", LQ_SCN_TM_VERB, WHERE, 0, false},
    [LQ_SCN_CLEAR_TASK_SET] = {"clear-task-set", LQ_SCN_TM_VERB, WHERE, 0, false},
    [LQ_SCN_CLEAR_ACA] = {"clear-aca", LQ_SCN_TM_VERB, WHERE, 0, false},
    [LQ_SCN_LUN_RESET] = {"lun-reset", LQ_SCN_TM_VERB, WHERE, 0, false},
    [LQ_SCN_WARM_RESET] = {"target-warm-reset", LQ_SCN_TM_VERB, 0, 0, false},
    [LQ_SCN_COLD_RESET] = {"target-cold-reset", LQ_SCN_TM_VERB, 0, 0, false},
    [LQ_SCN_RAW] = {"raw", LQ_SCN_RAW_VERB, 0, 0, false}};

const struct lq_scn_word lq_scn_only[] = {{"iscsi", LQ_SCN_OVER_ISCSI}, /* of a login */
                                          {"header-digest", LQ_SCN_OVER_ISCSI},
                                          {"data-digest", LQ_SCN_OVER_ISCSI},
                                          {"login timeout", LQ_SCN_OVER_ISCSI},
                                          {"nop interval", LQ_SCN_OVER_ISCSI},
                                          {"command window", LQ_SCN_OVER_ISCSI},
                                          {"window", LQ_SCN_OVER_ISCSI},
                                          {"discover", LQ_SCN_OVER_ISCSI},
                                          {"stall after", LQ_SCN_OVER_ISCSI},
                                          {"immediate", LQ_SCN_OVER_ISCSI},
                                          {"query-task", LQ_SCN_OVER_ISCSI},
                                          {"i-t-nexus-reset", LQ_SCN_OVER_ISCSI},
                                          {"target-cold-reset", LQ_SCN_OVER_ISCSI},
                                          {"raw", LQ_SCN_OVER_ISCSI},
                                          {"during", LQ_SCN_OVER_ISCSI},
                                          {"fabric", LQ_SCN_OVER_FCP},
                                          {"login key", LQ_SCN_OVER_ISCSI},
                                          {"finds", LQ_SCN_OVER_ISCSI},
                                          {NULL, 0}};

/* [SAM-5 5.3.1] */
const struct lq_scn_word lq_scn_statuses[] = {
    {"GOOD", 0x00}, {"CHECK_CONDITION", 0x02}, {"CONDITION_MET", 0x04}, {"BUSY", 0x08},
    {"RESERVATION_CONFLICT", 0x18}, {"TASK_SET_FULL", 0x28}, {"ACA_ACTIVE", 0x30},
    {"TASK_ABORTED", 0x40}, {NULL, 0}};

/* [SPC-5 4.4.8] */
const struct lq_scn_word lq_scn_sense_keys[] = {
    {"NO_SENSE", 0x0}, {"RECOVERED_ERROR", 0x1}, {"NOT_READY", 0x2}, {"MEDIUM_ERROR", 0x3},
    {"HARDWARE_ERROR", 0x4}, {"ILLEGAL_REQUEST", 0x5}, {"UNIT_ATTENTION", 0x6},
    {"DATA_PROTECT", 0x7}, {"BLANK_CHECK", 0x8}, {"COPY_ABORTED", 0xa},
    {"ABORTED_COMMAND", 0xb}, {"VOLUME_OVERFLOW", 0xd}, {"MISCOMPARE", 0xe}, {NULL, 0}};

const struct lq_scn_word lq_scn_answers[] = {
    {"complete", LQ_TM_COMPLETE}, {"task-absent", LQ_TM_TASK_ABSENT},
    {"incorrect-lun", LQ_TM_INCORRECT_LUN}, {"not-supported", LQ_TM_NOT_SUPPORTED},
    {"rejected", LQ_TM_REJECTED}, {"succeeded", LQ_TM_SUCCEEDED}, {NULL, 0}};

const struct lq_scn_word lq_scn_initiator_events[] = {
    {"login", LQ_SCN_LOGIN}, {"refused", LQ_SCN_REFUSED}, {"logout", LQ_SCN_LOGGED_OUT},
    {"lost", LQ_SCN_LOST}, {"status", LQ_SCN_GOT}, {NULL, 0}};

const char *lq_scn_word_of(const struct lq_scn_word *words, uint32_t value)
{
    for (; words->word != NULL; words++)
        if (words->value == value)
            return words->word;
    return "?";
}
