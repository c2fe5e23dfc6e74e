/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FRAMES: Fibre Channel at the target's frame device. Frames are well-formed, belong to exchanges
 * that are open, count, carry data in order, and end with one response; nothing follows an abort
 * that was answered, and its answer comes when the command can do no more harm. Wire, and for the
 * last the engine's records where there are some.
 *
 * What reached the device is judged, not what was sent to it: lost frames were never there. Where a
 * command's frame came twice, only its form is judged.
 */
#include "conformance/judges/frames.h"

#include "conformance/judges/digest.h"
#include "core/base/hash.h"

#include <string.h>

enum { SOF_I3 = 0x2e, SOF_N3 = 0x36, EOF_N = 0x41, EOF_T = 0x42 }; /* [FC-BB-6 7.7] */
enum { NO_ID = 0xffff, WELL_KNOWN = 0xfffff0 };

#define REST_NS UINT64_C(1000000000)

enum { TM_ABORT_TASK_SET = 0x02, TM_CLEAR_TASK_SET = 0x04, TM_LUN_RESET = 0x10,
       TM_TARGET_RESET = 0x20 };

static uint64_t key_of(uint32_t remote, uint32_t local, uint16_t ox_id)
{
    return lq_mix(lq_mix(lq_mix(0, remote), local), ox_id);
}

struct lq_seen_fcp *lq_frames_exchange(const struct lq_judge *judge, uint32_t remote,
                                       uint32_t local, uint16_t ox_id)
{
    const struct lq_frames_state *state = lq_frames_of(judge);
    uint32_t index = lq_map_get(&state->exchange_of, key_of(remote, local, ox_id));
    return index == LQ_NONE ? NULL : lq_array_at(&state->exchanges, index);
}

/* --- convictions ------------------------------------------------------------------------------ */

static const char *unit_name(const struct lq_wire_frame *frame)
{
    static const struct {
        uint8_t r_ctl;
        const char *name;
    } names[] = {{LQ_WIRE_FCP_DATA, "FCP_DATA"},         {LQ_WIRE_FCP_XFER_RDY, "FCP_XFER_RDY"},
                 {LQ_WIRE_FCP_RSP, "FCP_RSP"},           {LQ_WIRE_FCP_CMND, "FCP_CMND"},
                 {LQ_WIRE_ELS_REQUEST, "a link service"}, {LQ_WIRE_ELS_REPLY, "a reply"},
                 {LQ_WIRE_BA_ACC, "BA_ACC"},             {LQ_WIRE_BA_RJT, "BA_RJT"},
                 {LQ_WIRE_FC4_REPLY, "a reply"}};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].r_ctl == frame->r_ctl)
            return names[i].name;
    return "a frame";
}

void lq_frames_convict(struct lq_judge *judge, enum lq_property_place property,
                       const struct lq_frame_seen *seen, const struct lq_seen_fcp *exchange,
                       const char *what)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_text text = {0};
    lq_text_add(&text, "the target sent ");
    lq_text_add(&text, unit_name(frame));
    lq_text_add(&text, " of exchange ");
    lq_text_hex(&text, frame->ox_id, 4);
    lq_text_add(&text, " (");
    lq_text_hex(&text, frame->s_id, 6);
    lq_text_add(&text, " to ");
    lq_text_hex(&text, frame->d_id, 6);
    lq_text_add(&text, ") ");
    lq_text_add(&text, what);
    struct lq_proof proof = {0};
    if (exchange != NULL) {
        lq_proof_wire(&proof, exchange->begun, seen->device, LQ_TO_TARGET, LQ_WIRE_FCP_CMND,
                      exchange->ox_id);
        lq_proof_wire(&proof, exchange->abort, seen->device, LQ_TO_TARGET, LQ_WIRE_ABTS,
                      exchange->ox_id);
        lq_proof_wire(&proof, exchange->response, seen->device, LQ_FROM_TARGET, LQ_WIRE_FCP_RSP,
                      exchange->ox_id);
    }
    lq_proof_wire(&proof, seen->at, seen->device, seen->direction, frame->r_ctl, frame->ox_id);
    lq_convict(judge, property, &proof, &text);
}

/* --- form ------------------------------------------------------------------------------------- */

static const char *const fault_texts[] = {
    [LQ_WIRE_FRAME_GOOD] = "",
    [LQ_WIRE_FRAME_SHORT] = "that is too short, or not of whole words",
    [LQ_WIRE_FRAME_LONG] = "that has more than 2112 bytes of data",
    [LQ_WIRE_FRAME_VERSION] = "of an unknown version of FCoE",
    [LQ_WIRE_FRAME_CRC] = "whose CRC is wrong",
    [LQ_WIRE_FRAME_FILL] = "that has more fill bytes than data"};

static void judge_form(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    const char *what = fault_texts[frame->fault];
    judge->exercised[P_FRAME_1]++;
    if (frame->kind == LQ_WIRE_FCOE && frame->fault == LQ_WIRE_FRAME_GOOD) {
        bool is_last = (frame->f_ctl & LQ_WIRE_END_SEQUENCE) != 0;
        if (frame->sof != SOF_I3 && frame->sof != SOF_N3)
            what = "whose start is of no class 3 frame";
        else if (frame->eof != (is_last ? EOF_T : EOF_N))
            what = "whose end does not say whether its sequence ends";
        else if ((frame->f_ctl & LQ_WIRE_FILL) != 0 && !is_last)
            what = "with fill bytes in the middle of a sequence";
    }
    if (what[0] != '\0')
        lq_frames_convict(judge, P_FRAME_1, seen, NULL, what);
}

/* SEQ_CNT and SEQ_ID of a frame that the target sends in EXCHANGE [FC-FS-4, SEQ_CNT]. */
static void judge_count(struct lq_judge *judge, const struct lq_frame_seen *seen,
                        struct lq_seen_fcp *exchange)
{
    const struct lq_wire_frame *frame = &seen->frame;
    const char *what = NULL;
    judge->exercised[P_FRAME_3]++;
    if (!exchange->in_sequence) {
        if (frame->sof != SOF_I3)
            what = "that begins a sequence without SOFi3";
        else if (frame->seq_cnt != 0 && frame->seq_cnt != exchange->next_count)
            what = "that begins a sequence with a SEQ_CNT that is neither 0 nor the next";
    } else if (frame->seq_id != exchange->seq_id) {
        what = "of another sequence while one is open";
    } else if (frame->seq_cnt != exchange->next_count) {
        what = "whose SEQ_CNT is not the next";
    } else if (frame->sof != SOF_N3) {
        what = "that begins a sequence while one is open";
    }
    if (what != NULL)
        lq_frames_convict(judge, P_FRAME_3, seen, exchange, what);
    exchange->in_sequence = (frame->f_ctl & LQ_WIRE_END_SEQUENCE) == 0;
    exchange->seq_id = frame->seq_id;
    exchange->next_count = (uint16_t)(frame->seq_cnt + 1);
}

/* --- exchanges -------------------------------------------------------------------------------- */

static void silence(struct lq_judge *judge, struct lq_seen_fcp *exchange,
                    const struct lq_frame_seen *seen, const char *why)
{
    if (exchange->silent_since.seq != 0)
        return;
    judge->exercised[P_FRAME_7]++;
    exchange->silent_since = seen->at;
    exchange->silenced_by = why;
    exchange->is_over = true;
}

void lq_frames_silence(struct lq_judge *judge, uint32_t remote, uint32_t local,
                       const struct lq_frame_seen *seen, const char *why)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    for (uint32_t i = 0; i < state->exchanges.count; i++) {
        struct lq_seen_fcp *exchange = lq_array_at(&state->exchanges, i);
        if (exchange->remote == remote && exchange->local == local)
            silence(judge, exchange, seen, why);
    }
    for (uint32_t i = 0; i < LQ_FRAMES_HELD; i++)
        if (state->held[i].remote == remote && state->held[i].local == local)
            state->held[i].at.seq = 0;
}

/* What CMND asks for, told to its command, if somebody has told of that. */
static struct lq_seen_asked *ask(struct lq_judge *judge, const struct lq_frame_seen *seen,
                                 const struct lq_wire_cmnd *cmnd)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_array *all = &lq_frames_of(judge)->asked;
    struct lq_seen_asked *asked = lq_array_add(all, judge->allocator);
    *asked = (struct lq_seen_asked){.index = all->count - 1,
                                    .ports = lq_mix(frame->s_id, frame->d_id) | 1,
                                    .connection = seen->device,
                                    .opcode = LQ_WIRE_FCP_CMND,
                                    .tag = frame->ox_id,
                                    .request = seen->at,
                                    .expected_bytes = cmnd->expected_bytes};
    memcpy(asked->cdb, cmnd->cdb, sizeof asked->cdb);
    struct lq_seen_port *port = lq_frames_port(judge, frame->s_id, frame->d_id, false);
    const struct lq_seen_nexus *nexus = port == NULL ? NULL : lq_frames_nexus(judge, port);
    struct lq_seen_command *command =
        nexus == NULL ? NULL : lq_view_command_tagged(&judge->view, nexus, frame->ox_id);
    if (command != NULL)
        command->asked = asked;
    return asked;
}

/* FCP_CMND begins an exchange, or comes again. */
static void begin(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_frames_state *state = lq_frames_of(judge);
    struct lq_wire_cmnd cmnd;
    if (!lq_wire_cmnd_read(frame, &cmnd))
        return;
    struct lq_seen_fcp *old = lq_frames_exchange(judge, frame->s_id, frame->d_id, frame->ox_id);
    uint64_t key = key_of(frame->s_id, frame->d_id, frame->ox_id);
    uint32_t *at = lq_map_put(&state->exchange_of, judge->allocator, key);
    *at = state->exchanges.count;
    struct lq_seen_fcp *exchange = lq_array_add(&state->exchanges, judge->allocator);
    exchange->remote = frame->s_id;
    exchange->local = frame->d_id;
    exchange->ox_id = frame->ox_id;
    exchange->rx_id = NO_ID;
    exchange->begun = seen->at;
    exchange->cmnd = cmnd;
    /* The same bytes again within R_A_TOV may be the same frame again. */
    exchange->is_repeated = old != NULL && (!old->is_over || old->is_repeated);
    exchange->asked = exchange->is_repeated ? old->asked : ask(judge, seen, &cmnd);
}

/* A TM function that was carried out silences what it covers [SAM-5 7.2 to 7.7]. */
static void function_answered(struct lq_judge *judge, const struct lq_frame_seen *seen,
                              const struct lq_seen_fcp *function)
{
    struct lq_wire_rsp rsp;
    struct lq_frames_state *state = lq_frames_of(judge);
    uint8_t flags = function->cmnd.tm_flags;
    if (!lq_wire_rsp_read(&seen->frame, &rsp) || (rsp.has_code && rsp.code != 0) ||
        (flags & (TM_ABORT_TASK_SET | TM_CLEAR_TASK_SET | TM_LUN_RESET | TM_TARGET_RESET)) == 0)
        return;
    for (uint32_t i = 0; i < state->exchanges.count; i++) {
        struct lq_seen_fcp *exchange = lq_array_at(&state->exchanges, i);
        bool is_covered = exchange->remote == function->remote &&
                          exchange->local == function->local && exchange->cmnd.tm_flags == 0 &&
                          exchange->begun.number < function->begun.number &&
                          (exchange->cmnd.lun == function->cmnd.lun ||
                           (flags & TM_TARGET_RESET) != 0);
        if (is_covered && !exchange->is_over)
            silence(judge, exchange, seen,
                    "after the answer to a task management function that ended it");
    }
}

/* An aborted exchange's RX_ID rests for R_A_TOV [FC-FS-4, Recovery Qualifier], of which a
 * second is the shortest in use. */
static void judge_identity(struct lq_judge *judge, const struct lq_frame_seen *seen,
                           const struct lq_seen_fcp *exchange)
{
    const struct lq_frames_state *state = lq_frames_of(judge);
    for (uint32_t i = 0; i < LQ_FRAMES_HELD; i++) {
        const struct lq_seen_identity *held = &state->held[i];
        if (held->at.seq == 0 || held->remote != exchange->remote ||
            held->local != exchange->local || seen->at.time_ns - held->at.time_ns >= REST_NS)
            continue;
        judge->exercised[P_FRAME_15]++;
        if (held->rx_id == seen->frame.rx_id)
            lq_frames_convict(judge, P_FRAME_15, seen, exchange,
                              "whose RX_ID is that of an exchange that has just been aborted");
    }
}

/* What the target sends as responder of an FCP exchange. */
static void judge_unit(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_seen_fcp *exchange =
        lq_frames_exchange(judge, frame->d_id, frame->s_id, frame->ox_id);
    judge->exercised[P_FRAME_2]++;
    if (exchange == NULL) {
        lq_frames_convict(judge, P_FRAME_2, seen, NULL, "that nobody has begun");
        return;
    }
    if (exchange->is_repeated)
        return;
    if (exchange->silent_since.seq != 0) {
        if (!exchange->tells_silence)
            lq_frames_convict(judge, P_FRAME_7, seen, exchange, exchange->silenced_by);
        exchange->tells_silence = true;
        return;
    }
    if (exchange->rx_id == NO_ID)
        judge_identity(judge, seen, exchange);
    if (exchange->rx_id != NO_ID && frame->rx_id != exchange->rx_id)
        lq_frames_convict(judge, P_FRAME_2, seen, exchange, "whose RX_ID has changed");
    else if ((frame->f_ctl & LQ_WIRE_RESPONDER) == 0)
        lq_frames_convict(judge, P_FRAME_2, seen, exchange, "as if it had begun it");
    exchange->rx_id = frame->rx_id;
    judge_count(judge, seen, exchange);
    lq_frames_unit_sent(judge, seen, exchange);
    if (frame->r_ctl == LQ_WIRE_FCP_DATA)
        lq_frames_tell_data(judge, seen, exchange);
    if (frame->r_ctl == LQ_WIRE_FCP_RSP)
        lq_frames_fabric_proof(judge, seen);
    if (frame->r_ctl == LQ_WIRE_FCP_RSP && exchange->cmnd.tm_flags != 0)
        function_answered(judge, seen, exchange);
}

/* --- aborts ----------------------------------------------------------------------------------- */

static void abort_came(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    struct lq_seen_fcp *exchange = lq_frames_exchange(judge, seen->frame.s_id, seen->frame.d_id,
                                                      seen->frame.ox_id);
    if (exchange == NULL)
        return;
    lq_frames_asks_on(judge, seen, exchange);
    exchange->abort = seen->at;
}

static void abort_answered(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct lq_seen_fcp *exchange =
        lq_frames_exchange(judge, frame->d_id, frame->s_id, frame->ox_id);
    if (exchange == NULL || exchange->is_repeated || exchange->abort.seq == 0)
        return;
    struct lq_seen_port *port = lq_frames_port(judge, frame->d_id, frame->s_id, false);
    exchange->abort_answer = seen->at;
    judge->exercised[P_FRAME_8]++;
    if (port != NULL && exchange->cmnd.tm_flags == 0 &&
        lq_frames_task_lives(judge, port, frame->ox_id))
        lq_frames_convict(judge, P_FRAME_8, seen, exchange,
                          "while its command had not ended and could still do harm");
    silence(judge, exchange, seen, "after BA_ACC");
    struct lq_frames_state *state = lq_frames_of(judge);
    if (frame->rx_id != NO_ID)
        state->held[state->held_next++ % LQ_FRAMES_HELD] = (struct lq_seen_identity){
            exchange->remote, exchange->local, exchange->ox_id, frame->rx_id, seen->at};
}

/* --- the part --------------------------------------------------------------------------------- */

static void from_target(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    judge_form(judge, seen);
    if (frame->kind == LQ_WIRE_FIP)
        lq_frames_fabric_links(judge, frame);
    if (frame->kind != LQ_WIRE_FCOE || frame->fault != LQ_WIRE_FRAME_GOOD)
        return;
    if (frame->s_id >= WELL_KNOWN) {
        lq_frames_fabric(judge, seen);
        return;
    }
    bool is_unit = frame->r_ctl == LQ_WIRE_FCP_DATA || frame->r_ctl == LQ_WIRE_FCP_RSP ||
                   frame->r_ctl == LQ_WIRE_FCP_XFER_RDY;
    if (frame->type == LQ_WIRE_TYPE_FCP && is_unit)
        judge_unit(judge, seen);
    else if (frame->type == LQ_WIRE_TYPE_BLS && frame->r_ctl == LQ_WIRE_BA_ACC)
        abort_answered(judge, seen);
    else
        lq_frames_service(judge, seen);
}

static void to_target(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    if (frame->kind != LQ_WIRE_FCOE || frame->fault != LQ_WIRE_FRAME_GOOD)
        return;
    if (frame->d_id >= WELL_KNOWN) {
        lq_frames_fabric(judge, seen);
        return;
    }
    if (frame->type == LQ_WIRE_TYPE_FCP && frame->r_ctl == LQ_WIRE_FCP_CMND) {
        begin(judge, seen);
    } else if (frame->type == LQ_WIRE_TYPE_FCP && frame->r_ctl == LQ_WIRE_FCP_DATA) {
        struct lq_seen_fcp *exchange =
            lq_frames_exchange(judge, frame->s_id, frame->d_id, frame->ox_id);
        if (exchange != NULL) {
            lq_frames_unit_came(judge, seen, exchange);
            lq_frames_tell_data(judge, seen, exchange);
        }
    } else if (frame->type == LQ_WIRE_TYPE_BLS && frame->r_ctl == LQ_WIRE_ABTS) {
        abort_came(judge, seen);
    } else {
        lq_frames_service(judge, seen);
    }
}

static void frames_frame(struct lq_judge *judge, const struct lq_tap *tap)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    struct lq_frame_seen seen = {.direction = tap->direction,
                                 .device = tap->connection,
                                 .at = {tap->time_ns, tap->seq, ++state->frames}};
    lq_wire_frame_read(&state->crc, tap->bytes, tap->size_bytes, &seen.frame);
    if (tap->direction == LQ_FROM_TARGET)
        from_target(judge, &seen);
    else
        to_target(judge, &seen);
}

/* The target's memory is gone, and with it every login and exchange. */
static void forget_all(struct lq_frames_state *state)
{
    lq_frames_fabric_forget(state);
    memset(state->held, 0, sizeof state->held);
    lq_map_reset(&state->exchange_of);
    lq_map_reset(&state->port_of);
    lq_map_reset(&state->service_of);
    lq_array_reset(&state->exchanges);
    lq_array_reset(&state->ports);
    lq_array_reset(&state->services);
}

static void frames_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (lq_target_ends(event))
        forget_all(lq_frames_of(judge));
}

static void frames_init(struct lq_judge *judge)
{
    struct lq_frames_state *state =
        lq_state_make(judge, LQ_STATE_FRAMES, sizeof(struct lq_frames_state));
    lq_wire_crc32_init(&state->crc);
    lq_array_init(&state->exchanges, sizeof(struct lq_seen_fcp));
    lq_array_init(&state->ports, sizeof(struct lq_seen_port));
    lq_array_init(&state->services, sizeof(struct lq_seen_service));
    lq_array_init(&state->asked, sizeof(struct lq_seen_asked));
    lq_frames_fabric_init(state);
    lq_map_init(&state->exchange_of);
    lq_map_init(&state->port_of);
    lq_map_init(&state->service_of);
}

static void frames_free(struct lq_judge *judge)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    lq_array_free(&state->exchanges, judge->allocator);
    lq_array_free(&state->ports, judge->allocator);
    lq_array_free(&state->services, judge->allocator);
    lq_array_free(&state->asked, judge->allocator);
    lq_frames_fabric_free(judge, state);
    lq_map_free(&state->exchange_of, judge->allocator);
    lq_map_free(&state->port_of, judge->allocator);
    lq_map_free(&state->service_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_FRAMES, sizeof *state);
}

static void frames_reset(struct lq_judge *judge)
{
    forget_all(lq_frames_of(judge));
    lq_array_reset(&lq_frames_of(judge)->asked);
    lq_frames_of(judge)->frames = 0;
}

static void frames_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    lq_frames_state_digest(judge, digest);
}

static const uint16_t kinds[] = {LQ_W_POWER, LQ_EVENT_NONE};

const struct lq_judge_part lq_frames_part = {.name = "frames",
                                             .init = frames_init,
                                             .free = frames_free,
                                             .reset = frames_reset,
                                             .event = frames_event,
    .kinds = kinds,
                                             .frame = frames_frame,
                                             .digest = frames_digest};
