/* SPDX-License-Identifier: Apache-2.0 */
/* Login and text keys: any text is read within bounds and negotiated in both roles; the answers
 * are text themselves, and a name that was folded folds to itself. The first byte says who and
 * where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "proto/iscsi/keys.h"
#include "proto/iscsi/text.h"

_Noreturn void lq_assert_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t answer[4096];

static void check_answer(const struct lq_text_writer *writer)
{
    struct lq_text_reader reader = {.text = {writer->bytes, writer->size_bytes}};
    struct lq_text_pair pair;
    enum lq_text_result result;
    LQ_ASSERT(writer->size_bytes <= writer->capacity_bytes);
    if (writer->overflowed)
        return;
    while ((result = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR)
        continue;
    LQ_ASSERT(result == LQ_TEXT_END);
}

static void check_name(struct lq_slice name)
{
    char once[256], twice[256];
    if (!lq_iscsi_name_fold(name, once))
        return;
    LQ_ASSERT(lq_iscsi_name_fold(lq_text_slice(once), twice) && strcmp(once, twice) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum lq_key_use uses[] = {LQ_USE_LEADING_LOGIN, LQ_USE_OTHER_LOGIN,
                                           LQ_USE_FULL_FEATURE, LQ_USE_LEADING_LOGIN};
    if (size < 2)
        return 0;
    struct lq_negotiation negotiation;
    lq_negotiation_init(&negotiation, (data[0] & 1) != 0 ? LQ_TARGET : LQ_INITIATOR,
                        uses[data[0] >> 1 & 3]);
    negotiation.discovery = (data[0] & 8) != 0;
    struct lq_text_writer writer = {.bytes = answer, .capacity_bytes = 16U + data[1] * 15U};
    struct lq_text_reader reader = {.text = {data + 2, (uint32_t)size - 2}};
    struct lq_text_pair pair;
    while (lq_text_next(&reader, &pair) == LQ_TEXT_PAIR) {
        enum lq_key key = LQ_KEYS;
        enum lq_key_result result = lq_negotiation_receive(&negotiation, &pair, &writer, &key);
        LQ_ASSERT(key <= LQ_KEYS && lq_key_result_sentence(result) != NULL);
        check_name(pair.value);
    }
    check_answer(&writer);
    return 0;
}
