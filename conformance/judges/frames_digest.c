/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FRAMES' digest. Exchanges, logins and services are sets; of moments only whether they have been
 * counts, and of exchanges that go on which began first, as answers to TM functions ask.
 */
#include "conformance/judges/digest.h"
#include "conformance/judges/frames.h"

static void mix_cmnd(const struct lq_wire_cmnd *cmnd, struct lq_digest *digest)
{
    lq_digest_two(digest, cmnd->lun, cmnd->expected_bytes);
    lq_digest_two(digest, (uint64_t)cmnd->crn << 8 | cmnd->attribute, cmnd->tm_flags);
    lq_digest_two(digest, cmnd->reads, cmnd->writes);
    lq_digest_bytes(digest, cmnd->cdb, sizeof cmnd->cdb);
}

static void mix_exchange(const struct lq_seen_fcp *exchange, struct lq_digest *digest)
{
    const bool flags[] = {exchange->response.seq != 0,     exchange->abort.seq != 0,
                          exchange->abort_answer.seq != 0, exchange->is_repeated,
                          exchange->is_over,               exchange->silent_since.seq != 0,
                          exchange->tells_silence,         exchange->in_sequence,
                          exchange->has_recovered};
    uint64_t bits = 0;
    for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        bits |= (uint64_t)flags[i] << i;
    lq_digest_two(digest, (uint64_t)exchange->remote << 32 | exchange->local, exchange->ox_id);
    lq_digest_two(digest, exchange->rx_id, bits);
    lq_digest_two(digest, (uint64_t)exchange->seq_id << 16 | exchange->next_count,
                  exchange->in_bytes);
    lq_digest_two(digest, exchange->out_bytes, exchange->asked_bytes);
    lq_digest_two(digest, exchange->burst_end, exchange->resend_r_ctl);
    lq_digest_word(digest, exchange->resend_offset);
    lq_digest_time(digest, exchange->resend_since.seq == 0 ? UINT64_MAX
                                                           : exchange->resend_since.time_ns);
    mix_cmnd(&exchange->cmnd, digest);
}

static uint64_t mix_exchanges(const struct lq_frames_state *state, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < state->exchanges.count; i++) {
        const struct lq_seen_fcp *exchange = lq_array_at(&state->exchanges, i);
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_exchange(exchange, digest);
        lq_digest_end(digest, outer, &sum);
        if (!exchange->is_over) /* in the order in which they began */
            lq_digest_two(digest, (uint64_t)exchange->remote << 32 | exchange->local,
                          exchange->ox_id);
    }
    return sum;
}

static uint64_t mix_ports(const struct lq_frames_state *state, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < state->ports.count; i++) {
        const struct lq_seen_port *port = lq_array_at(&state->ports, i);
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_two(digest, (uint64_t)port->remote << 32 | port->local, port->port_name);
        lq_digest_two(digest, port->has_plogi, port->has_prli);
        lq_digest_end(digest, outer, &sum);
    }
    return sum;
}

static uint64_t mix_services(const struct lq_frames_state *state, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < state->services.count; i++) {
        const struct lq_seen_service *service = lq_array_at(&state->services, i);
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_two(digest, (uint64_t)service->requester << 32 | service->responder,
                      service->ox_id);
        lq_digest_two(digest, (uint64_t)service->command << 8 | service->r_ctl,
                      service->is_answered);
        lq_digest_word(digest, service->detail);
        lq_digest_end(digest, outer, &sum);
    }
    return sum;
}

static uint64_t mix_held(const struct lq_frames_state *state, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < LQ_FRAMES_HELD; i++) {
        const struct lq_seen_identity *held = &state->held[i];
        if (held->at.seq == 0)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        lq_digest_two(digest, (uint64_t)held->remote << 32 | held->local,
                      (uint64_t)held->ox_id << 16 | held->rx_id);
        lq_digest_time(digest, held->at.time_ns);
        lq_digest_end(digest, outer, &sum);
    }
    return sum;
}

void lq_frames_state_digest(const struct lq_judge *judge, struct lq_digest *digest)
{
    const struct lq_frames_state *state = lq_frames_of(judge);
    lq_digest_word(digest, mix_exchanges(state, digest));
    lq_digest_word(digest, mix_ports(state, digest));
    lq_digest_word(digest, mix_services(state, digest));
    lq_digest_word(digest, mix_held(state, digest));
    lq_frames_fabric_digest(judge, digest);
}
