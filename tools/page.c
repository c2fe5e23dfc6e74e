/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/page.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "faults/faults.h"
#include "proto/iscsi/fields.h"
#include "tools/version.h"

/* page.html, embedded by CMake; ends with a NUL. */
extern const char lq_page_html[];

static const char placeholder[] = "@STORY@";

enum { DETAILS_MAX = 2048 };

struct text {
    char bytes[DETAILS_MAX];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format,
                           arguments);
    va_end(arguments);
    if (wanted > 0)
        text->used += (size_t)wanted;
    if (text->used >= sizeof text->bytes)
        text->used = sizeof text->bytes - 1;
}

/* --- details: one `name value' a line ------------------------------------------------------- */

/* Flags and codes of 0 say nothing, and there are many. */
static void put_fields(struct text *text, const struct lq_pdu_field *field, const uint8_t *header)
{
    for (; field->name != NULL; field++) {
        uint64_t value = lq_pdu_get(header, field);
        if (value != 0 || field->counts)
            put(text, "%s %" PRIu64 "\n", field->name, value);
    }
}

static void put_pdu(struct text *text, const struct lq_story_row *row)
{
    const struct lq_pdu_kind *kind = lq_pdu_kind_of(&lq_iscsi_pdu_table, row->header);
    put(text, "pdu %s\nconnection %" PRIu32 "\n", kind == NULL ? "unknown" : kind->name,
        row->connection);
    put_fields(text, lq_iscsi_pdu_table.common, row->header);
    if (kind != NULL)
        put_fields(text, kind->fields, row->header);
    put(text, "header");
    for (uint32_t i = 0; i < LQ_STORY_HEADER_BYTES; i++)
        put(text, "%s%02x", i % 4 == 0 ? " " : "", (unsigned)row->header[i]);
}

static void put_number(struct text *text, const char *name, uint64_t value)
{
    if (value != 0)
        put(text, "%s %" PRIu64 "\n", name, value);
}

static void put_event(struct text *text, const struct lq_event *event)
{
    put(text, "record %s\n", lq_event_kind_name(event->kind));
    put_number(text, "initiator", event->actor);
    put_number(text, "connection", event->connection);
    put_number(text, "code", event->code);
    put_number(text, "detail", event->detail);
    put_number(text, "flags", event->flags);
    put_number(text, "serial", event->serial);
    put_number(text, "stamp", event->stamp);
    if (event->tag != 0)
        put(text, "tag %" PRIx64 "h\n", event->tag);
    if (event->nblocks != 0)
        put(text, "blocks %" PRIu64 "..%" PRIu64 "\n", event->lba,
            event->lba + event->nblocks - 1);
    if (event->value != 0)
        put(text, "value %" PRIx64 "h\n", event->value);
    if (event->nexus != 0)
        put(text, "nexus %016" PRIx64 "\n", event->nexus);
    if (event->kind == LQ_W_FAULT && event->code < LQ_FAULTS)
        put(text, "fault %s\n", lq_fault_class((enum lq_fault)event->code)->sentence);
}

static bool proves(const struct lq_finding *finding, const struct lq_story_row *row)
{
    for (uint32_t i = 0; finding != NULL && i < finding->proof_count; i++)
        if (finding->proof[i].seq == row->seq &&
            (finding->proof[i].kind != LQ_EVENT_NONE || finding->proof[i].tag == row->tag))
            return true;
    return false;
}

/* --- the data ------------------------------------------------------------------------------- */

static json_t *row_json(const struct lq_story_row *row, const struct lq_finding *finding)
{
    struct text text = {.used = 0};
    text.bytes[0] = '\0';
    put_number(&text, "seq", row->seq);
    if (row->event.kind == LQ_EVENT_NONE)
        put_pdu(&text, row);
    else
        put_event(&text, &row->event);
    return json_pack("[I, i, i, i, s, s, b]", (json_int_t)row->time_ns, (int)row->from,
                     (int)row->to, (int)row->kind, row->text, text.bytes, proves(finding, row));
}

static json_t *story_json(const struct lq_story *story, const struct lq_page *page)
{
    json_t *lanes = json_array(), *rows = json_array();
    struct lq_story_row row;
    for (uint32_t i = 0; i < lq_story_lanes(story); i++)
        json_array_append_new(lanes, json_string(lq_story_lane(story, i)));
    for (uint32_t i = 0; i < lq_story_rows(story); i++) {
        lq_story_row(story, i, &row);
        json_array_append_new(rows, row_json(&row, page->finding));
    }
    const struct lq_property *property =
        page->finding == NULL ? NULL : &lq_property_table[page->finding->property];
    json_t *name = property == NULL
                       ? json_null()
                       : json_sprintf("%s %s [%s]", property->id, property->slug, property->clause);
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "format",
                     "lunquake-story", "formatVersion", 1, "version", LQ_VERSION, "title",
                     page->title, "verdict", page->verdict, "reproduce", page->reproduce,
                     "property", name, "finding",
                     page->finding == NULL ? "" : page->finding->text, "lanes", lanes, "rows",
                     rows);
}

/* Inside a script element nothing may look like its end. */
static void put_script(FILE *to, const char *json)
{
    for (; *json != '\0'; json++) {
        if (*json == '<')
            fputs("\\u003c", to);
        else
            fputc(*json, to);
    }
}

bool lq_page_write(FILE *to, const struct lq_story *story, const struct lq_page *page)
{
    json_t *json = story_json(story, page);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(json);
    if (text == NULL)
        return false;
    const char *at = strstr(lq_page_html, placeholder);
    fwrite(lq_page_html, 1, (size_t)(at - lq_page_html), to);
    put_script(to, text);
    fputs(at + strlen(placeholder), to);
    free(text);
    return ferror(to) == 0;
}
