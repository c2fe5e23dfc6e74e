/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive doubly linked list with a sentinel. The element embeds a struct lq_link; the list
 * owns nothing. An unlinked link points to itself.
 */
#ifndef LQ_CORE_BASE_LIST_H
#define LQ_CORE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct lq_link {
    struct lq_link *prev, *next;
};

/* The element of TYPE that embeds LINK as MEMBER. Goes through void *: the element's own type
 * guarantees the alignment. */
#define LQ_ELEMENT(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#define LQ_LIST_EACH(link, list)                                                                   \
    for (struct lq_link *link = (list)->next; link != (list); link = link->next)

/* As LQ_LIST_EACH, and the body may unlink (or free) the element it is given, no other. */
#define LQ_LIST_EACH_SAFE(link, following, list)                                                   \
    for (struct lq_link *link = (list)->next, *following = link->next; link != (list);             \
         link = following, following = link->next)

static inline void lq_list_init(struct lq_link *list)
{
    list->prev = list->next = list;
}

static inline bool lq_list_is_empty(const struct lq_link *list)
{
    return list->next == list;
}

static inline bool lq_link_is_linked(const struct lq_link *link)
{
    return link->next != link;
}

static inline void lq_list_insert_before(struct lq_link *at, struct lq_link *link)
{
    link->prev = at->prev;
    link->next = at;
    at->prev->next = link;
    at->prev = link;
}

static inline void lq_list_append(struct lq_link *list, struct lq_link *link)
{
    lq_list_insert_before(list, link);
}

static inline void lq_list_push(struct lq_link *list, struct lq_link *link)
{
    lq_list_insert_before(list->next, link);
}

/* Unlinks; harmless on an unlinked link. */
static inline void lq_list_remove(struct lq_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->prev = link->next = link;
}

/* The first link taken out, or NULL when the list is empty. */
static inline struct lq_link *lq_list_take(struct lq_link *list)
{
    struct lq_link *first = list->next;
    if (first == list)
        return NULL;
    lq_list_remove(first);
    return first;
}

#endif
