/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on blocks as initiators see them: where their CDBs say address and number of blocks, and
 * what judges are to be told of the blocks that one reads or writes [SBC-4 r22 5].
 */
#ifndef LQ_SIM_STAGE_BLOCKS_H
#define LQ_SIM_STAGE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

struct lq_actor_command;

enum lq_block_effect {
    LQ_EFFECT_READS,
    LQ_EFFECT_WRITES,
    LQ_EFFECT_VERIFIES, /* what it sends is what the blocks hold, when it ends GOOD */
    LQ_EFFECT_WRITES_AND_VERIFIES,
    LQ_EFFECT_COMPARES_AND_WRITES, /* what they are to hold is sent, then what they will */
    LQ_EFFECT_ORS,        /* into what they hold: known are only zeros and ones */
    LQ_EFFECT_WRITES_SAME /* one block is sent, or none: zeros */
};

struct lq_block_form {
    uint8_t opcode;
    uint8_t action; /* SERVICE ACTION of variable length CDBs, low byte; 0 of others */
    uint8_t cdb_bytes;
    uint8_t lba_at, lba_bytes, count_at, count_bytes;
    enum lq_block_effect effect;
};

/* The form of a CDB; NULL: it is none of these. */
const struct lq_block_form *lq_block_form_of(const uint8_t *cdb, uint32_t cdb_bytes);

/* The form of EFFECT with so many CDB bytes; there is one. */
const struct lq_block_form *lq_block_form_for(enum lq_block_effect effect, uint32_t cdb_bytes);

/* Writes operation code, address and number of blocks into CDB, which is zeros but for flags. */
void lq_block_put(const struct lq_block_form *form, uint8_t *cdb, uint64_t lba, uint32_t nblocks);

/* The byte with FUA, DPO, BYTCHK and the like; a CDB of 6 bytes has none. */
uint32_t lq_block_flags_at(const struct lq_block_form *form);

/* Finds out from its CDB and expected lengths which blocks COMMAND reads or writes; of what reads
 * or writes none nothing changes. UNMAP: from its list, which is in its Data-Out. */
void lq_block_tell(struct lq_actor_command *command);

/* Descriptor PLACE of the list in COMMAND's Data-Out; false: there are not so many. */
bool lq_block_unmapped(const struct lq_actor_command *command, uint32_t place, uint64_t *lba,
                       uint32_t *nblocks);

#endif
