/* SPDX-License-Identifier: Apache-2.0 */
#include "faults/faults.h"

#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"
#include "faults/rules.h"

enum { ODDS = 1000 };

static const struct lq_fault_class classes[LQ_FAULTS] = {
    [LQ_FAULT_NONE] = {"none", LQ_FAULT_PLACE_NETWORK, "nothing", "all", "Nothing breaks.", 0},
    [LQ_FAULT_NET_SEGMENT] = {"net.segment", LQ_FAULT_PLACE_NETWORK, "segment",
        "every property: TCP is a byte stream",
        "What was sent at once arrives in two pieces, cut at any byte.", 300},
    [LQ_FAULT_NET_LATENCY] = {"net.latency", LQ_FAULT_PLACE_NETWORK, "segment",
        "every property", "A segment and all behind it arrive many times later than usual.", 60},
    [LQ_FAULT_NET_STALL] = {"net.stall", LQ_FAULT_PLACE_NETWORK, "segment",
        "every property; other connections go on",
        "One direction of a connection delivers nothing for a while, so that its sender's window "
        "fills.", 15},
    [LQ_FAULT_NET_RESET] = {"net.reset", LQ_FAULT_PLACE_NETWORK, "connection",
        "REINSTATE, TM, DATA: what was lost with the connection takes no late effect",
        "The connection is reset; what was under way in both directions is lost.", 4},
    [LQ_FAULT_NET_FIN] = {"net.fin", LQ_FAULT_PLACE_NETWORK, "connection",
        "REINSTATE, TM, DATA: what was lost with the connection takes no late effect",
        "The initiator's host closes the connection in order, without a logout.", 4},
    [LQ_FAULT_NET_HALF_OPEN] = {"net.half-open", LQ_FAULT_PLACE_NETWORK, "connection",
        "REINSTATE, LIVENESS: the peer is found dead within the timeouts",
        "The cable is pulled: nothing passes in either direction and nobody is told.", 3},
    [LQ_FAULT_DISK_LATENCY] = {"disk.latency", LQ_FAULT_PLACE_DISK, "request",
        "every property", "A request takes many times longer than usual.", 100},
    [LQ_FAULT_DISK_REORDER] = {"disk.reorder", LQ_FAULT_PLACE_DISK, "request",
        "ORDER, DATA: order is the target's duty, not the disk's",
        "A request is overtaken by those submitted after it.", 300},
    [LQ_FAULT_DISK_HANG] = {"disk.hang", LQ_FAULT_PLACE_DISK, "request",
        "LIVENESS, TM, REINSTATE, DATA: quarantine answers in time and fences the orphan",
        "A request takes effect and ends only when the disk lets go of it.", 20},
    [LQ_FAULT_DISK_MEDIUM_ERROR] = {"disk.medium-error", LQ_FAULT_PLACE_DISK, "request",
        "DATA: the command ends with MEDIUM ERROR, the blocks are old or new",
        "The blocks of a request cannot be read or written.", 20},
    [LQ_FAULT_DISK_FAILED] = {"disk.failed", LQ_FAULT_PLACE_DISK, "request",
        "DATA: the command ends with a hardware error, the blocks are old or new",
        "The store refuses a request for a reason of its own.", 10},
    [LQ_FAULT_INITIATOR_VANISH] = {"initiator.vanish", LQ_FAULT_PLACE_INITIATOR, "session",
        "REINSTATE: no command of the old session takes late effect",
        "An initiator loses power and logs in again under its old name; the old connection hears "
        "nothing.", 6},
    [LQ_FAULT_INITIATOR_LOGOUT] = {"initiator.logout", LQ_FAULT_PLACE_INITIATOR, "session",
        "TM, DATA: what the logout ended takes no late effect",
        "An initiator logs out while commands of its are under way.", 8},
    [LQ_FAULT_INITIATOR_RELOGIN] = {"initiator.relogin", LQ_FAULT_PLACE_INITIATOR, "session",
        "REINSTATE: the old session is gone before the new one begins",
        "An initiator logs in again under its old name while its old connection still works, or "
        "goes on with its session over a new connection.", 12},
    [LQ_FAULT_LOGIN_STALL] = {"login.stall", LQ_FAULT_PLACE_INITIATOR, "login",
        "LIVENESS: the target gives up the connection; others log in meanwhile",
        "An initiator stops in the middle of its login and keeps the connection open.", 80},
    [LQ_FAULT_LOGIN_RACE] = {"login.race", LQ_FAULT_PLACE_INITIATOR, "login",
        "REINSTATE: at most one session of a name; the last login wins",
        "An initiator abandons a login under way and starts another under the same name.", 80},
    [LQ_FAULT_DATA_WITHHELD] = {"data.withheld", LQ_FAULT_PLACE_INITIATOR, "command",
        "LIVENESS, ORDER: commands behind it wait, the transport's timeout ends it",
        "An initiator never sends the Data-Out that it is asked for.", 10},
    [LQ_FAULT_DATA_LATE] = {"data.late", LQ_FAULT_PLACE_INITIATOR, "command",
        "TM, DATA: Data-Out of an aborted command is dropped",
        "An initiator sends the Data-Out that it is asked for late, perhaps after it had the "
        "command aborted.", 60},
    [LQ_FAULT_NET_DAMAGE_HEADER] = {"net.damage-header", LQ_FAULT_PLACE_NETWORK, "PDU",
        "REINSTATE, DATA, SEQ-15: the connection ends and nothing comes of the PDU",
        "A bit of a header that a digest covers, or of the digest, turns over on its way.", 6},
    [LQ_FAULT_NET_DAMAGE_DATA] = {"net.damage-data", LQ_FAULT_PLACE_NETWORK, "PDU",
        "DATA, SEQ-15: no wrong byte reaches the medium or who reads; a target rejects the PDU",
        "A bit of a data segment that a digest covers, or of the digest, turns over on its way.",
        20},
    [LQ_FAULT_DISK_LATENT_ERROR] = {"disk.latent-error", LQ_FAULT_PLACE_DISK, "write",
        "DATA: reads end with MEDIUM ERROR until the block is written again",
        "A block goes bad unnoticed: reading it fails until it is written again.", 30},
    [LQ_FAULT_DISK_MISDIRECTED] = {"disk.misdirected", LQ_FAULT_PLACE_DISK, "write",
        "every property but of the blocks that were hit and missed: no target can help it",
        "The disk writes to the wrong place and says that all is well.", 5},
    [LQ_FAULT_DISK_FULL] = {"disk.full", LQ_FAULT_PLACE_DISK, "write",
        "DATA: the command ends with DATA PROTECT 27/07 and changes nothing",
        "A thin store has no room for what is written.", 20},
    [LQ_FAULT_DISK_CACHE_LOST] = {"disk.cache-lost", LQ_FAULT_PLACE_DISK, "flush",
        "DURABLE: no SYNCHRONIZE CACHE says that the lost data is safe",
        "A flush fails once, and what was cached counts as clean: later flushes succeed without "
        "it.", 500},
    [LQ_FAULT_POWER_CUT] = {"power.cut", LQ_FAULT_PLACE_WORLD, "event",
        "DURABLE: what was said to be safe is there; UA, LIVENESS: everybody comes back, is told",
        "Target and disks lose power for a while; unflushed writes are kept, lost or torn.", 60},
    [LQ_FAULT_TARGET_CRASH] = {"target.crash", LQ_FAULT_PLACE_WORLD, "event",
        "DURABLE: no write from before lands once the target serves again; UA, LIVENESS",
        "The target's process ends and is started again; requests in the disks still land.", 80},
    [LQ_FAULT_DISK_RESET] = {"disk.reset", LQ_FAULT_PLACE_DISK, "event",
        "DURABLE: no GOOD claims that the lost cache is safe; UA: everybody is told",
        "A disk alone loses its cache and fails what it has been asked.", 30},
    [LQ_FAULT_PDU_DROP] = {"pdu.drop", LQ_FAULT_PLACE_PDU, "PDU",
        "every property: what was lost is asked for again, given up or ends its session",
        "A PDU is lost; those behind it arrive.", 4},
    [LQ_FAULT_PDU_DELAY] = {"pdu.delay", LQ_FAULT_PLACE_PDU, "PDU",
        "every property", "A PDU and all behind it arrive later.", 6},
    [LQ_FAULT_PDU_STALL] = {"pdu.stall", LQ_FAULT_PLACE_PDU, "PDU",
        "every property; other connections go on",
        "From a PDU on one direction stands still until heal or the rule's end.", 2},
    [LQ_FAULT_PDU_HOLD] = {"pdu.hold", LQ_FAULT_PLACE_PDU, "PDU",
        "every property: a PDU that comes too late for its task has no effect",
        "A PDU is set aside until heal or the rule's end; those behind it overtake it.", 3},
    [LQ_FAULT_PDU_REORDER] = {"pdu.reorder", LQ_FAULT_PLACE_PDU, "PDU",
        "ORDER: commands are taken in the order of CmdSN; every other property",
        "A PDU is overtaken by some of those behind it.", 4},
    [LQ_FAULT_PDU_DUPLICATE] = {"pdu.duplicate", LQ_FAULT_PLACE_PDU, "PDU",
        "TM, SEQUENCE: a task ends once, a CmdSN is taken once",
        "A PDU arrives twice.", 3},
    [LQ_FAULT_PDU_CORRUPT] = {"pdu.corrupt", LQ_FAULT_PLACE_PDU, "PDU",
        "every property of the commands and blocks that it does not touch",
        "A bit of a PDU flips: of a named field, of its data or of its header.", 3},
    [LQ_FAULT_PDU_TRUNCATE] = {"pdu.truncate", LQ_FAULT_PLACE_PDU, "PDU",
        "every property of the commands and blocks that it does not touch",
        "A PDU loses the end of its data segment; its lengths say so.", 3},
    [LQ_FAULT_PDU_REPLACE] = {"pdu.replace", LQ_FAULT_PLACE_PDU, "PDU",
        "every property of the commands and blocks that it does not touch",
        "A field of a PDU has another value.", 3},
    [LQ_FAULT_PDU_INJECT] = {"pdu.inject", LQ_FAULT_PLACE_PDU, "PDU",
        "every property: what nobody asked for is answered, rejected or ignored",
        "A PDU that its side never sent arrives before or behind another.", 3},
    [LQ_FAULT_PDU_ANSWER] = {"pdu.answer", LQ_FAULT_PLACE_PDU, "command",
        "every property of other commands",
        "A command's status reaches the initiator as another status, or with other sense.", 4},
    [LQ_FAULT_PDU_RESET] = {"pdu.reset", LQ_FAULT_PLACE_PDU, "PDU",
        "REINSTATE, TM, DATA: what was lost with the connection takes no late effect",
        "The connection is reset where a PDU would have passed.", 1},
    [LQ_FAULT_PDU_FIN] = {"pdu.fin", LQ_FAULT_PLACE_PDU, "PDU",
        "REINSTATE, TM, DATA: what was lost with the connection takes no late effect",
        "The connection ends in order where a PDU would have passed.", 1},
    [LQ_FAULT_FRAME_DROP] = {"frame.drop", LQ_FAULT_PLACE_FRAME, "frame",
        "every property: what was lost is asked for again, aborted, or ends its login",
        "A frame is lost.", 6},
    [LQ_FAULT_FRAME_DUPLICATE] = {"frame.duplicate", LQ_FAULT_PLACE_FRAME, "frame",
        "TM, DATA: a command is executed once", "A frame arrives twice.", 6},
    [LQ_FAULT_FRAME_REORDER] = {"frame.reorder", LQ_FAULT_PLACE_FRAME, "frame",
        "ORDER: commands are taken in the order of CRN; every other property",
        "A frame is overtaken by those behind it.", 10},
    [LQ_FAULT_FRAME_CORRUPT] = {"frame.corrupt", LQ_FAULT_PLACE_FRAME, "frame",
        "DATA: nothing comes of a frame whose CRC is wrong",
        "A bit of a frame flips on its way; the frame's CRC tells.", 6},
    [LQ_FAULT_FRAME_DELAY] = {"frame.delay", LQ_FAULT_PLACE_FRAME, "frame",
        "every property", "A frame and those behind it arrive many times later than usual.", 30},
    [LQ_FAULT_LINK_DOWN] = {"link.down", LQ_FAULT_PLACE_FRAME, "link",
        "REINSTATE, TM, DATA: what was lost with the login takes no late effect",
        "The link of an initiator or of the target loses its carrier for a while, and what was "
        "on its way.", 1},
    [LQ_FAULT_LUN_REMOVE] = {"lun.remove", LQ_FAULT_PLACE_WORLD, "event",
        "LUNS, QUARANTINE, UA, DATA: its commands end, its orphans stay orphans, all are told",
        "An administrator removes a LUN under its commands, and adds it again later.", 60},
    [LQ_FAULT_LUN_RESIZE] = {"lun.resize", LQ_FAULT_PLACE_WORLD, "event",
        "UA: everybody is told; DATA: what is within the capacity is what was written",
        "An administrator makes a LUN smaller, and as large as it was later.", 60},
    [LQ_FAULT_LUN_ACCESS] = {"lun.access", LQ_FAULT_PLACE_WORLD, "event",
        "LUNS: no write begins; UA: everybody is told",
        "An administrator write protects a LUN for a while.", 60},
    [LQ_FAULT_FABRIC_RSCN] = {"fabric.rscn", LQ_FAULT_PLACE_FABRIC, "event",
        "every property; nobody's login ends",
        "The fabric tells all who registered that something has changed, perhaps many times.", 60},
    [LQ_FAULT_FABRIC_CLEAR] = {"fabric.clear", LQ_FAULT_PLACE_FABRIC, "event",
        "REINSTATE, TM, DATA: what was lost with the login takes no late effect",
        "The FCF clears the virtual link of an initiator, or of all: they log in anew.", 30},
    [LQ_FAULT_FABRIC_LOGOUT] = {"fabric.logout", LQ_FAULT_PLACE_FABRIC, "event",
        "REINSTATE, TM, DATA: what was lost with the login takes no late effect",
        "The target logs an initiator, or all, out by LOGO.", 30},
    [LQ_FAULT_FABRIC_REFUSE] = {"fabric.refuse", LQ_FAULT_PLACE_FABRIC, "event",
        "LIVENESS: who is refused tries again",
        "The fabric refuses the next logins into it, a few of them.", 30},
    [LQ_FAULT_FABRIC_SILENT] = {"fabric.silent", LQ_FAULT_PLACE_FABRIC, "event",
        "REINSTATE, TM, DATA, LIVENESS: who finds the FCF gone looks for it again",
        "The station of targets and FCF neither sends nor hears for a while; all links stay up.",
        20},
};

const struct lq_fault_class *lq_fault_class(enum lq_fault fault)
{
    LQ_ASSERT(fault < LQ_FAULTS);
    return &classes[fault];
}

enum lq_fault lq_fault_by_name(const char *name)
{
    for (uint32_t i = 1; i < LQ_FAULTS; i++)
        if (strcmp(classes[i].name, name) == 0)
            return (enum lq_fault)i;
    return LQ_FAULT_NONE;
}

void lq_faults_init(struct lq_faults *faults, struct lq_choice *choice, struct lq_history *history,
                    const uint64_t *now_ns)
{
    *faults = (struct lq_faults){.choice = choice, .history = history, .now_ns = now_ns};
}

_Static_assert(LQ_FAULTS <= 64, "a bit each in can_fire");

static uint64_t bit_of(enum lq_fault fault)
{
    return UINT64_C(1) << fault;
}

void lq_fault_arm(struct lq_faults *faults, enum lq_fault fault, uint32_t odds)
{
    LQ_ASSERT(fault != LQ_FAULT_NONE && fault < LQ_FAULTS && odds <= ODDS);
    faults->odds[fault] = odds;
    faults->can_fire &= ~bit_of(fault);
    if (odds != 0)
        faults->can_fire |= bit_of(fault);
}

void lq_faults_disarm(struct lq_faults *faults)
{
    memset(faults->odds, 0, sizeof faults->odds);
    if (faults->rules == NULL)
        faults->can_fire = 0;
}

void lq_faults_follow(struct lq_faults *faults, struct lq_fault_rules *rules,
                      uint32_t store_or_none)
{
    faults->rules = rules;
    faults->store_or_none = store_or_none;
    faults->can_fire = 0;
    for (uint32_t i = 0; i < rules->count; i++)
        faults->can_fire |= bit_of(rules->rules[i].fault);
}

/* FAULT, which is armed, strikes by odds. */
static bool is_drawn(struct lq_faults *faults, enum lq_fault fault, uint64_t subject)
{
    faults->counts[fault].asked++;
    return lq_chance(faults->choice, LQ_STREAM_FAULT, (uint32_t)fault, subject,
                     faults->odds[fault], ODDS) &&
           (faults->keep == NULL || faults->keep(faults->keep_context, fault, subject));
}

static bool strikes(struct lq_faults *faults, enum lq_fault fault, uint64_t subject,
                    uint32_t connection)
{
    if (faults->rules != NULL) {
        faults->rule = lq_fault_rules_strike(faults->rules, faults->choice, *faults->now_ns, fault,
                                             subject, faults->store_or_none, connection);
        return faults->rule != NULL;
    }
    if (faults->odds[fault] == 0)
        return false;
    return is_drawn(faults, fault, subject);
}

bool lq_fault_draws(struct lq_faults *faults, enum lq_fault fault, uint64_t subject,
                    uint32_t connection)
{
    if (!strikes(faults, fault, subject, connection))
        return false;
    faults->counts[fault].fired++;
    struct lq_event event = {.time_ns = *faults->now_ns, .kind = LQ_W_FAULT,
                             .connection = connection, .code = (uint32_t)fault,
                             .value = subject};
    lq_history_add(faults->history, &event);
    return true;
}

/* Of all classes about PDUs. */
static uint64_t pdu_bits(void)
{
    return 2 * bit_of(LQ_FAULT_PDU_FIN) - bit_of(LQ_FAULT_PDU_DROP);
}

bool lq_fault_touches_pdus(const struct lq_faults *faults)
{
    if (faults->rules != NULL)
        return lq_fault_rules_has_pdu(faults->rules);
    return (faults->can_fire & pdu_bits()) != 0;
}

bool lq_fault_watches_pdus(const struct lq_faults *faults)
{
    return faults->rules != NULL ? lq_fault_rules_watch_pdus(faults->rules, *faults->now_ns)
                                 : lq_fault_touches_pdus(faults);
}

bool lq_fault_strikes_pdu(struct lq_faults *faults, const struct lq_pdu_seen *pdu,
                          uint32_t able, uint64_t subject, uint32_t connection,
                          struct lq_fault_hit *hit)
{
    *hit = (struct lq_fault_hit){LQ_FAULT_NONE, NULL};
    if (faults->rules != NULL) {
        hit->rule = lq_fault_rules_strike_pdu(faults->rules, faults->choice, *faults->now_ns, pdu,
                                              able, subject, connection);
        hit->fault = hit->rule == NULL ? LQ_FAULT_NONE : hit->rule->fault;
    }
    uint64_t by_odds = (faults->can_fire & pdu_bits()) >> LQ_FAULT_PDU_DROP & able;
    if (faults->rules != NULL)
        by_odds = 0;
    for (uint32_t i = LQ_FAULT_PDU_DROP; by_odds != 0 && hit->fault == LQ_FAULT_NONE; i++) {
        if ((by_odds & 1) != 0 && is_drawn(faults, (enum lq_fault)i, subject))
            hit->fault = (enum lq_fault)i;
        by_odds >>= 1;
    }
    if (hit->fault == LQ_FAULT_NONE)
        return false;
    faults->counts[hit->fault].fired++;
    return true;
}

uint64_t lq_fault_delay(const struct lq_faults *faults)
{
    return faults->rule == NULL ? 0 : faults->rule->by_ns;
}

uint64_t lq_fault_release(const struct lq_faults *faults, uint64_t now_ns)
{
    LQ_ASSERT(faults->rule != NULL);
    return faults->rule->by_ns != 0 ? now_ns + faults->rule->by_ns : faults->rule->until_ns;
}
