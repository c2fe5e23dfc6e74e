/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ORDER: task attributes within a task set [SAM-5 r21 8.6], white box.
 *
 * Method: the commands of each logical unit are kept as three lists in order of entry: all, the
 * ORDERED ones, the HEAD OF QUEUE ones. A rule then asks for the oldest of a list only. They are
 * one task set (TST 000b), or one for each I_T nexus (TST 001b): then the rule asks for the oldest
 * of the same nexus.
 *
 * The order of two HEAD OF QUEUE commands is open: from SAM-2 on both are enabled at once.
 */
#include "conformance/judges/digest.h"

/* Between the end of one command and the beginning of the next. */
#define SLACK_NS UINT64_C(1000000)

struct task_set { /* of a logical unit; all of them where each I_T nexus has one */
    bool is_per_nexus;
    uint64_t regrouped; /* seq of the record by which that changed */
    struct lq_link all, ordered, head_of_queue;
    struct lq_link in_store; /* commands with requests out, in order of entry */
    uint64_t steps; /* commands enabled or ended so far */
};

struct member {
    struct lq_seen_task *task;
    struct task_set *set; /* NULL: has not entered */
    uint64_t entry; /* number of the entry in all sets */
    uint64_t steps_at_entry;
    bool saw_ordered, saw_head_of_queue, saw_any, is_in;
    bool is_oldest, is_stuck_told;
    bool has_passed; /* enabled by an ACA condition, or in spite of it: others were blocked */
    uint64_t oldest_since_ns; /* the oldest of its task set it has been since then */
    struct lq_link in_all, in_attribute, in_store;
};

/* The youngest command of a nexus that entered, for each unit. */
struct newest {
    const struct lq_event *entered;
    uint64_t stamp;
    uint32_t exchange; /* index, LQ_NONE: unknown */
};

struct order {
    struct lq_array sets;    /* struct task_set by unit */
    struct lq_array members; /* struct member by task */
    struct lq_array newest;  /* struct newest */
    struct lq_map newest_of; /* nexus and unit */
    uint64_t entries;
};

static struct order *order_of(const struct lq_judge *judge)
{
    return judge->state[LQ_STATE_ORDER];
}

static struct member *member_of(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct lq_array *members = &order_of(judge)->members;
    while (members->count <= task->index) {
        struct member *member = lq_array_add(members, judge->allocator);
        lq_list_init(&member->in_all);
        lq_list_init(&member->in_attribute);
        lq_list_init(&member->in_store);
    }
    return lq_array_at(members, task->index);
}

static struct task_set *set_of(struct lq_judge *judge, uint32_t unit)
{
    struct lq_array *sets = &order_of(judge)->sets;
    while (sets->count <= unit) {
        struct task_set *set = lq_array_add(sets, judge->allocator);
        lq_list_init(&set->all);
        lq_list_init(&set->ordered);
        lq_list_init(&set->head_of_queue);
        lq_list_init(&set->in_store);
    }
    return lq_array_at(sets, unit);
}

static const char *const attribute_names[] = {"SIMPLE", "ORDERED", "HEAD OF QUEUE", "ACA"};

/* "ORDERED command 12 <WHAT> while HEAD OF QUEUE command 9 <THE REST>" */
static void convict_pair(struct lq_judge *judge, enum lq_property_place property,
                         const struct member *one, const char *what, const struct member *other,
                         const char *rest, const struct lq_event *now)
{
    struct lq_text text = {0};
    lq_text_add(&text, attribute_names[one->task->attribute & 3]);
    lq_text_add(&text, " command ");
    lq_text_number(&text, one->task->serial);
    lq_text_add(&text, what);
    lq_text_add(&text, attribute_names[other->task->attribute & 3]);
    lq_text_add(&text, " command ");
    lq_text_number(&text, other->task->serial);
    lq_text_add(&text, rest);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, other->task->entered);
    lq_proof_event(&proof, one->task->entered);
    lq_proof_event(&proof, other->task->enabled);
    lq_proof_event(&proof, other->task->submitted);
    lq_proof_event(&proof, now);
    lq_convict(judge, property, &proof, &text);
}

static struct member *first_of(const struct lq_link *list, size_t offset)
{
    return lq_list_is_empty(list) ? NULL : (struct member *)(void *)((char *)list->next - offset);
}


/* The first of LIST that is in MEMBER's task set; NULL. */
static struct member *first_beside(const struct lq_link *list, size_t offset,
                                   const struct member *member)
{
    if (!member->set->is_per_nexus)
        return first_of(list, offset);
    LQ_LIST_EACH(link, list)
    {
        struct member *other = (struct member *)(void *)((char *)link - offset);
        if (other->task->nexus == member->task->nexus)
            return other;
    }
    return NULL;
}

#define FIRST_BESIDE(list, link, member)                                                          \
    first_beside((list), offsetof(struct member, link), (member))

/* --- the oldest: ORD-6 ------------------------------------------------------------------------ */

static void judge_one(struct lq_judge *judge, struct member *oldest)
{
    const struct lq_seen_unit *unit = oldest->task->unit;
    judge->exercised[P_ORD_6]++;
    if (unit->acas > 0 || (unit->aca_changed != NULL &&
                           unit->aca_changed->time_ns > oldest->oldest_since_ns))
        return; /* blocked, now or then */
    if (oldest->task->enabled != NULL || oldest->is_stuck_told ||
        judge->now_ns - oldest->oldest_since_ns <= SLACK_NS)
        return;
    oldest->is_stuck_told = true;
    struct lq_text text = lq_text_form("command % was not enabled although no older one had been "
                                       "in its task set since ", oldest->task->serial, 0, 0, 0);
    lq_text_time(&text, oldest->oldest_since_ns);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, oldest->task->received);
    lq_proof_event(&proof, oldest->task->entered);
    lq_proof_event(&proof, judge->view.event);
    lq_convict(judge, P_ORD_6, &proof, &text);
}

/* Called before anything changes in SET: has an oldest command waited for nothing? */
static void judge_oldest(struct lq_judge *judge, struct task_set *set)
{
    LQ_LIST_EACH(link, &set->all)
    {
        struct member *member = LQ_ELEMENT(link, struct member, in_all);
        if (member->is_oldest)
            judge_one(judge, member);
        if (!set->is_per_nexus)
            return;
    }
}

static void note_oldest(const struct lq_judge *judge, struct member *oldest)
{
    if (oldest == NULL || oldest->is_oldest)
        return;
    oldest->is_oldest = true;
    oldest->oldest_since_ns = judge->now_ns;
}

/* TST has changed: task sets are one, or several. */
static void regroup(struct lq_judge *judge, struct task_set *set, bool is_per_nexus,
                    const struct lq_event *event)
{
    judge_oldest(judge, set);
    set->is_per_nexus = is_per_nexus;
    set->regrouped = event->seq;
    LQ_LIST_EACH(link, &set->all)
    {
        struct member *member = LQ_ELEMENT(link, struct member, in_all);
        if (FIRST_BESIDE(&set->all, in_all, member) == member)
            note_oldest(judge, member);
        else
            member->is_oldest = false;
    }
}

/* --- entry: ORD-4 ----------------------------------------------------------------------------- */

/* The order in which an initiator numbered them; a network may have changed that of arrival. */
static bool was_sent_before(struct lq_judge *judge, uint32_t one_place, uint32_t other_place)
{
    const struct lq_seen_exchange *one = lq_array_at(&judge->view.exchanges, one_place);
    const struct lq_seen_exchange *other = lq_array_at(&judge->view.exchanges, other_place);
    if (one->connection != other->connection)
        return one_place < other_place;
    return (int32_t)(one->cmd_sn - other->cmd_sn) < 0;
}

static void judge_entry_order(struct lq_judge *judge, const struct lq_seen_task *task)
{
    struct order *order = order_of(judge);
    uint32_t *at = lq_map_put(&order->newest_of, judge->allocator,
                              (uint64_t)task->nexus->index << 32 | task->unit->unit);
    bool is_known = *at != LQ_NONE;
    if (!is_known) {
        *at = order->newest.count;
        ((struct newest *)lq_array_add(&order->newest, judge->allocator))->exchange = LQ_NONE;
    }
    struct newest *newest = lq_array_at(&order->newest, *at);
    const struct lq_seen_exchange *exchange = task->exchange;
    /* Immediate commands do not wait for holes in CmdSN: they may pass others. */
    uint32_t place = exchange == NULL || exchange->immediate ? LQ_NONE : exchange->index;
    if (is_known) {
        judge->exercised[P_ORD_4]++;
        bool is_late = (int64_t)(task->stamp - newest->stamp) < 0 ||
                       (place != LQ_NONE && newest->exchange != LQ_NONE &&
                        was_sent_before(judge, place, newest->exchange));
        if (is_late) {
            struct lq_proof proof = {0};
            if (exchange != NULL)
                lq_proof_wire(&proof, exchange->request, exchange->connection->number,
                              LQ_TO_TARGET, LQ_WIRE_SCSI_COMMAND, exchange->itt);
            lq_proof_event(&proof, task->received);
            lq_proof_event(&proof, newest->entered);
            lq_proof_event(&proof, task->entered);
            struct lq_text text = lq_text_form(
                "command % entered its task set after command %, which its I_T nexus had sent "
                "later", task->serial, newest->entered->serial, 0, 0);
            lq_convict(judge, P_ORD_4, &proof, &text);
            return;
        }
    }
    newest->stamp = task->stamp;
    newest->entered = task->entered;
    if (place != LQ_NONE)
        newest->exchange = place;
}

static void on_entered(struct lq_judge *judge, struct lq_seen_task *task)
{
    struct member *member = member_of(judge, task);
    if (task->unit == NULL || task->nexus == NULL || member->set != NULL)
        return;
    struct task_set *set = set_of(judge, task->unit->unit);
    judge_oldest(judge, set);
    member->task = task;
    member->set = set;
    member->entry = ++order_of(judge)->entries;
    member->steps_at_entry = set->steps;
    member->is_in = true;
    member->saw_any = FIRST_BESIDE(&set->all, in_all, member) != NULL;
    member->saw_ordered = FIRST_BESIDE(&set->ordered, in_attribute, member) != NULL;
    member->saw_head_of_queue = FIRST_BESIDE(&set->head_of_queue, in_attribute, member) != NULL;
    lq_list_append(&set->all, &member->in_all);
    if (!member->saw_any)
        note_oldest(judge, member);
    if (task->attribute == LQ_ORDERED)
        lq_list_append(&set->ordered, &member->in_attribute);
    else if (task->attribute == LQ_HEAD_OF_QUEUE)
        lq_list_append(&set->head_of_queue, &member->in_attribute);
    judge_entry_order(judge, task);
}

/* --- enabling: ORD-1, ORD-2, ORD-3 ------------------------------------------------------------ */

static void on_enabled_head_of_queue(struct lq_judge *judge, const struct member *member,
                                     const struct lq_event *event)
{
    const struct task_set *set = member->set;
    if (member->saw_any)
        judge->exercised[P_ORD_3]++;
    if (set->steps == member->steps_at_entry)
        return;
    struct lq_text text =
        lq_text_form("HEAD OF QUEUE command % was enabled only after others had been enabled or "
                     "had ended", member->task->serial, 0, 0, 0);
    struct lq_proof proof = {0};
    lq_proof_event(&proof, member->task->entered);
    lq_proof_event(&proof, event);
    lq_convict(judge, P_ORD_3, &proof, &text);
}

static void on_enabled(struct lq_judge *judge, struct lq_seen_task *task,
                       const struct lq_event *event)
{
    struct member *member = member_of(judge, task);
    if (member->set == NULL || !member->is_in)
        return;
    struct task_set *set = member->set;
    if (task->attribute == LQ_ACA || (task->unit->acas > 0 && task->opcode == 0x5f)) {
        member->has_passed = true; /* what is blocked does not keep it back */
        set->steps++;
        return;
    }
    const struct member *oldest = FIRST_BESIDE(&set->all, in_all, member);
    const struct member *ordered = FIRST_BESIDE(&set->ordered, in_attribute, member);
    const struct member *head = FIRST_BESIDE(&set->head_of_queue, in_attribute, member);
    if (task->attribute == LQ_HEAD_OF_QUEUE) {
        on_enabled_head_of_queue(judge, member, event);
    } else if (task->attribute == LQ_ORDERED) {
        judge->exercised[P_ORD_1] += member->saw_any;
        if (oldest != NULL && oldest->entry < member->entry)
            convict_pair(judge, P_ORD_1, member, " was enabled while the older ", oldest,
                         " had not ended", event);
    } else if (task->attribute == LQ_SIMPLE) {
        judge->exercised[P_ORD_2] += member->saw_ordered;
        if (ordered != NULL && ordered->entry < member->entry)
            convict_pair(judge, P_ORD_2, member, " was enabled while the older ", ordered,
                         " had not ended", event);
    }
    if (task->attribute != LQ_HEAD_OF_QUEUE) {
        judge->exercised[P_ORD_3] += member->saw_head_of_queue;
        if (head != NULL && head->entry < member->entry)
            convict_pair(judge, P_ORD_3, member, " was enabled while the older ", head,
                         " had not ended", event);
    }
    set->steps++;
}

static void on_ended(struct lq_judge *judge, struct lq_seen_task *task)
{
    struct member *member = member_of(judge, task);
    if (member->set == NULL || !member->is_in)
        return;
    bool was_oldest = member->is_oldest;
    if (was_oldest)
        judge_oldest(judge, member->set);
    member->is_in = member->is_oldest = false;
    member->set->steps++;
    lq_list_remove(&member->in_all);
    if (was_oldest)
        note_oldest(judge, FIRST_BESIDE(&member->set->all, in_all, member));
    lq_list_remove(&member->in_attribute);
    lq_list_remove(&member->in_store);
}

/* --- the store: ORD-5 ------------------------------------------------------------------------- */

static void on_submitted(struct lq_judge *judge, struct lq_seen_task *task,
                         const struct lq_event *event)
{
    struct member *member = member_of(judge, task);
    if (member->set == NULL || !member->is_in)
        return;
    const struct task_set *set = member->set;
    const struct member *ordered = FIRST_BESIDE(&set->ordered, in_attribute, member);
    bool is_of_now = task->enabled == NULL || task->enabled->seq > set->regrouped;
    if (!is_of_now || member->has_passed) {
        /* enabled when its task set was another one, or was blocked */
    } else if (task->attribute == LQ_ORDERED) {
        judge->exercised[P_ORD_5] += member->saw_any;
        LQ_LIST_EACH(link, &set->in_store)
        {
            const struct member *other = LQ_ELEMENT(link, struct member, in_store);
            if (other->entry > member->entry ||
                (set->is_per_nexus && other->task->nexus != task->nexus))
                continue;
            convict_pair(judge, P_ORD_5, member, " went to the store while that of the older ",
                         other, " was out", event);
            break;
        }
    } else if (task->attribute == LQ_SIMPLE && ordered != NULL && ordered->entry < member->entry) {
        convict_pair(judge, P_ORD_5, member, " went to the store before the older ", ordered,
                     " had ended", event);
    }
    if (!lq_link_is_linked(&member->in_store))
        lq_list_append(&member->set->in_store, &member->in_store);
}

static void on_completed(struct lq_judge *judge, struct lq_seen_task *task)
{
    struct member *member = member_of(judge, task);
    if (task->requests_out == 0)
        lq_list_remove(&member->in_store);
}

/* --- the part --------------------------------------------------------------------------------- */

static void empty(struct lq_link *list)
{
    LQ_LIST_EACH_SAFE(link, following, list)
    lq_list_remove(link);
}

/* The task set is no more, whatever its commands still wait for. */
static void empty_set(struct task_set *set)
{
    LQ_LIST_EACH(link, &set->all)
    LQ_ELEMENT(link, struct member, in_all)->is_in = false;
    empty(&set->all);
    empty(&set->ordered);
    empty(&set->head_of_queue);
    empty(&set->in_store);
}

/* A logical unit is removed, and its task set with it. */
static void on_changed(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    if (event->code == LQ_LUN_REMOVED && unit != NULL)
        empty_set(set_of(judge, unit->unit));
}

/* The target is gone: its task sets are empty, and commands of nexuses begin anew. */
static void forget_all(struct order *order)
{
    for (uint32_t i = 0; i < order->sets.count; i++)
        empty_set(lq_array_at(&order->sets, i));
    lq_array_reset(&order->newest);
    lq_map_reset(&order->newest_of);
}

/* MODE SELECT, or a reset, has changed TST. */
static void on_modes(struct lq_judge *judge, const struct lq_event *event)
{
    const struct lq_seen_unit *unit = lq_view_unit(&judge->view, event->target, event->lun);
    if (unit == NULL)
        return;
    struct task_set *set = set_of(judge, unit->unit);
    if (set->is_per_nexus != lq_has_tst_per_nexus(unit))
        regroup(judge, set, !set->is_per_nexus, event);
}

static void order_event(struct lq_judge *judge, const struct lq_event *event)
{
    if (lq_target_ends(event))
        forget_all(order_of(judge));
    if (event->kind == LQ_W_LUN_CHANGED)
        on_changed(judge, event);
    if (event->kind == LQ_E_MODES)
        on_modes(judge, judge->view.event);
    if (event->kind < LQ_E_ENTERED ||
        (event->kind > LQ_E_ENDED && event->kind < LQ_S_SUBMITTED))
        return;
    struct lq_seen_task *task = lq_view_task(&judge->view, event->serial);
    if (task == NULL)
        return;
    event = judge->view.event;
    switch (event->kind) {
    case LQ_E_ENTERED:
        on_entered(judge, task);
        break;
    case LQ_E_ENABLED:
        on_enabled(judge, task, event);
        break;
    case LQ_E_ENDED:
        on_ended(judge, task);
        break;
    case LQ_S_SUBMITTED:
        on_submitted(judge, task, event);
        break;
    case LQ_S_COMPLETED:
        on_completed(judge, task);
        break;
    default:
        break;
    }
}

static void order_init(struct lq_judge *judge)
{
    struct order *order = lq_state_make(judge, LQ_STATE_ORDER, sizeof *order);
    lq_array_init(&order->sets, sizeof(struct task_set));
    lq_array_init(&order->members, sizeof(struct member));
    lq_array_init(&order->newest, sizeof(struct newest));
    lq_map_init(&order->newest_of);
}

static void order_free(struct lq_judge *judge)
{
    struct order *order = order_of(judge);
    lq_array_free(&order->sets, judge->allocator);
    lq_array_free(&order->members, judge->allocator);
    lq_array_free(&order->newest, judge->allocator);
    lq_map_free(&order->newest_of, judge->allocator);
    lq_state_free(judge, LQ_STATE_ORDER, sizeof *order);
}

static void order_reset(struct lq_judge *judge)
{
    struct order *order = order_of(judge);
    lq_array_reset(&order->sets);
    lq_array_reset(&order->members);
    lq_array_reset(&order->newest);
    lq_map_reset(&order->newest_of);
    order->entries = 0;
}

/* The order of entry, of a HEAD OF QUEUE command what passed it, and who passed ACA conditions. */
static void mix_set(const struct task_set *set, struct lq_digest *digest)
{
    lq_digest_word(digest, set->is_per_nexus);
    LQ_LIST_EACH(link, &set->all)
    {
        const struct member *member = LQ_ELEMENT(link, struct member, in_all);
        bool waits = member->task->attribute == LQ_HEAD_OF_QUEUE && member->task->enabled == NULL;
        lq_digest_two(digest, lq_name_of_task(member->task),
                      waits ? set->steps - member->steps_at_entry : member->has_passed);
    }
    lq_digest_word(digest, 0);
    LQ_LIST_EACH(link, &set->in_store)
    lq_digest_word(digest, lq_name_of_task(LQ_ELEMENT(link, struct member, in_store)->task));
    lq_digest_word(digest, 0);
}

/* Commands that have not entered yet, against the youngest of their nexus and unit that has. */
static void mix_newest(struct lq_judge *judge, struct lq_digest *digest)
{
    struct order *order = order_of(judge);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < judge->view.tasks.count; i++) {
        const struct lq_seen_task *task = lq_array_at(&judge->view.tasks, i);
        if (task->entered != NULL || task->refused != NULL || task->unit == NULL ||
            task->nexus == NULL)
            continue;
        uint32_t at = lq_map_get(&order->newest_of,
                                 (uint64_t)task->nexus->index << 32 | task->unit->unit);
        const struct newest *newest = at == LQ_NONE ? NULL : lq_array_at(&order->newest, at);
        sum += lq_mix(lq_name_of_task(task),
                      newest == NULL || (int64_t)(task->stamp - newest->stamp) > 0);
    }
    for (uint32_t i = 0; i < judge->view.exchanges.count; i++) {
        const struct lq_seen_exchange *exchange = lq_array_at(&judge->view.exchanges, i);
        const struct lq_seen_nexus *nexus = exchange->connection->nexus;
        if (exchange->task != NULL || exchange->unit == NULL || nexus == NULL)
            continue;
        uint32_t at = lq_map_get(&order->newest_of,
                                 (uint64_t)nexus->index << 32 | exchange->unit->unit);
        const struct newest *newest = at == LQ_NONE ? NULL : lq_array_at(&order->newest, at);
        sum += lq_mix(lq_name_of_exchange(judge, exchange),
                      newest == NULL || newest->exchange == LQ_NONE ||
                          exchange->index > newest->exchange);
    }
    lq_digest_word(digest, sum);
}

static void order_digest(struct lq_judge *judge, struct lq_digest *digest)
{
    for (uint32_t i = 0; i < order_of(judge)->sets.count; i++)
        mix_set(lq_array_at(&order_of(judge)->sets, i), digest);
    mix_newest(judge, digest);
}

static const uint16_t kinds[] = {
    LQ_W_POWER, LQ_W_LUN_CHANGED, LQ_E_MODES, LQ_E_ENTERED, LQ_E_ENABLED, LQ_E_ENDED,
    LQ_S_SUBMITTED, LQ_S_COMPLETED, LQ_EVENT_NONE};

const struct lq_judge_part lq_order_part = {
    .name = "order",
    .init = order_init,
    .free = order_free,
    .reset = order_reset,
    .event = order_event,
    .kinds = kinds,
    .digest = order_digest,
};
