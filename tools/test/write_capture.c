/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes captures of a made-up history for test_pcapng.py, which lets tshark judge them:
 * write_capture FILE. Two runs; connections that end in each way, one that never was announced,
 * taps that cut a PDU and taps larger than an IP packet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/failure.h"
#include "tools/pcapng.h"

enum { READ_BYTES = 200 * 1024 };

static void event(struct lq_history *history, uint16_t kind, uint32_t connection, uint16_t actor,
                  uint32_t code, uint64_t time_ns)
{
    lq_history_add(history, &(struct lq_event){.time_ns = time_ns,
                                              .kind = kind,
                                              .connection = connection,
                                              .actor = actor,
                                              .code = code});
}

/* A NOP-Out that asks [RFC 7143 11.18] and its answer [11.19]: no login is needed to decode it. */
static void ping(struct lq_history *history, uint32_t connection, uint64_t time_ns, uint32_t cut)
{
    uint8_t out[48] = {0x40, 0x80}, in[48] = {0x20, 0x80};
    out[19] = in[19] = 7;      /* initiator task tag */
    memset(out + 20, 0xff, 4); /* target transfer tag: none */
    memset(in + 20, 0xff, 4);
    lq_history_tap(history, time_ns, connection, LQ_TO_TARGET, out, cut);
    lq_history_tap(history, time_ns + 1000, connection, LQ_TO_TARGET, out + cut, 48 - cut);
    lq_history_tap(history, time_ns + 2000, connection, LQ_FROM_TARGET, in, 48);
}

/* NOP-Ins with much data, in one tap. */
static void flood(struct lq_history *history, uint32_t connection, uint64_t time_ns)
{
    static uint8_t in[48 + READ_BYTES] = {0x20, 0x80};
    in[5] = READ_BYTES >> 16;
    in[6] = (READ_BYTES >> 8) & 0xff;
    in[7] = READ_BYTES & 0xff;
    memset(in + 16, 0xff, 8);
    for (uint32_t i = 0; i < 20; i++)
        lq_history_tap(history, time_ns + i, connection, LQ_FROM_TARGET, in, sizeof in);
}

static void run(struct lq_pcapng *pcapng, const char *name)
{
    struct lq_history history;
    lq_history_init(&history);
    lq_history_attach(&history, lq_pcapng_begin(pcapng, name, "the true port is 12345", 0));
    event(&history, LQ_W_ACCEPT, 1, 1, 0, 1000);
    event(&history, LQ_W_ACCEPT, 2, 2, 0, 2000);
    event(&history, LQ_W_ACCEPT, 3, 3, 0, 2000);
    ping(&history, 1, 10000, 20);
    ping(&history, 2, 20000, 48);
    ping(&history, 3, 24000, 1);
    flood(&history, 1, 30000);
    ping(&history, 1, 40000, 47);
    event(&history, LQ_W_CLOSE, 1, 1, LQ_CLOSE_FIN, 50000);
    event(&history, LQ_W_CLOSE, 2, 2, LQ_CLOSE_BY_TARGET, 50000);
    event(&history, LQ_W_CLOSE, 3, 3, LQ_CLOSE_TIMEOUT, 50000);
    ping(&history, 4, 60000, 30);
    event(&history, LQ_W_ACCEPT, 257, 1, 0, 70000); /* the same bucket as 1 */
    ping(&history, 257, 70000, 30);
    event(&history, LQ_W_CLOSE, 257, 1, LQ_CLOSE_FIN, 80000);
}

int main(int count, char **arguments)
{
    lq_failure_init();
    struct lq_pcapng *pcapng = count == 2 ? lq_pcapng_open(arguments[1]) : NULL;
    if (pcapng == NULL)
        return 2;
    run(pcapng, "seed 1");
    run(pcapng, "seed 2");
    return lq_pcapng_close(pcapng) == 0 ? 0 : 1;
}
