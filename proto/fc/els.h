/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link services: extended (ELS, TYPE 01h) [FC-LS-2], FC-4 (SRR, TYPE 08h) [FCP-4] and basic (BLS,
 * TYPE 00h) [FC-FS-3]: their payloads, requests and replies.
 *
 * What this is not: it knows no login, exchange or frame header. Fields that have no name here stay
 * as they came; what was decoded is encoded byte for byte.
 *
 * Who uses it: both endpoints, the fabric, FIP (which carries FLOGI, FDISC and LOGO).
 */
#ifndef LQ_PROTO_FC_ELS_H
#define LQ_PROTO_FC_ELS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LQ_FC_ELS_BYTES_MAX = 256, /* of the payloads that have fields here; longer ones: by hand */
    LQ_FC_LOGIN_BYTES = 116
};

/* LS_Command code, the payload's first byte [FC-LS-2, ELS command codes]. */
enum lq_fc_els_command {
    LQ_FC_ELS_LS_RJT = 0x01,
    LQ_FC_ELS_LS_ACC = 0x02,
    LQ_FC_ELS_PLOGI = 0x03,
    LQ_FC_ELS_FLOGI = 0x04,
    LQ_FC_ELS_LOGO = 0x05,
    LQ_FC_ELS_RTV = 0x0e,
    LQ_FC_ELS_RLS = 0x0f,
    LQ_FC_ELS_ECHO = 0x10,
    LQ_FC_ELS_TEST = 0x11,
    LQ_FC_ELS_RRQ = 0x12,
    LQ_FC_ELS_REC = 0x13,
    LQ_FC_ELS_SRR = 0x14, /* as FC-4 link service */
    LQ_FC_ELS_PRLI = 0x20,
    LQ_FC_ELS_PRLO = 0x21,
    LQ_FC_ELS_PDISC = 0x50,
    LQ_FC_ELS_FDISC = 0x51,
    LQ_FC_ELS_ADISC = 0x52,
    LQ_FC_ELS_RSCN = 0x61,
    LQ_FC_ELS_SCR = 0x62
};

/* LS_RJT, FCP_RJT: reason code [FC-LS-2, LS_RJT reason codes]. */
enum lq_fc_reason {
    LQ_FC_REASON_INVALID_COMMAND = 0x01,
    LQ_FC_REASON_LOGICAL_ERROR = 0x03,
    LQ_FC_REASON_LOGICAL_BUSY = 0x05,
    LQ_FC_REASON_PROTOCOL_ERROR = 0x07,
    LQ_FC_REASON_UNABLE = 0x09,
    LQ_FC_REASON_NOT_SUPPORTED = 0x0b,
    LQ_FC_REASON_IN_PROGRESS = 0x0e
};

/* Reason code explanation [FC-LS-2, LS_RJT reason code explanations]. */
enum lq_fc_explanation {
    LQ_FC_EXPLAIN_NOTHING = 0x00,
    LQ_FC_EXPLAIN_SERVICE_OPTIONS = 0x01,
    LQ_FC_EXPLAIN_DATA_FIELD_SIZE = 0x07,
    LQ_FC_EXPLAIN_CONCURRENT_SEQUENCES = 0x09,
    LQ_FC_EXPLAIN_PORT_NAME = 0x0d,
    LQ_FC_EXPLAIN_COMMON_PARAMETERS = 0x0f,
    LQ_FC_EXPLAIN_EXCHANGE = 0x17, /* invalid OX_ID-RX_ID combination */
    LQ_FC_EXPLAIN_IN_PROGRESS = 0x19,
    LQ_FC_EXPLAIN_LOGIN_REQUIRED = 0x1e,
    LQ_FC_EXPLAIN_RESOURCES = 0x29, /* insufficient resources to support login */
    LQ_FC_EXPLAIN_NO_DATA = 0x2a    /* unable to supply requested data */
};

/* Bits of login parameters [FC-LS-2, common and class service parameters]. */
enum {
    LQ_FC_COMMON_CONTINUOUS_OFFSET = 0x8000, /* continuously increasing relative offset */
    LQ_FC_COMMON_F_PORT = 0x1000,
    LQ_FC_CLASS_VALID = 0x8000,
    LQ_FC_CLASS_SEQUENTIAL = 0x0800 /* sequential delivery requested */
};

/* Word 3 of the FCP service parameter page [FCP-4, PRLI]. */
enum lq_fcp_service {
    LQ_FCP_WRITE_XFER_RDY_DISABLED = 0x0001,
    LQ_FCP_READ_XFER_RDY_DISABLED = 0x0002,
    LQ_FCP_TARGET_FUNCTION = 0x0010,
    LQ_FCP_INITIATOR_FUNCTION = 0x0020,
    LQ_FCP_DATA_OVERLAY = 0x0040,
    LQ_FCP_CONFIRM = 0x0080, /* confirmed completion allowed */
    LQ_FCP_RETRY = 0x0100,
    LQ_FCP_TASK_RETRY_ID = 0x0200
};

/* Flags of a PRLI page and of its response [FC-LS-2, PRLI]. */
enum {
    LQ_FC_PRLI_IMAGE_PAIR = 0x2000,
    LQ_FC_PRLI_RESPONSE_MASK = 0x0f00,
    LQ_FC_PRLI_EXECUTED = 0x0100
};

/* E_STAT of REC's accept: bits of the Exchange Status Block [FC-FS-3]. */
#define LQ_FC_E_STAT_RESPONDER UINT32_C(0x80000000)
#define LQ_FC_E_STAT_INITIATIVE UINT32_C(0x40000000) /* the answering port holds it */
#define LQ_FC_E_STAT_COMPLETE UINT32_C(0x20000000)
#define LQ_FC_E_STAT_ABNORMAL UINT32_C(0x10000000)

struct lq_fc_class {
    uint16_t service_options, initiator_control, recipient_control;
    uint16_t data_bytes_max; /* receive data field size */
    uint16_t concurrent_sequences, credit, open_sequences;
};

/* FLOGI, FDISC, PLOGI, PDISC and their accepts. */
struct lq_fc_login {
    uint16_t version; /* highest and lowest FC-PH version */
    uint16_t credit;  /* buffer-to-buffer */
    uint16_t features; /* common features */
    uint16_t data_bytes_max; /* buffer-to-buffer; the upper 4 bits are BB_SC_N */
    uint32_t word2; /* N_Port: total concurrent sequences, categories with relative offset;
                       F_Port: R_A_TOV, ms */
    uint32_t e_d_tov; /* ms, or ns as the features say */
    uint64_t port_name, node_name;
    struct lq_fc_class class3;
};

/* A page of PRLI, PRLO, and their accepts; TYPE 08h is FCP. */
struct lq_fc_process_page {
    uint8_t page_bytes;     /* 16 */
    uint16_t payload_bytes; /* pages included; says the payload's length */
    uint8_t type;
    uint16_t flags;
    uint32_t parameters; /* word 3 */
};

/* A link service payload: the member that its command and direction name is set. */
struct lq_fc_els {
    uint8_t command; /* of the payload */
    uint8_t request; /* the request's command, whether PAYLOAD is that or its accept */
    uint16_t size_bytes;
    union {
        struct lq_fc_login login;
        struct lq_fc_process_page process; /* the first page */
        struct {
            uint8_t reason, explanation, vendor;
        } rjt;
        struct {
            uint32_t fc_id;
            uint64_t port_name;
        } logo;
        struct {
            uint32_t hard_address, fc_id;
            uint64_t port_name, node_name;
        } adisc; /* request and accept */
        struct {
            uint32_t r_a_tov, e_d_tov, qualifier; /* ms; e_d_tov in ns with bit 26 of the last */
        } rtv; /* accept */
        struct {
            uint32_t fc_id;
        } rls;
        struct {
            uint32_t s_id; /* of the exchange's originator */
            uint16_t ox_id, rx_id;
        } exchange; /* REC and RRQ */
        struct {
            uint16_t ox_id, rx_id;
            uint32_t originator, responder; /* their addresses */
            uint32_t fc4_value; /* bytes transferred [FCP-4, REC] */
            uint32_t e_stat;
        } rec; /* accept */
        struct {
            uint16_t ox_id, rx_id;
            uint32_t offset;
            uint8_t r_ctl; /* of the information unit asked for */
        } srr;
        struct {
            uint8_t function; /* 1 fabric detected, 2 N_Port detected, 3 all */
        } scr;
        struct {
            uint8_t page_bytes; /* 4 */
            uint16_t payload_bytes;
        } rscn; /* pages: lq_fc_rscn_page */
    } u;
    uint8_t image[LQ_FC_ELS_BYTES_MAX]; /* size_bytes as they came: what is not named above */
};

/* A request (REQUEST 0) or the reply to one with that command. False: too short for its command,
 * or longer than LQ_FC_ELS_BYTES_MAX. A command without fields here is decoded to its image. */
bool lq_fc_els_decode(struct lq_fc_els *els, uint8_t request, const uint8_t *payload,
                      uint32_t size_bytes);

/* A payload of COMMAND that answers REQUEST (0: it is a request), of its least size, all 0 but for
 * what its kind always has (page lengths). */
void lq_fc_els_begin(struct lq_fc_els *els, uint8_t command, uint8_t request);

/* Writes size_bytes of payload and returns them. */
uint32_t lq_fc_els_encode(const struct lq_fc_els *els, uint8_t payload[LQ_FC_ELS_BYTES_MAX]);

struct lq_fc_rscn_page {
    uint8_t qualifier, format; /* event; 0 port, 1 area, 2 domain, 3 fabric address */
    uint32_t fc_id;
};

/* Page INDEX of an RSCN that was decoded; false when there is none. */
bool lq_fc_rscn_page(const struct lq_fc_els *els, uint32_t index, struct lq_fc_rscn_page *page);

/* --- basic link services ---------------------------------------------------------------------- */

enum { LQ_FC_BA_ACC_BYTES = 12, LQ_FC_BA_RJT_BYTES = 4 };

struct lq_fc_ba_acc {
    uint8_t seq_id_valid, seq_id; /* 80h: valid */
    uint16_t reserved;
    uint16_t ox_id, rx_id, low_seq_cnt, high_seq_cnt;
};

/* Reason codes as of LS_RJT; explanation 03h: invalid OX_ID-RX_ID, 05h: sequence aborted. */
struct lq_fc_ba_rjt {
    uint8_t reserved, reason, explanation, vendor;
};

enum { LQ_FC_BA_EXPLAIN_EXCHANGE = 0x03 };

bool lq_fc_ba_acc_decode(struct lq_fc_ba_acc *acc, const uint8_t *payload, uint32_t size_bytes);
void lq_fc_ba_acc_encode(const struct lq_fc_ba_acc *acc, uint8_t payload[LQ_FC_BA_ACC_BYTES]);
bool lq_fc_ba_rjt_decode(struct lq_fc_ba_rjt *rjt, const uint8_t *payload, uint32_t size_bytes);
void lq_fc_ba_rjt_encode(const struct lq_fc_ba_rjt *rjt, uint8_t payload[LQ_FC_BA_RJT_BYTES]);

#endif
