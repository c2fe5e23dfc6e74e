/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, INDENT = 12 };

void lq_lines_add(struct lq_lines *lines, const char *format, ...)
{
    if (lines->count == LQ_LINES_MAX) {
        lines->overflowed = true;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(lines->text[lines->count++], LQ_LINE_MAX, format, arguments);
    va_end(arguments);
    lines->overflowed |= size < 0 || size >= LQ_LINE_MAX;
}

void lq_lines_remove(struct lq_lines *lines, uint32_t place)
{
    lines->count--;
    memmove(lines->text[place], lines->text[place + 1],
            (size_t)(lines->count - place) * LQ_LINE_MAX);
}

void lq_lines_split(struct lq_lines *lines, const char *text)
{
    lines->count = 0;
    lines->overflowed = false;
    while (*text != '\0') {
        text += strspn(text, " \t");
        size_t size = strcspn(text, "\n");
        if (size > 0 && *text != '#')
            lq_lines_add(lines, "%.*s", (int)size, text);
        text += size;
        text += *text == '\n';
    }
}

/* --- labels --------------------------------------------------------------------------------- */

enum { LABELS_MAX = 200, LABEL_SIZE = 40 };

/* All words OLD behind a space become NEW. */
static void replace_word(char line[LQ_LINE_MAX], const char *old, const char *new)
{
    size_t size = strlen(old);
    char *at = line;
    while ((at = strstr(at, old)) != NULL) {
        bool is_word = (at == line || at[-1] == ' ') &&
                       (at[size] == ' ' || at[size] == '\0' || at[size] == ',');
        if (is_word && strlen(line) + strlen(new) - size < LQ_LINE_MAX) {
            memmove(at + strlen(new), at + size, strlen(at + size) + 1);
            memcpy(at, new, strlen(new));
            at += strlen(new);
        } else {
            at += size;
        }
    }
}

static void rename_label(struct lq_lines *lines, const char *old, const char *new)
{
    for (uint32_t i = 0; i < lines->count; i++)
        if (lines->text[i][0] != '"' && strncmp(lines->text[i], "scenario ", 9) != 0)
            replace_word(lines->text[i], old, new);
}

static char initial_of(const char *line)
{
    if (strncmp(line, "fault ", 6) == 0)
        return 'f';
    return strstr(line, " write ") != NULL ? 'w' : strstr(line, " read ") != NULL ? 'r' : 'c';
}

void lq_lines_rename(struct lq_lines *lines)
{
    char names[LABELS_MAX][LABEL_SIZE];
    uint32_t count = 0, numbers[128] = {0};
    for (uint32_t i = 0; i < lines->count && count < LABELS_MAX; i++) {
        const char *as = strstr(lines->text[i], " as ");
        char old[LABEL_SIZE], between[LABEL_SIZE];
        if (as == NULL || strcspn(as + 4, " ") >= LABEL_SIZE)
            continue;
        char initial = initial_of(lines->text[i]);
        snprintf(old, sizeof old, "%.*s", (int)strcspn(as + 4, " "), as + 4);
        snprintf(between, sizeof between, "label-%u", (unsigned)count);
        snprintf(names[count++], LABEL_SIZE, "%c%u", initial, (unsigned)++numbers[(int)initial]);
        rename_label(lines, old, between);
    }
    for (uint32_t i = count; i > 0; i--) {
        char between[LABEL_SIZE];
        snprintf(between, sizeof between, "label-%u", (unsigned)i - 1);
        rename_label(lines, between, names[i - 1]);
    }
}

/* --- text ----------------------------------------------------------------------------------- */

struct page {
    char *text;
    uint32_t size_bytes, used, column, lines;
    bool overflowed;
};

static void put(struct page *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (page->used + 1 >= page->size_bytes) {
            page->overflowed = true;
            break;
        }
        page->text[page->used++] = *text;
        page->column = *text == '\n' ? 0 : page->column + 1;
        page->lines += *text == '\n';
    }
    page->text[page->used] = '\0';
}

static void end_line(struct page *page)
{
    if (page->column > 0)
        put(page, "\n");
}

static struct page page_of(char *text, uint32_t size_bytes)
{
    text[0] = '\0';
    return (struct page){.text = text, .size_bytes = size_bytes};
}

bool lq_lines_join(const struct lq_lines *lines, char *text, uint32_t size_bytes)
{
    struct page page = page_of(text, size_bytes);
    for (uint32_t i = 0; i < lines->count; i++) {
        put(&page, lines->text[i]);
        put(&page, "\n");
    }
    return !page.overflowed;
}

static bool begins(const char *line, const char *word)
{
    size_t size = strlen(word);
    return strncmp(line, word, size) == 0 && (line[size] == ' ' || line[size] == '\0');
}

static bool ends_with(const char *line, char byte)
{
    size_t size = strlen(line);
    return size > 0 && line[size - 1] == byte;
}

static bool fits(const struct page *page, const char *text)
{
    return page->column + strlen(text) + 2 <= WIDTH;
}

/* Lines AT.. up to the one that closes their block; returns the place behind it. */
static uint32_t put_block(struct page *page, const struct lq_lines *lines, uint32_t at)
{
    size_t size = 0;
    uint32_t end = at;
    do
        size += strlen(lines->text[end]) + 2;
    while (lines->text[end++][0] != '}' && end < lines->count);
    bool is_short = size <= WIDTH;
    for (uint32_t i = at; i < end; i++) {
        bool is_inside = i > at && lines->text[i][0] != '}';
        put(page, is_short && i > at + 1 && is_inside ? "; " : is_short && i > at ? " " : "");
        put(page, !is_short && is_inside ? "    " : "");
        put(page, lines->text[i]);
        put(page, is_short ? "" : "\n");
    }
    end_line(page);
    return end;
}

/* The first statement of a moment stands beside it, others below, short ones together. */
static void put_statement(struct page *page, const char *line, bool *is_first)
{
    static const char spaces[INDENT + 1] = "            ";
    if (*is_first) {
        put(page, page->column < INDENT ? spaces + page->column : " ");
    } else if (fits(page, line)) {
        put(page, "; ");
    } else {
        put(page, "\n");
        put(page, spaces);
    }
    put(page, line);
    *is_first = false;
}

uint32_t lq_lines_print(const struct lq_lines *lines, char *text, uint32_t size_bytes)
{
    struct page page = page_of(text, size_bytes);
    bool is_first = false, is_timeline = false;
    for (uint32_t i = 0; i < lines->count;) {
        const char *line = lines->text[i];
        if (begins(line, "at") || begins(line, "after")) {
            end_line(&page);
            is_first = is_timeline = true;
            put(&page, line);
            i++;
        } else if (is_timeline) {
            put_statement(&page, line, &is_first);
            i++;
        } else if (ends_with(line, '{')) {
            i = put_block(&page, lines, i);
        } else {
            put(&page, line);
            end_line(&page);
            i++;
        }
    }
    end_line(&page);
    return page.overflowed ? 0 : page.lines;
}
