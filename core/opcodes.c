/* SPDX-License-Identifier: Apache-2.0 */
#include "core/opcodes.h"

#include "core/base/bytes.h"
#include "core/device.h"
#include "core/state.h"

/* clang-format off */
#define NO_FIELD {0, 0}
#define CONTROL 0x04 /* NACA, the only bit of the CONTROL byte that is left */
#define PRIMARY_IN(name_, code_, bytes_, length_, ua_, run_, ...)                                 \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_IN,             \
     .length_rule = LQ_LENGTH_ALLOCATION, .length = length_, .ua = ua_, .run = run_,              \
     .usage = {__VA_ARGS__}}
#define READS(name_, code_, bytes_, lba_, length_, ...)                                           \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_IN,             \
     .length_rule = LQ_LENGTH_BLOCKS, .length = length_, .lba = lba_, .medium = LQ_MEDIUM_READS,  \
     .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE, .run = lq_block_run,            \
     .usage = {__VA_ARGS__}}
#define WRITES(name_, code_, bytes_, lba_, length_, ...)                                          \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_OUT,            \
     .length_rule = LQ_LENGTH_BLOCKS, .length = length_, .lba = lba_, .medium = LQ_MEDIUM_WRITES, \
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, .run = lq_block_run,           \
     .usage = {__VA_ARGS__}}
#define READS_32(name_, action_)                                                             \
    {.name = name_, .code = 0x7f, .has_service_action = true, .service_action = action_,          \
     .cdb_bytes = 32, .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_BLOCKS,              \
     .length = {28, 4}, .lba = {12, 8}, .medium = LQ_MEDIUM_READS,                                \
     .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE, .run = lq_block_run,            \
     .usage = LONG_CDB(action_, 0x18)}
#define WRITES_32(name_, action_, ...)                                                            \
    {.name = name_, .code = 0x7f, .has_service_action = true, .service_action = action_,          \
     .cdb_bytes = 32, .direction = LQ_DIRECTION_OUT, .length = {28, 4}, .lba = {12, 8},           \
     .medium = LQ_MEDIUM_WRITES,                                                                  \
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, __VA_ARGS__}
#define VERIFIES(name_, code_, bytes_, lba_, length_, ...)                                        \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_OUT,            \
     .length_rule = LQ_LENGTH_VERIFIED, .length = length_, .lba = lba_,                           \
     .medium = LQ_MEDIUM_READS, .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE,      \
     .run = lq_verify, .next = lq_verify_step, .usage = {__VA_ARGS__}}
#define WRITES_AND_VERIFIES(name_, code_, bytes_, lba_, length_, ...)                             \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_OUT,            \
     .length_rule = LQ_LENGTH_BLOCKS, .length = length_, .lba = lba_, .medium = LQ_MEDIUM_WRITES, \
     .is_alone = true, .is_forced = true, .reservation = LQ_RESERVATION_WRITES,                   \
     .alua = LQ_ALUA_ACTIVE, .run = lq_write_and_verify, .next = lq_verify_step,                  \
     .usage = {__VA_ARGS__}}
#define WRITES_SAME(name_, code_, bytes_, lba_, length_, ...)                                     \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_OUT,            \
     .length_rule = LQ_LENGTH_SAME, .length = length_, .lba = lba_, .medium = LQ_MEDIUM_WRITES,   \
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, .run = lq_write_same,          \
     .next = lq_write_same_step, .usage = {__VA_ARGS__}}
#define PREFETCHES(name_, code_, bytes_, lba_, length_, ...)                                      \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .length_rule = LQ_LENGTH_EXTENT,          \
     .length = length_, .lba = lba_, .medium = LQ_MEDIUM_FETCHES,                                 \
     .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE, .run = lq_prefetch,             \
     .usage = {__VA_ARGS__}}
#define FLUSHES(name_, code_, bytes_, lba_, length_, ...)                                         \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .length_rule = LQ_LENGTH_EXTENT,          \
     .length = length_, .lba = lba_, .medium = LQ_MEDIUM_FLUSHES,                                 \
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, .run = lq_synchronize_cache,   \
     .usage = {__VA_ARGS__}}
#define RESERVES(name_, code_, bytes_, class_, run_, ...)                                         \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .reservation = class_,                    \
     .alua = LQ_ALUA_ACTIVE, .run = run_, .usage = {__VA_ARGS__}}
#define PERSISTENT_IN(name_, action_, run_)                                                       \
    {.name = "PERSISTENT RESERVE IN " name_, .code = 0x5e, .has_service_action = true,            \
     .service_action = action_, .cdb_bytes = 10, .direction = LQ_DIRECTION_IN,                    \
     .length_rule = LQ_LENGTH_ALLOCATION, .length = {7, 2},                                       \
     .reservation = LQ_RESERVATION_PERSISTENT, .run = run_,                                       \
     .usage = {0x5e, action_, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}}
#define PERSISTENT_OUT(name_, action_, type_)                                                     \
    {.name = "PERSISTENT RESERVE OUT " name_, .code = 0x5f, .has_service_action = true,           \
     .service_action = action_, .cdb_bytes = 10, .direction = LQ_DIRECTION_OUT,                   \
     .length_rule = LQ_LENGTH_PARAMETERS, .length = {5, 4},                                       \
     .reservation = LQ_RESERVATION_PERSISTENT, .run = lq_persistent_reserve_out,                  \
     .usage = {0x5f, action_, type_, 0, 0, 0xff, 0xff, 0xff, 0xff, CONTROL}}
#define REPORTS(name_, action_, run_, ...)                                                        \
    {.name = name_, .code = 0xa3, .has_service_action = true, .service_action = action_,          \
     .cdb_bytes = 12, .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_ALLOCATION,          \
     .length = {6, 4}, .reservation = LQ_RESERVATION_READS, .run = run_,                          \
     .usage = {0xa3, action_, __VA_ARGS__, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}}
#define MODE_SENSE(name_, code_, bytes_, length_, ...)                                            \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_IN,             \
     .length_rule = LQ_LENGTH_ALLOCATION, .length = length_, .reservation = LQ_RESERVATION_READS, \
     .alua = LQ_ALUA_ACTIVE, .run = lq_mode_sense, .usage = {__VA_ARGS__}}
#define MODE_SELECT(name_, code_, bytes_, length_, ...)                                           \
    {.name = name_, .code = code_, .cdb_bytes = bytes_, .direction = LQ_DIRECTION_OUT,            \
     .length_rule = LQ_LENGTH_PARAMETERS, .length = length_,                                      \
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, .run = lq_mode_select,         \
     .next = lq_mode_select_flushed, .usage = {__VA_ARGS__}}
#define SANITIZES(name_, action_, flags_)                                                         \
    {.name = "SANITIZE, " name_, .code = 0x48, .has_service_action = true,                        \
     .service_action = action_, .cdb_bytes = 10, .direction = LQ_DIRECTION_OUT,                   \
     .length_rule = LQ_LENGTH_PARAMETERS, .length = {7, 2}, .medium = LQ_MEDIUM_WRITES,           \
     .is_alone = true, .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE,              \
     .run = lq_sanitize, .next = lq_sanitize_step,                                                \
     .usage = {0x48, flags_ | action_, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}}
#define FIELD(offset_, bytes_) {offset_, bytes_}
/* [SBC-4 r22 5.18]: byte 10 is what byte 1 is of shorter CDBs. */
#define LONG_CDB(action_, flags_)                                                                 \
    {0x7f, CONTROL, 0, 0, 0, 0, 0, 0x18, 0, action_, flags_, 0, 0xff, 0xff, 0xff, 0xff, 0xff,     \
     0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}

/* In order of operation code and service action. */
static const struct lq_opcode opcodes[] = {
    {.name = "TEST UNIT READY", .code = 0x00, .cdb_bytes = 6,
     .reservation = LQ_RESERVATION_STATUS, .alua = LQ_ALUA_ACTIVE, .run = lq_test_unit_ready,
     .usage = {0x00, 0, 0, 0, 0, CONTROL}},
    PRIMARY_IN("REQUEST SENSE", 0x03, 6, FIELD(4, 1), LQ_UA_IGNORES, lq_request_sense,
               0x03, 0x01, 0, 0, 0xff, CONTROL),
    READS("READ(6)", 0x08, 6, FIELD(1, 3), FIELD(4, 1), 0x08, 0x1f, 0xff, 0xff, 0xff, CONTROL),
    WRITES("WRITE(6)", 0x0a, 6, FIELD(1, 3), FIELD(4, 1), 0x0a, 0x1f, 0xff, 0xff, 0xff, CONTROL),
    PRIMARY_IN("INQUIRY", 0x12, 6, FIELD(3, 2), LQ_UA_IGNORES, lq_inquiry,
               0x12, 0x01, 0xff, 0xff, 0xff, CONTROL),
    MODE_SELECT("MODE SELECT(6)", 0x15, 6, FIELD(4, 1), 0x15, 0x11, 0, 0, 0xff, CONTROL),
    RESERVES("RESERVE(6)", 0x16, 6, LQ_RESERVATION_RESERVE, lq_reserve, 0x16, 0, 0, 0, 0, CONTROL),
    RESERVES("RELEASE(6)", 0x17, 6, LQ_RESERVATION_RELEASE, lq_release, 0x17, 0, 0, 0, 0, CONTROL),
    MODE_SENSE("MODE SENSE(6)", 0x1a, 6, FIELD(4, 1), 0x1a, 0x08, 0xff, 0xff, 0xff, CONTROL),
    {.name = "START STOP UNIT", .code = 0x1b, .cdb_bytes = 6, .medium = LQ_MEDIUM_FLUSHES,
     .reservation = LQ_RESERVATION_START_STOP, .alua = LQ_ALUA_ACTIVE, .run = lq_start_stop,
     .next = lq_start_stop_step, .usage = {0x1b, 0, 0, 0, 0xf7, CONTROL}},
    {.name = "RECEIVE DIAGNOSTIC RESULTS", .code = 0x1c, .cdb_bytes = 6,
     .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_ALLOCATION, .length = {3, 2},
     .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE, .run = lq_receive_diagnostic,
     .usage = {0x1c, 0x01, 0xff, 0xff, 0xff, CONTROL}},
    {.name = "SEND DIAGNOSTIC", .code = 0x1d, .cdb_bytes = 6, .direction = LQ_DIRECTION_OUT,
     .length_rule = LQ_LENGTH_PARAMETERS, .length = {3, 2}, .reservation = LQ_RESERVATION_WRITES,
     .alua = LQ_ALUA_ACTIVE, .run = lq_send_diagnostic,
     .usage = {0x1d, 0xe4, 0, 0xff, 0xff, CONTROL}},
    {.name = "PREVENT ALLOW MEDIUM REMOVAL", .code = 0x1e, .cdb_bytes = 6,
     .reservation = LQ_RESERVATION_PREVENT, .alua = LQ_ALUA_ACTIVE, .run = lq_prevent_allow,
     .usage = {0x1e, 0, 0, 0, 0x03, CONTROL}},
    {.name = "READ CAPACITY(10)", .code = 0x25, .cdb_bytes = 10, .direction = LQ_DIRECTION_IN,
     .alua = LQ_ALUA_ACTIVE, .run = lq_read_capacity_10,
     .usage = {0x25, 0, 0, 0, 0, 0, 0, 0, 0, CONTROL}},
    READS("READ(10)", 0x28, 10, FIELD(2, 4), FIELD(7, 2),
          0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    WRITES("WRITE(10)", 0x2a, 10, FIELD(2, 4), FIELD(7, 2),
           0x2a, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    WRITES_AND_VERIFIES("WRITE AND VERIFY(10)", 0x2e, 10, FIELD(2, 4), FIELD(7, 2),
                        0x2e, 0x16, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    VERIFIES("VERIFY(10)", 0x2f, 10, FIELD(2, 4), FIELD(7, 2),
             0x2f, 0x16, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    PREFETCHES("PRE-FETCH(10)", 0x34, 10, FIELD(2, 4), FIELD(7, 2),
               0x34, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    FLUSHES("SYNCHRONIZE CACHE(10)", 0x35, 10, FIELD(2, 4), FIELD(7, 2),
            0x35, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    {.name = "READ DEFECT DATA(10)", .code = 0x37, .cdb_bytes = 10, .direction = LQ_DIRECTION_IN,
     .length_rule = LQ_LENGTH_ALLOCATION, .length = {7, 2}, .reservation = LQ_RESERVATION_READS,
     .alua = LQ_ALUA_ACTIVE, .run = lq_read_defect_data,
     .usage = {0x37, 0, 0x1f, 0, 0, 0, 0, 0xff, 0xff, CONTROL}},
    WRITES_SAME("WRITE SAME(10)", 0x41, 10, FIELD(2, 4), FIELD(7, 2),
                0x41, 0x08, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL),
    {.name = "UNMAP", .code = 0x42, .cdb_bytes = 10, .direction = LQ_DIRECTION_OUT,
     .length_rule = LQ_LENGTH_UNMAP, .length = {7, 2}, .medium = LQ_MEDIUM_WRITES, .is_thin = true,
     .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE, .run = lq_unmap,
     .next = lq_unmap_step, .usage = {0x42, 0, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}},
    SANITIZES("OVERWRITE", 0x01, 0xa0),
    SANITIZES("BLOCK ERASE", 0x02, 0xa0),
    SANITIZES("CRYPTOGRAPHIC ERASE", 0x03, 0xa0),
    SANITIZES("EXIT FAILURE MODE", 0x1f, 0x80),
    {.name = "LOG SELECT", .code = 0x4c, .cdb_bytes = 10, .direction = LQ_DIRECTION_OUT,
     .length_rule = LQ_LENGTH_PARAMETERS, .length = {7, 2}, .reservation = LQ_RESERVATION_WRITES,
     .run = lq_log_select, .usage = {0x4c, 0x03, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, CONTROL}},
    {.name = "LOG SENSE", .code = 0x4d, .cdb_bytes = 10, .direction = LQ_DIRECTION_IN,
     .length_rule = LQ_LENGTH_ALLOCATION, .length = {7, 2}, .reservation = LQ_RESERVATION_ALWAYS,
     .run = lq_log_sense, .usage = {0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, CONTROL}},
    MODE_SELECT("MODE SELECT(10)", 0x55, 10, FIELD(7, 2),
                0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL),
    RESERVES("RESERVE(10)", 0x56, 10, LQ_RESERVATION_RESERVE, lq_reserve,
             0x56, 0, 0, 0, 0, 0, 0, 0, 0, CONTROL),
    RESERVES("RELEASE(10)", 0x57, 10, LQ_RESERVATION_RELEASE, lq_release,
             0x57, 0, 0, 0, 0, 0, 0, 0, 0, CONTROL),
    MODE_SENSE("MODE SENSE(10)", 0x5a, 10, FIELD(7, 2),
               0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, CONTROL),
    PERSISTENT_IN("READ KEYS", 0x00, lq_persistent_read_keys),
    PERSISTENT_IN("READ RESERVATION", 0x01, lq_persistent_read_reservation),
    PERSISTENT_IN("REPORT CAPABILITIES", 0x02, lq_persistent_report_capabilities),
    PERSISTENT_IN("READ FULL STATUS", 0x03, lq_persistent_read_full_status),
    PERSISTENT_OUT("REGISTER", 0x00, 0),
    PERSISTENT_OUT("RESERVE", 0x01, 0xff),
    PERSISTENT_OUT("RELEASE", 0x02, 0xff),
    PERSISTENT_OUT("CLEAR", 0x03, 0),
    PERSISTENT_OUT("PREEMPT", 0x04, 0xff),
    PERSISTENT_OUT("PREEMPT AND ABORT", 0x05, 0xff),
    PERSISTENT_OUT("REGISTER AND IGNORE EXISTING KEY", 0x06, 0),
    PERSISTENT_OUT("REGISTER AND MOVE", 0x07, 0),
    PERSISTENT_OUT("REPLACE LOST RESERVATION", 0x08, 0xff),
    READS_32("READ(32)", 0x09),
    {.name = "VERIFY(32)", .code = 0x7f, .has_service_action = true, .service_action = 0x0a,
     .cdb_bytes = 32, .direction = LQ_DIRECTION_OUT, .length_rule = LQ_LENGTH_VERIFIED,
     .length = {28, 4}, .lba = {12, 8}, .medium = LQ_MEDIUM_READS,
     .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE, .run = lq_verify,
     .next = lq_verify_step, .usage = LONG_CDB(0x0a, 0x16)},
    WRITES_32("WRITE(32)", 0x0b, .length_rule = LQ_LENGTH_BLOCKS, .run = lq_block_run,
              .usage = LONG_CDB(0x0b, 0x18)),
    WRITES_32("WRITE AND VERIFY(32)", 0x0c, .length_rule = LQ_LENGTH_BLOCKS, .is_alone = true,
              .is_forced = true, .run = lq_write_and_verify, .next = lq_verify_step,
              .usage = LONG_CDB(0x0c, 0x16)),
    WRITES_32("WRITE SAME(32)", 0x0d, .length_rule = LQ_LENGTH_SAME, .run = lq_write_same,
              .next = lq_write_same_step, .usage = LONG_CDB(0x0d, 0x09)),
    READS("READ(16)", 0x88, 16, FIELD(2, 8), FIELD(10, 4),
          0x88, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
          CONTROL),
    {.name = "COMPARE AND WRITE", .code = 0x89, .cdb_bytes = 16, .direction = LQ_DIRECTION_OUT,
     .length_rule = LQ_LENGTH_TWICE, .length = {13, 1}, .lba = {2, 8}, .medium = LQ_MEDIUM_WRITES,
     .is_alone = true, .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE,
     .run = lq_modify, .next = lq_modify_step,
     .usage = {0x89, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0,
               CONTROL}},
    WRITES("WRITE(16)", 0x8a, 16, FIELD(2, 8), FIELD(10, 4),
           0x8a, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
           CONTROL),
    {.name = "ORWRITE(16)", .code = 0x8b, .cdb_bytes = 16, .direction = LQ_DIRECTION_OUT,
     .length_rule = LQ_LENGTH_BLOCKS, .length = {10, 4}, .lba = {2, 8}, .medium = LQ_MEDIUM_WRITES,
     .is_alone = true, .reservation = LQ_RESERVATION_WRITES, .alua = LQ_ALUA_ACTIVE,
     .run = lq_modify, .next = lq_modify_step,
     .usage = {0x8b, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}},
    WRITES_AND_VERIFIES("WRITE AND VERIFY(16)", 0x8e, 16, FIELD(2, 8), FIELD(10, 4),
                        0x8e, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0, CONTROL),
    VERIFIES("VERIFY(16)", 0x8f, 16, FIELD(2, 8), FIELD(10, 4),
             0x8f, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
             0, CONTROL),
    PREFETCHES("PRE-FETCH(16)", 0x90, 16, FIELD(2, 8), FIELD(10, 4),
               0x90, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
               CONTROL),
    FLUSHES("SYNCHRONIZE CACHE(16)", 0x91, 16, FIELD(2, 8), FIELD(10, 4),
            0x91, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0, CONTROL),
    WRITES_SAME("WRITE SAME(16)", 0x93, 16, FIELD(2, 8), FIELD(10, 4),
                0x93, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                0, CONTROL),
    {.name = "READ CAPACITY(16)", .code = 0x9e, .has_service_action = true, .service_action = 0x10,
     .cdb_bytes = 16, .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_ALLOCATION,
     .length = {10, 4}, .alua = LQ_ALUA_ACTIVE, .run = lq_read_capacity_16,
     .usage = {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}},
    {.name = "GET LBA STATUS", .code = 0x9e, .has_service_action = true, .service_action = 0x12,
     .cdb_bytes = 16, .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_ALLOCATION,
     .length = {10, 4}, .reservation = LQ_RESERVATION_READS, .alua = LQ_ALUA_ACTIVE,
     .run = lq_get_lba_status, .next = lq_get_lba_status_step,
     .usage = {0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}},
    PRIMARY_IN("REPORT LUNS", 0xa0, 12, FIELD(6, 4), LQ_UA_IGNORES, lq_report_luns,
               0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL),
    REPORTS("REPORT SUPPORTED OPERATION CODES", 0x0c, lq_report_supported_opcodes,
            0x87, 0xff, 0xff, 0xff),
    REPORTS("REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", 0x0d, lq_report_supported_tmfs,
            0x80, 0, 0, 0),
    {.name = "REPORT TIMESTAMP", .code = 0xa3, .has_service_action = true, .service_action = 0x0f,
     .cdb_bytes = 12, .direction = LQ_DIRECTION_IN, .length_rule = LQ_LENGTH_ALLOCATION,
     .length = {6, 4}, .reservation = LQ_RESERVATION_STATUS, .run = lq_report_timestamp,
     .usage = {0xa3, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}},
    {.name = "SET TIMESTAMP", .code = 0xa4, .has_service_action = true, .service_action = 0x0f,
     .cdb_bytes = 12, .direction = LQ_DIRECTION_OUT, .length_rule = LQ_LENGTH_PARAMETERS,
     .length = {6, 4}, .reservation = LQ_RESERVATION_WRITES, .run = lq_set_timestamp,
     .usage = {0xa4, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}},
    READS("READ(12)", 0xa8, 12, FIELD(2, 4), FIELD(6, 4),
          0xa8, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL),
    WRITES("WRITE(12)", 0xaa, 12, FIELD(2, 4), FIELD(6, 4),
           0xaa, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL),
    WRITES_AND_VERIFIES("WRITE AND VERIFY(12)", 0xae, 12, FIELD(2, 4), FIELD(6, 4),
                        0xae, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL),
    VERIFIES("VERIFY(12)", 0xaf, 12, FIELD(2, 4), FIELD(6, 4),
             0xaf, 0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL),
    {.name = "READ DEFECT DATA(12)", .code = 0xb7, .cdb_bytes = 12, .direction = LQ_DIRECTION_IN,
     .length_rule = LQ_LENGTH_ALLOCATION, .length = {6, 4}, .reservation = LQ_RESERVATION_READS,
     .alua = LQ_ALUA_ACTIVE, .run = lq_read_defect_data,
     .usage = {0xb7, 0x1f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}},
};
/* clang-format on */

enum { OPCODES = sizeof opcodes / sizeof opcodes[0] };

const struct lq_opcode *lq_opcode_at(uint32_t place)
{
    return place < OPCODES ? &opcodes[place] : NULL;
}

/* [SPC-4 4.3.3]: of a variable length CDB, two bytes. */
static uint16_t service_action_of(const uint8_t *cdb)
{
    return cdb[0] == 0x7f ? lq_get_be16(cdb + 8) : cdb[1] & 0x1f;
}

const struct lq_opcode *lq_opcode_find(const uint8_t *cdb)
{
    uint32_t low = 0, high = OPCODES;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (opcodes[middle].code < cdb[0])
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < OPCODES && opcodes[low].code == cdb[0]; low++)
        if (!opcodes[low].has_service_action ||
            opcodes[low].service_action == service_action_of(cdb))
            return &opcodes[low];
    return NULL;
}

bool lq_opcode_is_of(const struct lq_opcode *opcode, const struct lq_unit *unit)
{
    return !opcode->is_thin || unit == NULL || unit->store->store->is_thin;
}

uint64_t lq_cdb_value(const uint8_t *cdb, struct lq_cdb_field field)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < field.bytes; i++)
        value = value << 8 | cdb[field.offset + i];
    return value;
}

static const struct lq_sense invalid_opcode = {0x05, 0x20, 0x00};
static const struct lq_sense invalid_field = {0x05, 0x24, 0x00};
static const struct lq_sense lba_out_of_range = {0x05, 0x21, 0x00};
static const struct lq_sense list_length_error = {0x05, 0x1a, 0x00};
static const struct lq_sense wrong_direction = {0x05, 0x49, 0x00};

uint8_t lq_cdb_flags(const struct lq_engine_task *task)
{
    return task->opcode->cdb_bytes == 6 ? 0 : task->cdb[task->opcode->cdb_bytes == 32 ? 10 : 1];
}

uint32_t lq_cdb_bytchk(const struct lq_engine_task *task)
{
    return lq_cdb_flags(task) >> 1 & 3;
}

enum { BYTCHK_NONE, BYTCHK_ALL, BYTCHK_RESERVED, BYTCHK_ONE }; /* [SBC-4 r22 5.36] */

/* How many of the COUNT blocks are in the Data-Out or Data-In. False: a reserved value says it. */
static bool blocks_moved(const struct lq_engine_task *task, uint64_t count, uint64_t *moved)
{
    bool is_verified = task->opcode->length_rule == LQ_LENGTH_VERIFIED;
    uint32_t bytchk = lq_cdb_bytchk(task);
    *moved = count;
    if (task->opcode->length_rule == LQ_LENGTH_TWICE) {
        *moved = 2 * count;
        return true;
    }
    if (task->opcode->length_rule == LQ_LENGTH_SAME) {
        *moved = lq_write_same_has_no_data(task) ? 0 : 1;
        return count <= LQ_WRITE_SAME_BLOCKS_MAX;
    }
    if (!is_verified)
        return task->opcode->next != lq_verify_step || bytchk <= BYTCHK_ALL;
    if (bytchk != BYTCHK_ALL)
        *moved = bytchk == BYTCHK_ONE && count > 0 ? 1 : 0;
    return bytchk != BYTCHK_RESERVED;
}

/* Extent and length of a command on blocks; true when they are good. */
static bool decode_extent(const struct lq_engine *engine, struct lq_engine_task *task)
{
    const struct lq_opcode *opcode = task->opcode;
    const struct lq_store *store = task->unit->store->store;
    uint64_t lba = lq_cdb_value(task->cdb, opcode->lba);
    uint64_t count = lq_cdb_value(task->cdb, opcode->length), moved = 0;
    if (opcode->cdb_bytes == 6) {
        lba &= 0x1fffff;
        count = count == 0 ? 256 : count; /* [SBC-3 5.7] */
    } else if (opcode->length_rule != LQ_LENGTH_EXTENT && (lq_cdb_flags(task) & 0xe0) != 0) {
        task->refusal = invalid_field; /* RDPROTECT, WRPROTECT: no protection information here */
        return false;
    }
    if (lba + count < lba && lq_core_wrong(engine, LQ_WRONG_RANGE_CHECK_WRAPS)) {
        count += lba;
        lba = 0;
    }
    if (lba > task->unit->nblocks || count > task->unit->nblocks - lba) {
        task->refusal = lba_out_of_range;
        return false;
    }
    if (opcode->length_rule == LQ_LENGTH_EXTENT)
        return true;
    if (opcode->length_rule == LQ_LENGTH_SAME && count == 0) {
        count = task->unit->nblocks - lba; /* WSNZ is 0: to the last one */
        if (count == 0) {
            task->refusal = lba_out_of_range;
            return false;
        }
    }
    if (!blocks_moved(task, count, &moved) ||
        moved > engine->config.limits.transfer_bytes_max / store->block_bytes) {
        task->refusal = invalid_field; /* beyond MAXIMUM TRANSFER LENGTH of VPD page B0h */
        return false;
    }
    task->lba = lba;
    task->nblocks = (uint32_t)count;
    task->defined_bytes = moved * store->block_bytes;
    return true;
}

/* All of its blocks are in its Data-Out, one after the other. */
static bool moves_all(const struct lq_engine_task *task)
{
    return task->opcode->length_rule == LQ_LENGTH_BLOCKS ||
           (task->opcode->length_rule == LQ_LENGTH_VERIFIED &&
            lq_cdb_bytchk(task) == BYTCHK_ALL);
}

static bool is_list(const struct lq_opcode *opcode)
{
    return opcode->length_rule == LQ_LENGTH_PARAMETERS || opcode->length_rule == LQ_LENGTH_UNMAP;
}

/* Its data is no row of blocks, and means something else where the initiator counts otherwise than
 * the CDB: a COMPARE AND WRITE whose count has lost a bit would compare with the wrong half. */
static bool is_miscounted(const struct lq_engine_task *task)
{
    enum lq_length_rule rule = task->opcode->length_rule;
    return (rule == LQ_LENGTH_TWICE || rule == LQ_LENGTH_SAME) &&
           task->expected_out_bytes != LQ_LENGTH_UNKNOWN &&
           task->expected_out_bytes > task->defined_bytes;
}

/*
 * The CDB is the truth; what the transport expects only limits what is moved. A write of which
 * less is expected than it defines changes the blocks that are whole; the rest is a residual. One
 * that cannot do without all of its data, or with more, is refused.
 */
static void decode_data_out(struct lq_engine_task *task)
{
    bool is_cut = task->expected_out_bytes < task->defined_bytes;
    task->out_bytes = (uint32_t)(is_cut ? task->expected_out_bytes : task->defined_bytes);
    if (is_list(task->opcode))
        return;
    if (moves_all(task))
        task->nblocks = task->out_bytes / task->unit->store->store->block_bytes;
    else if (is_cut || is_miscounted(task))
        task->refusal = invalid_field;
}

/*
 * A command that changes the medium and that the transport announces the other way round is
 * refused. One that only reads moves nothing then, and its residual says so: no standard asks for
 * more, and initiators' suites want GOOD.
 */
static bool is_wrong_direction(const struct lq_engine_task *task)
{
    return task->opcode->direction == LQ_DIRECTION_OUT && task->defined_bytes != 0 &&
           task->expected_in_bytes != 0 && task->expected_out_bytes == 0;
}

/* All service actions that the operation code has are here: any other is a reserved value of a
 * field, not a command that is not implemented [SPC-4 6.15.1, 6.16.2]. */
static bool has_all_service_actions(uint8_t code)
{
    return code == 0x48 || code == 0x5e || code == 0x5f;
}

/* Cut short, or its ADDITIONAL CDB LENGTH is wrong. */
static bool is_ill_formed(const struct lq_engine_task *task)
{
    uint32_t bytes = task->opcode->cdb_bytes;
    bool is_variable = task->cdb[0] == 0x7f;
    return task->cdb_bytes < bytes ||
           (is_variable && task->cdb[7] != bytes - 8);
}

void lq_opcode_decode(struct lq_engine *engine, struct lq_engine_task *task)
{
    task->opcode = lq_opcode_find(task->cdb);
    if (task->unit == NULL)
        return; /* device.c answers by the command alone */
    if (task->opcode != NULL && !lq_opcode_is_of(task->opcode, task->unit))
        task->opcode = NULL;
    if (task->opcode == NULL) {
        task->refusal = has_all_service_actions(task->cdb[0]) ? invalid_field : invalid_opcode;
        return;
    }
    if (is_ill_formed(task)) {
        task->refusal = invalid_field;
        return;
    }
    bool has_list = is_list(task->opcode);
    if (has_list || task->opcode->length_rule == LQ_LENGTH_ALLOCATION)
        task->defined_bytes = lq_cdb_value(task->cdb, task->opcode->length);
    else if (task->opcode->medium != LQ_MEDIUM_NONE &&
             task->opcode->length_rule != LQ_LENGTH_NONE && !decode_extent(engine, task))
        return;
    if (has_list && task->defined_bytes > engine->config.limits.transfer_bytes_max)
        task->refusal = list_length_error;
    else if (is_wrong_direction(task))
        task->refusal = wrong_direction;
    else if (task->opcode->direction == LQ_DIRECTION_OUT)
        decode_data_out(task);
}
