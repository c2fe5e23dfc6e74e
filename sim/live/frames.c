/* SPDX-License-Identifier: Apache-2.0 */
/* Method: after opening, all kinds are one descriptor of which a read and a write are a frame. */
#include "sim/live/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MTU = 2500, ETHERTYPE_FCOE = 0x8906, ETHERTYPE_FIP = 0x8914, SLICES_MAX = 4 };

/* --- network interfaces ----------------------------------------------------------------------- */

static bool name_interface(struct ifreq *request, const char *name, struct lq_problem *problem)
{
    *request = (struct ifreq){0};
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof request->ifr_name)
        return lq_problem_set(problem,
                              "--fcoe: `%s' is no interface's name; expected 1 to 15 characters; "
                              "see `ip link'",
                              name);
    memcpy(request->ifr_name, name, length);
    return true;
}

static bool lacks_privilege(const char *what, struct lq_problem *problem)
{
    return lq_problem_set(problem,
                          "--fcoe %s: the system does not permit it (%s); expected root or "
                          "CAP_NET_ADMIN and CAP_NET_RAW; run as root, give the program these "
                          "(setcap cap_net_admin,cap_net_raw+ep), make the TAP beforehand (ip "
                          "tuntap add NAME mode tap user USER; ip link set NAME mtu 2500 up), or "
                          "use unix:LOCAL:REMOTE",
                          what, strerror(errno));
}

static bool cannot(const char *what, const char *step, struct lq_problem *problem)
{
    if (errno == EPERM || errno == EACCES)
        return lacks_privilege(what, problem);
    return lq_problem_set(problem, "--fcoe %s: %s (%s); expected an Ethernet interface of this "
                                   "machine; see `ip link'",
                          what, step, strerror(errno));
}

/* Makes the interface long enough for all FC frames and up, where it is not. */
static bool bring_up(struct lq_frame_device *device, struct ifreq *request, const char *what,
                     bool set_mtu, struct lq_problem *problem)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && ioctl(fd, SIOCGIFMTU, request) == 0;
    if (done && set_mtu && request->ifr_mtu < MTU) {
        request->ifr_mtu = MTU;
        done = ioctl(fd, SIOCSIFMTU, request) == 0;
    }
    device->mtu = (uint32_t)request->ifr_mtu;
    done = done && ioctl(fd, SIOCGIFFLAGS, request) == 0;
    if (done && !(request->ifr_flags & IFF_UP)) {
        request->ifr_flags |= IFF_UP;
        done = ioctl(fd, SIOCSIFFLAGS, request) == 0;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return done || cannot(what, "the interface cannot be brought up", problem);
}

static bool open_tap(struct lq_frame_device *device, const char *what, const char *name,
                     struct lq_problem *problem)
{
    struct ifreq request;
    if (!name_interface(&request, name, problem))
        return false;
    device->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device->fd < 0)
        return cannot(what, "/dev/net/tun cannot be opened", problem);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(device->fd, TUNSETIFF, &request) != 0)
        return cannot(what, "it is no TAP that can be had", problem);
    return bring_up(device, &request, what, true, problem);
}

/* Only FCoE and FIP frames pass; a VLAN's tag has been taken off by then, so that a VLAN is served
 * at its own interface. */
static bool set_filter(int fd)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_FCOE, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_FIP, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, LQ_DEVICE_FRAME_BYTES_MAX),
    };
    const struct sock_fprog program = {.len = sizeof steps / sizeof steps[0], .filter = steps};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

/* Frames to group addresses and to the FCF's own come to no address of the interface. */
static bool open_packet(struct lq_frame_device *device, const char *what, const char *name,
                        struct lq_problem *problem)
{
    struct ifreq request;
    const int on = 1;
    if (!name_interface(&request, name, problem))
        return false;
    device->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (device->fd < 0)
        return cannot(what, "there are no packet sockets", problem);
    if (ioctl(device->fd, SIOCGIFINDEX, &request) != 0)
        return cannot(what, "there is no such interface", problem);
    const int index = request.ifr_ifindex;
    const struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                        .sll_protocol = htons(ETH_P_ALL),
                                        .sll_ifindex = index};
    const struct packet_mreq all = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    if (!set_filter(device->fd) ||
        setsockopt(device->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
        bind(device->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(device->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0)
        return cannot(what, "frames cannot be had from it", problem);
    return bring_up(device, &request, what, false, problem);
}

/* --- datagram sockets ------------------------------------------------------------------------- */

static bool set_path(struct sockaddr_un *address, const char *path, size_t length)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length == 0 || length >= sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, length);
    return true;
}

/* A socket that somebody left behind refuses; one that is somebody's may do without strangers, but
 * does not refuse. */
static void remove_stale(const struct sockaddr_un *local)
{
    struct stat status;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_left = fd >= 0 &&
                   connect(fd, (const struct sockaddr *)local, sizeof *local) != 0 &&
                   errno == ECONNREFUSED;
    if (is_left && stat(local->sun_path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(local->sun_path);
    if (fd >= 0)
        close(fd);
}

static bool open_unix(struct lq_frame_device *device, const char *what, const char *paths,
                      struct lq_problem *problem)
{
    static const int buffer_bytes = 1 << 20;
    const char *colon = strchr(paths, ':');
    if (colon == NULL || strchr(colon + 1, ':') != NULL ||
        !set_path(&device->local, paths, (size_t)(colon - paths)) ||
        !set_path(&device->remote, colon + 1, strlen(colon + 1)))
        return lq_problem_set(problem,
                              "--fcoe %s: this names no two sockets; expected "
                              "unix:LOCAL:REMOTE, two paths of at most 107 characters without a "
                              "colon; give QEMU local.path=REMOTE and remote.path=LOCAL",
                              what);
    device->mtu = MTU;
    device->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    remove_stale(&device->local);
    if (device->fd < 0 ||
        bind(device->fd, (const struct sockaddr *)&device->local, sizeof device->local) != 0)
        return lq_problem_set(problem,
                              "--fcoe %s: no socket can be made at LOCAL (%s); expected a path in "
                              "a directory that can be written, and nobody there; choose another",
                              what, strerror(errno));
    device->has_local = true;
    setsockopt(device->fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    return true;
}

/* Only to a connected peer does the system tell when there is room again. */
static bool connect_remote(struct lq_frame_device *device)
{
    if (device->remote.sun_path[0] == '\0' || device->is_connected)
        return true;
    device->is_connected = connect(device->fd, (const struct sockaddr *)&device->remote,
                                   sizeof device->remote) == 0;
    return device->is_connected;
}

static void disconnect_remote(struct lq_frame_device *device)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (device->is_connected)
        (void)connect(device->fd, &nobody, sizeof nobody);
    device->is_connected = false;
}

/* --- all kinds -------------------------------------------------------------------------------- */

bool lq_frame_device_open(struct lq_frame_device *device, const char *specification,
                          struct lq_problem *problem)
{
    static const struct {
        const char *prefix;
        bool (*open)(struct lq_frame_device *device, const char *what, const char *name,
                     struct lq_problem *problem);
    } kinds[] = {{"tap:", open_tap}, {"packet:", open_packet}, {"unix:", open_unix}};
    *device = (struct lq_frame_device){.fd = -1};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(specification, kinds[i].prefix, length) != 0)
            continue;
        if (kinds[i].open(device, specification, specification + length, problem))
            return true;
        lq_frame_device_close(device);
        return false;
    }
    return lq_problem_set(problem,
                          "--fcoe %s: this is no frame device; expected tap:NAME, packet:NAME or "
                          "unix:LOCAL:REMOTE; choose one",
                          specification);
}

void lq_frame_device_close(struct lq_frame_device *device)
{
    if (device->fd >= 0)
        close(device->fd);
    if (device->has_local)
        unlink(device->local.sun_path);
    device->fd = -1;
    device->has_local = false;
}

uint32_t lq_frame_device_receive(struct lq_frame_device *device,
                                 uint8_t bytes[LQ_DEVICE_FRAME_BYTES_MAX], bool *is_empty)
{
    ssize_t size_bytes = read(device->fd, bytes, LQ_DEVICE_FRAME_BYTES_MAX);
    *is_empty = size_bytes < 0 && errno != EINTR;
    return size_bytes > 0 && size_bytes < LQ_DEVICE_FRAME_BYTES_MAX ? (uint32_t)size_bytes : 0;
}

/* False: not yet. Whatever else is wrong, the frame is lost, as on a wire; but REMOTE may be
 * somebody new. */
static bool write_frame(struct lq_frame_device *device, const struct iovec *pieces, int count)
{
    enum { TRIES = 2 };
    for (int i = 0; i < TRIES && connect_remote(device); i++) {
        ssize_t result;
        do {
            result = writev(device->fd, pieces, count);
        } while (result < 0 && errno == EINTR);
        if (result >= 0)
            return true;
        if (errno == EAGAIN || errno == ENOBUFS)
            return false;
        disconnect_remote(device);
    }
    return true;
}

void lq_frame_device_send(struct lq_frame_device *device, const struct lq_slice *slices,
                          uint32_t count)
{
    struct iovec pieces[SLICES_MAX] = {{0}};
    for (uint32_t i = 0; i < count; i++)
        pieces[i] = (struct iovec){.iov_base = (void *)(uintptr_t)slices[i].bytes,
                                   .iov_len = slices[i].size_bytes};
    if (write_frame(device, pieces, (int)count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(device->pending + device->pending_bytes, slices[i].bytes, slices[i].size_bytes);
        device->pending_bytes += slices[i].size_bytes;
    }
}

bool lq_frame_device_flush(struct lq_frame_device *device)
{
    const struct iovec piece = {device->pending, device->pending_bytes};
    if (device->pending_bytes > 0 && write_frame(device, &piece, 1))
        device->pending_bytes = 0;
    return device->pending_bytes == 0;
}
