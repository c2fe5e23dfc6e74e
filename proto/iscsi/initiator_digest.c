/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator endpoint's canonical digest. Requests are known by their callers' ids. */
#include "core/base/digest.h"
#include "proto/iscsi/initiator_state.h"

static void mix_windows(const struct request *request, struct lq_digest *digest)
{
    const struct window *unsolicited = &request->unsolicited;
    lq_digest_two(digest, unsolicited->next, unsolicited->end);
    lq_digest_two(digest, unsolicited->data_sn, request->window_count);
    for (uint32_t i = 0; i < request->window_count; i++) {
        const struct window *window = &request->windows[i];
        lq_digest_name(digest, window->ttt);
        lq_digest_two(digest, window->next, window->end);
        lq_digest_word(digest, window->data_sn);
    }
}

static void mix_request(const struct request *request, struct lq_digest *digest)
{
    lq_digest_two(digest, request->id, request->kind);
    lq_digest_two(digest, request->life, (uint64_t)request->has_tag << 1 | request->tell_released);
    lq_digest_two(digest, request->itt, request->cmd_sn);
    lq_digest_two(digest, request->hold, request->outputs);
    lq_digest_two(digest, request->encoded_out_bytes, request->asked_end);
    lq_digest_two(digest, request->exp_data_sn, request->in_next);
    lq_digest_two(digest, request->in_sequence_bytes, request->in_end);
    lq_digest_two(digest, request->had_data_in, request->referenced_tag);
    mix_windows(request, digest);
    if (request->had_data_in && request->in != NULL && request->in_end <= request->in_bytes)
        lq_digest_bytes(digest, request->in, request->in_end);
}

static void mix_requests(const struct lq_iscsi_initiator *ini, struct lq_digest *digest)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ini->config.requests_max; i++) {
        if (ini->requests[i].life == FREE)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_request(&ini->requests[i], digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
}

/* The order of those that wait for the same thing. */
static void mix_order(const struct lq_link *list, size_t offset, struct lq_digest *digest)
{
    LQ_LIST_EACH(link, list)
    {
        const void *request = (const char *)link - offset;
        lq_digest_word(digest, ((const struct request *)request)->id);
    }
    lq_digest_word(digest, 0);
}

static void mix_login(const struct login *login, struct lq_digest *digest)
{
    lq_digest_two(digest, login->itt, login->tsih);
    lq_digest_two(digest, (uint64_t)login->pdu_due << 2 | (uint64_t)login->asked_final << 1 |
                              login->continuing,
                  login->stage);
    lq_digest_two(digest, (uint64_t)login->names_sent << 2 | (uint64_t)login->more_sent << 1 |
                              login->have_stat_sn,
                  login->next_key);
    lq_digest_two(digest, login->answered, login->rounds);
    lq_digest_bytes(digest, login->replies, login->reply_bytes);
}

static void mix_input(const struct lq_iscsi_initiator *ini, struct lq_digest *digest)
{
    lq_digest_two(digest, ini->header_bytes, ini->in_pdu);
    lq_digest_bytes(digest, ini->header, ini->header_bytes);
    lq_digest_two(digest, ini->ahs_left, ini->data_left);
    lq_digest_two(digest, ini->pad_left, ini->segment_bytes);
    lq_digest_two(digest, ini->text_bytes, ini->text_slot != NO_SLOT);
}

void lq_iscsi_initiator_digest(const struct lq_iscsi_initiator *ini, struct lq_digest *digest)
{
    lq_digest_two(digest, ini->phase, (uint64_t)ini->close_untold << 32 | ini->close_code);
    lq_digest_two(digest, ini->cmd_sn, ini->next_itt);
    lq_digest_two(digest, ini->exp_cmd_sn, ini->max_cmd_sn);
    lq_digest_two(digest, ini->exp_stat_sn, ini->logout_sent);
    lq_digest_two(digest, ini->data_turn, ini->awaited_count);
    if (ini->phase == LOGIN)
        mix_login(&ini->login, digest);
    mix_requests(ini, digest);
    mix_order(&ini->urgent, offsetof(struct request, link), digest);
    mix_order(&ini->queue, offsetof(struct request, link), digest);
    mix_order(&ini->unsolicited, offsetof(struct request, data_link), digest);
    mix_order(&ini->asked, offsetof(struct request, asked_link), digest);
    lq_digest_two(digest, ini->output_count, ini->output_sent_bytes);
    lq_digest_two(digest, ini->nop_count, ini->event_count);
    mix_input(ini, digest);
}
