/* SPDX-License-Identifier: Apache-2.0 */
/* Options about LUNs and portals: functions for rows of option_table.c, which says what they do. */
#ifndef LQ_TOOLS_OPTION_LUNS_H
#define LQ_TOOLS_OPTION_LUNS_H

#include "tools/options.h"

const char *lq_take_ram(struct lq_options *options, const char *argument);
const char *lq_take_file(struct lq_options *options, const char *argument);
const char *lq_take_read_only(struct lq_options *options, const char *argument);
const char *lq_take_removable(struct lq_options *options, const char *argument);
const char *lq_take_portals(struct lq_options *options, const char *argument);

#endif
