/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/near.h"

#include <stdint.h>
#include <string.h>

enum { NAME_BYTES_MAX = 48 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; names are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_BYTES_MAX + 1];
    size_t width = strlen(b);
    if (width > NAME_BYTES_MAX || strlen(a) > NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t k = 1; a[k - 1] != '\0'; k++) {
        size_t diagonal = row[0];
        row[0] = k;
        for (size_t i = 1; i <= width; i++) {
            size_t above = row[i];
            row[i] = smallest(above + 1, row[i - 1] + 1, diagonal + (a[k - 1] != b[i - 1]));
            diagonal = above;
        }
    }
    return row[width];
}

struct lq_near lq_near_to(const char *text)
{
    return (struct lq_near){text, NULL, SIZE_MAX};
}

void lq_near_consider(struct lq_near *near, const char *name)
{
    size_t far = distance(near->text, name);
    if (far < near->distance && far <= strlen(name) / 2) {
        near->best = name;
        near->distance = far;
    }
}
