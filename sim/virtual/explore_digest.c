/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual world's canonical digest: that of all its parts, connection by connection. */
#include "proto/iscsi/pdu.h"
#include "sim/stage/digest.h"
#include "sim/virtual/explore.h"
#include "sim/virtual/virtual.h"

enum { TTT_AT = 20 }; /* of R2T and Data-Out [RFC 7143 11.7, 11.8] */

static uint8_t byte_at(const struct lq_tcp *tcp, const struct lq_tcp_pipe *pipe, uint64_t offset)
{
    return pipe->ring[(uint32_t)offset & (tcp->options->window_bytes - 1)];
}

/* The bytes from FROM on; of PDUs whose target transfer tag is a name, as a name. */
static void mix_messages(const struct lq_tcp *tcp, const struct lq_tcp_pipe *pipe,
                         struct lq_digest *digest)
{
    uint64_t at = pipe->taken;
    bool is_whole = pipe->taken == pipe->arrived;
    lq_digest_word(digest, pipe->arrived - pipe->taken);
    while (at < pipe->written) {
        uint8_t head[LQ_TCP_MESSAGE_HEAD_BYTES] = {0};
        for (uint32_t i = 0; i < sizeof head && at + i < pipe->written; i++)
            head[i] = byte_at(tcp, pipe, at + i);
        uint64_t end = is_whole ? at + tcp->net->message_bytes(head) : pipe->written;
        uint8_t opcode = head[0] & 0x3f;
        bool has_name = is_whole && (opcode == LQ_OP_R2T || opcode == LQ_OP_DATA_OUT);
        uint32_t ttt = 0;
        for (uint64_t i = at; i < end && i < pipe->written; i++) {
            uint8_t byte = byte_at(tcp, pipe, i);
            if (has_name && i - at >= TTT_AT && i - at < TTT_AT + 4)
                ttt = ttt << 8 | byte;
            else
                lq_digest_word(digest, byte);
        }
        if (has_name)
            lq_digest_name(digest, ttt);
        at = end;
    }
}

static void mix_pipe(const struct lq_tcp *tcp, const struct lq_tcp_pipe *pipe,
                     struct lq_digest *digest)
{
    lq_digest_two(digest, pipe->is_finished, pipe->is_refused);
    if (tcp->is_cut)
        lq_digest_word(digest, pipe->written > pipe->arrived);
    else
        mix_messages(tcp, pipe, digest);
}

static void mix_tcp(const struct lq_tcp *tcp, struct lq_digest *digest)
{
    lq_digest_two(digest, tcp->is_open[LQ_TCP_INITIATOR], tcp->is_open[LQ_TCP_TARGET]);
    lq_digest_two(digest, tcp->is_accepted, tcp->is_cut);
    lq_digest_two(digest, lq_timer_is_set(&tcp->connect_timer), lq_timer_is_set(&tcp->doom_timer));
    lq_digest_word(digest, tcp->doom);
    mix_pipe(tcp, &tcp->pipes[LQ_TCP_INITIATOR], digest);
    mix_pipe(tcp, &tcp->pipes[LQ_TCP_TARGET], digest);
}

static void mix_connection(struct virtual_world *virtual, const struct lq_tcp *tcp,
                           struct lq_digest *digest)
{
    const struct virtual_connection *connection = tcp->user;
    const struct lq_actor *actor = connection->end.actor;
    lq_digest_two(digest, actor != NULL, connection->is_at_target);
    if (actor != NULL)
        lq_actor_digest(actor, digest);
    mix_tcp(tcp, digest);
    lq_digest_word(digest, connection->is_closing);
    if (virtual->filter != NULL)
        lq_filter_digest(virtual->filter, lq_virtual_slot(virtual, connection), digest);
    if (connection->is_at_target)
        lq_iscsi_digest_conn(lq_shard_iscsi(virtual->shard), connection->handle, digest);
}

void lq_world_digest(struct lq_world *world, struct lq_digest *digest)
{
    struct virtual_world *virtual = lq_virtual_of(world);
    uint64_t sum = 0;
    lq_digest_init(digest, world->env.now_ns);
    for (uint32_t i = 0; i < virtual->net.capacity; i++) {
        const struct lq_tcp *tcp = &virtual->net.connections[i];
        if (tcp->number == 0)
            continue;
        struct lq_digest_outer outer = lq_digest_begin(digest);
        mix_connection(virtual, tcp, digest);
        lq_digest_end(digest, outer, &sum);
    }
    lq_digest_word(digest, sum);
    bool over_fcp = world->plan.transport == LQ_OVER_FCP;
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (over_fcp || world->actors[i].connection == NULL)
            lq_actor_digest(&world->actors[i], digest);
    if (over_fcp) {
        lq_frames_digest(&virtual->frames, digest);
        lq_fc_target_digest(lq_shard_fc(virtual->shard), digest);
        lq_fcoe_station_digest(lq_shard_station(virtual->shard), digest);
    }
    lq_iscsi_digest_rest(lq_shard_iscsi(virtual->shard), digest);
    lq_engine_digest(lq_shard_engine(virtual->shard), digest);
    for (uint32_t i = 0; i < world->plan.options[LQ_OPT_STORES]; i++)
        lq_disk_digest(&world->disks[i], digest);
    lq_script_digest(world->script, digest);
}
