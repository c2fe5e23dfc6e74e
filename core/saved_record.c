/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a logical unit as bytes, big-endian:
 *
 *     0   "LQKP", version 1, 3 bytes 0
 *     8   sequence number
 *     16  target, LUN (2 bytes each); bytes of the record (4)
 *     24  checksum of all of it, these 8 bytes being 0
 *     32  bytes of mode pages (2), APTPL (1), type (1), registrations (2), place of the holder
 *         among them (2; ffffh: none)
 *     40  the mode pages; the registrations: key (8), target port (2), bytes of the TransportID
 *         (2), TransportID
 *
 * PRGENERATION is not part of it: power on sets it to 0 [SPC-4 5.13.5].
 */
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/hash.h"
#include "core/state.h"

enum {
    SEQUENCE = 8, NAME = 16, LENGTH = 20, CHECKSUM = 24, COUNTS = 32, BODY = 40,
    REGISTRATION_BYTES = 12, NO_HOLDER = 0xffff
};

static const uint8_t magic[8] = {'L', 'Q', 'K', 'P', 1, 0, 0, 0};

/* --- writing --------------------------------------------------------------------------------- */

static uint32_t length_of(const struct lq_unit *unit)
{
    uint32_t bytes = BODY + unit->saved.pages_bytes;
    LQ_LIST_EACH(link, &unit->reservations.registrations)
    bytes += REGISTRATION_BYTES +
             LQ_ELEMENT(link, struct lq_registration, link)->transport_id_bytes;
    return bytes;
}

static uint8_t *put_registration(uint8_t *at, const struct lq_registration *registration)
{
    lq_put_be64(at, registration->key);
    lq_put_be16(at + 8, registration->target_port);
    lq_put_be16(at + 10, (uint16_t)registration->transport_id_bytes);
    memcpy(at + REGISTRATION_BYTES, registration->transport_id, registration->transport_id_bytes);
    return at + REGISTRATION_BYTES + registration->transport_id_bytes;
}

bool lq_saved_encode(const struct lq_unit *unit, uint8_t *image)
{
    const struct lq_reservations *reservations = &unit->reservations;
    uint32_t bytes = length_of(unit);
    if (bytes > LQ_SAVED_SLOT_BYTES)
        return false;
    memset(image, 0, LQ_SAVED_SLOT_BYTES);
    memcpy(image, magic, sizeof magic);
    lq_put_be16(image + NAME, unit->target);
    lq_put_be16(image + NAME + 2, unit->lun);
    lq_put_be32(image + LENGTH, bytes);
    lq_put_be16(image + COUNTS, unit->saved.pages_bytes);
    image[COUNTS + 2] = reservations->aptpl;
    image[COUNTS + 3] = reservations->type;
    lq_put_be16(image + COUNTS + 4, (uint16_t)reservations->count);
    memcpy(image + BODY, unit->saved.pages, unit->saved.pages_bytes);
    uint8_t *at = image + BODY + unit->saved.pages_bytes;
    uint16_t place = 0, holder = NO_HOLDER;
    LQ_LIST_EACH(link, &reservations->registrations)
    {
        const struct lq_registration *registration =
            LQ_ELEMENT(link, struct lq_registration, link);
        if (registration == reservations->holder)
            holder = place;
        at = put_registration(at, registration);
        place++;
    }
    lq_put_be16(image + COUNTS + 6, holder);
    return true;
}

/* The checksum of the record of BYTES at IMAGE, whatever stands in its place. */
static uint64_t checksum_of(const uint8_t *image, uint32_t bytes)
{
    static const uint8_t none[8] = {0};
    uint64_t state = lq_hash(0, image, CHECKSUM);
    state = lq_hash(state, none, sizeof none);
    return lq_hash(state, image + COUNTS, bytes - COUNTS);
}

uint32_t lq_saved_seal(uint8_t *image, uint64_t sequence)
{
    uint32_t bytes = lq_get_be32(image + LENGTH);
    lq_put_be64(image + SEQUENCE, sequence);
    lq_put_be64(image + CHECKSUM, checksum_of(image, bytes));
    return bytes;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_record(const uint8_t *image)
{
    uint32_t bytes = lq_get_be32(image + LENGTH);
    return memcmp(image, magic, sizeof magic) == 0 && bytes >= BODY &&
           bytes <= LQ_SAVED_SLOT_BYTES;
}

uint64_t lq_saved_sequence(const struct lq_engine *engine, const uint8_t *image)
{
    if (!is_record(image))
        return 0;
    bool is_whole = lq_get_be64(image + CHECKSUM) ==
                        checksum_of(image, lq_get_be32(image + LENGTH)) ||
                    lq_core_wrong(engine, LQ_WRONG_RECORD_CHECKSUM_IGNORED);
    return is_whole ? lq_get_be64(image + SEQUENCE) : 0;
}

bool lq_saved_is_of(const uint8_t *image, const struct lq_unit *unit)
{
    return lq_get_be16(image + NAME) == unit->target && lq_get_be16(image + NAME + 2) == unit->lun;
}

uint32_t lq_saved_registrations(const uint8_t *image)
{
    return lq_get_be16(image + COUNTS + 4);
}

/* One registration from *AT, which moves on. False: it does not fit before END. */
static bool take_registration(struct lq_engine *engine, struct lq_unit *unit, const uint8_t **at,
                              const uint8_t *end, struct lq_registration **taken)
{
    if (end - *at < REGISTRATION_BYTES)
        return false;
    uint64_t key = lq_get_be64(*at);
    struct lq_nexus_name name = {*at + REGISTRATION_BYTES, lq_get_be16(*at + 10),
                                 lq_get_be16(*at + 8)};
    if (key == 0 || name.transport_id_bytes > LQ_TRANSPORT_ID_BYTES_MAX ||
        name.transport_id_bytes > (size_t)(end - *at) - REGISTRATION_BYTES ||
        !lq_registrations_fit(engine, 1) || lq_registration_find(engine, unit, name) != NULL)
        return false;
    *taken = lq_registration_add(engine, unit, name, key);
    *at = name.transport_id + name.transport_id_bytes;
    return true;
}

static void take_reservations(struct lq_engine *engine, struct lq_unit *unit, const uint8_t *image)
{
    struct lq_reservations *reservations = &unit->reservations;
    const uint8_t *at = image + BODY + lq_get_be16(image + COUNTS);
    const uint8_t *end = image + lq_get_be32(image + LENGTH);
    uint16_t count = lq_get_be16(image + COUNTS + 4), holder = lq_get_be16(image + COUNTS + 6);
    uint8_t type = image[COUNTS + 3];
    reservations->aptpl = image[COUNTS + 2] != 0;
    for (uint16_t i = 0; i < count; i++) {
        struct lq_registration *taken = NULL;
        if (!take_registration(engine, unit, &at, end, &taken))
            break; /* who does not fit is not registered; what is reserved stays so */
        if (i == holder)
            reservations->holder = taken;
    }
    bool has_holder = reservations->holder != NULL;
    if (lq_type_is_valid(type) && count > 0 && has_holder != lq_type_is_all_registrants(type))
        reservations->type = type;
    else
        reservations->holder = NULL;
}

void lq_saved_decode(struct lq_engine *engine, struct lq_unit *unit, const uint8_t *image,
                     bool is_power_on)
{
    uint32_t generation = unit->reservations.generation;
    uint32_t pages_bytes = lq_get_be16(image + COUNTS);
    lq_reservations_forget(engine, unit);
    unit->reservations.generation = is_power_on ? 0 : generation;
    bool fits = pages_bytes <= LQ_SAVED_PAGES_BYTES &&
                pages_bytes <= lq_get_be32(image + LENGTH) - BODY;
    unit->saved.pages_bytes = 0;
    if (!fits)
        return; /* whole, but not of ours */
    unit->saved.pages_bytes = (uint16_t)pages_bytes;
    memcpy(unit->saved.pages, image + BODY, pages_bytes);
    if (!is_power_on || image[COUNTS + 2] != 0 ||
        lq_core_wrong(engine, LQ_WRONG_KEPT_WITHOUT_APTPL))
        take_reservations(engine, unit, image);
}
