/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device servers: what runs when a command's turn has come. Each function takes an enabled command
 * whose data is in its buffer and ends it, or hands a request to the store. Used by the opcode
 * table and by core/device.c only.
 */
#ifndef LQ_CORE_DEVICE_H
#define LQ_CORE_DEVICE_H

#include "core/state.h"

/* device_primary.c [SPC-4 6] */
void lq_test_unit_ready(struct lq_engine *engine, struct lq_engine_task *task);
void lq_request_sense(struct lq_engine *engine, struct lq_engine_task *task);
void lq_report_luns(struct lq_engine *engine, struct lq_engine_task *task);

/* device_inquiry.c [SPC-4 6.6, 7.8; SBC-3 6.6] */
void lq_inquiry(struct lq_engine *engine, struct lq_engine_task *task);

/* device_mode.c [SPC-5 6.9 to 6.15, 7.5; SBC-4 6.5]: (6) and (10) */
void lq_mode_sense(struct lq_engine *engine, struct lq_engine_task *task);
void lq_mode_select(struct lq_engine *engine, struct lq_engine_task *task);
void lq_mode_select_flushed(struct lq_engine *engine, struct lq_engine_task *task);

/* device_report.c [SPC-4 6.35, 6.36] */
void lq_report_supported_opcodes(struct lq_engine *engine, struct lq_engine_task *task);
void lq_report_supported_tmfs(struct lq_engine *engine, struct lq_engine_task *task);

/* device_log.c [SPC-4 6.7, 6.8, 7.3; SBC-3 6.4] */
void lq_log_sense(struct lq_engine *engine, struct lq_engine_task *task);
void lq_log_select(struct lq_engine *engine, struct lq_engine_task *task);

/* durability.c [SBC-3 4.15, 5.24] */
void lq_synchronize_cache(struct lq_engine *engine, struct lq_engine_task *task);
/* UNIT's store has a volatile cache: WCE of its caching mode page may be 1 [SBC-4 6.5.6]. */
bool lq_has_write_cache(const struct lq_engine *engine, const struct lq_unit *unit);
/* STORE has answered a request of OP with STATUS: what that says of the store itself. */
void lq_store_noticed(struct lq_engine *engine, struct lq_store_state *store, enum lq_block_op op,
                      enum lq_block_status status);
/* TASK's flush has ended well, but began before its store told of a reset. */
bool lq_flush_is_void(const struct lq_engine *engine, const struct lq_engine_task *task);

/* device_block.c [SBC-3 5] */
/* Hands TASK's request to its store, as OP; or a part of it: NBLOCKS from its block FIRST on. */
void lq_block_submit(struct lq_engine *engine, struct lq_engine_task *task, enum lq_block_op op);
void lq_block_submit_part(struct lq_engine *engine, struct lq_engine_task *task,
                          enum lq_block_op op, uint32_t first, uint32_t nblocks, uint8_t *data);
/* True when TASK can go on to the medium. False: it has ended, or waits and will be run again. */
bool lq_block_may_begin(struct lq_engine *engine, struct lq_engine_task *task);
/* True: the medium must not be changed, and TASK, which would, has been ended. */
bool lq_is_write_protected(struct lq_engine *engine, struct lq_engine_task *task);
void lq_block_run(struct lq_engine *engine, struct lq_engine_task *task);
void lq_read_capacity_10(struct lq_engine *engine, struct lq_engine_task *task);
void lq_read_capacity_16(struct lq_engine *engine, struct lq_engine_task *task);

/* device_verify.c [SBC-4 r22 5.36, 5.49] */
void lq_verify(struct lq_engine *engine, struct lq_engine_task *task);
void lq_write_and_verify(struct lq_engine *engine, struct lq_engine_task *task);
void lq_verify_step(struct lq_engine *engine, struct lq_engine_task *task);

/* device_modify.c [SBC-4 r22 5.3, 5.15] */
void lq_modify(struct lq_engine *engine, struct lq_engine_task *task);
void lq_modify_step(struct lq_engine *engine, struct lq_engine_task *task);
/* MAXIMUM COMPARE AND WRITE LENGTH of UNIT: its data has to fit into the buffer twice. */
uint32_t lq_compare_blocks_max(const struct lq_engine *engine, const struct lq_unit *unit);

/* device_medium.c [SBC-4 r22 5.8, 5.10, 5.31] */
void lq_prefetch(struct lq_engine *engine, struct lq_engine_task *task);
void lq_start_stop(struct lq_engine *engine, struct lq_engine_task *task);
void lq_start_stop_step(struct lq_engine *engine, struct lq_engine_task *task);
void lq_prevent_allow(struct lq_engine *engine, struct lq_engine_task *task);
/* True when TASK can't be run while the medium is as it is: it has been ended. */
bool lq_medium_is_missed(struct lq_engine *engine, struct lq_engine_task *task);

/* device_service.c */
void lq_read_defect_data(struct lq_engine *engine, struct lq_engine_task *task);
void lq_send_diagnostic(struct lq_engine *engine, struct lq_engine_task *task);
void lq_receive_diagnostic(struct lq_engine *engine, struct lq_engine_task *task);
void lq_report_timestamp(struct lq_engine *engine, struct lq_engine_task *task);
void lq_set_timestamp(struct lq_engine *engine, struct lq_engine_task *task);

/* device_sanitize.c [SBC-4 r22 5.30] */
void lq_sanitize(struct lq_engine *engine, struct lq_engine_task *task);
void lq_sanitize_step(struct lq_engine *engine, struct lq_engine_task *task);
/* True when TASK can't be run while its unit is sanitized, or since that failed: it has ended. */
bool lq_sanitize_refuses(struct lq_engine *engine, struct lq_engine_task *task);
/* TASK has ended, one way or the other. */
void lq_sanitize_left(const struct lq_engine_task *task);

/* device_same.c [SBC-4 r22 5.52]; how many blocks one command may write. */
enum { LQ_WRITE_SAME_BLOCKS_MAX = 65535 };
void lq_write_same(struct lq_engine *engine, struct lq_engine_task *task);
void lq_write_same_step(struct lq_engine *engine, struct lq_engine_task *task);

/* device_provision.c [SBC-4 r22 5.7, 5.35]; what one command may unmap. */
enum { LQ_UNMAP_BLOCKS_MAX = 65536, LQ_UNMAP_DESCRIPTORS_MAX = 256 };
void lq_unmap(struct lq_engine *engine, struct lq_engine_task *task);
void lq_unmap_step(struct lq_engine *engine, struct lq_engine_task *task);
void lq_get_lba_status(struct lq_engine *engine, struct lq_engine_task *task);
void lq_get_lba_status_step(struct lq_engine *engine, struct lq_engine_task *task);

/* Ends TASK with CHECK CONDITION. */
void lq_check_condition(struct lq_engine *engine, struct lq_engine_task *task, uint8_t key,
                        uint8_t asc, uint8_t ascq);
/* Ends TASK with as much of the BYTES in its buffer as its allocation length has room for. */
void lq_end_allocated(struct lq_engine *engine, struct lq_engine_task *task, uint32_t bytes);
/* Copies TEXT, padded with spaces, as ASCII fields are [SPC-4 4.4.1]. */
void lq_put_ascii(uint8_t *to, uint32_t size_bytes, const char *text);

#endif
