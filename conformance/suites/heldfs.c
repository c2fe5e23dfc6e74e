/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heldfs: a file system in memory whose requests can be held one by one.
 *
 * It mounts a directory with files store0, store1, ... for a target under test to use as its
 * stores, and lets a test decide when each write (or read) takes effect and completes. It is the
 * store's side of the held-write tests only; held_control.h is its client. No verdict is here.
 *
 * It speaks to /dev/fuse itself, since the files must be opened with
 * FOPEN_PARALLEL_DIRECT_WRITES: without it the kernel serialises the writes of a file, and a test
 * of command order would pass falsely. libfuse 3.14 cannot set that flag.
 *
 * Control protocol, over a UNIX stream socket, one client at a time, one line per message:
 *   hold OP FILE OFFSET LENGTH    from now on hold OP (write|read|any) overlapping this   -> ok
 *   pass                          hold nothing that is new; what is held stays held       -> ok
 *   release ID                    let this one take effect and complete                   -> ok 1
 *   release                       pass, then release everything, oldest first             -> ok N
 *   fill FILE OFFSET LENGTH       -> ok XX (every byte is XX, hexadecimal) or ok mixed
 *   anything else                 -> error TEXT
 * Unasked, in the order of arrival, before any later answer:
 *   held ID OP FILE OFFSET LENGTH
 *   seen ID write FILE OFFSET LENGTH          (a write that was not held)
 * When the client goes, everything is released. When standard input ends, everything is released,
 * the file system is unmounted and the program ends: nothing outlives its parent.
 */
#include "conformance/suites/heldfs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

_Noreturn void heldfs_fail(const char *what)
{
    fprintf(stderr, "heldfs: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void loop(struct heldfs *fs)
{
    for (;;) {
        struct pollfd fds[4] = { { .fd = fs->fuse, .events = POLLIN },
                                 { .fd = STDIN_FILENO, .events = POLLIN },
                                 { .fd = fs->client, .events = POLLIN },
                                 { .fd = fs->client < 0 ? fs->listener : -1, .events = POLLIN } };
        char ignored;

        if (poll(fds, 4, -1) < 0 && errno != EINTR)
            heldfs_fail("poll");
        /* Control first: an order that was given before a write was sent shall reach it. */
        if (fds[2].revents != 0)
            heldfs_serve_client(fs);
        if (fds[3].revents != 0)
            heldfs_accept(fs);
        if (fds[0].revents != 0 && !heldfs_serve_fuse(fs))
            return;
        if (fds[1].revents != 0 && read(STDIN_FILENO, &ignored, 1) <= 0)
            return;
    }
}

int main(int argc, char **argv)
{
    static struct heldfs fs = { .client = -1 };            /* large, hence not on the stack */

    if (argc < 4 || argc > 3 + MAX_FILES) {
        fprintf(stderr, "usage: heldfs DIRECTORY SOCKET SIZE_BYTES... (at most %d files)\n",
                MAX_FILES);
        return 2;
    }
    signal(SIGINT, SIG_IGN);                               /* the end comes by standard input */
    for (int i = 3; i < argc; i++) {
        struct file *file = &fs.files[fs.nfiles++];

        file->size_bytes = strtoull(argv[i], NULL, 10);
        file->bytes = calloc(1, file->size_bytes > 0 ? file->size_bytes : 1);
        if (file->bytes == NULL)
            heldfs_fail("memory for the files");
    }
    heldfs_listen(&fs, argv[2]);
    heldfs_mount(&fs, argv[1]);
    printf("ready\n");
    fflush(stdout);
    loop(&fs);
    heldfs_release_all(&fs);
    if (umount2(argv[1], MNT_DETACH) != 0 && errno != EINVAL)
        heldfs_fail("umount");
    unlink(argv[2]);
    for (unsigned i = 0; i < fs.nfiles; i++)
        free(fs.files[i].bytes);
    free(fs.buffer);
    return 0;
}
