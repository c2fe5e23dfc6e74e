/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/option_luns.h"

#include <stddef.h>

#include "tools/units.h"

static const char *add_lun(struct lq_options *options, struct lq_lun_option lun)
{
    if (options->lun_count == LQ_LUN_OPTIONS_MAX)
        return "is one LUN too many; expected at most 64";
    options->luns[options->lun_count++] = lun;
    return NULL;
}

const char *lq_take_ram(struct lq_options *options, const char *argument)
{
    struct lq_lun_option lun = {.text = argument};
    const char *wrong = lq_parse_size(argument, &lun.size_bytes);
    if (wrong != NULL)
        return wrong;
    if (lun.size_bytes == 0 || lun.size_bytes % 512 != 0)
        return "is no whole number of blocks; expected a positive multiple of 512";
    return add_lun(options, lun);
}

const char *lq_take_file(struct lq_options *options, const char *argument)
{
    if (argument[0] == '\0')
        return "names no file; expected a path";
    return add_lun(options, (struct lq_lun_option){.path = argument, .text = argument});
}

const char *lq_take_read_only(struct lq_options *options, const char *argument)
{
    (void)argument;
    if (options->lun_count == 0)
        return "is about no LUN; expected --ram or --file before it";
    options->luns[options->lun_count - 1].read_only = true;
    return NULL;
}

const char *lq_take_removable(struct lq_options *options, const char *argument)
{
    (void)argument;
    if (options->lun_count == 0)
        return "is about no LUN; expected --ram or --file before it";
    options->luns[options->lun_count - 1].removable = true;
    return NULL;
}

const char *lq_take_portals(struct lq_options *options, const char *argument)
{
    uint64_t count = 0;
    if (lq_parse_number(argument, 4, &count) != NULL || count == 0)
        return "is no number of portals; expected 1 to 4";
    options->portal_count = (uint32_t)count;
    return NULL;
}
