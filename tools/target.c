/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/target.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tools/exit_codes.h"
#include "tools/fault_option.h"
#include "tools/message.h"

enum { NAME_BYTES_MAX = 600 };

/* --- limits ----------------------------------------------------------------------------------- */

struct limit_row {
    const char *name;
    size_t offset;
};

#define LIMIT(member) {.name = #member, .offset = offsetof(struct lq_limits, member)}

static const struct limit_row limit_rows[] = {
    LIMIT(targets),
    LIMIT(units),
    LIMIT(stores),
    LIMIT(nexuses),
    LIMIT(tasks),
    LIMIT(tasks_per_nexus),
    LIMIT(aborts),
    LIMIT(unit_attentions),
    LIMIT(transfer_bytes_max),
    LIMIT(connections),
    LIMIT(sessions),
    LIMIT(commands_per_session),
    LIMIT(segment_bytes_max),
    LIMIT(login_text_bytes_max),
};

static void print_limits(const struct lq_live_config *config)
{
    for (size_t i = 0; i < sizeof limit_rows / sizeof limit_rows[0]; i++) {
        uint32_t value;
        memcpy(&value, (const char *)&config->engine.limits + limit_rows[i].offset, sizeof value);
        printf("limit %s %" PRIu32 "\n", limit_rows[i].name, value);
    }
    uint64_t arena_bytes = lq_live_arena_bytes(config), loop_bytes = lq_live_loop_bytes(config);
    uint64_t total_bytes = arena_bytes + loop_bytes;
    printf("memory arena %" PRIu64 " bytes\n", arena_bytes);
    printf("memory loop %" PRIu64 " bytes\n", loop_bytes);
    for (uint32_t i = 0; i < config->lun_count; i++) {
        if (config->luns[i].path == NULL)
            printf("memory lun %" PRIu32 " %" PRIu64 " bytes\n", i, config->luns[i].size_bytes);
        total_bytes += config->luns[i].size_bytes;
    }
    printf("memory total %" PRIu64 " bytes\n", total_bytes);
    fflush(stdout);
}

/* --- options to configuration ----------------------------------------------------------------- */

static struct lq_engine_config engine_config(const struct lq_options *options)
{
    struct lq_engine_config engine = lq_engine_config_default;
    engine.limits = lq_limits_live;
    engine.quarantine_after_ns = options->quarantine_after_ns;
    engine.busy_after_ns = options->busy_after_ns;
    if (options->quarantine_after_ns == LQ_DURATION_NEVER)
        engine.login_quarantine_after_ns = LQ_DURATION_NEVER;
    if (options->max_connections != 0)
        engine.limits.connections = options->max_connections;
    if (options->max_commands != 0) {
        engine.limits.tasks = options->max_commands;
        if (engine.limits.tasks_per_nexus > options->max_commands)
            engine.limits.tasks_per_nexus = options->max_commands;
    }
    return engine;
}

/* Names and LUNs of the options, in ROWS and NAMES, which have room for all. */
static uint32_t live_luns(const struct lq_options *options, struct lq_live_lun *rows,
                          char (*names)[NAME_BYTES_MAX])
{
    static const struct lq_lun_option standard = {.text = "64MiB", .size_bytes = 64U << 20};
    const struct lq_lun_option *from = options->lun_count == 0 ? &standard : options->luns;
    uint32_t count = options->lun_count == 0 ? 1 : options->lun_count;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(names[i], NAME_BYTES_MAX, "%s %s", from[i].path == NULL ? "--ram" : "--file",
                 from[i].text);
        rows[i] = (struct lq_live_lun){
            .name = names[i], .path = from[i].path, .size_bytes = from[i].size_bytes,
            .read_only = from[i].read_only,
            .removable = from[i].removable};
    }
    return count;
}

/* --- capture ---------------------------------------------------------------------------------- */

static uint64_t realtime_minus_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec - lq_live_now_ns();
}

static bool open_capture(struct lq_target *target)
{
    const char *path = target->options->pcap;
    if (path == NULL)
        return true;
    target->pcapng = lq_pcapng_open(path);
    if (target->pcapng == NULL) {
        lq_message("--pcap %s: cannot be written (%s); expected a new or writable file; name "
                   "another",
                   path, strerror(errno));
        return false;
    }
    lq_history_init(&target->history);
    return true;
}

const struct lq_listener *lq_target_listener(const struct lq_target *target)
{
    return target->trial != NULL ? lq_play_listener(lq_trial_play(target->trial))
                                 : lq_live_listener(target->live, 0);
}

static struct lq_history *history_of(struct lq_target *target)
{
    if (target->trial != NULL)
        return lq_play_history(lq_trial_play(target->trial));
    return target->pcapng == NULL ? NULL : &target->history;
}

/* The true port is known only now. */
static void begin_capture(struct lq_target *target)
{
    if (target->pcapng == NULL)
        return;
    const struct lq_listener *listener = lq_target_listener(target);
    char comment[LQ_ADDRESS_BYTES_MAX + 80];
    snprintf(comment, sizeof comment, "as seen by the target at %s port %u; TCP is synthesised",
             listener->host, (unsigned)listener->port);
    lq_history_attach(history_of(target), lq_pcapng_begin(target->pcapng, "live", comment,
                                                        realtime_minus_monotonic_ns()));
}

static bool end_capture(struct lq_target *target)
{
    if (target->pcapng == NULL)
        return true;
    int error = lq_pcapng_close(target->pcapng);
    target->pcapng = NULL;
    if (error != 0)
        lq_message("--pcap %s: the capture is incomplete (%s); expected it to be writable to the "
                   "end; make room",
                   target->options->pcap, strerror(error));
    return error == 0;
}

/* --- the target ------------------------------------------------------------------------------- */

static bool catch_signals(struct lq_target *target)
{
    sigset_t signals;
    signal(SIGPIPE, SIG_IGN); /* who read the ready line may go */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    target->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (target->signal_fd >= 0)
        return true;
    lq_message("start: signals cannot be received (%s); expected descriptors to be free; close "
               "some",
               strerror(errno));
    return false;
}

/* Rules of --fault without a scenario. */
static bool arm_faults(struct lq_target *target, struct lq_live_config *config)
{
    if (target->faults == NULL)
        return true;
    target->rules =
        lq_live_rules_make(target->faults, &config->engine.limits, config->history);
    if (target->rules == NULL) {
        lq_message("--fault: no memory; expected some; free some");
        return false;
    }
    config->filter = lq_live_rules_filter(target->rules);
    config->guest = lq_live_rules_guest(target->rules);
    return true;
}

static bool open_live(struct lq_target *target)
{
    const struct lq_options *options = target->options;
    char names[LQ_LUN_OPTIONS_MAX][NAME_BYTES_MAX];
    struct lq_live_lun luns[LQ_LUN_OPTIONS_MAX];
    struct lq_problem problem;
    struct lq_live_config config = {
        .luns = luns,
        .lun_count = live_luns(options, luns, names),
        .target_name = options->iqn,
        .frames = options->fcoe,
        .frames_mode = options->fcoe_vn2vn ? LQ_FCOE_VN2VN : LQ_FCOE_FABRIC,
        .host = options->portal,
        .port = options->port,
        .portal_count = options->portal_count,
        .engine = engine_config(options),
        .header_digest = options->header_digest,
        .data_digest = options->data_digest,
        .history = history_of(target),
        .wrongs = target->wrong.mask,
    };
    if (target->trial != NULL && !lq_trial_configure(target->trial, &config))
        return false;
    if (!arm_faults(target, &config))
        return false;
    if (options->print_limits)
        print_limits(&config);
    target->live = lq_live_open(&config, &problem);
    if (target->live == NULL) {
        lq_message("%s", problem.text);
        return false;
    }
    const struct lq_listener *listener = lq_target_listener(target);
    snprintf(target->uri, sizeof target->uri, "iscsi://%s:%u/%s/0", listener->host,
             (unsigned)listener->port, config.target_name);
    if (!listener->loopback)
        lq_message("--portal %s: everybody who reaches this address can read and write all LUNs; "
                   "expected a loopback address, as there is no authentication; use 127.0.0.1 "
                   "unless the network is yours",
                   options->portal);
    return true;
}

static void on_play_end(void *context)
{
    struct lq_target *target = context;
    target->stopping = true;
    lq_loop_stop(lq_live_loop(target->live), target->options->shutdown_after_ns);
}

static int read_faults(struct lq_target *target)
{
    if (target->options->fault_count == 0)
        return LQ_EXIT_PASS;
    target->faults = calloc(1, sizeof *target->faults);
    if (target->faults == NULL) {
        lq_message("--fault: no memory; expected some; free some");
        return LQ_EXIT_ENVIRONMENT;
    }
    return lq_fault_options_add(target->options, target->faults) ? LQ_EXIT_PASS : LQ_EXIT_USAGE;
}

static int open_trial(struct lq_target *target)
{
    int code = LQ_EXIT_PASS;
    const char *wrong = target->options->wrong;
    if (wrong != NULL && !lq_sim_wrong_find(wrong, &target->wrong)) {
        lq_message("--wrong: `%s' is no deliberate wrong; expected one that `lunquake sim "
                   "--list-wrongs' lists; choose from there",
                   wrong);
        return LQ_EXIT_USAGE;
    }
    if (target->options->scenario == NULL)
        return read_faults(target);
    if (target->options->fcoe != NULL) {
        lq_message("--fcoe: a scenario's target has no frame device; expected --fcoe without "
                   "--scenario; leave one away");
        return LQ_EXIT_USAGE;
    }
    if (lq_options_gave(target->options, "portals")) {
        lq_message("--portals: a scenario says itself which ports its target has; expected "
                   "--portals without --scenario; leave one away");
        return LQ_EXIT_USAGE;
    }
    target->trial = lq_trial_make(target->options, &target->wrong, on_play_end, target, &code);
    if (target->trial != NULL)
        lq_play_hold(lq_trial_play(target->trial), true);
    return code;
}

int lq_target_open(struct lq_target *target, const struct lq_options *options)
{
    *target = (struct lq_target){.options = options, .signal_fd = -1};
    int code = open_trial(target);
    if (code == LQ_EXIT_PASS && open_capture(target) && catch_signals(target) &&
        open_live(target)) {
        begin_capture(target);
        return LQ_EXIT_PASS;
    }
    lq_target_close(target);
    return code == LQ_EXIT_PASS ? LQ_EXIT_ENVIRONMENT : code;
}

void lq_target_print_portals(const struct lq_target *target)
{
    for (uint32_t i = 1; target->trial == NULL && i < target->options->portal_count; i++) {
        const struct lq_listener *listener = lq_live_listener(target->live, i);
        printf("portal %s:%u\n", listener->host, (unsigned)listener->port);
    }
}

bool lq_target_start(struct lq_target *target)
{
    if (target->trial == NULL)
        return true;
    target->is_started = lq_trial_start(target->trial, target->live);
    return target->is_started;
}

void lq_target_release(struct lq_target *target)
{
    if (target->trial == NULL)
        lq_target_stop(target);
    else
        lq_play_hold(lq_trial_play(target->trial), false);
}

void lq_target_stop(struct lq_target *target)
{
    static const uint64_t at_once_ns = 0;
    struct lq_play *play = target->trial == NULL ? NULL : lq_trial_play(target->trial);
    if (play != NULL && lq_play_is_held(play) && lq_play_is_told(play)) {
        lq_play_hold(play, false);
        return;
    }
    bool again = target->stopping;
    target->stopping = true;
    lq_loop_stop(lq_live_loop(target->live),
                 again ? at_once_ns : target->options->shutdown_after_ns);
}

static bool name_holders(const struct lq_target *target)
{
    bool any = false;
    for (uint32_t i = 0; i < lq_live_store_count(target->live); i++) {
        const char *name;
        uint32_t held = lq_live_held(target->live, i, &name);
        if (held == 0)
            continue;
        any = true;
        lq_message("%s: the store of LUN %" PRIu32 " still holds %" PRIu32 " request%s; expected "
                   "it to end all within --shutdown-after; look at what it is on",
                   name, i, held, held == 1 ? "" : "s");
    }
    return any;
}

/* Of rules without a scenario. */
static int report_faults(const struct lq_target *target)
{
    const struct lq_fault_rule *table = lq_live_rules_table(target->rules);
    lq_faults_print(target->faults, table, stdout);
    if (!lq_faults_any_unfired(target->faults, table))
        return LQ_EXIT_PASS;
    lq_message("--fault: a rule never fired; expected each to strike; look at what it matches, and "
               "at what initiators did");
    return LQ_EXIT_VIOLATED;
}

static void free_faults(struct lq_target *target)
{
    if (target->rules != NULL)
        lq_live_rules_free(target->rules);
    free(target->faults);
    target->rules = NULL;
    target->faults = NULL;
}

int lq_target_close(struct lq_target *target)
{
    int code = LQ_EXIT_PASS;
    if (target->live != NULL && name_holders(target))
        code = LQ_EXIT_ENVIRONMENT;
    if (target->is_started && code == LQ_EXIT_PASS)
        code = lq_trial_end(target->trial, target->live);
    if (target->rules != NULL && target->live != NULL && code == LQ_EXIT_PASS)
        code = report_faults(target);
    if (!end_capture(target))
        code = LQ_EXIT_ENVIRONMENT;
    if (target->live != NULL)
        lq_live_close(target->live); /* a stuck store is freed by the end of the process */
    target->live = NULL;
    free_faults(target);
    if (target->trial != NULL)
        lq_trial_free(target->trial);
    target->trial = NULL;
    if (target->signal_fd >= 0)
        close(target->signal_fd);
    target->signal_fd = -1;
    return code;
}
