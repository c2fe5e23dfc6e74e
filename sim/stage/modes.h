/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter lists of MODE SELECT that initiators send, of scenarios and at random. */
#ifndef LQ_SIM_STAGE_MODES_H
#define LQ_SIM_STAGE_MODES_H

#include <stdbool.h>
#include <stdint.h>

/* Fields of the Control mode page [SPC-5 7.5.10] and WCE of the Caching one [SBC-4 6.5.6]. */
struct lq_mode_settings {
    uint8_t tst, qerr, reordering, ua_intlck; /* reordering: QUEUE ALGORITHM MODIFIER */
    bool tas, d_sense, swp, tmf_only;
    bool has_caching, wce;
};

enum { LQ_MODE_LIST_BYTES_MAX = 8 + 12 + 20 };

/* Writes a parameter list to LIST (LQ_MODE_LIST_BYTES_MAX), for MODE SELECT(10) or (6); returns its
 * length. */
uint32_t lq_mode_list(const struct lq_mode_settings *settings, bool is_ten, uint8_t *list);

#endif
