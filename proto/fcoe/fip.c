/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fcoe/fip.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"

enum {
    VERSION = 1,
    WORD_BYTES = 4,
    ELS_HEAD_BYTES = 4, /* type, length, reserved */
    FC_HEADER_BYTES = 24,
    FIRST_NON_CRITICAL = 128,
    ORDER_MAX = 6
};

/* --- where fields lie ------------------------------------------------------------------------ */

struct field {
    uint8_t type, offset, bytes;
    uint16_t member, member_bytes;
};

#define FIELD(descriptor, offset_, bytes_, member_)                                                \
    {                                                                                              \
        .type = descriptor, .offset = offset_, .bytes = bytes_,                                    \
        .member = offsetof(struct lq_fip_message, member_),                                        \
        .member_bytes = sizeof(((struct lq_fip_message *)0)->member_)                              \
    }

static const struct field fields[] = {
    FIELD(LQ_FIP_PRIORITY, 3, 1, priority),
    FIELD(LQ_FIP_MAC, 2, 6, mac),
    FIELD(LQ_FIP_FC_MAP, 5, 3, fc_map),
    FIELD(LQ_FIP_NAME, 4, 8, name),
    FIELD(LQ_FIP_FABRIC, 2, 2, vfid),
    FIELD(LQ_FIP_FABRIC, 5, 3, fabric_fc_map),
    FIELD(LQ_FIP_FABRIC, 8, 8, fabric_name),
    FIELD(LQ_FIP_MAX_FCOE_SIZE, 2, 2, max_fcoe_bytes),
    FIELD(LQ_FIP_VN_PORT, 2, 6, vn_port.mac),
    FIELD(LQ_FIP_VN_PORT, 9, 3, vn_port.fc_id),
    FIELD(LQ_FIP_VN_PORT, 12, 8, vn_port.name),
    FIELD(LQ_FIP_FKA_ADV_PERIOD, 3, 1, fka_d),
    FIELD(LQ_FIP_FKA_ADV_PERIOD, 4, 4, fka_adv_period_ms),
    FIELD(LQ_FIP_VENDOR, 4, 8, vendor_id),
    FIELD(LQ_FIP_VLAN, 2, 2, vlan),
};

/* Bits of a field's bytes that are the field [FC-BB-5 7.7.7.2.13, 7.7.7.2.15]. */
static uint64_t mask_of(const struct field *field)
{
    if (field->type == LQ_FIP_VLAN)
        return 0x0fff;
    if (field->type == LQ_FIP_FKA_ADV_PERIOD && field->bytes == 1)
        return 0x01;
    return UINT64_MAX;
}

/* Words of each descriptor; 0: as many as it says. */
static const uint8_t words_of[LQ_FIP_TYPES] = {
    [LQ_FIP_PRIORITY] = 1, [LQ_FIP_MAC] = 2,      [LQ_FIP_FC_MAP] = 2,
    [LQ_FIP_NAME] = 3,     [LQ_FIP_FABRIC] = 4,   [LQ_FIP_MAX_FCOE_SIZE] = 1,
    [LQ_FIP_VN_PORT] = 5,  [LQ_FIP_FKA_ADV_PERIOD] = 2,
    [LQ_FIP_VENDOR] = 3,   [LQ_FIP_VLAN] = 1,
    [LQ_FIP_FC4] = (ELS_HEAD_BYTES + LQ_FIP_FC4_BYTES) / WORD_BYTES,
};

static uint64_t get(const uint8_t *bytes, uint32_t size_bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size_bytes; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void put(uint8_t *bytes, uint32_t size_bytes, uint64_t value)
{
    for (uint32_t i = size_bytes; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
}

static void set_member(struct lq_fip_message *message, const struct field *field, uint64_t value)
{
    void *member = (uint8_t *)message + field->member;
    switch (field->member_bytes) {
    case 1: *(uint8_t *)member = (uint8_t)value; break;
    case 2: *(uint16_t *)member = (uint16_t)value; break;
    case 4: *(uint32_t *)member = (uint32_t)value; break;
    default: *(uint64_t *)member = value; break;
    }
}

static uint64_t member_of(const struct lq_fip_message *message, const struct field *field)
{
    const void *member = (const uint8_t *)message + field->member;
    switch (field->member_bytes) {
    case 1: return *(const uint8_t *)member;
    case 2: return *(const uint16_t *)member;
    case 4: return *(const uint32_t *)member;
    default: return *(const uint64_t *)member;
    }
}

/* --- what operations have -------------------------------------------------------------------- */

struct operation {
    uint32_t number;
    const char *name;
    uint32_t required, optional, repeated;
    uint8_t order[ORDER_MAX]; /* of encoding; ended by 0 */
};

#define HAS LQ_FIP_HAS

/* [FC-BB-5 7.7.7.3; FC-BB-6 7.9.7]. Of a solicitation an ENode's and an FCF's. */
static const struct operation operations[] = {
    {LQ_FIP_SOLICITATION, "Solicitation",
     HAS(LQ_FIP_MAC) | HAS(LQ_FIP_NAME) | HAS(LQ_FIP_MAX_FCOE_SIZE), HAS(LQ_FIP_FC_MAP), 0,
     {LQ_FIP_MAC, LQ_FIP_FC_MAP, LQ_FIP_NAME, LQ_FIP_MAX_FCOE_SIZE}},
    {LQ_FIP_ADVERTISEMENT, "Advertisement",
     HAS(LQ_FIP_PRIORITY) | HAS(LQ_FIP_MAC) | HAS(LQ_FIP_NAME) | HAS(LQ_FIP_FABRIC) |
         HAS(LQ_FIP_FKA_ADV_PERIOD), 0, 0,
     {LQ_FIP_PRIORITY, LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_FABRIC, LQ_FIP_FKA_ADV_PERIOD}},
    {LQ_FIP_LINK_REQUEST, "Link Service Request", HAS(LQ_FIP_MAC), LQ_FIP_ELS, 0,
     {LQ_FIP_FLOGI, LQ_FIP_FDISC, LQ_FIP_LOGO, LQ_FIP_MAC}},
    {LQ_FIP_LINK_REPLY, "Link Service Reply", 0, HAS(LQ_FIP_MAC) | LQ_FIP_ELS, 0,
     {LQ_FIP_FLOGI, LQ_FIP_FDISC, LQ_FIP_LOGO, LQ_FIP_MAC}},
    {LQ_FIP_KEEP_ALIVE, "Keep Alive", HAS(LQ_FIP_MAC), HAS(LQ_FIP_VN_PORT), 0,
     {LQ_FIP_MAC, LQ_FIP_VN_PORT}},
    {LQ_FIP_CLEAR_LINKS, "Clear Virtual Links", HAS(LQ_FIP_MAC) | HAS(LQ_FIP_NAME),
     HAS(LQ_FIP_VN_PORT), HAS(LQ_FIP_VN_PORT), {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT}},
    {LQ_FIP_VLAN_REQUEST, "VLAN Request", HAS(LQ_FIP_MAC), HAS(LQ_FIP_NAME), 0,
     {LQ_FIP_MAC, LQ_FIP_NAME}},
    {LQ_FIP_VLAN_NOTIFICATION, "VLAN Notification", HAS(LQ_FIP_MAC) | HAS(LQ_FIP_VLAN), 0,
     HAS(LQ_FIP_VLAN), {LQ_FIP_MAC, LQ_FIP_VLAN}},
#define VN2VN (HAS(LQ_FIP_MAC) | HAS(LQ_FIP_NAME) | HAS(LQ_FIP_VN_PORT))
#define CLAIM (VN2VN | HAS(LQ_FIP_FC4) | HAS(LQ_FIP_MAX_FCOE_SIZE))
    {LQ_FIP_PROBE_REQUEST, "N_Port_ID Probe Request", VN2VN, 0, 0,
     {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT}},
    {LQ_FIP_PROBE_REPLY, "N_Port_ID Probe Reply", VN2VN, 0, 0,
     {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT}},
    {LQ_FIP_CLAIM_NOTIFICATION, "N_Port_ID Claim Notification", CLAIM, 0, 0,
     {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT, LQ_FIP_FC4, LQ_FIP_MAX_FCOE_SIZE}},
    {LQ_FIP_CLAIM_RESPONSE, "N_Port_ID Claim Response", CLAIM, 0, 0,
     {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT, LQ_FIP_FC4, LQ_FIP_MAX_FCOE_SIZE}},
    {LQ_FIP_BEACON, "N_Port_ID Beacon", VN2VN, 0, 0,
     {LQ_FIP_MAC, LQ_FIP_NAME, LQ_FIP_VN_PORT}},
};

static const struct operation *operation_of(uint32_t number)
{
    for (uint32_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (operations[i].number == number)
            return &operations[i];
    return NULL;
}

const char *lq_fip_operation_name(uint32_t operation)
{
    const struct operation *row = operation_of(operation);
    return row == NULL ? "?" : row->name;
}

/* --- decoding -------------------------------------------------------------------------------- */

struct descriptor {
    uint8_t type;
    const uint8_t *bytes; /* from its type on */
    uint32_t size_bytes;
};

/* The descriptor at *POSITION, which moves behind it. False: none, or nonsense. */
static bool next_descriptor(const struct lq_slice *list, uint32_t *position,
                            struct descriptor *descriptor)
{
    uint32_t left = list->size_bytes - *position;
    if (left < WORD_BYTES)
        return false;
    const uint8_t *bytes = list->bytes + *position;
    uint32_t size_bytes = (uint32_t)bytes[1] * WORD_BYTES;
    if (size_bytes == 0 || size_bytes > left)
        return false;
    *descriptor = (struct descriptor){bytes[0], bytes, size_bytes};
    *position += size_bytes;
    return true;
}

static bool has_good_length(const struct descriptor *descriptor)
{
    if (LQ_FIP_HAS(descriptor->type) & LQ_FIP_ELS)
        return descriptor->size_bytes > ELS_HEAD_BYTES + FC_HEADER_BYTES;
    return descriptor->size_bytes == (uint32_t)words_of[descriptor->type] * WORD_BYTES;
}

static void take_fields(struct lq_fip_message *message, const struct descriptor *descriptor)
{
    struct lq_slice rest = {descriptor->bytes + ELS_HEAD_BYTES,
                            descriptor->size_bytes - ELS_HEAD_BYTES};
    if (LQ_FIP_HAS(descriptor->type) & LQ_FIP_ELS)
        message->els = rest;
    if (descriptor->type == LQ_FIP_FC4)
        message->fc4 = rest;
    for (uint32_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *field = &fields[i];
        if (field->type == descriptor->type)
            set_member(message, field,
                       get(descriptor->bytes + field->offset, field->bytes) & mask_of(field));
    }
}

static enum lq_fip_error take_descriptor(struct lq_fip_message *message,
                                         const struct operation *operation,
                                         const struct descriptor *descriptor)
{
    if (descriptor->type >= FIRST_NON_CRITICAL)
        return LQ_FIP_OK;
    if (descriptor->type == 0 || descriptor->type >= LQ_FIP_TYPES)
        return LQ_FIP_DESCRIPTOR;
    uint32_t bit = LQ_FIP_HAS(descriptor->type);
    /* Vendors name themselves anywhere. */
    uint32_t allowed = operation->required | operation->optional | HAS(LQ_FIP_VENDOR);
    if (!(allowed & bit))
        return LQ_FIP_DESCRIPTOR;
    if (!has_good_length(descriptor))
        return LQ_FIP_LENGTH;
    bool again = (message->present & bit) != 0;
    bool second_els = (bit & LQ_FIP_ELS) != 0 && (message->present & LQ_FIP_ELS) != 0;
    if ((again && !(operation->repeated & bit)) || second_els)
        return LQ_FIP_DESCRIPTOR;
    message->present |= bit;
    if (!again)
        take_fields(message, descriptor);
    return LQ_FIP_OK;
}

enum lq_fip_error lq_fip_decode(struct lq_fip_message *message, const uint8_t *bytes,
                                uint32_t size_bytes)
{
    if (size_bytes < LQ_FIP_HEADER_BYTES)
        return LQ_FIP_SHORT;
    if (bytes[0] >> 4 != VERSION)
        return LQ_FIP_VERSION;
    uint32_t number = (uint32_t)lq_get_be16(bytes + 2) << 8 | bytes[5];
    const struct operation *operation = operation_of(number);
    if (operation == NULL)
        return LQ_FIP_UNKNOWN;
    uint32_t list_bytes = (uint32_t)lq_get_be16(bytes + 6) * WORD_BYTES;
    if (list_bytes > size_bytes - LQ_FIP_HEADER_BYTES)
        return LQ_FIP_SHORT;
    *message = (struct lq_fip_message){.operation = (enum lq_fip_operation)number,
                                       .flags = lq_get_be16(bytes + 8),
                                       .descriptors = {bytes + LQ_FIP_HEADER_BYTES, list_bytes}};
    uint32_t position = 0;
    struct descriptor descriptor;
    while (next_descriptor(&message->descriptors, &position, &descriptor)) {
        enum lq_fip_error error = take_descriptor(message, operation, &descriptor);
        if (error != LQ_FIP_OK)
            return error;
    }
    if (position != list_bytes)
        return LQ_FIP_LENGTH;
    if ((message->present & operation->required) != operation->required)
        return LQ_FIP_MISSING;
    bool wants_els = (operation->optional & LQ_FIP_ELS) != 0;
    return wants_els && !(message->present & LQ_FIP_ELS) ? LQ_FIP_MISSING : LQ_FIP_OK;
}

bool lq_fip_vn_port_next(const struct lq_fip_message *message, uint32_t *position,
                         struct lq_fip_vn_port *vn_port)
{
    struct descriptor descriptor;
    while (next_descriptor(&message->descriptors, position, &descriptor)) {
        if (descriptor.type != LQ_FIP_VN_PORT)
            continue;
        struct lq_fip_message one = {0};
        take_fields(&one, &descriptor);
        *vn_port = one.vn_port;
        return true;
    }
    return false;
}

/* --- encoding -------------------------------------------------------------------------------- */

static void put_fields(const struct lq_fip_message *message, uint8_t type, uint8_t *bytes)
{
    for (uint32_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *field = &fields[i];
        if (field->type != type)
            continue;
        uint64_t mask = mask_of(field);
        uint64_t other = get(bytes + field->offset, field->bytes) & ~mask;
        put(bytes + field->offset, field->bytes, (member_of(message, field) & mask) | other);
    }
}

/* Puts one descriptor at BYTES, which are zero; returns its size. */
static uint32_t put_descriptor(const struct lq_fip_message *message, uint8_t type, uint8_t *bytes,
                               uint32_t capacity_bytes)
{
    struct lq_slice rest = {NULL, 0};
    if (LQ_FIP_HAS(type) & LQ_FIP_ELS)
        rest = message->els;
    if (type == LQ_FIP_FC4)
        rest = message->fc4;
    uint32_t size_bytes = rest.bytes == NULL ? (uint32_t)words_of[type] * WORD_BYTES
                                             : ELS_HEAD_BYTES + rest.size_bytes;
    LQ_ASSERT(size_bytes % WORD_BYTES == 0 && size_bytes <= capacity_bytes);
    bytes[0] = type;
    bytes[1] = (uint8_t)(size_bytes / WORD_BYTES);
    if (rest.bytes != NULL)
        memcpy(bytes + ELS_HEAD_BYTES, rest.bytes, rest.size_bytes);
    put_fields(message, type, bytes);
    return size_bytes;
}

uint32_t lq_fip_encode(const struct lq_fip_message *message, uint32_t padded_bytes, uint8_t *bytes,
                       uint32_t capacity_bytes)
{
    const struct operation *operation = operation_of(message->operation);
    LQ_ASSERT(operation != NULL && capacity_bytes >= LQ_FIP_HEADER_BYTES &&
              padded_bytes <= capacity_bytes);
    memset(bytes, 0, capacity_bytes);
    uint32_t size_bytes = LQ_FIP_HEADER_BYTES;
    for (uint32_t i = 0; i < ORDER_MAX && operation->order[i] != 0; i++)
        if (message->present & LQ_FIP_HAS(operation->order[i]))
            size_bytes += put_descriptor(message, operation->order[i], bytes + size_bytes,
                                         capacity_bytes - size_bytes);
    bytes[0] = VERSION << 4;
    lq_put_be16(bytes + 2, (uint16_t)(operation->number >> 8));
    bytes[5] = (uint8_t)operation->number;
    lq_put_be16(bytes + 6, (uint16_t)((size_bytes - LQ_FIP_HEADER_BYTES) / WORD_BYTES));
    lq_put_be16(bytes + 8, message->flags);
    return size_bytes < padded_bytes ? padded_bytes : size_bytes;
}

void lq_fip_patch(const struct lq_fip_message *message, uint8_t *bytes)
{
    const struct lq_slice list = {bytes + LQ_FIP_HEADER_BYTES, message->descriptors.size_bytes};
    lq_put_be16(bytes + 2, (uint16_t)(message->operation >> 8));
    bytes[5] = (uint8_t)message->operation;
    lq_put_be16(bytes + 8, message->flags);
    uint32_t position = 0, seen = 0;
    for (;;) {
        uint32_t at = position;
        struct descriptor descriptor;
        if (!next_descriptor(&list, &position, &descriptor))
            return;
        bool known = descriptor.type < LQ_FIP_TYPES;
        if (known && !(seen & LQ_FIP_HAS(descriptor.type)))
            put_fields(message, descriptor.type, bytes + LQ_FIP_HEADER_BYTES + at);
        if (known)
            seen |= LQ_FIP_HAS(descriptor.type);
    }
}
