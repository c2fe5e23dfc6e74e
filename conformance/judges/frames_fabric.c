/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FRAMES: the fabric's own word [FC-LS-3, SCR, RSCN; FC-GS-7, RFT_ID]. Who has asked for it is told
 * of each N_Port that registers its FC-4 types for the first time.
 *
 * Judged when something shows that who is owed the notice is still there: a response goes to it
 * some time later, and no notice to it is out.
 */
#include "conformance/judges/frames.h"
#include "conformance/wire/pdu.h"

enum { CONTROLLER = 0xfffffd, DIRECTORY = 0xfffffc, TYPE_CT = 0x20, SCR = 0x62 };
enum { LINK_SERVICE = 2, LINK_REPLY = 2, KEEP_ALIVE = 3, CLEAR_LINKS = 2 }; /* [FC-BB-6 7.8] */
enum { FIP_FLOGI = 7, FIP_LOGO = 9, FIP_VN_PORT = 11, FC_HEADER_BYTES = 24 };
enum { RFT_ID = 0x0217, CT_ACCEPT = 0x8002, CT_BYTES = 16, FORMAT = 0x03 };

#define NOTICE_NS UINT64_C(5000000000)

struct member {
    uint32_t fc_id;
    bool wants, has_registered;
    bool asks, registers; /* SCR, RFT_ID is not answered */
    uint16_t asks_ox_id, registers_ox_id;
    bool is_notice_out;
    uint16_t notice_ox_id;
};

/* WHO is to be told of WHOM. */
struct debt {
    uint32_t who, whom;
    struct lq_moment since; /* seq 0: paid */
};

static struct member *member_of(struct lq_judge *judge, uint32_t fc_id)
{
    struct lq_array *members = &lq_frames_of(judge)->members;
    for (uint32_t i = 0; i < members->count; i++) {
        struct member *member = lq_array_at(members, i);
        if (member->fc_id == fc_id)
            return member;
    }
    struct member *member = lq_array_add(members, judge->allocator);
    *member = (struct member){.fc_id = fc_id};
    return member;
}

static void pay(struct lq_judge *judge, uint32_t who, uint32_t whom, bool all)
{
    struct lq_array *debts = &lq_frames_of(judge)->debts;
    for (uint32_t i = 0; i < debts->count; i++) {
        struct debt *debt = lq_array_at(debts, i);
        if (debt->who == who && (all || debt->whom == whom))
            debt->since.seq = 0;
    }
}

/* Its login has ended: whoever has the address next has asked for nothing yet. */
static void begin_anew(struct lq_judge *judge, uint32_t fc_id)
{
    *member_of(judge, fc_id) = (struct member){.fc_id = fc_id};
    pay(judge, fc_id, 0, true);
}

/* MEMBER has registered: the others are owed a notice. */
static void registered(struct lq_judge *judge, const struct lq_frame_seen *seen,
                       struct member *member)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    bool is_first = !member->has_registered;
    member->registers = false;
    member->has_registered = true;
    for (uint32_t i = 0; is_first && i < state->members.count; i++) {
        const struct member *other = lq_array_at(&state->members, i);
        if (other == member || !other->wants)
            continue;
        judge->exercised[P_FRAME_13]++;
        struct debt *debt = lq_array_add(&state->debts, judge->allocator);
        *debt = (struct debt){other->fc_id, member->fc_id, seen->at};
    }
}

static void notice(struct lq_judge *judge, const struct lq_wire_frame *frame,
                   struct member *member)
{
    member->is_notice_out = true;
    member->notice_ox_id = frame->ox_id;
    for (uint32_t at = 4; at + 4 <= frame->payload_bytes; at += 4)
        pay(judge, member->fc_id, lq_wire_be32(frame->payload + at) & 0xffffff,
            (frame->payload[at] & FORMAT) != 0);
}

static void from_fabric(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    const struct lq_wire_frame *frame = &seen->frame;
    struct member *member = member_of(judge, frame->d_id);
    uint8_t command = lq_wire_els_command(frame);
    bool is_ct = frame->type == TYPE_CT && frame->payload_bytes >= CT_BYTES;
    if (frame->r_ctl == LQ_WIRE_ELS_REQUEST && command == LQ_WIRE_RSCN)
        notice(judge, frame, member);
    else if (frame->r_ctl == LQ_WIRE_ELS_REPLY && member->asks &&
             frame->ox_id == member->asks_ox_id && command == LQ_WIRE_LS_ACC)
        member->wants = true;
    else if (is_ct && member->registers && frame->ox_id == member->registers_ox_id &&
             lq_wire_be16(frame->payload + 8) == CT_ACCEPT)
        registered(judge, seen, member);
}

static void to_fabric(struct lq_judge *judge, const struct lq_wire_frame *frame)
{
    struct member *member = member_of(judge, frame->s_id);
    uint8_t command = lq_wire_els_command(frame);
    if (frame->type == TYPE_CT && frame->payload_bytes >= CT_BYTES + 4 &&
        lq_wire_be16(frame->payload + 8) == RFT_ID) {
        member->registers = true;
        member->registers_ox_id = frame->ox_id;
    } else if (frame->r_ctl == LQ_WIRE_ELS_REQUEST && command == SCR) {
        member->asks = true;
        member->asks_ox_id = frame->ox_id;
    } else if (frame->r_ctl == LQ_WIRE_ELS_REQUEST) { /* PLOGI, LOGO: it begins anew */
        member->wants = member->asks = member->registers = member->is_notice_out = false;
        pay(judge, member->fc_id, 0, true);
    } else if (frame->r_ctl == LQ_WIRE_ELS_REPLY && frame->d_id == CONTROLLER &&
               frame->ox_id == member->notice_ox_id) {
        member->is_notice_out = false;
    }
}

void lq_frames_fabric(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    if (seen->direction == LQ_FROM_TARGET)
        from_fabric(judge, seen);
    else
        to_fabric(judge, &seen->frame);
}

/* An accepted FLOGI, FDISC or LOGO, or the fabric's word that a virtual link has ended: the
 * N_Port's registrations end with its login [FC-LS-3, implicit logout]. */
void lq_frames_fabric_links(struct lq_judge *judge, const struct lq_wire_frame *frame)
{
    bool is_reply = frame->operation == LINK_SERVICE && frame->subcode == LINK_REPLY;
    bool is_clear = frame->operation == KEEP_ALIVE && frame->subcode == CLEAR_LINKS;
    bool names_one = false;
    for (uint32_t at = 0, bytes; at + 4 <= frame->payload_bytes; at += bytes) {
        const uint8_t *descriptor = frame->payload + at;
        bytes = 4U * descriptor[1];
        if (bytes == 0 || bytes > frame->payload_bytes - at)
            break;
        const uint8_t *els = descriptor + 4 + FC_HEADER_BYTES;
        if (is_reply && descriptor[0] >= FIP_FLOGI && descriptor[0] <= FIP_LOGO &&
            bytes > 4 + FC_HEADER_BYTES && els[0] == LQ_WIRE_LS_ACC)
            begin_anew(judge, lq_wire_be32(descriptor + 4) & 0xffffff);
        if (is_clear && descriptor[0] == FIP_VN_PORT && bytes >= 20) {
            begin_anew(judge, lq_wire_be32(descriptor + 8) & 0xffffff);
            names_one = true;
        }
    }
    if (is_clear && !names_one) /* all links of the ENode: which they are, the frame doesn't say */
        lq_frames_fabric_forget(lq_frames_of(judge));
}

void lq_frames_fabric_proof(struct lq_judge *judge, const struct lq_frame_seen *seen)
{
    struct lq_frames_state *state = lq_frames_of(judge);
    for (uint32_t i = 0; i < state->debts.count; i++) {
        struct debt *debt = lq_array_at(&state->debts, i);
        if (debt->who != seen->frame.d_id || debt->since.seq == 0 ||
            seen->at.time_ns - debt->since.time_ns < NOTICE_NS ||
            member_of(judge, debt->who)->is_notice_out)
            continue;
        struct lq_text text = {0};
        lq_text_add(&text, "N_Port ");
        lq_text_hex(&text, debt->who, 6);
        lq_text_add(&text, ", which asked for it, was not told that N_Port ");
        lq_text_hex(&text, debt->whom, 6);
        lq_text_add(&text, " had registered");
        struct lq_proof proof = {0};
        lq_proof_wire(&proof, debt->since, seen->device, LQ_FROM_TARGET, CT_ACCEPT, 0);
        lq_proof_wire(&proof, seen->at, seen->device, LQ_FROM_TARGET, seen->frame.r_ctl,
                      seen->frame.ox_id);
        lq_convict(judge, P_FRAME_13, &proof, &text);
        debt->since.seq = 0;
    }
}

void lq_frames_fabric_init(struct lq_frames_state *state)
{
    lq_array_init(&state->members, sizeof(struct member));
    lq_array_init(&state->debts, sizeof(struct debt));
}

void lq_frames_fabric_free(struct lq_judge *judge, struct lq_frames_state *state)
{
    lq_array_free(&state->members, judge->allocator);
    lq_array_free(&state->debts, judge->allocator);
}

void lq_frames_fabric_forget(struct lq_frames_state *state)
{
    lq_array_reset(&state->members);
    lq_array_reset(&state->debts);
}

/* --- digest ---------------------------------------------------------------------------------- */

void lq_frames_fabric_digest(const struct lq_judge *judge, struct lq_digest *digest)
{
    const struct lq_frames_state *state = lq_frames_of(judge);
    for (uint32_t i = 0; i < state->members.count; i++) {
        const struct member *member = lq_array_at(&state->members, i);
        lq_digest_two(digest, member->fc_id,
                      (uint64_t)member->wants << 4 | (uint64_t)member->has_registered << 3 |
                          (uint64_t)member->asks << 2 | (uint64_t)member->registers << 1 |
                          member->is_notice_out);
        lq_digest_two(digest, (uint64_t)member->asks_ox_id << 16 | member->registers_ox_id,
                      member->notice_ox_id);
    }
    for (uint32_t i = 0; i < state->debts.count; i++) {
        const struct debt *debt = lq_array_at(&state->debts, i);
        if (debt->since.seq == 0)
            continue;
        lq_digest_two(digest, debt->who, debt->whom);
        lq_digest_time(digest, debt->since.time_ns);
    }
}
