/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rig for the engine's unit tests: an engine with two logical units on stores that complete only
 * when the test says so, and a transport that notes what it is told.
 */
#ifndef LQ_CORE_TEST_RIG_H
#define LQ_CORE_TEST_RIG_H

#include "core/base/heap.h"
#include "core/engine.h"

enum { RIG_COMMANDS = 64, RIG_NEXUSES = 3, RIG_BLOCKS = 1024, RIG_BLOCK_BYTES = 512 };

#define RIG_MS UINT64_C(1000000)

/* What the transport knows of a command (cookie: its place here) or of a TM function. */
struct rig_command {
    lq_task task;
    bool completed, terminated, data_wanted, confirm;
    enum lq_status status;
    uint8_t sense_key, asc, ascq;
    uint8_t sense[LQ_SENSE_BYTES_MAX];
    uint32_t data_in_bytes, data_out_bytes;
    uint64_t in_defined, out_defined;
    const uint8_t *data_in;
    uint8_t *data_out;
};

struct rig_store {
    struct lq_store store;
    struct lq_block_request *requests[RIG_COMMANDS]; /* in order of submission, NULL: completed */
    uint32_t count;
    uint8_t blocks[RIG_BLOCKS * RIG_BLOCK_BYTES + LQ_SAVED_BYTES];
};

struct rig {
    struct lq_env env;
    struct lq_engine_config config; /* of rig_init */
    struct lq_engine *engine;
    void *memory;
    struct rig_store stores[2];
    lq_nexus nexuses[RIG_NEXUSES + 1]; /* the last for a test that wants it */
    struct rig_command commands[RIG_COMMANDS];
    uint32_t command_count;
    bool keep_windows;   /* terminate_data_transfer leaves open Data-Out windows open */
    uint32_t tm_answers; /* how many; the last: */
    uint64_t tm_cookie;
    enum lq_tm_answer tm_answer;
    uint32_t tm_information;
    uint32_t nexus_ends;
    uint64_t nexus_end_cookie;
    uint32_t closes;
    uint64_t stamp;
};

/* Makes RIG with three nexuses established and their first unit attentions taken on LUN 0 and 1.
 * CONFIG NULL: quarantine after 1 s, login 0, BUSY after 2 s, small limits. */
void rig_init(struct rig *rig, const struct lq_engine_config *config);
void rig_fini(struct rig *rig);

/* Power goes and comes back: the stores have what they had, and room for records of logical units
 * from now on; the three nexuses are established anew. */
void rig_power(struct rig *rig);

struct lq_engine_config rig_config(void);

/* Sends a CDB of N bytes; returns the command's place. EXPECTED_OUT bytes of Data-Out, of which
 * IMMEDIATE come with it (filled with FILL). */
uint32_t rig_send(struct rig *rig, uint32_t nexus, uint16_t lun, enum lq_attribute attribute,
                  const uint8_t *cdb, uint32_t cdb_bytes, uint64_t expected_in,
                  uint64_t expected_out, uint32_t immediate, uint8_t fill);
/* Sends a CDB whose DATA_BYTES of Data-Out come with it, and expects IN_BYTES of Data-In. */
uint32_t rig_send_data(struct rig *rig, uint32_t nexus, uint16_t lun, const uint8_t *cdb,
                       uint32_t cdb_bytes, const uint8_t *data, uint32_t data_bytes,
                       uint64_t in_bytes);
uint32_t rig_send_data_as(struct rig *rig, uint32_t nexus, uint16_t lun,
                          enum lq_attribute attribute, const uint8_t *cdb, uint32_t cdb_bytes,
                          const uint8_t *data, uint32_t data_bytes, uint64_t in_bytes);
uint32_t rig_read(struct rig *rig, uint32_t nexus, enum lq_attribute attribute, uint32_t lba,
                  uint16_t blocks);
/* All data comes with the command. */
uint32_t rig_write(struct rig *rig, uint32_t nexus, enum lq_attribute attribute, uint32_t lba,
                   uint16_t blocks, uint8_t fill);
/* No data comes with it: a window is opened. */
uint32_t rig_write_waiting(struct rig *rig, uint32_t nexus, enum lq_attribute attribute,
                           uint32_t lba, uint16_t blocks);
void rig_data_out(struct rig *rig, uint32_t command, uint8_t fill);
uint32_t rig_test_unit_ready(struct rig *rig, uint32_t nexus, enum lq_attribute attribute);

/* MODE SELECT on LUN 0: bytes 2 to 5 of the Control mode page; the others hear of it. */
void rig_control(struct rig *rig, uint32_t nexus, const uint8_t bytes[4]);

/* The command's request is with store 0 (or was). */
bool rig_is_submitted(const struct rig *rig, uint32_t command);
/* The store does what COMMAND's request says and completes it. */
void rig_complete(struct rig *rig, uint32_t command);
void rig_complete_with(struct rig *rig, uint32_t command, enum lq_block_status status);
/* Only the first NBLOCKS blocks of COMMAND's write reach the medium, and nobody is told. */
void rig_tear(struct rig *rig, uint32_t command, uint32_t nblocks);

/* Returns the cookie by which the answer will come. */
uint64_t rig_tm(struct rig *rig, uint32_t nexus, enum lq_tm_function function, uint16_t lun,
                uint32_t referenced_command);
bool rig_tm_answered(const struct rig *rig, uint64_t cookie);

void rig_lose(struct rig *rig, uint32_t nexus, enum lq_trigger how);
void rig_return(struct rig *rig, uint32_t nexus);
/* Establishes the nexus of NAME (0..9; the rig's own have their numbers). */
lq_nexus rig_establish(struct rig *rig, uint32_t name);

/* Time passes; the engine's deadlines are kept. */
void rig_wait(struct rig *rig, uint64_t ns);

/* Sense key << 16 | ASC << 8 | ASCQ that TEST UNIT READY on LUN reports; 0: GOOD. */
uint32_t rig_attention(struct rig *rig, uint32_t nexus, uint16_t lun);

#endif
