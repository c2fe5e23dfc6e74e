/* SPDX-License-Identifier: Apache-2.0 */
/* Two more providers of choice: an enumerator of all answers, and a fuzzer's bytes. */
#include "core/base/assert.h"
#include "core/base/choice.h"
#include "core/base/list.h"

/* --- enumerator ----------------------------------------------------------------------------- */

static uint64_t enumerated_choose(struct lq_choice *choice, uint32_t stream, uint32_t site,
                                  uint64_t subject, uint64_t n)
{
    (void)site, (void)subject;
    struct lq_choice_enumerator *enumerator =
        LQ_ELEMENT(choice, struct lq_choice_enumerator, choice);
    uint32_t at = enumerator->position;
    LQ_ASSERT(at < LQ_CHOICE_DIGITS_MAX);
    /* A fault strikes or does not, whatever its odds: n - 1 is the answer that means yes. */
    uint64_t radix = stream == LQ_STREAM_FAULT ? 2 : n;
    if (at == enumerator->count) {
        enumerator->digits[at] = 0;
        enumerator->count++;
    }
    LQ_ASSERT(enumerator->digits[at] < radix && radix <= UINT32_MAX);
    enumerator->radices[at] = (uint32_t)radix;
    enumerator->position++;
    uint64_t digit = enumerator->digits[at];
    return stream == LQ_STREAM_FAULT && digit == 1 ? n - 1 : digit;
}

void lq_choice_enumerator_init(struct lq_choice_enumerator *enumerator)
{
    *enumerator = (struct lq_choice_enumerator){.choice = {enumerated_choose}};
}

void lq_choice_enumerator_begin(struct lq_choice_enumerator *enumerator)
{
    enumerator->position = 0;
}

bool lq_choice_enumerator_next(struct lq_choice_enumerator *enumerator)
{
    enumerator->count = enumerator->position;
    enumerator->position = 0;
    while (enumerator->count > 0) {
        uint32_t last = enumerator->count - 1;
        if (enumerator->digits[last] + 1 < enumerator->radices[last]) {
            enumerator->digits[last]++;
            return true;
        }
        enumerator->count--;
    }
    return false;
}

/* --- a fuzzer's bytes ----------------------------------------------------------------------- */

/* As many bytes as it takes to tell N answers apart, the lowest first; none left: 0. */
static uint64_t bytes_choose(struct lq_choice *choice, uint32_t stream, uint32_t site,
                             uint64_t subject, uint64_t n)
{
    (void)stream, (void)site, (void)subject;
    struct lq_choice_bytes *bytes = LQ_ELEMENT(choice, struct lq_choice_bytes, choice);
    uint64_t drawn = 0;
    for (uint32_t shift = 0; shift < 64 && (n - 1) >> shift != 0; shift += 8) {
        if (bytes->position == bytes->size_bytes)
            break;
        drawn |= (uint64_t)bytes->bytes[bytes->position++] << shift;
    }
    return drawn % n;
}

void lq_choice_bytes_init(struct lq_choice_bytes *bytes, const uint8_t *from, uint64_t size_bytes)
{
    *bytes = (struct lq_choice_bytes){{bytes_choose}, from, size_bytes, 0};
}
