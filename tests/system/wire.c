/* The network between the namespaces of a test: each has a device of this program (TUN, so without ARP tables), and
 * what leaves one is delivered to the one whose address it is for: later, twice, spoilt or not at all, as told for each
 * pair and direction.
 *
 * Lines on stdin, each answered by `ok` or `error: why` on stdout; ends with the end of stdin:
 * - seed N: of its chance
 * - port I PID: the network namespace of process PID has port I, the device wire0
 * - address I A.B.C.D: what is sent to port I; another one is nobody's from then on
 * - link I J DELAY_US JITTER_US LOSS DUPLICATE REORDER CORRUPT: from I to J; the last four are chances in a million
 * - block I J 0|1: nothing from I to J
 *
 * DUPLICATE may be above a million, up to ten: so many further copies, in the mean. A packet is delayed by DELAY_US and
 * up to JITTER_US more by chance; a reordered one by up to REORDER_US beyond that. A spoilt one is delivered with a
 * changed byte and without an UDP checksum, so that the program has to notice. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PORTS_MAX = 64,
    FRAME_MAX = 2048,
    WAITING_MAX = 65536,
    AT_ONCE = 32,
    LINE_SIZE = 256,
    COPIES_MAX = 10,
    MILLION = 1000000
};
enum {
    REORDER_US = 200000,
    IP_HEADER = 20,
    UDP_HEADER = 8,
    UDP_CHECKSUM = 6,
    IP_PROTOCOL = 9,
    IP_SOURCE = 12,
    IP_TARGET = 16
};

struct link {
    int64_t delay_us, jitter_us;
    uint32_t loss, duplicate, reorder, corrupt;
    bool blocked;
};

struct packet {
    int64_t due_us;
    uint64_t order; /* of equals the first to come is the first to go */
    unsigned to;
    size_t len;
    unsigned char data[];
};

static struct link links[PORTS_MAX][PORTS_MAX];
static struct pollfd polled[PORTS_MAX + 1]; /* the last one is stdin */
static uint32_t addresses[PORTS_MAX];       /* 0: none, the port is nobody's */
static struct packet *waiting[WAITING_MAX]; /* a heap: the next to go is the first */
static size_t waiting_count;
static uint64_t arrived;
static uint64_t chance_state = 1;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MILLION + t.tv_nsec / 1000;
}

/* SplitMix64 */
static uint64_t draw(uint64_t below)
{
    uint64_t x = chance_state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return below ? (x ^ x >> 31) % below : 0;
}

static bool chance(uint32_t in_a_million)
{
    return in_a_million > 0 && draw(MILLION) < in_a_million;
}

static bool before(const struct packet *a, const struct packet *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void add_waiting(struct packet *p)
{
    size_t i = waiting_count++;
    for (; i > 0 && before(p, waiting[(i - 1) / 2]); i = (i - 1) / 2) waiting[i] = waiting[(i - 1) / 2];
    waiting[i] = p;
}

static struct packet *take_waiting(void)
{
    struct packet *first = waiting[0], *last = waiting[--waiting_count];
    size_t i = 0;
    for (size_t child = 1; child < waiting_count; child = 2 * i + 1) {
        if (child + 1 < waiting_count && before(waiting[child + 1], waiting[child])) child++;
        if (!before(waiting[child], last)) break;
        waiting[i] = waiting[child];
        i = child;
    }
    waiting[i] = last;
    return first;
}

static uint32_t address_at(const unsigned char *data, size_t at)
{
    uint32_t a;
    memcpy(&a, data + at, sizeof a);
    return a;
}

static void spoil(unsigned char *data, size_t len)
{
    size_t ip = (data[0] & 15u) * 4u, body = ip + UDP_HEADER;
    if (data[IP_PROTOCOL] != IPPROTO_UDP || len <= body) return;
    data[ip + UDP_CHECKSUM] = data[ip + UDP_CHECKSUM + 1] = 0;
    data[body + draw(len - body)] ^= (unsigned char)(1 + draw(255));
}

static void copy_onto(const struct link *l, unsigned to, const unsigned char *data, size_t len)
{
    if (waiting_count == WAITING_MAX) return; /* as a full queue of a router */
    struct packet *p = malloc(sizeof *p + len);
    if (!p) abort();
    *p = (struct packet){ .due_us = now_us() + l->delay_us, .order = arrived++, .to = to, .len = len };
    p->due_us += (int64_t)draw((uint64_t)l->jitter_us) + (chance(l->reorder) ? (int64_t)draw(REORDER_US) : 0);
    memcpy(p->data, data, len);
    if (chance(l->corrupt)) spoil(p->data, len);
    add_waiting(p);
}

static void forward(unsigned from, const unsigned char *data, size_t len)
{
    if (len < IP_HEADER || data[0] >> 4 != 4 || address_at(data, IP_SOURCE) != addresses[from]) return;
    uint32_t target = address_at(data, IP_TARGET);
    unsigned to = 0;
    while (to < PORTS_MAX && (addresses[to] != target || to == from)) to++;
    if (to == PORTS_MAX) return;
    const struct link *l = &links[from][to];
    if (l->blocked || chance(l->loss)) return;
    uint32_t copies = 1 + l->duplicate / MILLION + (chance(l->duplicate % MILLION) ? 1 : 0);
    while (copies-- > 0) copy_onto(l, to, data, len);
}

static void read_port(unsigned port)
{
    unsigned char data[FRAME_MAX];
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t len = read(polled[port].fd, data, sizeof data);
        if (len <= 0) return;
        forward(port, data, (size_t)len);
    }
}

static void deliver(int64_t now)
{
    while (waiting_count > 0 && waiting[0]->due_us <= now) {
        struct packet *p = take_waiting();
        /* What the device does not take (it is not up yet) is lost, as on any network. */
        ssize_t written = write(polled[p->to].fd, p->data, p->len);
        (void)written;
        free(p);
    }
}

/* Opens the device in that namespace; the program itself stays in its own. Returns why it failed, or NULL. */
static const char *open_port(unsigned port, unsigned pid)
{
    struct ifreq device = { .ifr_name = "wire0", .ifr_flags = IFF_TUN | IFF_NO_PI };
    char path[64];
    const char *err = NULL;
    int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;
    snprintf(path, sizeof path, "/proc/%u/ns/net", pid);
    int there = open(path, O_RDONLY | O_CLOEXEC);
    if (back < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) {
        err = strerror(errno);
        goto out;
    }
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &device) < 0) err = strerror(errno);
    if (setns(back, CLONE_NEWNET) < 0) abort();
    if (!err) {
        polled[port] = (struct pollfd){ .fd = fd, .events = POLLIN };
        fd = -1;
    }
out:
    if (fd >= 0) close(fd);
    if (there >= 0) close(there);
    if (back >= 0) close(back);
    return err;
}

static const char *obey(const char *line)
{
    unsigned i, j, number;
    char text[32];
    struct link l = { 0 };
    if (sscanf(line, "seed %u", &number) == 1) {
        chance_state = number;
    } else if (sscanf(line, "port %u %u", &i, &number) == 2 && i < PORTS_MAX && polled[i].fd < 0) {
        return open_port(i, number);
    } else if (sscanf(line, "address %u %31s", &i, text) == 2 && i < PORTS_MAX) {
        return inet_pton(AF_INET, text, &addresses[i]) == 1 ? NULL : "no address";
    } else if (sscanf(line, "link %u %u %ld %ld %u %u %u %u", &i, &j, &l.delay_us, &l.jitter_us, &l.loss, &l.duplicate,
                      &l.reorder, &l.corrupt) == 8 &&
               i < PORTS_MAX && j < PORTS_MAX && l.delay_us >= 0 && l.jitter_us >= 0 &&
               l.duplicate <= COPIES_MAX * MILLION) {
        l.blocked = links[i][j].blocked;
        links[i][j] = l;
    } else if (sscanf(line, "block %u %u %u", &i, &j, &number) == 3 && i < PORTS_MAX && j < PORTS_MAX) {
        links[i][j].blocked = number != 0;
    } else {
        return "not understood";
    }
    return NULL;
}

/* Returns false at the end of stdin. stdio holds nothing back here: it is unbuffered, and lines are short. */
static bool read_order(void)
{
    static char line[LINE_SIZE];
    if (!fgets(line, sizeof line, stdin)) return false;
    const char *err = obey(line);
    printf("%s%s\n", err ? "error: " : "ok", err ? err : "");
    fflush(stdout);
    return true;
}

int main(void)
{
    setvbuf(stdin, NULL, _IONBF, 0);
    for (unsigned i = 0; i < PORTS_MAX; i++) polled[i].fd = -1;
    polled[PORTS_MAX] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    for (;;) {
        int64_t now = now_us(), wait = waiting_count ? waiting[0]->due_us - now : MILLION;
        if (wait < 0) wait = 0;
        struct timespec timeout = { .tv_sec = wait / MILLION, .tv_nsec = wait % MILLION * 1000 };
        if (ppoll(polled, PORTS_MAX + 1, &timeout, NULL) < 0 && errno != EINTR) abort();
        for (unsigned i = 0; i < PORTS_MAX; i++)
            if (polled[i].fd >= 0 && polled[i].revents & POLLIN) read_port(i);
        deliver(now_us());
        if (polled[PORTS_MAX].revents && !read_order()) return 0;
    }
}
