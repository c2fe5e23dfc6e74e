/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cmd_sim_show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    errno = 0;
    FILE *to = fopen(options->html, "w");
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

/* --- before a run --------------------------------------------------------------------------- */

/* Why PATH cannot be written; 0: it can. A file that is there is not opened: it may be a pipe,
 * whose reader would take the close for the end. */
static int why_not_file(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? EISDIR : access(path, W_OK) == 0 ? 0 : errno;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return errno;
    (void)close(file);
    (void)unlink(path);
    return 0;
}

static int why_not_directory(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno;
    return !S_ISDIR(info.st_mode) ? ENOTDIR : access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

bool lq_sim_can_write(const struct lq_options *options)
{
    const char *const files[] = {options->html, options->record, options->tap, options->junit};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        bool is_file = files[i] != NULL && strcmp(files[i], "-") != 0;
        int wrong = is_file ? why_not_file(files[i]) : 0;
        if (wrong == 0)
            continue;
        lq_message("%s: cannot be written: %s; expected a file that can be written; choose "
                   "another one", files[i], strerror(wrong));
        return false;
    }
    int wrong = options->out == NULL ? 0 : why_not_directory(options->out);
    if (wrong != 0)
        lq_message("%s: cannot be written to: %s; expected a directory; choose another one",
                   options->out, strerror(wrong));
    return wrong == 0;
}
