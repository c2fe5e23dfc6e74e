/* SPDX-License-Identifier: Apache-2.0 */
/* Extended link service requests that come to us [FC-LS-2]: a table says who must be logged in, and
 * what answers. */
#include <string.h>

#include "proto/fc/target_state.h"

struct request {
    struct lq_fc_target *t;
    uint32_t port;
    const struct lq_fc_frame *frame;
    const struct lq_fc_els *els;
    struct lq_slice data;
};

static void accept(const struct request *r, struct lq_fc_els *acc)
{
    struct lq_fct_reply *reply = lq_fct_answer(r->t, r->port, r->frame, LQ_FC_R_CTL_ELS_REPLY);
    if (reply != NULL)
        lq_fct_send_els(r->t, reply, acc);
}

static void plogi(const struct request *r)
{
    lq_fct_plogi(r->t, r->port, r->frame, r->els);
}

static void logo(const struct request *r)
{
    lq_fct_logo(r->t, r->port, r->frame);
}

static void prli(const struct request *r)
{
    lq_fct_prli(r->t, r->port, r->frame, r->els);
}

static void prlo(const struct request *r)
{
    lq_fct_prlo(r->t, r->port, r->frame, r->els);
}

static void pdisc(const struct request *r)
{
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_PDISC);
    lq_fct_login_parameters(r->t, r->port, &acc.u.login);
    accept(r, &acc);
}

static void adisc(const struct request *r)
{
    const struct lq_fct_port *port = &r->t->ports[r->port];
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_ADISC);
    acc.u.adisc.port_name = port->config.port_name;
    acc.u.adisc.node_name = port->config.node_name;
    acc.u.adisc.fc_id = port->fc_id;
    accept(r, &acc);
}

static void rtv(const struct request *r)
{
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, LQ_FC_ELS_RTV);
    acc.u.rtv.r_a_tov = (uint32_t)(r->t->config.r_a_tov_ns / 1000000);
    acc.u.rtv.e_d_tov = (uint32_t)(r->t->config.e_d_tov_ns / 1000000);
    accept(r, &acc);
}

/* RLS: no link errors are counted here. RSCN: targets ask nobody. */
static void plain(const struct request *r)
{
    struct lq_fc_els acc;
    lq_fc_els_begin(&acc, LQ_FC_ELS_LS_ACC, r->data.bytes[0]);
    accept(r, &acc);
}

static void test(const struct request *r)
{
    (void)r; /* has no reply */
}

static void echo(const struct request *r)
{
    struct lq_fct_reply *reply = lq_fct_answer(r->t, r->port, r->frame, LQ_FC_R_CTL_ELS_REPLY);
    if (reply == NULL)
        return;
    memcpy(reply->payload, r->data.bytes, r->data.size_bytes);
    reply->payload[0] = LQ_FC_ELS_LS_ACC;
    lq_fct_send(r->t, reply, r->data.size_bytes);
}

static void rec(const struct request *r)
{
    lq_fct_rec(r->t, r->port, r->frame, r->els);
}

static void rrq(const struct request *r)
{
    lq_fct_rrq(r->t, r->port, r->frame, r->els);
}

static const struct row {
    uint8_t command;
    bool needs_login;
    void (*run)(const struct request *r);
} rows[] = {
    {LQ_FC_ELS_PLOGI, false, plogi}, {LQ_FC_ELS_LOGO, false, logo},
    {LQ_FC_ELS_PRLI, true, prli},    {LQ_FC_ELS_PRLO, true, prlo},
    {LQ_FC_ELS_PDISC, true, pdisc},  {LQ_FC_ELS_ADISC, true, adisc},
    {LQ_FC_ELS_RTV, false, rtv},     {LQ_FC_ELS_RLS, true, plain},
    {LQ_FC_ELS_RSCN, false, plain},  {LQ_FC_ELS_TEST, false, test},
    {LQ_FC_ELS_ECHO, false, echo},   {LQ_FC_ELS_REC, true, rec},
    {LQ_FC_ELS_RRQ, true, rrq},
};

static const struct row *row_of(uint8_t command)
{
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].command == command)
            return &rows[i];
    return NULL;
}

void lq_fct_els_request(struct lq_fc_target *t, uint32_t port, const struct lq_fc_frame *frame,
                        struct lq_slice data)
{
    struct lq_fc_els els = {.command = 0};
    struct request r = {t, port, frame, &els, data};
    if (data.size_bytes < 4) {
        t->counts.dropped++;
        return;
    }
    const struct row *row = row_of(data.bytes[0]);
    bool has_fields = row != NULL && row->run != echo && row->run != test && row->run != plain;
    if (row == NULL)
        lq_fct_reject(t, port, frame, LQ_FC_REASON_NOT_SUPPORTED, LQ_FC_EXPLAIN_NOTHING);
    else if (row->needs_login && lq_fct_remote_at(t, port, frame->s_id) == NULL)
        lq_fct_reject(t, port, frame, LQ_FC_REASON_UNABLE, LQ_FC_EXPLAIN_LOGIN_REQUIRED);
    else if (has_fields && !lq_fc_els_decode(&els, 0, data.bytes, data.size_bytes))
        lq_fct_reject(t, port, frame, LQ_FC_REASON_PROTOCOL_ERROR, LQ_FC_EXPLAIN_NOTHING);
    else
        row->run(&r);
}
