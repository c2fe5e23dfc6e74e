/* SPDX-License-Identifier: Apache-2.0 */
/* lunquake-sim: `lunquake sim` alone, without any external library, for machines and sanitizers
 * where the rest cannot be built. */
#include <stdio.h>

#include "tools/cmd_sim.h"
#include "tools/exit_codes.h"
#include "tools/failure.h"
#include "tools/manual.h"
#include "tools/options.h"

int main(int count, char **arguments)
{
    lq_failure_init();
    struct lq_options options;
    lq_options_init(&options, LQ_SUBCOMMAND_SIM);
    if (!lq_options_parse(&options, count - 1, arguments + 1))
        return LQ_EXIT_USAGE;
    if (options.help) {
        lq_print_subcommand_help(LQ_SUBCOMMAND_SIM);
        return LQ_EXIT_PASS;
    }
    int code = lq_cmd_sim(&options, &(struct lq_sim_extras){.store = NULL});
    return fflush(stdout) == 0 || code != LQ_EXIT_PASS ? code : LQ_EXIT_ENVIRONMENT;
}
