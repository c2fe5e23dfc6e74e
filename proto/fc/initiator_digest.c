/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint's canonical digest. Requests are named by the caller's ids. */
#include "core/base/digest.h"
#include "proto/fc/initiator_state.h"

static void mix_request(const struct lq_fci_request *request, struct lq_digest *digest)
{
    lq_digest_two(digest, request->id, request->kind);
    lq_digest_two(digest, request->stage, request->tries);
    lq_digest_two(digest, (uint64_t)request->ox_id << 16 | request->rx_id, request->side_ox_id);
    lq_digest_two(digest, request->seq_id, request->srr_count);
    lq_digest_time(digest, request->deadline_ns);
    lq_digest_two(digest, request->task_retry_id, request->cmnd.lun);
    lq_digest_two(digest, request->expected_in, request->expected_out);
    lq_digest_two(digest, request->cmnd.tm_flags, request->cmnd.crn);
    if (request->kind != LQ_FCI_ECHO && request->stage == LQ_FCI_QUEUED)
        lq_digest_bytes(digest, request->cmnd.cdb, request->cmnd.cdb_bytes);
    lq_digest_two(digest, request->hold_data, request->burst_open);
    lq_digest_two(digest, request->burst_offset, request->burst_bytes);
    lq_digest_two(digest, request->burst_sent, request->out_sent);
    lq_digest_word(digest, request->ranges.count);
    for (uint32_t n = 0; n < request->ranges.count; n++)
        lq_digest_two(digest, request->ranges.runs[n].begin, request->ranges.runs[n].end);
    lq_digest_two(digest, request->purpose,
                  request->purpose == LQ_FCI_ABORT_REQUEST ? request->abort_id : 0);
    if (request->stage == LQ_FCI_SRR)
        lq_digest_two(digest, request->srr_r_ctl, request->srr_offset);
    if (request->kind == LQ_FCI_ECHO)
        lq_digest_bytes(digest, request->echo, request->echo_bytes);
}

static void mix_chain(const struct lq_fci_chain *chain, struct lq_digest *digest)
{
    lq_digest_word(digest, chain->step);
    if (chain->step == LQ_FCI_STEP_NONE)
        return;
    lq_digest_two(digest, chain->tries, chain->ox_id);
    lq_digest_word(digest, chain->d_id);
    lq_digest_time(digest, chain->deadline_ns);
}

static void mix_login(const struct lq_fc_initiator *ini, struct lq_digest *digest)
{
    lq_digest_two(digest, ini->fc_id, ini->link_bytes_max);
    mix_chain(&ini->session, digest);
    mix_chain(&ini->directory, digest);
    lq_digest_two(digest, ini->registered, ini->logout_id);
    lq_digest_two(digest, (uint64_t)ini->logged_in << 1 | ini->has_plogi, ini->target_id);
    lq_digest_two(digest, ini->target_name, ini->target_bytes_max);
    lq_digest_word(digest, (uint64_t)ini->retry << 2 | (uint64_t)ini->confirm << 1 |
                               ini->task_retry_id);
    lq_digest_two(digest, ini->next_ox_id, ini->raw_ox_id);
}

static void mix_output(struct lq_fci_output *output, struct lq_digest *digest)
{
    lq_digest_word(digest, output->kind);
    if (output->kind == LQ_FCI_OUT_REQUEST) {
        const struct lq_fci_request *request = LQ_ELEMENT(output, struct lq_fci_request, output);
        lq_digest_two(digest, request->id, request->ox_id);
        return;
    }
    const struct lq_fci_reply *reply = LQ_ELEMENT(output, struct lq_fci_reply, output);
    uint8_t header[LQ_FC_HEADER_BYTES];
    lq_fc_frame_encode(&reply->frame, header);
    lq_digest_bytes(digest, header, sizeof header);
    lq_digest_bytes(digest, reply->payload, reply->frame.payload_bytes);
}

void lq_fc_initiator_digest(const struct lq_fc_initiator *initiator, struct lq_digest *digest)
{
    mix_login(initiator, digest);
    LQ_LIST_EACH(link, &initiator->live)
    mix_request(LQ_ELEMENT(link, struct lq_fci_request, link), digest);
    lq_digest_word(digest, initiator->held_count);
    for (uint32_t n = 0; n < initiator->held_count; n++) {
        lq_digest_two(digest, initiator->held[n].ox_id, initiator->held[n].owes_rrq);
        lq_digest_time(digest, initiator->held[n].until_ns);
    }
    LQ_LIST_EACH(link, &initiator->outputs)
    mix_output(LQ_ELEMENT(link, struct lq_fci_output, link), digest);
    lq_digest_two(digest, initiator->emitted, initiator->event_count);
    for (uint32_t n = 0; n < initiator->event_count; n++) {
        const struct lq_fc_initiator_event *event =
            &initiator->events[(initiator->event_first + n) % initiator->config.events_max];
        lq_digest_two(digest, event->kind, event->id);
        lq_digest_two(digest, event->code, event->status);
    }
}
