/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine does the same whatever carries its commands: over iSCSI and over FCP each initiator of
 * a scenario without faults has the same commands and TM functions received in the same order, with
 * the same ends, and what ends well has written the same. Times differ, and so does what different
 * initiators do at once. Aborts of what has ended do not count: an FCP initiator ends its exchanges
 * behind an answered TM function itself.
 */
#include <CUnit/Basic.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/shard/shard.h"
#include "tools/cmd_sim_run.h"

enum { FILE_BYTES_MAX = 64 * 1024, TOLD_MAX = 4096, FILES_MIN = 20, WRITE = 2 };

/* A command or a TM function, as the engine saw it. */
struct told {
    uint64_t serial; /* of commands, and of functions: a numbering each */
    uint64_t lun;
    bool is_function, is_over;
    uint32_t what; /* opcode or function, with the task attribute */
    uint32_t code, detail, flags; /* of its end */
    uint32_t writes, nblocks;     /* that reached a store */
};

struct side {
    struct told told[LQ_PLAN_NEXUSES_MAX + 1][TOLD_MAX]; /* by initiator */
    uint32_t count[LQ_PLAN_NEXUSES_MAX + 1];
    uint64_t nexus[LQ_PLAN_NEXUSES_MAX + 1]; /* the newest of each */
};

static struct side sides[LQ_SCN_TRANSPORTS];
static struct lq_scenario scenario;

/* --- what the engine does ------------------------------------------------------------------- */

static uint32_t actor_of(const struct side *side, uint64_t nexus)
{
    for (uint32_t i = 1; i <= LQ_PLAN_NEXUSES_MAX; i++)
        if (side->nexus[i] == nexus)
            return i;
    return 0;
}

static void begin(struct side *side, const struct lq_event *event, bool is_function)
{
    uint32_t actor = actor_of(side, event->nexus);
    CU_ASSERT_FATAL(actor != 0 && side->count[actor] < TOLD_MAX);
    side->told[actor][side->count[actor]++] = (struct told){
        .serial = event->serial,
        .lun = event->lun,
        .is_function = is_function,
        .what = is_function ? event->code : event->detail << 8 | event->code};
}

static struct told *find(struct side *side, uint64_t serial, bool is_function)
{
    for (uint32_t actor = 1; actor <= LQ_PLAN_NEXUSES_MAX; actor++)
        for (uint32_t i = side->count[actor]; i > 0; i--)
            if (side->told[actor][i - 1].serial == serial &&
                side->told[actor][i - 1].is_function == is_function)
                return &side->told[actor][i - 1];
    return NULL;
}

/* TOLD, of NEXUS, did nothing. */
static void forget(struct side *side, uint64_t nexus, struct told *told)
{
    uint32_t actor = actor_of(side, nexus);
    struct told *last = &side->told[actor][--side->count[actor]];
    memmove(told, told + 1, (size_t)(last - told) * sizeof *told);
}

static void end(struct side *side, const struct lq_event *event, bool is_function)
{
    struct told *told = find(side, event->serial, is_function);
    CU_ASSERT_PTR_NOT_NULL_FATAL(told);
    told->is_over = true;
    if (is_function && event->code == LQ_TM_TASK_ABSENT) {
        forget(side, event->nexus, told);
        return;
    }
    told->code = event->code;
    told->detail = event->detail;
    told->flags = event->flags;
}

static void on_event(void *context, const struct lq_event *event)
{
    struct side *side = context;
    struct told *told;
    switch (event->kind) {
    case LQ_I_LOGIN:
        side->nexus[event->actor] = event->nexus;
        break;
    case LQ_E_RECEIVED:
    case LQ_E_TM_RECEIVED:
        begin(side, event, event->kind == LQ_E_TM_RECEIVED);
        break;
    case LQ_E_REFUSED:
    case LQ_E_ENDED:
    case LQ_E_TM_ANSWERED:
        end(side, event, event->kind == LQ_E_TM_ANSWERED);
        break;
    case LQ_S_EFFECT:
        told = event->detail == WRITE ? find(side, event->serial, false) : NULL;
        if (told != NULL) {
            told->writes++;
            told->nblocks += event->nblocks;
        }
        break;
    default:
        break;
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static char text[FILE_BYTES_MAX];
static size_t text_bytes;

static void read_file(const char *file)
{
    FILE *from = fopen(file, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(from);
    text_bytes = fread(text, 1, sizeof text, from);
    fclose(from);
    CU_ASSERT_FATAL(text_bytes < sizeof text);
}

static bool parse(enum lq_scn_transport transport)
{
    struct lq_scn_problem problem;
    return lq_scenario_parse(&scenario, lq_shard_pdus, transport, text, text_bytes, &problem) &&
           scenario.transport == (uint32_t)transport;
}

/* It has a timeline without faults, in one order, and is for any transport. */
static bool is_comparable(void)
{
    if (!parse(LQ_SCN_OVER_FCP) || !parse(LQ_SCN_OVER_ISCSI) || scenario.swarm.is_given)
        return false;
    for (uint32_t i = 0; i < scenario.statement_count; i++)
        if (scenario.statements[i].kind == LQ_SCN_FAULT ||
            scenario.statements[i].kind == LQ_SCN_EXPLORE ||
            scenario.statements[i].kind == LQ_SCN_STRIKE)
            return false;
    return true;
}

static void run(const char *file, enum lq_scn_transport transport)
{
    struct side *side = &sides[transport];
    memset(side, 0, sizeof *side);
    const struct lq_sim_settings settings = {.commands = LQ_SIM_COMMANDS_DEFAULT};
    const struct lq_history_sink sink = {.event = on_event, .context = side};
    struct lq_sim *sim = lq_sim_make(&settings);
    lq_sim_watch(sim, &sink, 1);
    CU_ASSERT_FATAL(parse(transport));
    CU_ASSERT_EQUAL(lq_sim_run_scenario(sim, &scenario, file, 1, false), LQ_SIM_CLEAN);
    lq_sim_free(sim);
}

static bool is_same(const struct told *a, const struct told *b)
{
    return a->is_function == b->is_function && a->what == b->what && a->lun == b->lun &&
           a->is_over == b->is_over && a->code == b->code && a->detail == b->detail &&
           a->flags == b->flags && ((a->flags & LQ_F_ABORTED) != 0 ||
                                    (a->writes == b->writes && a->nblocks == b->nblocks));
}

/* How many commands and functions were compared. */
static uint32_t compare(const char *file)
{
    const struct side *iscsi = &sides[LQ_SCN_OVER_ISCSI], *fcp = &sides[LQ_SCN_OVER_FCP];
    uint32_t count = 0;
    for (uint32_t actor = 1; actor <= LQ_PLAN_NEXUSES_MAX; actor++) {
        bool agrees = iscsi->count[actor] == fcp->count[actor];
        for (uint32_t i = 0; agrees && i < iscsi->count[actor]; i++) {
            const struct told *a = &iscsi->told[actor][i], *b = &fcp->told[actor][i];
            agrees = is_same(a, b);
            if (!agrees)
                printf("\n%s: number %u of initiator %u: %x/%u, ended %x/%x/%x, wrote %u, and "
                       "%x/%u, ended %x/%x/%x, wrote %u", file, i + 1, actor, a->what,
                       a->is_function, a->code, a->detail, a->flags, a->nblocks, b->what,
                       b->is_function, b->code, b->detail, b->flags, b->nblocks);
        }
        if (iscsi->count[actor] != fcp->count[actor])
            printf("\n%s: initiator %u: %u and %u", file, actor, iscsi->count[actor],
                   fcp->count[actor]);
        CU_ASSERT_TRUE(agrees);
        count += iscsi->count[actor];
    }
    return count;
}

static void test_transports_agree(void)
{
    glob_t files;
    uint32_t count = 0, commands = 0;
    CU_ASSERT_EQUAL_FATAL(glob(LQ_SOURCE_DIR "/scenarios/*/*.scn", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        read_file(files.gl_pathv[i]);
        if (strstr(files.gl_pathv[i], "personalities") != NULL ||
            strstr(files.gl_pathv[i], "hostile") != NULL || !is_comparable())
            continue;
        run(files.gl_pathv[i], LQ_SCN_OVER_ISCSI);
        run(files.gl_pathv[i], LQ_SCN_OVER_FCP);
        commands += compare(files.gl_pathv[i]);
        count++;
    }
    globfree(&files);
    printf("%u files, %u commands and functions\n", count, commands);
    CU_ASSERT(count >= FILES_MIN && commands >= 10 * FILES_MIN);
}

int main(void)
{
    CU_TestInfo tests[] = {{"iSCSI and FCP agree", test_transports_agree}, CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"transports", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
