/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FCP as a SCSI transport: the table through which the engine speaks to the endpoint. These
 * functions are called from inside the engine, so they note and queue and never call it back.
 */
#include <string.h>

#include "proto/fc/target_state.h"

static void receive_data_out(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                             uint8_t *buffer)
{
    struct lq_fc_target *t = transport;
    struct lq_fct_exchange *x = lq_fct_exchange_of(t, cookie);
    if (x != NULL)
        lq_fct_window(t, x, offset, bytes, buffer);
}

static void send_data_in(void *transport, uint64_t cookie, uint32_t offset, uint32_t bytes,
                         const uint8_t *data)
{
    struct lq_fc_target *t = transport;
    struct lq_fct_exchange *x = lq_fct_exchange_of(t, cookie);
    if (x == NULL)
        return;
    LQ_ASSERT(offset == 0 && x->in_bytes == 0); /* one run, as the engine's header says */
    uint32_t expected = x->cmnd.has_bidi_dl ? x->cmnd.bidi_dl : x->cmnd.dl;
    if (!lq_fcp_reads(&x->cmnd))
        expected = 0;
    x->in = data;
    x->in_bytes = bytes < expected ? bytes : expected;
    /* Queued with its status, which follows. */
}

/* Frames that are out are out, and what still comes for the exchange is dropped: its buffer is
 * free at once. */
static bool terminate_data_transfer(void *transport, uint64_t cookie, bool wait_for_peer)
{
    struct lq_fc_target *t = transport;
    struct lq_fct_exchange *x = lq_fct_exchange_of(t, cookie);
    (void)wait_for_peer;
    if (x == NULL)
        return true;
    x->task = LQ_NO_HANDLE;
    x->engine_done = false; /* it may be in a store */
    lq_fct_exchange_quiet(t, x);
    if (x->abts)
        x->state = LQ_FCT_ABORTED;
    else
        lq_fct_exchange_end(t, x, LQ_FCT_DEAD);
    return true;
}

static void command_complete(void *transport, uint64_t cookie,
                             const struct lq_command_complete *complete)
{
    struct lq_fc_target *t = transport;
    struct lq_fct_exchange *x = lq_fct_exchange_of(t, cookie);
    if (x != NULL)
        lq_fct_complete(t, x, complete);
}

static void tm_executed(void *transport, uint64_t cookie, enum lq_tm_answer answer,
                        uint32_t information)
{
    struct lq_fc_target *t = transport;
    struct lq_fct_exchange *x = lq_fct_exchange_of(t, cookie);
    if (x != NULL)
        lq_fct_tm_executed(t, x, answer, information);
}

static void nexus_ended(void *transport, uint64_t cookie)
{
    struct lq_fc_target *t = transport;
    lq_handle handle = lq_handle_unpack(cookie);
    LQ_ASSERT(handle.index < t->config.remotes_max);
    struct lq_fct_remote *remote = &t->remotes[handle.index];
    if (remote->generation != handle.generation)
        return;
    remote->ended = true;
    t->nexus_ended_noted = true;
}

static void close_all(void *transport, uint16_t target)
{
    struct lq_fc_target *t = transport;
    for (uint32_t i = 0; i < t->config.port_count; i++)
        t->ports[i].close = t->ports[i].close || t->ports[i].config.target == target;
    t->close_noted = true;
}

/* [SPC-5 7.6.4.2]: 24 bytes, FORMAT CODE 00b, protocol identifier 0. */
static bool transport_id_is_valid(const uint8_t *bytes, uint32_t size_bytes)
{
    return size_bytes == 24 && bytes[0] == 0;
}

/* The N_Port_Name; all else is reserved. */
static uint32_t transport_id_canonical(const uint8_t *bytes, uint32_t size_bytes,
                                       uint8_t *canonical, uint32_t *taken_bytes)
{
    enum { ID_BYTES = 24, NAME = 8, NAME_BYTES = 8 };
    if (size_bytes < ID_BYTES || !transport_id_is_valid(bytes, ID_BYTES))
        return 0;
    memset(canonical, 0, ID_BYTES);
    memcpy(canonical + NAME, bytes + NAME, NAME_BYTES);
    *taken_bytes = ID_BYTES;
    return ID_BYTES;
}

const struct lq_transport lq_fc_transport = {.name = "fcp",
                                             .protocol_identifier = 0,
                                             .transport_id_is_valid = transport_id_is_valid,
                                             .transport_id_canonical = transport_id_canonical,
                                             .receive_data_out = receive_data_out,
                                             .send_data_in = send_data_in,
                                             .terminate_data_transfer = terminate_data_transfer,
                                             .command_complete = command_complete,
                                             .tm_executed = tm_executed,
                                             .nexus_ended = nexus_ended,
                                             .close_all = close_all};
