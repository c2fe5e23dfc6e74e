/* SPDX-License-Identifier: Apache-2.0 */
#include "core/test/persist.h"

#include <CUnit/CUnit.h>
#include <string.h>

enum { READER = 3 };

static void put(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void persist_init(struct rig *rig, const struct lq_engine_config *config)
{
    rig_init(rig, config);
    rig_return(rig, READER);
    CU_ASSERT_EQUAL(rig_attention(rig, READER, 0), 0x062900);
}

uint32_t persist_answer(struct rig *rig, uint32_t place)
{
    struct rig_command *command = &rig->commands[place];
    if (!command->completed)
        return ANSWER_NONE;
    lq_engine_command_delivered(rig->engine, command->task);
    uint32_t answer = (uint32_t)command->status << 24 | (uint32_t)command->sense_key << 16 |
                      (uint32_t)command->asc << 8 | command->ascq;
    if (place + 1 == rig->command_count) {
        rig->command_count--;
        memset(command, 0, sizeof *command);
    }
    return answer;
}

static uint32_t send_out(struct rig *rig, uint32_t nexus, uint8_t action, uint8_t type,
                         const uint8_t *list, uint32_t bytes)
{
    uint8_t cdb[10] = {0x5f, action, type};
    put(cdb + 5, bytes, 4);
    return persist_answer(rig, rig_send_data(rig, nexus, 0, cdb, 10, list, bytes, 0));
}

uint32_t persist_out(struct rig *rig, uint32_t nexus, uint8_t action, uint8_t type, uint64_t key,
                     uint64_t service_key)
{
    uint8_t list[24] = {0};
    put(list, key, 8);
    put(list + 8, service_key, 8);
    return send_out(rig, nexus, action, type, list, sizeof list);
}

uint32_t persist_out_list(struct rig *rig, uint32_t nexus, uint8_t action, uint64_t key,
                          uint64_t service_key, uint8_t flags, const uint8_t *more,
                          uint32_t more_bytes)
{
    uint8_t list[512] = {0};
    CU_ASSERT_FATAL(more_bytes <= sizeof list - 24);
    put(list, key, 8);
    put(list + 8, service_key, 8);
    list[20] = flags;
    if (more_bytes > 0)
        memcpy(list + 24, more, more_bytes);
    return send_out(rig, nexus, action, 0, list, 24 + more_bytes);
}

void persist_name(uint32_t name, uint8_t *id)
{
    const uint8_t bytes[8] = {0x45, 0, 0, 4, 'n', (uint8_t)('0' + name), 0, 0};
    memcpy(id, bytes, sizeof bytes);
}

uint32_t persist_move(struct rig *rig, uint32_t nexus, uint64_t key, uint64_t service_key,
                      uint8_t flags, uint16_t port, uint32_t name)
{
    uint8_t list[32] = {0};
    put(list, key, 8);
    put(list + 8, service_key, 8);
    list[17] = flags;
    put(list + 18, port, 2);
    put(list + 20, 8, 4);
    persist_name(name, list + 24);
    return send_out(rig, nexus, OUT_REGISTER_AND_MOVE, 0, list, sizeof list);
}

uint32_t persist_in(struct rig *rig, uint32_t nexus, uint8_t action, uint8_t *data, uint16_t size)
{
    uint8_t cdb[10] = {0x5e, action};
    put(cdb + 7, size, 2);
    uint32_t place = rig_send_data(rig, nexus, 0, cdb, 10, NULL, 0, size);
    const struct rig_command *command = &rig->commands[place];
    CU_ASSERT_TRUE_FATAL(command->completed);
    CU_ASSERT_EQUAL(command->status, LQ_GOOD);
    uint32_t bytes = command->data_in_bytes;
    CU_ASSERT_FATAL(bytes <= size);
    memcpy(data, command->data_in, bytes);
    persist_answer(rig, place);
    return bytes;
}

bool persist_keys_are(struct rig *rig, const uint64_t *keys, uint32_t n)
{
    uint8_t data[264];
    uint32_t bytes = persist_in(rig, READER, 0x00, data, sizeof data);
    uint32_t found = 0;
    for (uint32_t at = 8; at < bytes; at += 8)
        for (uint32_t i = 0; i < n; i++)
            found += get(data + at, 8) == keys[i] ? 1 : 0;
    return bytes == 8 + 8 * n && get(data + 4, 4) == 8 * n && found == n;
}

uint32_t persist_generation(struct rig *rig)
{
    uint8_t data[264];
    persist_in(rig, READER, 0x00, data, sizeof data);
    return (uint32_t)get(data, 4);
}

uint8_t persist_type(struct rig *rig, uint64_t *key)
{
    uint8_t data[24];
    uint32_t bytes = persist_in(rig, READER, 0x01, data, sizeof data);
    *key = bytes == 24 ? get(data + 8, 8) : 0;
    CU_ASSERT_EQUAL(get(data + 4, 4), bytes - 8);
    return bytes == 24 ? data[21] : 0;
}

uint32_t persist_reserve_6(struct rig *rig, uint32_t nexus)
{
    const uint8_t cdb[6] = {0x16};
    return persist_answer(rig, rig_send_data(rig, nexus, 0, cdb, 6, NULL, 0, 0));
}

uint32_t persist_release_6(struct rig *rig, uint32_t nexus)
{
    const uint8_t cdb[6] = {0x17};
    return persist_answer(rig, rig_send_data(rig, nexus, 0, cdb, 6, NULL, 0, 0));
}

void persist_begin(struct rig *rig, uint8_t type)
{
    persist_init(rig, NULL);
    for (uint32_t i = 0; i < RIG_NEXUSES; i++)
        CU_ASSERT_EQUAL(persist_out(rig, i, OUT_REGISTER, 0, 0, 0xa + i), ANSWER_GOOD);
    if (type != 0)
        CU_ASSERT_EQUAL(persist_out(rig, 0, OUT_RESERVE, type, 0xa, 0), ANSWER_GOOD);
}
