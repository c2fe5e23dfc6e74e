/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of logical units (core/saved.h) beside a file store: the file PATH.saved, which comes
 * into being with the first save. Not what the two slots are for: that the engine knows.
 *
 * Used by store_file.c. Saving is for helper threads; one save at a time is out in a store.
 */
#ifndef LQ_SIM_LIVE_STORE_RECORDS_H
#define LQ_SIM_LIVE_STORE_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store.h"
#include "sim/live/problem.h"

/* "PATH.saved", to be freed; NULL: no memory. */
char *lq_records_path(const char *path);

/* Before anything is served: what is there can be read and written, or nothing is there yet. False:
 * neither, as PROBLEM says of the store NAME; without its records it would forget reservations, and
 * remember old ones later. */
bool lq_records_check(const char *name, const char *records_path, struct lq_problem *problem);

/* Reads SIZE_BYTES at OFFSET_BYTES of the room for records; zeros where nothing was ever saved.
 * False: they cannot be read. */
bool lq_records_load(const char *records_path, uint64_t offset_bytes, uint64_t size_bytes,
                     uint8_t *data);

/* Writes them; durable when it returns LQ_BLOCK_OK, the file's name too. */
enum lq_block_status lq_records_save(const char *records_path, uint64_t offset_bytes,
                                     uint64_t size_bytes, const uint8_t *data);

#endif
