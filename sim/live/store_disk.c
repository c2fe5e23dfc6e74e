/* SPDX-License-Identifier: Apache-2.0 */
/* Requests go to the disk as they come; what it ends waits here until the loop takes it. */
#include "sim/live/store_disk.h"

#include <stdlib.h>
#include <string.h>

#include "sim/live/completions.h"

struct disk_store {
    struct lq_live_store live;
    struct lq_disk *disk;
    struct lq_completions ended;
    char *name;
};

static struct disk_store *disk_of(struct lq_live_store *live)
{
    return LQ_ELEMENT(live, struct disk_store, live);
}

static void disk_submit(struct lq_store *store, struct lq_block_request *request)
{
    struct disk_store *own = LQ_ELEMENT(store, struct disk_store, live.store);
    own->disk->store.number = store->number; /* the engine gave it to us */
    own->disk->store.ops->submit(&own->disk->store, request);
}

static bool disk_load(struct lq_store *store, uint64_t lba, uint32_t nblocks, uint8_t *data)
{
    struct disk_store *own = LQ_ELEMENT(store, struct disk_store, live.store);
    return own->disk->store.ops->load(&own->disk->store, lba, nblocks, data);
}

static void disk_done(void *context, struct lq_disk *disk, lq_handle handle,
                      enum lq_block_status status)
{
    struct disk_store *own = context;
    (void)disk;
    lq_completions_put(&own->ended, handle, status);
}

static uint32_t disk_take(struct lq_live_store *live, struct lq_completion *completions,
                          uint32_t max)
{
    return lq_completions_take(&disk_of(live)->ended, completions, max);
}

static bool disk_close(struct lq_live_store *live)
{
    struct disk_store *own = disk_of(live);
    lq_completions_fini(&own->ended);
    free(own->name);
    free(own);
    return true;
}

static const struct lq_store_ops disk_ops = {.submit = disk_submit, .load = disk_load};
static const struct lq_live_store_ops disk_live_ops = {.take = disk_take, .close = disk_close};

struct lq_live_store *lq_store_disk_open(const char *name, struct lq_disk *disk,
                                         uint32_t requests_max, struct lq_problem *problem)
{
    struct disk_store *own = calloc(1, sizeof *own);
    char *copy = strdup(name);
    if (own == NULL || copy == NULL || !lq_completions_init(&own->ended, requests_max)) {
        free(own);
        free(copy);
        lq_problem_set(problem, "%s: no memory for the store; expected some; free some", name);
        return NULL;
    }
    own->disk = disk;
    own->name = copy;
    own->live = (struct lq_live_store){
        .store = disk->store, .ops = &disk_live_ops, .name = copy, .wake_fd = -1};
    own->live.store.ops = &disk_ops;
    disk->done = disk_done;
    disk->context = own;
    return &own->live;
}
