/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: results are written in one transaction after another, each with the sums that belong to
 * its seeds, so that a campaign that was killed goes on where the last transaction ended. The
 * schema is in docs/CAMPAIGNS.md; its version is the database's user_version.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/campaign_store.h"
#include "tools/message.h"
#include "tools/version.h"

enum { APPLICATION_ID = 0x4c756e71, SCHEMA_VERSION = 1, TEXT_MAX = 64, BUSY_MS = 2000,
       BUSY_TRIES = 100, BUSY_SLEEP_MS = 50 };

static const char schema[] =
    "CREATE TABLE campaign (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE seed (seed INTEGER PRIMARY KEY, verdict TEXT NOT NULL, fingerprint TEXT NOT NULL,"
    "    commands INTEGER NOT NULL, virtual_ns INTEGER NOT NULL, too_few INTEGER NOT NULL,"
    "    text TEXT NOT NULL);"
    "CREATE TABLE violation (seed INTEGER NOT NULL, property TEXT NOT NULL, count INTEGER NOT NULL,"
    "    PRIMARY KEY (seed, property)) WITHOUT ROWID;"
    "CREATE TABLE property (id TEXT PRIMARY KEY, slug TEXT NOT NULL, exercised INTEGER NOT NULL,"
    "    violated INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE total (kind TEXT NOT NULL, name TEXT NOT NULL, required INTEGER NOT NULL,"
    "    count INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;";

struct lq_campaign_store {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *has, *put_seed, *put_violation;
    bool has_news;                 /* the transaction, which is always open, has results */
    struct lq_counts counts;       /* of the transaction */
    struct lq_verdicts properties; /* likewise */
    char wrong[TEXT_MAX];
};

static bool complain(const struct lq_campaign_store *store, const char *what)
{
    lq_message("%s: cannot be %s: %s; expected a campaign's database and room for it; choose "
               "another file", store->path, what, sqlite3_errmsg(store->db));
    return false;
}

static bool run_sql(struct lq_campaign_store *store, const char *sql, const char *what)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || complain(store, what);
}

static bool prepare(struct lq_campaign_store *store, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) == SQLITE_OK ||
           complain(store, "read");
}

/* Runs STATEMENT once, to its end, and makes it ready for the next time. */
static bool finish(struct lq_campaign_store *store, sqlite3_stmt *statement)
{
    bool is_done = sqlite3_step(statement) == SQLITE_DONE || complain(store, "written");
    sqlite3_reset(statement);
    return is_done;
}

/* Whoever reads meanwhile can be in the way for a moment, also where SQLite does not wait. */
static bool run_patiently(struct lq_campaign_store *store, const char *sql)
{
    for (int tries = 0; tries < BUSY_TRIES; tries++) {
        int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return true;
        if (code != SQLITE_BUSY)
            break;
        sqlite3_sleep(BUSY_SLEEP_MS);
    }
    return complain(store, "written");
}

static bool commit(struct lq_campaign_store *store)
{
    return run_patiently(store, "COMMIT") && run_patiently(store, "BEGIN IMMEDIATE");
}

/* --- what it is ------------------------------------------------------------------------------ */

static bool put_value(struct lq_campaign_store *store, const char *name, const char *value)
{
    sqlite3_stmt *statement = NULL;
    if (!prepare(store, "INSERT INTO campaign VALUES (?, ?)", &statement))
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
    bool is_done = finish(store, statement);
    sqlite3_finalize(statement);
    return is_done;
}

static bool put_number(struct lq_campaign_store *store, const char *name, uint64_t value)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return put_value(store, name, text);
}

/* The value of NAME, "" when there is none. */
static void get_value(struct lq_campaign_store *store, const char *name, char value[TEXT_MAX])
{
    sqlite3_stmt *statement = NULL;
    value[0] = '\0';
    if (!prepare(store, "SELECT value FROM campaign WHERE name = ?", &statement))
        return;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        snprintf(value, TEXT_MAX, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
}

static uint64_t get_number(struct lq_campaign_store *store, const char *name)
{
    char text[TEXT_MAX];
    get_value(store, name, text);
    return strtoull(text, NULL, 10);
}

static bool get_pragma(struct lq_campaign_store *store, const char *sql, int *value)
{
    sqlite3_stmt *statement = NULL;
    bool is_read = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
                   sqlite3_step(statement) == SQLITE_ROW;
    if (is_read)
        *value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return is_read;
}

static bool create(struct lq_campaign_store *store, const struct lq_campaign_identity *identity)
{
    char pragmas[TEXT_MAX * 2];
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             APPLICATION_ID, SCHEMA_VERSION);
    return run_sql(store, schema, "created") && run_sql(store, pragmas, "created") &&
           put_value(store, "program version", LQ_VERSION) &&
           put_number(store, "first seed", identity->first_seed) &&
           put_number(store, "last seed", identity->last_seed) &&
           put_number(store, "commands", identity->commands) &&
           put_value(store, "wrong", identity->wrong) &&
           put_number(store, "shard", identity->shard) &&
           put_number(store, "shards", identity->shards) && commit(store);
}

static void read_identity(struct lq_campaign_store *store, struct lq_campaign_identity *identity)
{
    get_value(store, "wrong", store->wrong);
    *identity = (struct lq_campaign_identity){.first_seed = get_number(store, "first seed"),
                                              .last_seed = get_number(store, "last seed"),
                                              .commands = get_number(store, "commands"),
                                              .wrong = store->wrong,
                                              .shard = (uint32_t)get_number(store, "shard"),
                                              .shards = (uint32_t)get_number(store, "shards")};
}

/* A campaign's database of this version of the schema and the program. */
static bool is_known(struct lq_campaign_store *store)
{
    int application = 0, version = 0;
    if (!get_pragma(store, "PRAGMA application_id", &application) ||
        !get_pragma(store, "PRAGMA user_version", &version))
        return complain(store, "read");
    if (application != APPLICATION_ID || version != SCHEMA_VERSION) {
        lq_message("%s: is no campaign of schema version %d; expected a database that `lunquake "
                   "sim --campaign' made; choose another file", store->path, SCHEMA_VERSION);
        return false;
    }
    char program[TEXT_MAX];
    get_value(store, "program version", program);
    if (strcmp(program, LQ_VERSION) == 0)
        return true;
    lq_message("%s: was begun by lunquake %s, this is %s; expected the same version, since seeds "
               "mean something else in another; begin a new campaign", store->path, program,
               LQ_VERSION);
    return false;
}

static bool is_same(struct lq_campaign_store *store, const struct lq_campaign_identity *identity)
{
    struct lq_campaign_identity kept;
    read_identity(store, &kept);
    if (kept.first_seed == identity->first_seed && kept.last_seed == identity->last_seed &&
        kept.commands == identity->commands && strcmp(kept.wrong, identity->wrong) == 0 &&
        kept.shard == identity->shard && kept.shards == identity->shards)
        return true;
    lq_message("%s: is the campaign --seeds %" PRIu64 "..%" PRIu64 " --commands %" PRIu64
               " --shard %" PRIu32 "/%" PRIu32 "%s%s; expected the same options to go on with it; "
               "give those, or another file", store->path, kept.first_seed, kept.last_seed,
               kept.commands, kept.shard, kept.shards, kept.wrong[0] == '\0' ? "" : " --wrong ",
               kept.wrong);
    return false;
}

/* --- open and close -------------------------------------------------------------------------- */

static void drop(struct lq_campaign_store *store)
{
    sqlite3_finalize(store->has);
    sqlite3_finalize(store->put_seed);
    sqlite3_finalize(store->put_violation);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}

static struct lq_campaign_store *open_file(const char *path, int flags)
{
    struct lq_campaign_store *store = calloc(1, sizeof *store);
    char *copy = strdup(path);
    if (store == NULL || copy == NULL) {
        free(store);
        free(copy);
        lq_message("%s: out of memory; expected room for a campaign; close other programs", path);
        return NULL;
    }
    store->path = copy;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, BUSY_MS);
        return store;
    }
    (void)complain(store, "opened");
    drop(store);
    return NULL;
}

static bool prepare_all(struct lq_campaign_store *store)
{
    return prepare(store, "SELECT 1 FROM seed WHERE seed = ?", &store->has) &&
           prepare(store, "INSERT INTO seed VALUES (?, ?, ?, ?, ?, ?, ?)", &store->put_seed) &&
           prepare(store, "INSERT INTO violation VALUES (?, ?, ?)", &store->put_violation);
}

static struct lq_campaign_store *open_store(const char *path,
                                            const struct lq_campaign_identity *identity)
{
    struct stat status;
    bool is_new = stat(path, &status) != 0 || status.st_size == 0;
    if (identity->last_seed > INT64_MAX) {
        lq_message("%s: holds no seeds above %" PRId64 "; expected smaller ones; choose others",
                   path, INT64_MAX);
        return NULL;
    }
    struct lq_campaign_store *store =
        open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (store == NULL)
        return NULL;
    /* Two processes at one campaign would run each seed twice, so it is always locked for writing;
     * others may read. */
    bool is_good = run_sql(store, "PRAGMA synchronous = NORMAL", "opened") &&
                   run_sql(store, "BEGIN IMMEDIATE", "locked for this process") &&
                   (!is_new || create(store, identity)) && is_known(store) &&
                   is_same(store, identity) && prepare_all(store);
    if (is_good)
        return store;
    drop(store);
    return NULL;
}

static struct lq_campaign_store *open_to_read(const char *path,
                                              struct lq_campaign_identity *identity)
{
    struct lq_campaign_store *store = open_file(path, SQLITE_OPEN_READONLY);
    if (store == NULL)
        return NULL;
    if (is_known(store)) {
        read_identity(store, identity);
        return store;
    }
    drop(store);
    return NULL;
}

/* --- read ------------------------------------------------------------------------------------ */

static bool load_verdicts(struct lq_campaign_store *store, struct lq_campaign_sum *sum)
{
    sqlite3_stmt *statement = NULL;
    if (!prepare(store, "SELECT verdict, count(*), sum(commands), sum(virtual_ns), sum(too_few) "
                        "FROM seed GROUP BY verdict", &statement))
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        uint64_t count = (uint64_t)sqlite3_column_int64(statement, 1);
        sum->done += count;
        sum->commands += (uint64_t)sqlite3_column_int64(statement, 2);
        sum->virtual_ns += (uint64_t)sqlite3_column_int64(statement, 3);
        sum->too_few += (uint64_t)sqlite3_column_int64(statement, 4);
        bool is_known_verdict = false;
        for (uint32_t i = 0; i < LQ_SIM_VERDICTS; i++) {
            struct lq_seed_result result = {.end = LQ_SEED_RAN, .verdict = (enum lq_sim_verdict)i};
            if (strcmp(name, lq_seed_verdict_name(&result)) != 0)
                continue;
            sum->verdicts[i] += count;
            is_known_verdict = true;
        }
        if (!is_known_verdict)
            sum->lost += count;
    }
    sqlite3_finalize(statement);
    return true;
}

static bool load_failures(struct lq_campaign_store *store, struct lq_campaign_sum *sum)
{
    sqlite3_stmt *statement = NULL;
    if (!prepare(store, "SELECT seed, verdict, text FROM seed WHERE text <> '' "
                        "ORDER BY verdict = 'elsewhere', seed LIMIT 5", &statement))
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        uint64_t seed = (uint64_t)sqlite3_column_int64(statement, 0);
        const char *verdict = (const char *)sqlite3_column_text(statement, 1);
        if (strcmp(verdict, "elsewhere") == 0)
            seed |= UINT64_C(1) << 63;
        lq_campaign_keep_failure(sum, seed, (const char *)sqlite3_column_text(statement, 2));
    }
    sqlite3_finalize(statement);
    return true;
}

/* Where the count of each row is kept: rows of counts that are their own places tell. */
static void find_places(uint64_t places[LQ_TOTAL_COUNTS])
{
    uint64_t numbers[LQ_TOTAL_COUNTS];
    struct lq_counts probe;
    struct lq_total_row row;
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++)
        numbers[i] = i;
    memcpy(&probe, numbers, sizeof probe);
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++)
        places[i] = lq_total_row(&probe, i, &row) ? row.count : LQ_TOTAL_COUNTS;
}

static bool load_totals(struct lq_campaign_store *store, struct lq_campaign_sum *sum)
{
    sqlite3_stmt *total = NULL, *property = NULL;
    if (!prepare(store, "SELECT count FROM total WHERE kind = ? AND name = ?", &total) ||
        !prepare(store, "SELECT exercised, violated FROM property WHERE id = ?", &property)) {
        sqlite3_finalize(total);
        return false;
    }
    struct lq_total_row row;
    uint64_t places[LQ_TOTAL_COUNTS], counts[LQ_TOTAL_COUNTS] = {0};
    find_places(places);
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS; i++) {
        if (!lq_total_row(&sum->counts, i, &row))
            continue;
        sqlite3_bind_text(total, 1, row.group, -1, SQLITE_STATIC);
        sqlite3_bind_text(total, 2, row.name, -1, SQLITE_STATIC);
        if (sqlite3_step(total) == SQLITE_ROW)
            counts[places[i]] = (uint64_t)sqlite3_column_int64(total, 0);
        sqlite3_reset(total);
    }
    memcpy(&sum->counts, counts, sizeof counts);
    for (uint32_t i = 0; i < lq_property_count; i++) {
        sqlite3_bind_text(property, 1, lq_property_table[i].id, -1, SQLITE_STATIC);
        if (sqlite3_step(property) == SQLITE_ROW) {
            sum->properties.exercised[i] = (uint64_t)sqlite3_column_int64(property, 0);
            sum->properties.violated[i] = (uint64_t)sqlite3_column_int64(property, 1);
        }
        sqlite3_reset(property);
    }
    sqlite3_finalize(total);
    sqlite3_finalize(property);
    return true;
}

static bool load(struct lq_campaign_store *store, struct lq_campaign_sum *sum)
{
    return load_verdicts(store, sum) && load_failures(store, sum) && load_totals(store, sum);
}

static bool has(struct lq_campaign_store *store, uint64_t seed)
{
    sqlite3_bind_int64(store->has, 1, (sqlite3_int64)seed);
    bool found = sqlite3_step(store->has) == SQLITE_ROW;
    sqlite3_reset(store->has);
    return found;
}

/* --- write ----------------------------------------------------------------------------------- */

static bool put_violations(struct lq_campaign_store *store, const struct lq_seed_result *result)
{
    for (uint32_t i = 0; i < lq_property_count; i++) {
        if (result->verdicts.violated[i] == 0)
            continue;
        sqlite3_bind_int64(store->put_violation, 1, (sqlite3_int64)result->seed);
        sqlite3_bind_text(store->put_violation, 2, lq_property_table[i].id, -1, SQLITE_STATIC);
        sqlite3_bind_int64(store->put_violation, 3, (sqlite3_int64)result->verdicts.violated[i]);
        if (!finish(store, store->put_violation))
            return false;
    }
    return true;
}

static bool put(struct lq_campaign_store *store, const struct lq_seed_result *result)
{
    bool ran = result->end == LQ_SEED_RAN;
    char fingerprint[17] = "";
    if (ran)
        snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, result->fingerprint);
    sqlite3_stmt *statement = store->put_seed;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)result->seed);
    sqlite3_bind_text(statement, 2, lq_seed_verdict_name(result), -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, fingerprint, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, ran ? (sqlite3_int64)result->commands : 0);
    sqlite3_bind_int64(statement, 5, ran ? (sqlite3_int64)result->virtual_ns : 0);
    sqlite3_bind_int(statement, 6, ran && result->has_too_little);
    sqlite3_bind_text(statement, 7, result->text, -1, SQLITE_STATIC);
    if (!finish(store, statement) || (ran && !put_violations(store, result)))
        return false;
    store->has_news = true;
    if (ran) {
        lq_counts_add(&store->counts, &result->counts);
        lq_verdicts_add(&store->properties, &result->verdicts);
    }
    return true;
}

static bool add_total(struct lq_campaign_store *store, sqlite3_stmt *statement,
                      const struct lq_total_row *row)
{
    sqlite3_bind_text(statement, 1, row->group, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, row->required);
    sqlite3_bind_int64(statement, 4, (sqlite3_int64)row->count);
    return finish(store, statement);
}

static bool add_property(struct lq_campaign_store *store, sqlite3_stmt *statement, uint32_t index)
{
    sqlite3_bind_text(statement, 1, lq_property_table[index].id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, lq_property_table[index].slug, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)store->properties.exercised[index]);
    sqlite3_bind_int64(statement, 4, (sqlite3_int64)store->properties.violated[index]);
    return finish(store, statement);
}

/* Rows are there from the beginning, with 0: what never happened is listed, too. */
static bool add_sums(struct lq_campaign_store *store)
{
    sqlite3_stmt *total = NULL, *property = NULL;
    bool is_good =
        prepare(store, "INSERT INTO total VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = "
                       "count + excluded.count", &total) &&
        prepare(store, "INSERT INTO property VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                       "exercised = exercised + excluded.exercised, violated = violated + "
                       "excluded.violated", &property);
    struct lq_total_row row;
    for (uint32_t i = 0; i < LQ_TOTAL_COUNTS && is_good; i++)
        if (lq_total_row(&store->counts, i, &row))
            is_good = add_total(store, total, &row);
    for (uint32_t i = 0; i < lq_property_count && is_good; i++)
        is_good = add_property(store, property, i);
    sqlite3_finalize(total);
    sqlite3_finalize(property);
    return is_good;
}

static bool flush(struct lq_campaign_store *store)
{
    if (!store->has_news)
        return true;
    if (!add_sums(store) || !commit(store))
        return false;
    store->has_news = false;
    memset(&store->counts, 0, sizeof store->counts);
    memset(&store->properties, 0, sizeof store->properties);
    return true;
}

static bool merge(struct lq_campaign_store *store, const char *from)
{
    sqlite3_stmt *statement = NULL;
    if (!run_sql(store, "COMMIT", "merged") || !prepare(store, "ATTACH ? AS shard", &statement))
        return false;
    sqlite3_bind_text(statement, 1, from, -1, SQLITE_STATIC);
    bool is_good = finish(store, statement) && run_sql(store, "BEGIN IMMEDIATE", "merged");
    sqlite3_finalize(statement);
    if (is_good && sqlite3_exec(store->db, "INSERT INTO seed SELECT * FROM shard.seed", NULL, NULL,
                                NULL) != SQLITE_OK) {
        lq_message("%s: has seeds that another file of the merge has, too (%s); expected shards "
                   "that share none; leave one away", from, sqlite3_errmsg(store->db));
        return false;
    }
    return is_good &&
           run_sql(store, "INSERT INTO violation SELECT * FROM shard.violation", "merged") &&
           run_sql(store, "INSERT INTO total SELECT * FROM shard.total WHERE true ON CONFLICT DO "
                          "UPDATE SET count = count + excluded.count", "merged") &&
           run_sql(store, "INSERT INTO property SELECT * FROM shard.property WHERE true "
                          "ON CONFLICT DO UPDATE SET exercised = exercised + excluded.exercised, "
                          "violated = violated + excluded.violated", "merged") &&
           run_sql(store, "COMMIT; DETACH shard; BEGIN IMMEDIATE", "merged");
}

static bool close_store(struct lq_campaign_store *store)
{
    bool is_good = flush(store);
    drop(store);
    return is_good;
}

const struct lq_campaign_store_ops lq_campaign_sqlite = {
    open_store, open_to_read, load, has, put, flush, merge, close_store};
