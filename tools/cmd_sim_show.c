/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_show.h"

#include <errno.h>
#include <string.h>

#include "tools/exit_codes.h"
#include "tools/ladder.h"
#include "tools/message.h"

static int write_page(const struct lq_options *options, const struct lq_sim_extras *extras,
                      const struct lq_story *story, const struct lq_page *page, int code)
{
    if (extras->write_page == NULL) {
        lq_message("--html: this program writes no pages; expected `lunquake sim'; use that");
        return LQ_EXIT_USAGE;
    }
    FILE *to = fopen(options->html, "w");
    errno = 0;
    bool is_written = to != NULL && extras->write_page(to, story, page);
    if (to != NULL && fclose(to) != 0)
        is_written = false;
    if (is_written)
        return code;
    lq_message("%s: cannot be written: %s; expected room for a page; choose another file",
               options->html, strerror(errno));
    return code == LQ_EXIT_PASS ? LQ_EXIT_ENVIRONMENT : code;
}

int lq_sim_show(const struct lq_options *options, const struct lq_sim_extras *extras,
                const struct lq_sim *sim, const char *title, enum lq_sim_verdict verdict, int code)
{
    const struct lq_finding *finding = lq_sim_finding(sim);
    if (options->ladder)
        lq_ladder_print(stdout, lq_sim_story(sim), finding, lq_ladder_wants_colour(stdout));
    if (options->html == NULL)
        return code;
    struct lq_page page = {.title = title,
                           .verdict = lq_sim_verdict_text(verdict),
                           .reproduce = lq_sim_reproduce(sim),
                           .finding = finding};
    code = write_page(options, extras, lq_sim_story(sim), &page, code);
    if (verdict != LQ_SIM_CLEAN && !options->fingerprint)
        printf("page: %s\n", options->html);
    return code;
}
