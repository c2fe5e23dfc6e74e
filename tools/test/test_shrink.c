/* SPDX-License-Identifier: Apache-2.0 */
/* Shrinking alone: units and lines of made-up failures, of which it is known what must be left. */
#include <string.h>

#include "core/base/test/unit.h"
#include "tools/lines.h"
#include "tools/shrink.h"

/* --- units ---------------------------------------------------------------------------------- */

enum { UNITS = 100 };

static bool kept[UNITS];
static uint32_t asked;

/* Fails while 7, 42 and 93 are there. */
static bool needs_three(void *context)
{
    (void)context;
    asked++;
    return kept[7] && kept[42] && kept[93];
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static bool needs_all(void *context)
{
    (void)context;
    for (uint32_t i = 0; i < UNITS; i++)
        if (!kept[i])
            return false;
    return true;
}

static uint32_t shrink(bool (*fails)(void *context))
{
    uint32_t count = 0;
    memset(kept, true, sizeof kept);
    lq_shrink_units(kept, UNITS, fails, NULL);
    for (uint32_t i = 0; i < UNITS; i++)
        count += kept[i];
    return count;
}

static void test_units(void)
{
    asked = 0;
    CU_ASSERT_EQUAL(shrink(needs_three), 3);
    CU_ASSERT(kept[7] && kept[42] && kept[93]);
    CU_ASSERT(asked < 80); /* fewer than one by one */
    CU_ASSERT_EQUAL(shrink(always), 0);
    CU_ASSERT_EQUAL(shrink(needs_all), UNITS);
    lq_shrink_units(kept, 0, always, NULL);
}

/* --- lines ---------------------------------------------------------------------------------- */

static struct lq_lines lines;
static char text[64 * 1024];

/* Fails while a write of 3 blocks or more and, 2 ms or more behind, a reset are there. */
static bool needs_write_and_reset(void *context, const struct lq_lines *candidate)
{
    (void)context;
    unsigned blocks = 0, ms = 0;
    bool has_reset = false;
    for (uint32_t i = 0; i < candidate->count; i++) {
        unsigned number = 0;
        const char *at = strstr(candidate->text[i], "write lba 0 blocks ");
        if (at != NULL && sscanf(at, "write lba 0 blocks %u", &number) == 1)
            blocks = number;
        if (blocks >= 3 && sscanf(candidate->text[i], "at +%ums", &number) == 1)
            ms = number;
        has_reset |= ms >= 2 && strcmp(candidate->text[i], "a lun-reset") == 0;
    }
    return has_reset;
}

static void test_lines(void)
{
    lq_lines_split(&lines, "# a comment\nscenario \"title 12\"\n\n"
                           "target t {\n    lun 0 disk 1MiB\n}\n"
                           "at 12345us\n    a read lba 3 blocks 2 as c4\n"
                           "    a write lba 0 blocks 17 ordered fua as c5\nat 16777us\n"
                           "    a lun-reset\nat 20ms\n    b ping\n");
    CU_ASSERT_EQUAL(lines.count, 11);
    lq_shrink_lines(&lines, needs_write_and_reset, NULL);
    CU_ASSERT_TRUE(lq_lines_join(&lines, text, sizeof text));
    CU_ASSERT_STRING_EQUAL(text, "write lba 0 blocks 3\nat +10ms\na lun-reset\n"); /* round */
}

static void test_print(void)
{
    lq_lines_split(&lines, "scenario \"x\"\ntarget t {\nlun 0 disk 1MiB\nlun 1 disk 1MiB\n}\n"
                           "initiator a -> t\nat 0\na login\na write lba 0 blocks 1 as c17\n"
                           "at +1ms\na abort c17\nfault disk.hang nth 1 as f9\n"
                           "a read lba 0 blocks 1 as c170\nexpect c170 status GOOD after c17\n");
    lq_lines_rename(&lines);
    CU_ASSERT_EQUAL(lq_lines_print(&lines, text, sizeof text), 6);
    CU_ASSERT_STRING_EQUAL(
        text, "scenario \"x\"\ntarget t { lun 0 disk 1MiB; lun 1 disk 1MiB }\ninitiator a -> t\n"
              "at 0        a login; a write lba 0 blocks 1 as w1\n"
              "at +1ms     a abort w1; fault disk.hang nth 1 as f1; a read lba 0 blocks 1 as r1\n"
              "            expect r1 status GOOD after w1\n");
    CU_ASSERT_EQUAL(lq_lines_print(&lines, text, 20), 0);
    CU_ASSERT_FALSE(lq_lines_join(&lines, text, 20));
}

static void test_bounds(void)
{
    static char longest[2 * LQ_LINE_MAX];
    memset(longest, 'x', sizeof longest - 1);
    lq_lines_split(&lines, longest);
    CU_ASSERT_TRUE(lines.overflowed);
    CU_ASSERT_EQUAL(strlen(lines.text[0]), LQ_LINE_MAX - 1);
    lq_lines_split(&lines, "");
    for (uint32_t i = 0; i <= LQ_LINES_MAX; i++)
        lq_lines_add(&lines, "%u", (unsigned)i);
    CU_ASSERT_TRUE(lines.overflowed);
    CU_ASSERT_EQUAL(lines.count, LQ_LINES_MAX);
    lq_lines_remove(&lines, 0);
    lq_lines_remove(&lines, LQ_LINES_MAX - 2);
    CU_ASSERT_EQUAL(lines.count, LQ_LINES_MAX - 2);
    CU_ASSERT_STRING_EQUAL(lines.text[0], "1");
}

int main(void)
{
    CU_TestInfo tests[] = {{"units", test_units},
                           {"lines", test_lines},
                           {"text for people", test_print},
                           {"bounds", test_bounds},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"shrinking", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    return lq_unit_run(suites);
}
