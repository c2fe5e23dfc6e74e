/* SPDX-License-Identifier: Apache-2.0 */
/* Options, faults, initiators and times of a run from the bytes; when they end all is benign. */
#include "tools/fuzz/fuzz.h"

enum { COMMANDS = 60 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lq_choice_bytes bytes;
    struct lq_history_sink sinks[] = {lq_fuzz_begin()};
    struct lq_run_result result;
    lq_choice_bytes_init(&bytes, data, size);
    struct lq_run_request request = {
        .commands = COMMANDS, .sinks = sinks, .sink_count = 1, .choice = &bytes.choice};
    lq_world_run(lq_fuzz_world(), &request, &result);
    lq_fuzz_end(&result);
    return 0;
}
