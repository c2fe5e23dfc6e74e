/* SPDX-License-Identifier: Apache-2.0 */
/* `lunquake serve`: a live target until it is stopped. */
#ifndef LQ_TOOLS_CMD_SERVE_H
#define LQ_TOOLS_CMD_SERVE_H

#include "tools/options.h"

/* Returns the exit code. */
int lq_cmd_serve(const struct lq_options *options);

#endif
