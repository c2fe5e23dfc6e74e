/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/choice.h"

#include "core/base/list.h"

static uint64_t seeded_choose(struct lq_choice *choice, uint32_t stream, uint32_t site,
                              uint64_t subject, uint64_t n)
{
    const struct lq_choice_seeded *seeded = LQ_ELEMENT(choice, struct lq_choice_seeded, choice);
    uint64_t drawn = lq_mix(seeded->seed, ((uint64_t)stream << 32) | site);
    drawn = lq_mix(drawn, subject);
    /* The modulo's bias is below 2^-32 for every n in use; what matters is sameness. */
    return drawn % n;
}

void lq_choice_seeded_init(struct lq_choice_seeded *seeded, uint64_t seed)
{
    seeded->choice.choose = seeded_choose;
    seeded->seed = lq_mix(UINT64_C(0x6c756e717561), seed);
}

static uint64_t trace_record(struct lq_choice_trace *trace, struct lq_draw draw)
{
    draw.value = lq_choose(trace->from, draw.stream, draw.site, draw.subject, draw.n);
    bool has_room = trace->count < trace->capacity || (trace->grow != NULL && trace->grow(trace));
    if (has_room)
        trace->draws[trace->count++] = draw;
    else
        trace->overflowed = true;
    return draw.value;
}

static uint64_t trace_replay(struct lq_choice_trace *trace, struct lq_draw draw)
{
    if (trace->position >= trace->count) {
        trace->diverged = true;
        return 0;
    }
    const struct lq_draw *kept = &trace->draws[trace->position++];
    if (kept->stream != draw.stream || kept->site != draw.site || kept->subject != draw.subject ||
        kept->n != draw.n) {
        trace->diverged = true;
        return 0;
    }
    return kept->value;
}

static uint64_t trace_choose(struct lq_choice *choice, uint32_t stream, uint32_t site,
                             uint64_t subject, uint64_t n)
{
    struct lq_choice_trace *trace = LQ_ELEMENT(choice, struct lq_choice_trace, choice);
    struct lq_draw draw = {stream, site, subject, n, 0};
    return trace->from != NULL ? trace_record(trace, draw) : trace_replay(trace, draw);
}

void lq_choice_trace_record(struct lq_choice_trace *trace, struct lq_choice *from,
                            struct lq_draw *draws, uint64_t capacity)
{
    *trace = (struct lq_choice_trace){
        .choice = {trace_choose}, .from = from, .draws = draws, .capacity = capacity};
}

void lq_choice_trace_replay(struct lq_choice_trace *trace, struct lq_draw *draws, uint64_t count)
{
    *trace = (struct lq_choice_trace){.choice = {trace_choose}, .draws = draws, .count = count};
}
