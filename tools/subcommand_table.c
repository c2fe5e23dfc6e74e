/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands as data: what --help, the man page and the completion say of them. */
#include <stddef.h>

#include "tools/options.h"

static const char *const serve_paragraphs[] = {
    "When the target is ready one line is printed: ready iscsi://HOST:PORT/IQN/0.",
    "SIGTERM or SIGINT stops it gracefully: sessions are asked to log out, requests under way are "
    "waited for. Stores that still hold requests after the bound are named, and the exit status "
    "is 3. A second signal stops at once.",
    "With --scenario what the file expects is judged then: the exit status is 1 when something is "
    "not met, and 4 when its timeline had not ended.",
    NULL};
static const char *const serve_examples[] = {
    "lunquake serve --ram 1GiB --ram 64MiB --read-only --portals 2",
    "lunquake serve --file disk.img --port 0 --pcap run.pcapng",
    "lunquake serve --scenario scenarios/examples/cold-reset.scn",
    "lunquake serve --ram 1GiB --fcoe unix:/tmp/target.sock:/tmp/guest.sock", NULL};

static const char *const with_paragraphs[] = {
    "COMMAND is run as soon as the target is ready; {uri}, {host}, {port} and {iqn} in its "
    "arguments are replaced. The target stops when COMMAND ends. SIGTERM and SIGINT are passed on "
    "to COMMAND.",
    "The exit status is COMMAND's, 128 plus the signal's number when a signal ended it, 126 when "
    "it cannot be run, 127 when it is not found, and 125 for a failure of lunquake itself.",
    "With --scenario the target goes on until the file's timeline has ended, too. When COMMAND's "
    "status is 0, it is 1 if something that the file expects is not met, and 2 if the file is "
    "wrong.",
    NULL};
static const char *const with_examples[] = {
    "lunquake with -- iscsi-inq {uri}", "lunquake with --ram 1GiB -- qemu-img info {uri}",
    "lunquake with --scenario scenarios/examples/cold-reset.scn -- iscsi-inq {uri}", NULL};

static const char *const sim_paragraphs[] = {
    "Each seed is one run of target, disks, network and initiators in virtual time, judged while "
    "it runs. The same seed gives the same run, byte by byte.",
    "A FILE.scn is a scenario: it says what is in the world, what happens and what must hold; "
    "docs/SCENARIO.md has the language. Each file gives one line, and what was not met.",
    NULL};
static const char *const sim_examples[] = {
    "lunquake sim --seeds 1..2000", "lunquake sim --seed 7 --pcap seed7.pcapng",
    "lunquake sim --wrong ordered-as-simple --seeds 1..500",
    "lunquake sim scenarios/examples/cold-reset.scn",
    "lunquake sim --seed 7 --print-scenario > seed7.scn",
    "lunquake sim --exhaust scenarios/examples/small-world.scn", NULL};

static const char *const features_paragraphs[] = {
    "Each row is a feature of the comparison that SCST published, with what SCST, STGT, IET and "
    "LIO had then and what Lunquake has now. What Lunquake claims names the tests that prove it; "
    "docs/FEATURES.tsv is the table.",
    NULL};
static const char *const features_examples[] = {
    "lunquake features",
    "ctest --output-log tests.log", "lunquake features --results tests.log", NULL};

const struct lq_subcommand_row lq_subcommand_rows[LQ_SUBCOMMANDS] = {
    [LQ_SUBCOMMAND_SERVE] = {"serve", "[OPTION]...",
                             "Run an iSCSI target on TCP until it is stopped.", serve_paragraphs,
                             serve_examples},
    [LQ_SUBCOMMAND_WITH] = {"with", "[OPTION]... -- COMMAND [ARGUMENT]...",
                            "Run a command against a private iSCSI target.", with_paragraphs,
                            with_examples},
    [LQ_SUBCOMMAND_SIM] = {"sim", "[OPTION]... [FILE.scn]...",
                           "Run the target in the virtual world and judge it.", sim_paragraphs,
                           sim_examples},
    [LQ_SUBCOMMAND_FEATURES] = {"features", "[--results FILE]",
                                "Print what targets can do, side by side, and what proves it.",
                                features_paragraphs, features_examples},
};
