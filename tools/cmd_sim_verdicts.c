/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_verdicts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/assert.h"
#include "tools/exit_codes.h"
#include "tools/message.h"

void lq_verdicts_add_run(struct lq_verdicts *verdicts, const struct lq_judge *judge)
{
    LQ_ASSERT(lq_property_count <= LQ_VERDICTS_MAX);
    for (uint32_t i = 0; i < lq_property_count; i++) {
        verdicts->exercised[i] += lq_judge_exercised(judge, i);
        verdicts->violated[i] += lq_judge_violations_of(judge, i);
    }
}

void lq_verdicts_add(struct lq_verdicts *verdicts, const struct lq_verdicts *more)
{
    for (uint32_t i = 0; i < LQ_VERDICTS_MAX; i++) {
        verdicts->exercised[i] += more->exercised[i];
        verdicts->violated[i] += more->violated[i];
    }
}

/* --- files ---------------------------------------------------------------------------------- */

struct report {
    const struct lq_verdicts *verdicts;
    const struct lq_verdict_case *cases;
    uint32_t count;
};

typedef void (*writer)(const struct report *report, FILE *to);

static int write_file(const struct report *report, const char *path, writer write)
{
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *to = is_stdout ? stdout : fopen(path, "w");
    if (to == NULL)
        return errno;
    write(report, to);
    errno = 0;
    bool failed = fflush(to) != 0 || ferror(to) != 0;
    int wrong = failed ? (errno != 0 ? errno : EIO) : 0;
    if (!is_stdout && fclose(to) != 0 && wrong == 0)
        wrong = errno;
    return wrong;
}

/* A description: # would begin a directive. */
static void put_tap(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void put_tap_case(const struct lq_verdict_case *one, uint32_t number, FILE *to)
{
    fprintf(to, "%sok %" PRIu32 " - ", one->failure == NULL ? "" : "not ", number);
    put_tap(one->name, to);
    fputc('\n', to);
    if (one->failure == NULL)
        return;
    fputs("  ---\n  message: |\n    ", to);
    for (const char *at = one->failure; *at != '\0'; at++) {
        fputc(*at, to);
        if (*at == '\n' && at[1] != '\0')
            fputs("    ", to);
    }
    fputs("\n  ...\n", to);
}

static void write_tap(const struct report *report, FILE *to)
{
    const struct lq_verdicts *verdicts = report->verdicts;
    fprintf(to, "TAP version 14\n1..%" PRIu32 "\n", lq_property_count + report->count);
    for (uint32_t i = 0; i < lq_property_count; i++) {
        const struct lq_property *property = &lq_property_table[i];
        bool failed = verdicts->violated[i] > 0;
        fprintf(to, "%sok %" PRIu32 " - %s %s", failed ? "not " : "", i + 1, property->id,
                property->slug);
        if (verdicts->exercised[i] == 0 && !failed)
            fputs(" # SKIP never put to the test", to);
        fprintf(to, "\n  ---\n  exercised: %" PRIu64 "\n  violated: %" PRIu64 "\n  ...\n",
                verdicts->exercised[i], verdicts->violated[i]);
    }
    for (uint32_t i = 0; i < report->count; i++)
        put_tap_case(&report->cases[i], lq_property_count + i + 1, to);
}

static void put_xml(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        case '\n': fputs("&#10;", to); break;
        default: fputc((unsigned char)*text < ' ' ? '?' : *text, to);
        }
    }
}

static void put_junit_case(const struct lq_verdict_case *one, FILE *to)
{
    fputs("  <testcase classname=\"run\" name=\"", to);
    put_xml(one->name, to);
    fputs("\">", to);
    if (one->failure != NULL) {
        fputs("<failure message=\"", to);
        put_xml(one->failure, to);
        fputs("\"/>", to);
    }
    fputs("</testcase>\n", to);
}

static void write_junit(const struct report *report, FILE *to)
{
    const struct lq_verdicts *verdicts = report->verdicts;
    uint32_t failures = 0, skipped = 0;
    for (uint32_t i = 0; i < lq_property_count; i++) {
        failures += verdicts->violated[i] > 0;
        skipped += verdicts->violated[i] == 0 && verdicts->exercised[i] == 0;
    }
    for (uint32_t i = 0; i < report->count; i++)
        failures += report->cases[i].failure != NULL;
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"lunquake sim\" "
            "tests=\"%" PRIu32 "\" failures=\"%" PRIu32 "\" errors=\"0\" skipped=\"%" PRIu32
            "\">\n",
            lq_property_count + report->count, failures, skipped);
    for (uint32_t i = 0; i < lq_property_count; i++) {
        const struct lq_property *property = &lq_property_table[i];
        fprintf(to, "  <testcase classname=\"%s\" name=\"%s %s\">", property->judge, property->id,
                property->slug);
        if (verdicts->violated[i] > 0) {
            fprintf(to, "<failure message=\"violated %" PRIu64 " times: ", verdicts->violated[i]);
            put_xml(property->sentence, to);
            fputs("\">", to);
            put_xml(property->clause, to);
            fputs("</failure>", to);
        } else if (verdicts->exercised[i] == 0) {
            fputs("<skipped message=\"never put to the test\"/>", to);
        }
        fputs("</testcase>\n", to);
    }
    for (uint32_t i = 0; i < report->count; i++)
        put_junit_case(&report->cases[i], to);
    fputs("</testsuite>\n", to);
}

static int write_one(const struct report *report, const char *path, writer write, int code)
{
    int wrong = path == NULL ? 0 : write_file(report, path, write);
    if (wrong == 0)
        return code;
    lq_message("%s: cannot be written: %s; expected a file that can be written; choose another one",
               path, strerror(wrong));
    return code == LQ_EXIT_PASS ? LQ_EXIT_ENVIRONMENT : code;
}

int lq_verdicts_write(const struct lq_verdicts *verdicts, const struct lq_verdict_case *cases,
                      uint32_t count, const char *tap, const char *junit, int code)
{
    struct report report = {verdicts, cases, count};
    code = write_one(&report, tap, write_tap, code);
    return write_one(&report, junit, write_junit, code);
}

/* --- JSON Lines ----------------------------------------------------------------------------- */

static void json_event(void *context, const struct lq_event *event)
{
    FILE *to = context;
    fprintf(to,
            "{\"seq\":%" PRIu64 ",\"time_ns\":%" PRIu64 ",\"kind\":\"%s\",\"actor\":%u,"
            "\"target\":%u,\"flags\":%u,\"connection\":%" PRIu32 ",\"code\":%" PRIu32
            ",\"detail\":%" PRIu32 ",\"nblocks\":%" PRIu32,
            event->seq, event->time_ns, lq_event_kind_name(event->kind), (unsigned)event->actor,
            (unsigned)event->target, (unsigned)event->flags, event->connection, event->code,
            event->detail, event->nblocks);
    /* 64-bit names and hashes as hexadecimal text: readers of JSON keep 53 bits of a number. */
    fprintf(to,
            ",\"nexus\":\"%016" PRIx64 "\",\"lun\":\"%016" PRIx64 "\",\"tag\":%" PRIu64
            ",\"serial\":\"%" PRIx64 "\",\"stamp\":%" PRIu64 ",\"lba\":%" PRIu64
            ",\"value\":\"%" PRIx64 "\"}\n",
            event->nexus, event->lun, event->tag, event->serial, event->stamp, event->lba,
            event->value);
}

static void put_bytes(FILE *to, const char *kind, const char *where, const struct lq_tap *tap)
{
    fprintf(to,
            "{\"seq\":%" PRIu64 ",\"time_ns\":%" PRIu64 ",\"kind\":\"%s\",\"%s\":%" PRIu32
            ",\"direction\":\"%s\",\"bytes\":\"",
            tap->seq, tap->time_ns, kind, where, tap->connection,
            tap->direction == LQ_TO_TARGET ? "to-target" : "from-target");
    for (uint32_t i = 0; i < tap->size_bytes; i++)
        fprintf(to, "%02x", (unsigned)tap->bytes[i]);
    fputs("\"}\n", to);
}

static void json_tap(void *context, const struct lq_tap *tap)
{
    put_bytes(context, "TAP", "connection", tap);
}

static void json_frame(void *context, const struct lq_tap *frame)
{
    put_bytes(context, "FRAME", "device", frame);
}

struct lq_history_sink lq_json_lines(FILE *to)
{
    fprintf(to, "{\"format\":\"lunquake-history\",\"version\":1,\"program\":\"%s\"}\n", LQ_VERSION);
    return (struct lq_history_sink){
        .event = json_event, .tap = json_tap, .frame = json_frame, .context = to};
}
