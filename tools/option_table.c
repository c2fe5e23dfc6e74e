/* SPDX-License-Identifier: Apache-2.0 */
/* The options that the program understands, as data; subcommand_table.c has the subcommands. */
#include <stddef.h>
#include <string.h>

#include "tools/option_luns.h"
#include "tools/options.h"
#include "tools/units.h"

enum {
    SERVE = 1 << LQ_SUBCOMMAND_SERVE,
    WITH = 1 << LQ_SUBCOMMAND_WITH,
    SIM = 1 << LQ_SUBCOMMAND_SIM,
    FEATURES = 1 << LQ_SUBCOMMAND_FEATURES,
    LIVE = SERVE | WITH,
    RUNS = LIVE | SIM,
    ALL = RUNS | FEATURES
};

/* Options that are on when they are given. */
#define TAKE_FLAG(name, field)                                                                     \
    static const char *take_##name(struct lq_options *options, const char *argument)               \
    {                                                                                              \
        (void)argument;                                                                            \
        options->field = true;                                                                     \
        return NULL;                                                                               \
    }
TAKE_FLAG(help, help)
TAKE_FLAG(print_limits, print_limits)
TAKE_FLAG(list_faults, list_faults)
TAKE_FLAG(list_wrongs, list_wrongs)
TAKE_FLAG(list_personalities, list_personalities)
TAKE_FLAG(judge_table, judge_table)
TAKE_FLAG(fingerprint, fingerprint)
TAKE_FLAG(trace, trace)
TAKE_FLAG(ladder, ladder)
TAKE_FLAG(totals, totals)
TAKE_FLAG(print_scenario, print_scenario)
TAKE_FLAG(no_shrink, no_shrink)
TAKE_FLAG(twice, twice)
TAKE_FLAG(bench, bench)
TAKE_FLAG(unjudged, unjudged)
TAKE_FLAG(exhaust, exhaust)
TAKE_FLAG(no_reduction, no_reduction)
TAKE_FLAG(verdicts, verdicts)

static const char *take_portal(struct lq_options *options, const char *argument)
{
    options->portal = argument;
    return NULL;
}

static const char *take_port(struct lq_options *options, const char *argument)
{
    uint64_t port = 0;
    if (lq_parse_number(argument, UINT16_MAX, &port) != NULL)
        return "is no port; expected 0 (any free one) to 65535";
    options->port = (uint16_t)port;
    return NULL;
}

/* The form of an iSCSI name [RFC 7143 4.2.7]; the endpoint checks what is left. */
static const char *take_iqn(struct lq_options *options, const char *argument)
{
    size_t length = strlen(argument);
    bool known = strncmp(argument, "iqn.", 4) == 0 || strncmp(argument, "eui.", 4) == 0 ||
                 strncmp(argument, "naa.", 4) == 0;
    bool plain = strspn(argument, "abcdefghijklmnopqrstuvwxyz0123456789.:-") == length;
    if (!known || !plain || length < 5 || length > 223)
        return "is no iSCSI name; expected iqn.YYYY-MM.DOMAIN:NAME, eui. or naa., at most 223 "
               "characters of a-z, 0-9, dot, colon and hyphen";
    options->iqn = argument;
    return NULL;
}

static const char *take_fcoe(struct lq_options *options, const char *argument)
{
    options->fcoe = argument;
    return NULL;
}

static const char *take_fcoe_mode(struct lq_options *options, const char *argument)
{
    options->fcoe_vn2vn = strcmp(argument, "vn2vn") == 0;
    if (!options->fcoe_vn2vn && strcmp(argument, "fabric") != 0)
        return "is no mode; expected fabric or vn2vn";
    return NULL;
}

static const char *take_pcap(struct lq_options *options, const char *argument)
{
    if (argument[0] == '\0')
        return "names no file; expected a path";
    options->pcap = argument;
    return NULL;
}

static const char *take_quarantine_after(struct lq_options *options, const char *argument)
{
    if (strcmp(argument, "never") == 0) {
        options->quarantine_after_ns = UINT64_MAX;
        return NULL;
    }
    if (lq_parse_duration(argument, &options->quarantine_after_ns) != NULL)
        return "is no duration; expected digits and ns, us, ms, s, m or h, such as 3s, or never";
    return NULL;
}

static const char *take_digest(const char *argument, enum lq_digest_offer *offer)
{
    static const struct {
        const char *name;
        enum lq_digest_offer offer;
    } words[] = {{"none", LQ_DIGEST_NONE}, {"crc32c", LQ_DIGEST_CRC32C},
                 {"any", LQ_DIGEST_PREFER_NONE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(argument, words[i].name) != 0)
            continue;
        *offer = words[i].offer;
        return NULL;
    }
    return "is no choice of digests; expected none, crc32c or any";
}

static const char *take_header_digest(struct lq_options *options, const char *argument)
{
    return take_digest(argument, &options->header_digest);
}

static const char *take_data_digest(struct lq_options *options, const char *argument)
{
    return take_digest(argument, &options->data_digest);
}

static const char *take_busy_after(struct lq_options *options, const char *argument)
{
    return lq_parse_duration(argument, &options->busy_after_ns);
}

static const char *take_shutdown_after(struct lq_options *options, const char *argument)
{
    return lq_parse_duration(argument, &options->shutdown_after_ns);
}

static const char *take_limit(uint32_t *limit, uint32_t max, const char *argument)
{
    uint64_t number = 0;
    const char *wrong = lq_parse_number(argument, max, &number);
    if (wrong == NULL && number == 0)
        wrong = "is no limit; expected 1 or more";
    *limit = (uint32_t)number;
    return wrong;
}

static const char *take_max_connections(struct lq_options *options, const char *argument)
{
    return take_limit(&options->max_connections, 16384, argument);
}

static const char *take_max_commands(struct lq_options *options, const char *argument)
{
    return take_limit(&options->max_commands, 16384, argument);
}

static const char *take_seeds(struct lq_options *options, const char *argument)
{
    options->seeds_given = true;
    return lq_parse_range(argument, &options->first_seed, &options->last_seed);
}

static const char *take_seed(struct lq_options *options, const char *argument)
{
    options->seeds_given = true;
    const char *wrong = lq_parse_number(argument, UINT64_MAX, &options->first_seed);
    options->last_seed = options->first_seed;
    return wrong;
}

static const char *take_wrong(struct lq_options *options, const char *argument)
{
    options->wrong = argument;
    return NULL;
}

static const char *take_personality(struct lq_options *options, const char *argument)
{
    options->personality = argument;
    return NULL;
}

static const char *take_jobs(struct lq_options *options, const char *argument)
{
    return take_limit(&options->jobs, 256, argument);
}

static const char *take_commands(struct lq_options *options, const char *argument)
{
    const char *wrong = lq_parse_number(argument, UINT32_MAX, &options->commands);
    return wrong == NULL && options->commands == 0 ? "is none; expected 1 or more" : wrong;
}

static const char *take_path(const char **path, const char *argument)
{
    if (argument[0] == '\0')
        return "names no file; expected a path";
    *path = argument;
    return NULL;
}

static const char *take_campaign(struct lq_options *options, const char *argument)
{
    return take_path(&options->campaign, argument);
}

static const char *take_merge(struct lq_options *options, const char *argument)
{
    return take_path(&options->merge, argument);
}

static const char *take_shard(struct lq_options *options, const char *argument)
{
    static const char wrong[] = "is no shard; expected I/N with I from 1 to N, such as 1/16";
    const char *slash = strchr(argument, '/');
    char first[16];
    if (slash == NULL || slash - argument >= (ptrdiff_t)sizeof first)
        return wrong;
    memcpy(first, argument, (size_t)(slash - argument));
    first[slash - argument] = '\0';
    uint64_t shard = 0, shards = 0;
    if (lq_parse_number(first, UINT32_MAX, &shard) != NULL ||
        lq_parse_number(slash + 1, UINT32_MAX, &shards) != NULL || shard < 1 || shard > shards)
        return wrong;
    options->shard = (uint32_t)shard;
    options->shards = (uint32_t)shards;
    return NULL;
}

static const char *take_seed_timeout(struct lq_options *options, const char *argument)
{
    const char *wrong = lq_parse_duration(argument, &options->seed_timeout_ns);
    bool is_usable = options->seed_timeout_ns > 0 && options->seed_timeout_ns != UINT64_MAX;
    return wrong == NULL && !is_usable ? "is no bound; expected a duration, such as 60s" : wrong;
}

static const char *take_transport(struct lq_options *options, const char *argument)
{
    options->over_fcp = strcmp(argument, "fcp") == 0;
    return options->over_fcp || strcmp(argument, "iscsi") == 0
               ? NULL
               : "is no transport; expected iscsi or fcp";
}

static const char *take_html(struct lq_options *options, const char *argument)
{
    return take_path(&options->html, argument);
}

static const char *take_fault(struct lq_options *options, const char *argument)
{
    if (options->fault_count == LQ_FAULT_OPTIONS_MAX)
        return "is one fault too many; expected at most 32";
    options->faults[options->fault_count++] = argument;
    return NULL;
}

static const char *take_scenario(struct lq_options *options, const char *argument)
{
    return take_path(&options->scenario, argument);
}

static const char *take_tap(struct lq_options *options, const char *argument)
{
    return take_path(&options->tap, argument);
}

static const char *take_junit(struct lq_options *options, const char *argument)
{
    return take_path(&options->junit, argument);
}

static const char *take_json_lines(struct lq_options *options, const char *argument)
{
    return take_path(&options->json_lines, argument);
}

static const char *take_shrink(struct lq_options *options, const char *argument)
{
    options->shrink_given = true;
    return lq_parse_number(argument, 86400, &options->shrink_s);
}

static const char *take_out(struct lq_options *options, const char *argument)
{
    return take_path(&options->out, argument);
}

static const char *take_record(struct lq_options *options, const char *argument)
{
    return take_path(&options->record, argument);
}

static const char *take_replay(struct lq_options *options, const char *argument)
{
    return take_path(&options->replay, argument);
}

static const char *take_every_step(struct lq_options *options, const char *argument)
{
    static const char *const names[] = {"power.cut", "target.crash", "disk.reset"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(argument, names[i]) == 0)
            options->every_step = argument;
    return options->every_step == NULL
               ? "is no catastrophe; expected power.cut, target.crash or disk.reset"
               : NULL;
}

static const char *take_step(struct lq_options *options, const char *argument)
{
    const char *wrong = lq_parse_number(argument, UINT64_MAX, &options->step);
    return wrong == NULL && options->step == 0 ? "is no step; expected 1 or more" : wrong;
}

static const char *take_schedule(struct lq_options *options, const char *argument)
{
    if (strspn(argument, "0123456789.") != strlen(argument))
        return "is no schedule; expected what --exhaust prints, such as 0.2.1";
    options->schedule = argument;
    return NULL;
}

static const char *take_exhaust_for(struct lq_options *options, const char *argument)
{
    const char *wrong = lq_parse_duration(argument, &options->exhaust_for_ns);
    return wrong == NULL && options->exhaust_for_ns == 0 ? "is no time; expected such as 60s"
                                                         : wrong;
}

static const char *take_results(struct lq_options *options, const char *argument)
{
    options->results = argument;
    return argument[0] == '\0' ? "names no file; expected a path" : NULL;
}

const struct lq_option_row lq_option_rows[] = {
    {"ram", "SIZE", LIVE, true,
     "Add a LUN of SIZE in memory, zeroed. LUNs are numbered from 0 in the order of --ram and "
     "--file; without any there is one of 64MiB.",
     lq_take_ram},
    {"file", "PATH", LIVE, true,
     "Add a LUN that is the regular file or block device PATH, of its present size. It is locked "
     "for as long as the program can change it. What persists through power loss (APTPL) is kept "
     "beside a regular file, in PATH.saved.",
     lq_take_file},
    {"read-only", NULL, LIVE, true, "Write protect the LUN of the --ram or --file before it.",
     lq_take_read_only},
    {"removable", NULL, LIVE, true,
     "Let the medium of the LUN of the --ram or --file before it be ejected.", lq_take_removable},
    {"scenario", "FILE", LIVE, false,
     "Be the target that FILE describes, with its disks and faults, and let its initiators and its "
     "timeline go beside whoever else connects; docs/SCENARIO.md has the language. What it expects "
     "is judged at the end.",
     take_scenario},
    {"fault", "RULE", LIVE, true,
     "Arm a fault from the start on, written as in a scenario file: docs/SCENARIO.md has the "
     "rules, docs/FAULTS.md the faults. Without --scenario only faults of PDUs. How often each has "
     "struck is printed at the end; one that never did makes the exit status 1.",
     take_fault},
    {"portal", "HOST", LIVE, false,
     "Listen on HOST, an IPv4 or IPv6 address. There is no authentication yet: the default, "
     "127.0.0.1, is reached from this machine only.",
     take_portal},
    {"port", "N", LIVE, false,
     "Listen on TCP port N; 0 is any free one. serve takes 3260 unless told otherwise, with takes "
     "0.",
     take_port},
    {"portals", "N", LIVE, false,
     "Have N portals, each a target port of its own: the first where --portal and --port say, "
     "others at free ports of HOST. The address of each further one is printed before the target "
     "is ready: portal HOST:PORT.",
     lq_take_portals},
    {"fcoe", "DEVICE", LIVE, false,
     "Serve the same LUNs over Fibre Channel on Ethernet, too; initiators find them by FIP. DEVICE "
     "is tap:NAME (a TAP interface, made when there is none), packet:NAME (any Ethernet interface) "
     "or unix:LOCAL:REMOTE (datagram sockets, as qemu -netdev dgram has them; needs no privilege). "
     "Names and addresses follow from --iqn.",
     take_fcoe},
    {"fcoe-mode", "MODE", LIVE, false,
     "fabric (unless told otherwise) or vn2vn: ports find each other without a fabric.",
     take_fcoe_mode},
    {"iqn", "NAME", LIVE, false,
     "The target's iSCSI name; iqn.2026-11.org.lunquake:t0 unless told otherwise.", take_iqn},
    {"quarantine-after", "DUR|never", LIVE, false,
     "How long a task management function or logout waits for requests that the store holds; then "
     "it is answered and their blocks are quarantined. 3s unless told otherwise; never waits for "
     "them.",
     take_quarantine_after},
    {"header-digest", "DIGEST", LIVE, false,
     "Which header digests initiators may choose: none, crc32c, or any, which is both; any unless "
     "told otherwise. With crc32c a login without it is refused.",
     take_header_digest},
    {"data-digest", "DIGEST", LIVE, false,
     "The same for data digests: none, crc32c or any; any unless told otherwise.",
     take_data_digest},
    {"busy-after", "DUR", LIVE, false,
     "How long a command is held that touches quarantined blocks; then it ends with BUSY. 10s "
     "unless told otherwise.",
     take_busy_after},
    {"shutdown-after", "DUR", LIVE, false,
     "How long a stop waits for sessions and stores to end what they have under way. 10s unless "
     "told otherwise.",
     take_shutdown_after},
    {"max-connections", "N", LIVE, false,
     "How many TCP connections there can be at once; more are closed at once.",
     take_max_connections},
    {"max-commands", "N", LIVE, false, "How many commands there can be at once; each has a buffer.",
     take_max_commands},
    {"print-limits", NULL, LIVE, false,
     "Print every limit and the memory that follows from them before the target starts.",
     take_print_limits},
    {"seeds", "A..B", SIM, false, "Run the seeds A to B.", take_seeds},
    {"seed", "N", SIM, false, "Run one seed and print its fingerprint.", take_seed},
    {"wrong", "NAME", RUNS, false,
     "Plant the deliberate wrong NAME in the target; the judges must convict it: `lunquake sim' "
     "then ends with 1 when they do, and with 0 when they don't. `lunquake sim --list-wrongs' "
     "lists them.",
     take_wrong},
    {"list-wrongs", NULL, SIM, false, "Print all deliberate wrongs, one a line, and end.",
     take_list_wrongs},
    {"personality", "NAME", SIM, false,
     "Plant the wrongs that make the target behave as NAME does; scenario files then say which "
     "properties it violates.",
     take_personality},
    {"list-personalities", NULL, SIM, false,
     "Print all personalities with the properties that must convict them, and end.",
     take_list_personalities},
    {"transport", "NAME", SIM, false,
     "Carry the commands of seeds, and of scenario files that name no transport, over iscsi, which "
     "is the default, or fcp: Fibre Channel over Ethernet.",
     take_transport},
    {"judge-table", NULL, SIM, false,
     "Print how soon each wrong (or that of --wrong) is convicted by seeds, and by which of the "
     "scenario files: docs/JUDGES.md. Takes minutes.",
     take_judge_table},
    {"list-faults", NULL, SIM, false, "Print the fault catalogue as a table, and end.",
     take_list_faults},
    {"campaign", "FILE", SIM, false,
     "Keep what came of each seed in this database; a campaign that was stopped goes on.",
     take_campaign},
    {"shard", "I/N", SIM, false,
     "Run only each N-th seed, from the I-th on: one part of a campaign that N machines share.",
     take_shard},
    {"merge", "FILE", SIM, false,
     "Put the databases of shards, given as files, together in this new one, and sum it up.",
     take_merge},
    {"seed-timeout", "DURATION", SIM, false,
     "End a process that takes longer than this for one seed (300s).", take_seed_timeout},
    {"jobs", "N", SIM, false, "Run N processes at once; one per processor unless told otherwise.",
     take_jobs},
    {"commands", "N", SIM, false, "End about N commands per seed.", take_commands},
    {"fingerprint", NULL, SIM, false, "Print the fingerprint of every seed.", take_fingerprint},
    {"trace", NULL, SIM, false, "Print every record and every run of bytes of the one seed.",
     take_trace},
    {"totals", NULL, SIM, false,
     "Of one seed, too, print its options and how often everything happened.", take_totals},
    {"ladder", NULL, SIM, false,
     "Print what passed between initiators, target and stores as a ladder.", take_ladder},
    {"html", "FILE", SIM, false,
     "Write the run as one HTML page to look around in: timeline, PDUs, faults, the violation.",
     take_html},
    {"print-scenario", NULL, SIM, false,
     "Print what the one seed means as a scenario file, or a file as it is understood, and end.",
     take_print_scenario},
    {"tap", "FILE", SIM, false, "Write the verdict of each property as TAP; - is the output.",
     take_tap},
    {"junit", "FILE", SIM, false, "Write the verdict of each property as JUnit XML.", take_junit},
    {"json-lines", "FILE", SIM, false, "Write the history of the one seed, a JSON object a line.",
     take_json_lines},
    {"shrink", "SECONDS", SIM, false,
     "Make the first failure a short scenario file, in SECONDS at most; 20 unless told otherwise. "
     "With --wrong only when it is asked for.",
     take_shrink},
    {"no-shrink", NULL, SIM, false, "Shrink no failure.", take_no_shrink},
    {"out", "DIR", SIM, false, "Write shrunk scenarios to DIR instead of the present directory.",
     take_out},
    {"record", "FILE", SIM, false,
     "Write the one run with every draw to FILE, a trace that --replay runs again.", take_record},
    {"replay", "FILE", SIM, false,
     "Run what the trace FILE recorded, with its draws instead of a seed's.", take_replay},
    {"twice", NULL, SIM, false,
     "Run every seed twice and compare the fingerprints; otherwise one seed in 50 is.", take_twice},
    {"every-step", "FAULT", SIM, false,
     "Run a scenario once for each of its events, with a catastrophe at that event: power.cut, "
     "target.crash or disk.reset. Only the judges count.", take_every_step},
    {"step", "N", SIM, false, "With --every-step: run only the one with it at event N.",
     take_step},
    {"exhaust", NULL, SIM, false,
     "Run the one FILE.scn in every order of messages, store steps, clocks and actions behind its "
     "statement explore, with every choice of its faults with odds.", take_exhaust},
    {"exhaust-for", "DUR", SIM, false,
     "With --exhaust: stop after DUR of real time; the exit status is 4 then.", take_exhaust_for},
    {"no-reduction", NULL, SIM, false,
     "With --exhaust: go every path to its end, even from states that were met before.",
     take_no_reduction},
    {"verdicts", NULL, SIM, false,
     "With --exhaust: look at all paths and print which properties any of them violates.",
     take_verdicts},
    {"schedule", "DRAWS", SIM, false,
     "With --exhaust: run the one path that DRAWS says, as a failure prints them.", take_schedule},
    {"bench", NULL, SIM, false, "Print commands per processor second, of seeds or of all files.",
     take_bench},
    {"unjudged", NULL, SIM, false,
     "With --bench: let nobody judge, to see how fast the world alone is.", take_unjudged},
    {"pcap", "FILE", RUNS, false,
     "Write what passed between initiators and target to FILE, as pcapng for Wireshark.",
     take_pcap},
    {"results", "FILE", FEATURES, false,
     "Look up in FILE, which is what ctest printed (ctest --output-log FILE), whether the tests "
     "passed that a row names. When one has not, the exit status is 1.",
     take_results},
    {"help", NULL, ALL, false, "Print this help and end.", take_help},
    {NULL, NULL, 0, false, NULL, NULL},
};
