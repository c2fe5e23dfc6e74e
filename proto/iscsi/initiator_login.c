/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Login [RFC 7143 6] and text answers. Stages: security (nothing but AuthMethod=None), operational,
 * full feature. The keys of a round, rows of initiator_keys.c, are put together when its PDU is
 * encoded, from the place where the last round stopped.
 */
#include <string.h>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "proto/iscsi/initiator_state.h"
#include "proto/iscsi/text.h"

const struct lq_iscsi_initiator_offer lq_iscsi_initiator_offer_default = {
    .max_recv_data_segment_length = 8192,
    .max_burst_length = 262144,
    .first_burst_length = 65536,
    .max_outstanding_r2t = 1,
    .initial_r2t = true,
    .immediate_data = true,
    .default_time2wait_s = 2,
    .default_time2retain_s = 20,
};

/* --- what goes out ------------------------------------------------------------------------ */

/* The next NAME=VALUE of more_keys behind *AT, which may break the rules for both: a target is to
 * meet that. False: there is none. */
static bool next_more(struct lq_slice list, uint32_t *at, struct lq_text_pair *pair)
{
    while (*at < list.size_bytes) {
        const uint8_t *begin = list.bytes + *at;
        const uint8_t *end = memchr(begin, '\0', list.size_bytes - *at);
        const uint8_t *equals = end == NULL ? NULL : memchr(begin, '=', (size_t)(end - begin));
        if (end == NULL)
            return false;
        *at += (uint32_t)(end - begin) + 1;
        if (equals == NULL)
            continue;
        pair->key = (struct lq_slice){begin, (uint32_t)(equals - begin)};
        pair->value = (struct lq_slice){equals + 1, (uint32_t)(end - equals - 1)};
        return true;
    }
    return false;
}

static bool is_one_of_more_keys(const struct login *login, struct lq_slice key)
{
    struct lq_slice list = {login->own_text + login->name_bytes, login->more_bytes};
    struct lq_text_pair pair;
    for (uint32_t at = 0; next_more(list, &at, &pair);)
        if (pair.key.size_bytes == key.size_bytes &&
            memcmp(pair.key.bytes, key.bytes, key.size_bytes) == 0)
            return true;
    return false;
}

/* without_keys stand at the end of own_text. */
static bool is_left_out(const struct login *login, struct lq_slice key)
{
    const uint8_t *at = login->own_text + sizeof login->own_text - login->without_bytes;
    for (uint32_t size = 0; at < login->own_text + sizeof login->own_text; at += size + 1) {
        size = (uint32_t)strlen((const char *)at);
        if (size == key.size_bytes && memcmp(at, key.bytes, size) == 0)
            return true;
    }
    return false;
}

static bool is_offered(const struct login *login, const struct key *key)
{
    struct lq_slice name = lq_text_slice(key->name);
    return !is_one_of_more_keys(login, name) && !is_left_out(login, name) &&
           !(login->discovery && key->normal_only) && (login->tsih == 0 || key->each_login);
}

static uint32_t next_offer(const struct login *login, uint32_t from)
{
    while (from < KEYS && !is_offered(login, &lq_ini_keys[from]))
        from++;
    return from;
}

/* Operational keys of this round; true when none are left for another. */
static bool put_operational(struct login *login, struct lq_text_writer *writer)
{
    uint32_t count = 0;
    for (uint32_t at = next_offer(login, login->next_key); at < KEYS;
         at = next_offer(login, at + 1)) {
        if (count++ == 1 && login->one_key_per_pdu)
            return false;
        lq_ini_key_put(writer, login, &lq_ini_keys[at]);
        login->next_key = at + 1;
    }
    return true;
}

static void put_raw(struct lq_text_writer *writer, const uint8_t *bytes, uint32_t size_bytes)
{
    if (size_bytes > writer->capacity_bytes - writer->size_bytes) {
        writer->overflowed = true;
        return;
    }
    memcpy(writer->bytes + writer->size_bytes, bytes, size_bytes);
    writer->size_bytes += size_bytes;
}

/* The text of this round; true when it may end its stage. */
static bool put_round(struct login *login, struct lq_text_writer *writer)
{
    if (login->continuing) { /* the answer is not complete: nothing but "go on" may be said */
        login->continuing = false;
        return false;
    }
    bool is_first = !login->names_sent;
    if (is_first)
        put_raw(writer, login->own_text, login->name_bytes);
    login->names_sent = true;
    put_raw(writer, login->replies, login->reply_bytes);
    login->reply_bytes = 0;
    if (login->stage == LQ_STAGE_SECURITY) {
        if (is_first && login->says_auth)
            lq_text_put(writer, "AuthMethod", "None");
        return true;
    }
    if (!login->more_sent)
        put_raw(writer, login->own_text + login->name_bytes, login->more_bytes);
    login->more_sent = true;
    return put_operational(login, writer);
}

void lq_ini_encode_login(struct lq_iscsi_initiator *ini)
{
    struct login *login = &ini->login;
    struct output *output = lq_ini_output_next(ini);
    struct lq_text_writer writer = {.bytes = login->text, .capacity_bytes = LOGIN_TEXT_BYTES};
    login->asked_final = put_round(login, &writer);
    login->pdu_due = false;
    LQ_ASSERT(!writer.overflowed); /* all parts have their bounds */
    bool in_security = login->stage == LQ_STAGE_SECURITY;
    uint8_t next = in_security ? LQ_STAGE_OPERATIONAL : LQ_STAGE_FULL_FEATURE;
    struct lq_iscsi_pdu pdu = {.opcode = LQ_OP_LOGIN_REQUEST,
                               .immediate = true,
                               .final = login->asked_final,
                               .itt = login->itt,
                               .cmd_sn = ini->cmd_sn};
    pdu.u.login.csg = login->stage;
    pdu.u.login.nsg = login->asked_final ? next : 0;
    memcpy(pdu.u.login.isid, login->isid, LQ_ISID_BYTES);
    pdu.u.login.tsih = login->tsih;
    pdu.u.login.cid = login->cid;
    output->data = login->text;
    output->data_bytes = writer.size_bytes;
    lq_ini_output_add(ini, output, &pdu);
}

/* --- beginning ---------------------------------------------------------------------------- */

static const char *check_login(const struct lq_iscsi_initiator_login *request)
{
    const struct lq_iscsi_initiator_offer *offer = &request->offer;
    if (request->initiator_name == NULL || strlen(request->initiator_name) > 223 ||
        request->initiator_name[0] == '\0')
        return "the initiator name must have 1 to 223 bytes";
    if (request->target_name != NULL && strlen(request->target_name) > 223)
        return "the target name must have at most 223 bytes";
    if (request->isid >> 48 != 0)
        return "the ISID must fit 48 bits";
    if (request->more_keys_bytes > LOGIN_MORE_BYTES_MAX ||
        (request->more_keys_bytes > 0 && request->more_keys[request->more_keys_bytes - 1] != '\0'))
        return "more_keys must be pairs ended by NUL bytes, at most 1024 bytes";
    if (request->without_keys_bytes > LOGIN_WITHOUT_BYTES_MAX ||
        (request->without_keys_bytes > 0 &&
         request->without_keys[request->without_keys_bytes - 1] != '\0'))
        return "without_keys must be names ended by NUL bytes, at most 256 bytes";
    if (offer->max_outstanding_r2t > LQ_ISCSI_I_R2T_MAX)
        return "MaxOutstandingR2T must be at most 8";
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t value = lq_ini_key_offered(offer, lq_ini_keys[i].field);
        bool is_boolean = lq_ini_keys[i].rule == OR || lq_ini_keys[i].rule == AND;
        bool has_range = lq_ini_keys[i].literal == NULL && !is_boolean;
        if (has_range && (value < lq_ini_keys[i].low || value > lq_ini_keys[i].high))
            return "a number of the offer is out of the key's range";
    }
    if (offer->first_burst_length > offer->max_burst_length)
        return "FirstBurstLength must be at most MaxBurstLength";
    return NULL;
}

/* The pair of KEY in more_keys; false: it is not there. */
static bool find_more(const struct lq_iscsi_initiator_login *request, const char *key,
                      struct lq_text_pair *pair)
{
    struct lq_slice list = {(const uint8_t *)request->more_keys, request->more_keys_bytes};
    for (uint32_t at = 0; next_more(list, &at, pair);)
        if (lq_text_equal(pair->key, key))
            return true;
    return false;
}

/* A key of the first request: as REQUEST says, else with VALUE (NULL: not at all). True: as it
 * usually is. */
static bool put_first(struct lq_text_writer *writer, const struct login *login,
                      const struct lq_iscsi_initiator_login *request, const char *key,
                      const char *value)
{
    struct lq_text_pair pair;
    if (find_more(request, key, &pair))
        lq_text_put_slices(writer, pair.key, pair.value);
    else if (is_left_out(login, lq_text_slice(key)))
        return false;
    else if (value != NULL)
        lq_text_put(writer, key, value);
    return !find_more(request, key, &pair);
}

static const char *const first_keys[] = {"InitiatorName", "TargetName", "SessionType",
                                         "AuthMethod"};

static bool is_first_key(struct lq_slice key)
{
    for (size_t i = 0; i < sizeof first_keys / sizeof first_keys[0]; i++)
        if (lq_text_equal(key, first_keys[i]))
            return true;
    return false;
}

/* What more_keys says besides. */
static void put_more(struct lq_text_writer *writer, const struct lq_iscsi_initiator_login *request)
{
    struct lq_slice list = {(const uint8_t *)request->more_keys, request->more_keys_bytes};
    struct lq_text_pair pair;
    for (uint32_t at = 0; next_more(list, &at, &pair);)
        if (!is_first_key(pair.key))
            lq_text_put_slices(writer, pair.key, pair.value);
}

static void write_own_text(struct login *login, const struct lq_iscsi_initiator_login *request)
{
    struct lq_text_writer writer = {.bytes = login->own_text,
                                    .capacity_bytes = sizeof login->own_text};
    bool is_normal = request->target_name != NULL;
    /* A key of the leading login [RFC 7143 13.21]. */
    const char *type = request->tsih != 0 ? NULL : is_normal ? "Normal" : "Discovery";
    uint8_t *without = login->own_text + sizeof login->own_text - request->without_keys_bytes;
    if (request->without_keys_bytes > 0)
        memcpy(without, request->without_keys, request->without_keys_bytes);
    login->without_bytes = request->without_keys_bytes;
    writer.capacity_bytes -= login->without_bytes;
    (void)put_first(&writer, login, request, "InitiatorName", request->initiator_name);
    (void)put_first(&writer, login, request, "TargetName", request->target_name);
    (void)put_first(&writer, login, request, "SessionType", type);
    login->says_auth = put_first(&writer, login, request, "AuthMethod", NULL);
    login->name_bytes = writer.size_bytes;
    put_more(&writer, request);
    login->more_bytes = writer.size_bytes - login->name_bytes;
    LQ_ASSERT(!writer.overflowed);
    /* Whatever digest comes of what is said in their place is used. */
    if (is_one_of_more_keys(login, lq_text_slice("HeaderDigest")))
        login->offer.header_digest = LQ_DIGEST_PREFER_NONE;
    if (is_one_of_more_keys(login, lq_text_slice("DataDigest")))
        login->offer.data_digest = LQ_DIGEST_PREFER_NONE;
}

const char *lq_iscsi_initiator_login(struct lq_iscsi_initiator *ini,
                                     const struct lq_iscsi_initiator_login *request)
{
    LQ_ASSERT(ini->phase == IDLE);
    const char *wrong = check_login(request);
    if (wrong != NULL)
        return wrong;
    struct login *login = &ini->login;
    memset(login, 0, sizeof *login);
    login->offer = request->offer;
    lq_put_be48(login->isid, request->isid);
    login->tsih = request->tsih;
    login->cid = request->cid;
    login->discovery = request->target_name == NULL;
    login->one_key_per_pdu = request->one_key_per_pdu;
    login->tells_text = request->tells_text;
    login->stage = request->skip_security_stage ? LQ_STAGE_OPERATIONAL : LQ_STAGE_SECURITY;
    login->pdu_due = true;
    login->deadline_ns = ini->config.login_timeout_ns == 0
                             ? LQ_NEVER
                             : ini->env->now_ns + ini->config.login_timeout_ns;
    write_own_text(login, request);
    ini->cmd_sn = ini->exp_cmd_sn = request->first_cmd_sn;
    ini->max_cmd_sn = request->first_cmd_sn - 1;
    ini->next_itt = request->first_itt;
    if (ini->next_itt == LQ_TAG_NONE)
        ini->next_itt = 0;
    login->itt = ini->next_itt++;
    ini->exp_stat_sn = 0;
    ini->tsih = 0;
    /* A session that goes on over another connection keeps what was negotiated for it. */
    if (request->tsih == 0)
        ini->params = lq_iscsi_initiator_offer_default;
    ini->params.max_recv_data_segment_length = request->offer.max_recv_data_segment_length;
    ini->params.header_digest = ini->params.data_digest = LQ_DIGEST_NONE;
    ini->target_segment_max = 8192;
    ini->text_bytes = 0;
    ini->phase = LOGIN;
    return NULL;
}

/* --- what comes in ------------------------------------------------------------------------ */

static bool is_declared_by_target(struct lq_slice key)
{
    static const char *const names[] = {"TargetAlias", "TargetAddress", "TargetPortalGroupTag"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (lq_text_equal(key, names[i]))
            return true;
    return false;
}

static void reply(struct lq_iscsi_initiator *ini, struct lq_slice key, const char *value)
{
    struct login *login = &ini->login;
    struct lq_text_writer writer = {.bytes = login->replies,
                                    .size_bytes = login->reply_bytes,
                                    .capacity_bytes = sizeof login->replies};
    lq_text_put_slices(&writer, key, lq_text_slice(value));
    login->reply_bytes = writer.size_bytes;
    if (writer.overflowed)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TEXT);
}

static void take_pair(struct lq_iscsi_initiator *ini, const struct lq_text_pair *pair)
{
    struct login *login = &ini->login;
    for (uint32_t i = 0; i < KEYS; i++) {
        if (!lq_text_equal(pair->key, lq_ini_keys[i].name))
            continue;
        if (is_one_of_more_keys(login, pair->key)) {
            (void)lq_ini_key_answer(ini, &lq_ini_keys[i], pair->value);
            return;
        }
        if (is_left_out(login, pair->key)) { /* the target begins with it: so be it */
            (void)lq_ini_key_answer(ini, &lq_ini_keys[i], pair->value);
            if (lq_ini_keys[i].rule != DECLARED)
                reply(ini, pair->key, (const char *)pair->value.bytes);
            return;
        }
        bool again = (login->answered >> i & 1) != 0;
        login->answered |= UINT32_C(1) << i;
        if (!is_offered(login, &lq_ini_keys[i]))
            reply(ini, pair->key, "Irrelevant");
        else if (!again && i >= login->next_key)
            lq_ini_key_meet(ini, &lq_ini_keys[i], pair->value);
        else if (again || !lq_ini_key_answer(ini, &lq_ini_keys[i], pair->value))
            lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
        return;
    }
    if (lq_text_equal(pair->key, "AuthMethod")) {
        if (login->says_auth && !lq_text_equal(pair->value, "None"))
            lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
    } else if (!is_declared_by_target(pair->key) && !is_one_of_more_keys(login, pair->key)) {
        reply(ini, pair->key, "NotUnderstood");
    }
}

static void take_text(struct lq_iscsi_initiator *ini)
{
    struct lq_text_reader reader = {{ini->text, ini->text_bytes}, 0};
    struct lq_text_pair pair;
    enum lq_text_result result;
    while ((result = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR)
        take_pair(ini, &pair);
    if (result != LQ_TEXT_END)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TEXT);
    if (ini->login.tells_text && ini->text_bytes > 0)
        lq_ini_push(ini, LQ_ISCSI_I_EVENT_LOGIN_TEXT)->text =
            (struct lq_slice){ini->text, ini->text_bytes};
    ini->text_bytes = 0;
}

/* Adds the segment in hand to the collected answer; false when text_bytes_max is exceeded. */
static bool collect(struct lq_iscsi_initiator *ini)
{
    uint32_t room = ini->config.text_bytes_max - ini->text_bytes;
    if (ini->pdu.data_bytes > ini->segment_bytes || ini->segment_bytes > room) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TEXT);
        return false;
    }
    memcpy(ini->text + ini->text_bytes, ini->segment, ini->segment_bytes);
    ini->text_bytes += ini->segment_bytes;
    return true;
}

static void refuse_login(struct lq_iscsi_initiator *ini, enum lq_iscsi_initiator_error error)
{
    lq_ini_error(ini, error);
    lq_ini_close(ini, 1);
}

static void enter_full_feature(struct lq_iscsi_initiator *ini)
{
    struct login *login = &ini->login;
    uint16_t tsih = ini->pdu.u.login.tsih;
    if (tsih == 0 || (login->tsih != 0 && login->tsih != tsih))
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_STAGE);
    for (uint32_t i = 0; i < KEYS; i++)
        if (is_offered(login, &lq_ini_keys[i]) && lq_ini_keys[i].rule != DECLARED &&
            (login->answered >> i & 1) == 0)
            lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
    if (login->reply_bytes > 0) /* the target ends although it is owed answers */
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
    if (ini->params.first_burst_length > ini->params.max_burst_length) {
        bool matters = !ini->params.initial_r2t || ini->params.immediate_data;
        if (matters && !login->discovery)
            lq_ini_error(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
        ini->params.first_burst_length = ini->params.max_burst_length;
    }
    if (!lq_ini_digests_are_acceptable(ini)) {
        refuse_login(ini, LQ_ISCSI_I_ERROR_LOGIN_KEY);
        return;
    }
    ini->tsih = tsih;
    ini->phase = FULL_FEATURE;
    ini->waiting_since_ns = ini->env->now_ns;
    lq_ini_push(ini, LQ_ISCSI_I_EVENT_LOGGED_IN)->tsih = tsih;
}

/* Whether the response fits the request that is out [RFC 7143 11.13]. */
static bool stages_fit(const struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    const struct login *login = &ini->login;
    if (pdu->itt != login->itt || memcmp(pdu->u.login.isid, login->isid, LQ_ISID_BYTES) != 0)
        return false;
    if (pdu->u.login.csg != login->stage || pdu->u.login.version_min != 0)
        return false;
    if (!pdu->final)
        return true;
    uint8_t asked = login->stage == LQ_STAGE_SECURITY ? LQ_STAGE_OPERATIONAL
                                                      : LQ_STAGE_FULL_FEATURE;
    return login->asked_final && !pdu->u.login.more && pdu->u.login.nsg == asked;
}

/* The response in hand is a good one, and its text is complete. */
static void go_on(struct lq_iscsi_initiator *ini)
{
    struct login *login = &ini->login;
    take_text(ini);
    if (!ini->pdu.final) {
        login->pdu_due = true;
        return;
    }
    if (login->stage == LQ_STAGE_OPERATIONAL) {
        enter_full_feature(ini);
        return;
    }
    login->stage = LQ_STAGE_OPERATIONAL;
    login->pdu_due = true;
}

void lq_ini_handle_login(struct lq_iscsi_initiator *ini)
{
    const struct lq_iscsi_pdu *pdu = &ini->pdu;
    struct login *login = &ini->login;
    if (login->pdu_due) { /* answers what was not asked */
        refuse_login(ini, LQ_ISCSI_I_ERROR_LOGIN_STAGE);
        return;
    }
    if (pdu->u.login.status != LQ_LOGIN_SUCCESS) {
        lq_ini_push(ini, LQ_ISCSI_I_EVENT_LOGIN_FAILED)->code = pdu->u.login.status;
        lq_ini_close(ini, 0);
        return;
    }
    if (login->have_stat_sn && pdu->stat_sn != ini->exp_stat_sn)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_STAT_SN);
    login->have_stat_sn = true;
    ini->exp_stat_sn = pdu->stat_sn + 1;
    lq_ini_take_window(ini);
    if (!stages_fit(ini) || ++login->rounds > LOGIN_ROUNDS_MAX) {
        refuse_login(ini, LQ_ISCSI_I_ERROR_LOGIN_STAGE);
        return;
    }
    if (!collect(ini)) {
        lq_ini_close(ini, 1);
        return;
    }
    if (pdu->u.login.more) {
        login->continuing = true;
        login->pdu_due = true;
        return;
    }
    go_on(ini);
}

/* --- text --------------------------------------------------------------------------------- */

static void ask_for_rest(struct lq_iscsi_initiator *ini, struct request *request)
{
    if (ini->pdu.ttt == LQ_TAG_NONE) {
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TARGET_TAG);
        return;
    }
    request->ttt = ini->pdu.ttt;
    request->lun = ini->pdu.lun;
    request->life = QUEUED;
    ini->awaited_count--;
    ini->queued_count++;
    lq_list_push(&ini->queue, &request->link);
}

static void tell_text(struct lq_iscsi_initiator *ini, struct request *request)
{
    struct lq_text_reader reader = {{ini->text, ini->text_bytes}, 0};
    struct lq_text_pair pair;
    enum lq_text_result result;
    while ((result = lq_text_next(&reader, &pair)) == LQ_TEXT_PAIR)
        ;
    if (result != LQ_TEXT_END)
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_TEXT);
    if (request->life != ABANDONED) {
        struct lq_iscsi_initiator_event *event = lq_ini_push(ini, LQ_ISCSI_I_EVENT_TEXT_DONE);
        event->id = request->id;
        event->itt = request->itt;
        event->cmd_sn = request->cmd_sn;
        event->text = (struct lq_slice){ini->text, reader.position};
    }
    (void)lq_ini_end(ini, request);
}

void lq_ini_handle_text(struct lq_iscsi_initiator *ini)
{
    lq_ini_take_stat_sn(ini, true);
    struct request *request = lq_ini_by_tag(ini, ini->pdu.itt);
    if (request == NULL || request->kind != TEXT || request->life == QUEUED) {
        lq_ini_error(ini, request == NULL ? LQ_ISCSI_I_ERROR_TAG : LQ_ISCSI_I_ERROR_ANSWER_KIND);
        return;
    }
    bool fits = collect(ini);
    bool is_last = ini->pdu.final;
    if (is_last && (ini->pdu.ttt != LQ_TAG_NONE || ini->pdu.u.text.more))
        lq_ini_error(ini, LQ_ISCSI_I_ERROR_FIELD);
    if (is_last || !fits || request->life == ABANDONED)
        tell_text(ini, request);
    else
        ask_for_rest(ini, request);
}
