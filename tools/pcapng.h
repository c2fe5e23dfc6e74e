/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a history's wire taps as pcapng for Wireshark: a sink of core/base/history.h.
 *
 * iSCSI is a byte stream without frames in a history; here it becomes Ethernet, IPv4 and TCP on
 * port 3260, with a handshake, sequence and acknowledgement numbers, checksums and the end that
 * the connection had. Segments are cut where the taps were. What this is not: a capture of real
 * packets; a comment on each connection's first packet says so and names the true port.
 *
 * One interface per run (seed). The target of run number r (from 0) is 172.16.0.1 + r, initiator
 * number n is 10.1.0.0 + n, connection number c comes from port 10000 + c. Nothing is reported
 * while writing; the first failure is kept for lq_pcapng_close.
 */
#ifndef LQ_TOOLS_PCAPNG_H
#define LQ_TOOLS_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/history.h"

struct lq_pcapng;

/* Creates PATH. NULL: errno says why. */
struct lq_pcapng *lq_pcapng_open(const char *path);

/*
 * Begins a run: what follows belongs to an interface called NAME ("seed 7", "live"); connections
 * of the former run are forgotten. COMMENT (may be NULL) is put on each connection's first packet.
 * EPOCH_NS is added to every time: 0 in the virtual world, realtime minus monotonic when live.
 * Returns the sink to attach to the run's history; valid until the next begin or close.
 */
struct lq_history_sink lq_pcapng_begin(struct lq_pcapng *pcapng, const char *name,
                                       const char *comment, uint64_t epoch_ns);

/* Hands what is buffered to the system. */
void lq_pcapng_flush(struct lq_pcapng *pcapng);

/* Ends the file and frees PCAPNG. Returns 0, or the errno of the first failure. */
int lq_pcapng_close(struct lq_pcapng *pcapng);

#endif
