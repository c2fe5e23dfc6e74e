/* SPDX-License-Identifier: Apache-2.0 */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "faults/faults.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

static void test_table_is_complete(void)
{
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        const struct lq_fault_class *row = lq_fault_class((enum lq_fault)i);
        CU_ASSERT_FATAL(row->name != NULL && row->unit != NULL && row->contract != NULL);
        CU_ASSERT(row->sentence[strlen(row->sentence) - 1] == '.');
        CU_ASSERT(row->odds_max >= 1 && row->odds_max <= 1000);
        CU_ASSERT(lq_fault_by_name(row->name) == (enum lq_fault)i);
    }
    CU_ASSERT(lq_fault_by_name("no.such") == LQ_FAULT_NONE);
}

static uint64_t refuse(struct lq_choice *choice, uint32_t stream, uint32_t site, uint64_t subject,
                       uint64_t n)
{
    (void)choice, (void)stream, (void)site, (void)subject, (void)n;
    CU_FAIL("a disarmed fault drew");
    return n - 1;
}

/* [design.md 5]: a disarmed rule changes no byte, so it neither draws nor records. */
static void test_disarmed_is_silent(void)
{
    struct lq_choice choice = {refuse};
    struct lq_history history;
    lq_history_init(&history);
    uint64_t now = 7;
    struct lq_faults faults;
    lq_faults_init(&faults, &choice, &history, &now);
    for (uint32_t i = 1; i < LQ_FAULTS; i++) {
        CU_ASSERT_FALSE(lq_fault_fires(&faults, (enum lq_fault)i, i, 0));
        CU_ASSERT(faults.counts[i].asked == 0);
    }
    CU_ASSERT(history.event_count == 0);
}

static void keep(void *context, const struct lq_event *event)
{
    *(struct lq_event *)context = *event;
}

static void test_armed_counts_and_records(void)
{
    struct lq_choice_seeded seeded;
    lq_choice_seeded_init(&seeded, 1);
    struct lq_history history;
    struct lq_event last = {0};
    lq_history_init(&history);
    lq_history_attach(&history, (struct lq_history_sink){.event = keep, .context = &last});
    uint64_t now = 99;
    struct lq_faults faults;
    lq_faults_init(&faults, &seeded.choice, &history, &now);
    lq_fault_arm(&faults, LQ_FAULT_DISK_HANG, 250);
    uint64_t fired = 0;
    for (uint64_t i = 0; i < 4000; i++)
        fired += lq_fault_fires(&faults, LQ_FAULT_DISK_HANG, i, 3);
    CU_ASSERT(fired > 800 && fired < 1200); /* 1,000 expected, sigma 27 */
    CU_ASSERT(faults.counts[LQ_FAULT_DISK_HANG].asked == 4000);
    CU_ASSERT(history.event_count == faults.counts[LQ_FAULT_DISK_HANG].fired);
    CU_ASSERT(last.kind == LQ_W_FAULT && last.code == LQ_FAULT_DISK_HANG);
    CU_ASSERT(last.connection == 3 && last.time_ns == 99);
    lq_faults_disarm(&faults);
    CU_ASSERT_FALSE(lq_fault_is_armed(&faults, LQ_FAULT_DISK_HANG));
    CU_ASSERT(faults.counts[LQ_FAULT_DISK_HANG].asked == 4000);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("faults", NULL, NULL);
    CU_add_test(suite, "table is complete", test_table_is_complete);
    CU_add_test(suite, "disarmed is silent", test_disarmed_is_silent);
    CU_add_test(suite, "armed counts and records", test_armed_counts_and_records);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
