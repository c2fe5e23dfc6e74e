/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: three sources of frames (FIP, fabric, target) that take turns in this order, and one way
 * in, by Ethernet type. Links of the fabric are virtual links of the FCF or, from LOCAL_LINKS on,
 * N_Ports of the target. In VN2VN mode there is no fabric: the N_Ports follow what vn2vn.h tells.
 */
#include "proto/fcoe/station.h"

#include "core/base/assert.h"
#include "core/base/heap.h"

enum {
    LOCAL_LINKS = 0x10000,
    PRIORITY_TAG = 3 << 13,
    VLAN_MASK = 0x0fff,
    DATA_BYTES_MIN = 256
};

enum source { SOURCE_NONE, SOURCE_FIP, SOURCE_FABRIC, SOURCE_TARGET };

const struct lq_fcoe_station_config lq_fcoe_station_config_default = {
    .mode = LQ_FCOE_FABRIC,
    .mtu = LQ_FCOE_MTU,
    .fcf = {.fc_map = LQ_FCF_FC_MAP,
            .priority = 128,
            .fka_adv_period_ms = LQ_FCF_FKA_MS,
            .fabric_provided = true,
            .server_provided = true,
            .links_max = LQ_FC_FABRIC_PORTS_MAX},
    .fabric = {.ports_max = LQ_FC_FABRIC_PORTS_MAX,
               .frames_max = 64,
               .domain = 1,
               .data_bytes_max = LQ_FC_PAYLOAD_BYTES_MAX,
               .e_d_tov_ms = 2000,
               .r_a_tov_ms = 10000,
               .first_ox_id = 1},
    .peers_max = 32,
    .fip_frames_max = 32,
};

struct lq_fcoe_station {
    struct lq_fcoe_station_config config;
    struct lq_env *env;
    struct lq_fc_target *target;
    struct lq_fc_port_config *ports;
    uint32_t data_bytes_max; /* that the link carries */
    struct lq_fip_outbox outbox;
    struct lq_fc_fabric *fabric;
    struct lq_fcf *fcf;
    struct lq_vn2vn *vn2vn; /* VN2VN mode; then there are neither fabric nor fcf */
    bool is_up;
    enum source emitting; /* whose frame stands in ends */
    struct lq_fc_frame frame;
    struct lq_fcoe_ends ends;
    struct lq_fcoe_station_counts counts;
};

static uint32_t data_bytes_of(uint32_t mtu)
{
    uint32_t data_bytes = (mtu - LQ_FCOE_OVERHEAD_BYTES) & ~UINT32_C(3);
    return data_bytes < LQ_FC_PAYLOAD_BYTES_MAX ? data_bytes : LQ_FC_PAYLOAD_BYTES_MAX;
}

const char *lq_fcoe_station_config_check(const struct lq_fcoe_station_config *config)
{
    if (config->mac == 0 || config->mac & LQ_MAC_GROUP_BIT || config->mac >> 48 != 0)
        return "the MAC address is no station's; expected one without the group bit";
    if (config->mtu < DATA_BYTES_MIN + LQ_FCOE_OVERHEAD_BYTES)
        return "the MTU is too small for FC frames; expected 302 or more, best 2500";
    if (config->vlan > 4094)
        return "the VLAN is no VLAN's number; expected 1..4094, or 0 for none";
    if (config->port_count == 0 || config->port_count >= config->fabric.ports_max)
        return "there are no N_Ports, or more than addresses; expected 1..125";
    if (config->mode == LQ_FCOE_VN2VN && config->port_count > LQ_FCOE_VN_PORTS_MAX)
        return "there are too many N_Ports; expected at most 16 in VN2VN mode";
    return NULL;
}

/* --- two modes ------------------------------------------------------------------------------- */

static void make_fabric(struct lq_fcoe_station *made, struct lq_arena *arena,
                        const struct lq_fcoe_station_config *config, struct lq_env *env,
                        struct lq_fip_outbox *outbox)
{
    struct lq_fc_fabric_config fabric = config->fabric;
    struct lq_fcf_config fcf = config->fcf;
    if (made->data_bytes_max < fabric.data_bytes_max)
        fabric.data_bytes_max = (uint16_t)made->data_bytes_max;
    fcf.mac = config->mac;
    fcf.vlan = config->vlan;
    fcf.fabric_name = fabric.fabric_name;
    made->fabric = lq_fc_fabric_make(arena, &fabric, env);
    made->fcf = lq_fcf_make(arena, &fcf, env, made->fabric, outbox);
}

/* Addresses that are tried first follow from the MAC address. */
static void make_vn2vn(struct lq_fcoe_station *made, struct lq_arena *arena,
                       const struct lq_fcoe_station_config *config, struct lq_env *env,
                       struct lq_fip_outbox *outbox)
{
    struct lq_vn2vn_port_config ports[LQ_FCOE_VN_PORTS_MAX];
    struct lq_vn2vn_config vn2vn = lq_vn2vn_config_default;
    for (uint32_t i = 0; i < config->port_count; i++)
        ports[i] = (struct lq_vn2vn_port_config){
            .port_name = config->ports[i].port_name,
            .node_name = config->ports[i].node_name,
            .first_id = (uint16_t)((config->mac + i) % 0xffff + 1),
            .is_target = true};
    vn2vn.mac = config->mac;
    vn2vn.vlan = config->vlan;
    vn2vn.port_count = config->port_count;
    vn2vn.ports = ports;
    vn2vn.peers_max = config->peers_max;
    vn2vn.data_bytes_max = made->data_bytes_max;
    made->vn2vn = lq_vn2vn_make(arena, &vn2vn, env, outbox);
}

struct lq_fcoe_station *lq_fcoe_station_make(struct lq_arena *arena,
                                             const struct lq_fcoe_station_config *config,
                                             struct lq_env *env, struct lq_fc_target *target)
{
    struct lq_fcoe_station *station = lq_arena_take(arena, 1, sizeof *station, true);
    struct lq_fcoe_station made = {.config = *config,
                                   .env = env,
                                   .target = target,
                                   .data_bytes_max = data_bytes_of(config->mtu)};
    LQ_ASSERT(lq_fcoe_station_config_check(config) == NULL);
    made.ports = lq_arena_take(arena, config->port_count, sizeof *made.ports, true);
    lq_fip_outbox_make(&made.outbox, arena, config->fip_frames_max);
    struct lq_fip_outbox *outbox = station == NULL ? NULL : &station->outbox;
    if (config->mode == LQ_FCOE_FABRIC)
        make_fabric(&made, arena, config, env, outbox);
    else
        make_vn2vn(&made, arena, config, env, outbox);
    if (station == NULL)
        return NULL;
    for (uint32_t i = 0; i < config->port_count; i++)
        made.ports[i] = config->ports[i];
    *station = made;
    return station;
}

static void attach_all(struct lq_fcoe_station *station)
{
    for (uint32_t i = 0; i < station->config.port_count; i++) {
        uint32_t fc_id = lq_fc_fabric_attach(station->fabric, LOCAL_LINKS + i,
                                             station->ports[i].port_name,
                                             station->ports[i].node_name);
        LQ_ASSERT(fc_id != 0);
        lq_fc_target_attach(station->target, i, fc_id, station->data_bytes_max);
    }
}

static void detach_all(struct lq_fcoe_station *station)
{
    for (uint32_t i = 0; i < station->config.port_count; i++) {
        lq_fc_fabric_detach(station->fabric, lq_fc_target_address(station->target, i));
        lq_fc_target_detach(station->target, i);
    }
}

static void follow_peer(struct lq_fcoe_station *station, const struct lq_vn2vn_event *event)
{
    if (station->ports[event->port].port_name > event->name)
        lq_fc_target_greet(station->target, event->port, event->fc_id);
}

/* Does with the N_Ports what has become of their addresses and peers. */
static void follow(struct lq_fcoe_station *station)
{
    struct lq_vn2vn_event event;
    while (station->vn2vn != NULL && lq_vn2vn_next(station->vn2vn, &event)) {
        switch (event.kind) {
        case LQ_VN2VN_UP:
            lq_fc_target_attach(station->target, event.port, event.fc_id, station->data_bytes_max);
            break;
        case LQ_VN2VN_DOWN: lq_fc_target_detach(station->target, event.port); break;
        case LQ_VN2VN_PEER: follow_peer(station, &event); break;
        case LQ_VN2VN_PEER_GONE:
            for (uint32_t i = 0; i < station->config.port_count; i++)
                lq_fc_target_forget(station->target, i, event.fc_id);
            break;
        }
    }
}

void lq_fcoe_station_link(struct lq_fcoe_station *station, bool is_up)
{
    if (station->is_up == is_up)
        return;
    station->is_up = is_up;
    if (station->vn2vn != NULL) {
        lq_vn2vn_link(station->vn2vn, is_up);
        follow(station);
        return;
    }
    if (is_up)
        attach_all(station);
    else
        detach_all(station);
    lq_fcf_link(station->fcf, is_up);
}

/* --- in -------------------------------------------------------------------------------------- */

static void take_fip(struct lq_fcoe_station *station, const struct lq_ethernet *ethernet,
                     const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fip_message message;
    if (lq_fip_decode(&message, bytes, size_bytes) != LQ_FIP_OK) {
        station->counts.malformed++;
    } else if (station->vn2vn != NULL) {
        lq_vn2vn_fip(station->vn2vn, ethernet, &message);
        follow(station);
    } else {
        lq_fcf_fip(station->fcf, ethernet, &message);
    }
}

/* To an N_Port of ours, or to the fabric, which forwards it to another or answers itself. */
static void deliver(struct lq_fcoe_station *station, const struct lq_fc_frame *frame)
{
    if (station->vn2vn != NULL) {
        lq_fc_target_feed(station->target, lq_vn2vn_port(station->vn2vn, frame->d_id), frame);
        return;
    }
    uint32_t link = lq_fc_fabric_link(station->fabric, frame->d_id);
    if (link != LQ_FC_NO_LINK && link >= LOCAL_LINKS)
        lq_fc_target_feed(station->target, link - LOCAL_LINKS, frame);
    else
        lq_fc_fabric_feed(station->fabric, frame);
}

/* True when DESTINATION is an address of ours. */
static bool is_ours(const struct lq_fcoe_station *station, uint64_t destination)
{
    if (station->vn2vn == NULL)
        return destination == station->config.mac;
    return destination >> 24 == LQ_VN2VN_FC_MAP &&
           lq_vn2vn_port(station->vn2vn, destination & 0xffffff) != LQ_VN2VN_NO_PORT;
}

/* True when the sender is who it says, and means an N_Port that is behind its destination. */
static bool is_known(struct lq_fcoe_station *station, const struct lq_ethernet *ethernet,
                     const struct lq_fc_frame *frame)
{
    if (station->vn2vn == NULL)
        return lq_fcf_accepts(station->fcf, ethernet->source, frame->s_id);
    return lq_vn2vn_peer_mac(station->vn2vn, frame->s_id) == ethernet->source &&
           (ethernet->destination & 0xffffff) == frame->d_id;
}

static void take_fcoe(struct lq_fcoe_station *station, const struct lq_ethernet *ethernet,
                      const uint8_t *bytes, uint32_t size_bytes)
{
    struct lq_fcoe fcoe;
    if (!is_ours(station, ethernet->destination)) {
        station->counts.not_for_us++;
        return;
    }
    enum lq_fcoe_error error = lq_fcoe_decode(&fcoe, bytes, size_bytes, station->config.crc32);
    if (error == LQ_FCOE_CRC)
        station->counts.crc_errors++;
    else if (error != LQ_FCOE_OK)
        station->counts.malformed++;
    else if (!lq_fcoe_is_class_3(&fcoe.fc))
        station->counts.not_for_us++;
    else if (!is_known(station, ethernet, &fcoe.fc))
        station->counts.strangers++;
    else
        deliver(station, &fcoe.fc);
}

/* VLAN requests are sent without a tag, by those who do not know it yet. */
static bool is_in_vlan(const struct lq_fcoe_station *station, const struct lq_ethernet *ethernet)
{
    uint16_t vlan = ethernet->is_tagged ? ethernet->tag & VLAN_MASK : 0;
    return vlan == station->config.vlan || (vlan == 0 && ethernet->type == LQ_ETHERTYPE_FIP);
}

void lq_fcoe_station_feed(struct lq_fcoe_station *station, const uint8_t *bytes,
                          uint32_t size_bytes)
{
    struct lq_ethernet ethernet;
    uint32_t skip = lq_ethernet_decode(&ethernet, bytes, size_bytes);
    station->counts.frames_in++;
    if (skip == 0)
        station->counts.malformed++;
    else if (!station->is_up || !is_in_vlan(station, &ethernet))
        station->counts.not_for_us++;
    else if (ethernet.type == LQ_ETHERTYPE_FIP)
        take_fip(station, &ethernet, bytes + skip, size_bytes - skip);
    else if (ethernet.type == LQ_ETHERTYPE_FCOE)
        take_fcoe(station, &ethernet, bytes + skip, size_bytes - skip);
    else
        station->counts.not_for_us++;
}

/* --- out ------------------------------------------------------------------------------------- */

/* Where station->frame goes; 0: nobody is there. */
static uint64_t destination_of(const struct lq_fcoe_station *station)
{
    uint32_t d_id = station->frame.d_id;
    if (station->vn2vn != NULL)
        return lq_vn2vn_peer_mac(station->vn2vn, d_id);
    uint32_t link = lq_fc_fabric_link(station->fabric, d_id);
    return link == LQ_FC_NO_LINK ? 0 : lq_fcf_mac(station->fcf, link);
}

/* Puts station->frame into its envelope. False: its destination is not there. */
static bool encapsulate(struct lq_fcoe_station *station)
{
    uint64_t mac = destination_of(station);
    if (mac == 0)
        return false;
    const struct lq_ethernet ethernet = {
        .destination = mac,
        .source = station->vn2vn == NULL ? station->config.mac
                                         : lq_fcoe_mac(LQ_VN2VN_FC_MAP, station->frame.s_id),
        .type = LQ_ETHERTYPE_FCOE,
        .is_tagged = station->config.vlan != 0,
        .tag = (uint16_t)(PRIORITY_TAG | station->config.vlan)};
    const struct lq_fcoe fcoe = {.fc = station->frame};
    lq_fcoe_encode(&ethernet, &fcoe, station->config.crc32, &station->ends);
    return true;
}

static bool next_frame(struct lq_fcoe_station *station, enum source *source)
{
    uint32_t port;
    *source = SOURCE_FABRIC;
    if (station->fabric != NULL && lq_fc_fabric_emit(station->fabric, &station->frame))
        return true;
    *source = SOURCE_TARGET;
    return lq_fc_target_emit(station->target, &port, &station->frame);
}

static void take(struct lq_fcoe_station *station, enum source source)
{
    if (source == SOURCE_FIP)
        lq_fip_outbox_take(&station->outbox);
    else if (source == SOURCE_FABRIC)
        lq_fc_fabric_sent(station->fabric);
    else
        lq_fc_target_sent(station->target);
}

uint32_t lq_fcoe_station_emit(struct lq_fcoe_station *station,
                              struct lq_slice slices[LQ_FCOE_FRAME_SLICES])
{
    slices[0] = lq_fip_outbox_first(&station->outbox);
    if (station->emitting == SOURCE_NONE && slices[0].size_bytes > 0)
        station->emitting = SOURCE_FIP;
    enum source source;
    while (station->emitting == SOURCE_NONE) {
        if (!next_frame(station, &source))
            return 0;
        if (encapsulate(station)) {
            station->emitting = source;
        } else {
            station->counts.undelivered++;
            take(station, source);
        }
    }
    if (station->emitting == SOURCE_FIP)
        return 1;
    const struct lq_fcoe_ends *ends = &station->ends;
    slices[0] = (struct lq_slice){ends->head, ends->head_bytes};
    slices[1] = (struct lq_slice){station->frame.payload, station->frame.payload_bytes};
    slices[2] = (struct lq_slice){ends->tail, ends->tail_bytes};
    return LQ_FCOE_FRAME_SLICES;
}

void lq_fcoe_station_sent(struct lq_fcoe_station *station)
{
    LQ_ASSERT(station->emitting != SOURCE_NONE);
    take(station, station->emitting);
    station->emitting = SOURCE_NONE;
    station->counts.frames_out++;
}

/* --- time, deeds and looks ------------------------------------------------------------------- */

uint64_t lq_fcoe_station_deadline(const struct lq_fcoe_station *station)
{
    if (station->vn2vn != NULL)
        return lq_vn2vn_deadline(station->vn2vn);
    uint64_t fcf_ns = lq_fcf_deadline(station->fcf);
    uint64_t fabric_ns = lq_fc_fabric_deadline(station->fabric);
    return fcf_ns < fabric_ns ? fcf_ns : fabric_ns;
}

void lq_fcoe_station_expire(struct lq_fcoe_station *station)
{
    uint64_t now_ns = station->env->now_ns;
    if (station->vn2vn != NULL) {
        lq_vn2vn_expire(station->vn2vn);
        follow(station);
        return;
    }
    if (lq_fcf_deadline(station->fcf) <= now_ns)
        lq_fcf_expire(station->fcf);
    if (lq_fc_fabric_deadline(station->fabric) <= now_ns)
        lq_fc_fabric_expire(station->fabric);
}

void lq_fcoe_station_do(struct lq_fcoe_station *station, enum lq_fcoe_deed deed, uint32_t number)
{
    if (station->vn2vn != NULL)
        return;
    switch (deed) {
    case LQ_FCOE_CLEAR: lq_fcf_clear(station->fcf, number); break;
    case LQ_FCOE_NOTIFY: lq_fc_fabric_notify(station->fabric, number); break;
    case LQ_FCOE_LOG_OUT:
        for (uint32_t i = 0; i < station->config.port_count; i++)
            lq_fc_target_log_out(station->target, i, number);
        break;
    case LQ_FCOE_REFUSE: lq_fcf_refuse(station->fcf, number); break;
    }
}

struct lq_fcoe_station_counts lq_fcoe_station_counts(const struct lq_fcoe_station *station)
{
    return station->counts;
}

struct lq_fcf *lq_fcoe_station_fcf(struct lq_fcoe_station *station)
{
    return station->fcf;
}

struct lq_fc_fabric *lq_fcoe_station_fabric(struct lq_fcoe_station *station)
{
    return station->fabric;
}

void lq_fcoe_station_digest(const struct lq_fcoe_station *station, struct lq_digest *digest)
{
    lq_digest_two(digest, station->is_up, station->emitting);
    if (station->vn2vn != NULL) {
        lq_vn2vn_digest(station->vn2vn, digest);
    } else {
        lq_fcf_digest(station->fcf, digest);
        lq_fc_fabric_digest(station->fabric, digest);
    }
    lq_fip_outbox_digest(&station->outbox, digest);
}
