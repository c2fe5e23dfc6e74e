/* SPDX-License-Identifier: Apache-2.0 */
/* Text to tokens. A newline separates as ';' does; '#' begins a comment. */
#include <string.h>

#include "scenarios/lang/internal.h"

void lq_scn_lexer_init(struct lq_scn_lexer *lexer, const char *text, uint64_t size_bytes)
{
    *lexer = (struct lq_scn_lexer){text, text + size_bytes, text, 1};
}

static bool is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == ':';
}

static void skip(struct lq_scn_lexer *lexer)
{
    while (lexer->at < lexer->end &&
           (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r'))
        lexer->at++;
    if (lexer->at < lexer->end && *lexer->at == '#')
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;
}

/* A hyphen belongs to a word when the word goes on behind it: a->b is three tokens. */
static const char *word_end(const struct lq_scn_lexer *lexer)
{
    const char *at = lexer->at + 1;
    while (at < lexer->end &&
           (is_word_byte(*at) || (*at == '-' && at + 1 < lexer->end && is_word_byte(at[1]))))
        at++;
    return at;
}

/* How many bytes of an operator stand next; 0: none. */
static uint32_t operator_bytes(const struct lq_scn_lexer *lexer)
{
    char byte = *lexer->at, next = lexer->at + 1 < lexer->end ? lexer->at[1] : ' ';
    if (byte == '!')
        return next == '=' ? 2 : 0;
    if (byte == '<' || byte == '>')
        return next == '=' ? 2 : 1;
    return byte == '=' || byte == '&' ? 1 : 0;
}

static enum lq_scn_token_kind take_string(struct lq_scn_lexer *lexer, struct lq_scn_token *token)
{
    const char *at = lexer->at + 1;
    while (at < lexer->end && *at != '"' && *at != '\n')
        at++;
    if (at == lexer->end || *at == '\n') {
        token->size_bytes = (uint32_t)(at - lexer->at);
        lexer->at = at;
        return LQ_SCN_TOKEN_BAD;
    }
    token->text = lexer->at + 1;
    token->size_bytes = (uint32_t)(at - token->text);
    lexer->at = at + 1;
    return LQ_SCN_TOKEN_STRING;
}

struct lq_scn_token lq_scn_lexer_next(struct lq_scn_lexer *lexer)
{
    static const char marks[] = "\n;{},/";
    static const enum lq_scn_token_kind kinds[] = {
        LQ_SCN_TOKEN_NEWLINE, LQ_SCN_TOKEN_NEWLINE, LQ_SCN_TOKEN_OPEN,
        LQ_SCN_TOKEN_CLOSE,   LQ_SCN_TOKEN_COMMA,   LQ_SCN_TOKEN_SLASH};
    skip(lexer);
    struct lq_scn_token token = {.kind = LQ_SCN_TOKEN_END,
                                 .text = lexer->at,
                                 .place = {lexer->line,
                                           (uint32_t)(lexer->at - lexer->line_start) + 1}};
    if (lexer->at == lexer->end)
        return token;
    token.size_bytes = 1;
    char byte = *lexer->at;
    const char *mark = byte == '\0' ? NULL : strchr(marks, byte);
    if (byte == '"') {
        token.kind = take_string(lexer, &token);
        return token;
    }
    if (mark != NULL) {
        token.kind = kinds[mark - marks];
    } else if (byte == '-' && lexer->at + 1 < lexer->end && lexer->at[1] == '>') {
        token.kind = LQ_SCN_TOKEN_ARROW;
        token.size_bytes = 2;
    } else if (operator_bytes(lexer) > 0) {
        token.kind = LQ_SCN_TOKEN_OPERATOR;
        token.size_bytes = operator_bytes(lexer);
    } else if (is_word_byte(byte) || byte == '+') {
        token.kind = LQ_SCN_TOKEN_WORD;
        token.size_bytes = (uint32_t)(word_end(lexer) - lexer->at);
    } else {
        token.kind = LQ_SCN_TOKEN_BAD;
    }
    lexer->at += token.size_bytes;
    if (byte == '\n') {
        lexer->line++;
        lexer->line_start = lexer->at;
    }
    return token;
}

bool lq_scn_token_is(const struct lq_scn_token *token, const char *word)
{
    return token->kind == LQ_SCN_TOKEN_WORD && strlen(word) == token->size_bytes &&
           memcmp(token->text, word, token->size_bytes) == 0;
}
