/* One connection of the HTTP server: reads a request, hands it over, sends the reply, begins again. For http_server.c
 * and http_conn.c only. */
#ifndef NR_IO_HTTP_CONN_H
#define NR_IO_HTTP_CONN_H

#include <sys/queue.h>

#include "io/http_server.h"

#define NR_HTTP_SCRATCH      65536
#define NR_HTTP_LISTEN_MAX   8
#define NR_HTTP_KEPT_MAX     (32u * 1024 * 1024) /* of requests that are not complete, all connections together */
#define NR_HTTP_LINGER_MS    2000
#define NR_HTTP_SEND_BYTES_S 16384

enum nr_http_conn_state {
    NR_HTTP_WAITING,   /* for a request */
    NR_HTTP_PENDING,   /* somebody has the request and will reply */
    NR_HTTP_SENDING,   /* the rest of a reply */
    NR_HTTP_LINGERING, /* all is said; reads on, so that the reply is not lost to a reset (RFC 9112 9.6) */
};

struct nr_http_call {
    struct nr_http_server *server;
    TAILQ_ENTRY(nr_http_call) all;
    TAILQ_ENTRY(nr_http_call) waiting; /* while state is NR_HTTP_WAITING */
    enum nr_http_conn_state state;
    int fd;
    struct nr_watch *watch;
    unsigned wants;
    struct nr_addr remote;
    int64_t deadline_us;
    bool http_1_0;
    bool begun;       /* the first byte of a request is there */
    bool continued;   /* 100 Continue was sent */
    bool close_after; /* behind the reply */
    bool linger;      /* … and input may be left unread */
    bool head_only;
    bool kept_alive; /* an earlier request was answered */
    bool serving;    /* within serve() */
    bool dead;       /* closed as soon as nobody has it in hand */
    unsigned busy;   /* calls on the stack that have it in hand */
    struct nr_http_parser parser;
    struct nr_buf in;  /* bytes not consumed yet */
    size_t kept;       /* of it, counted in the server's sum */
    struct nr_buf out; /* bytes not sent yet */
    size_t out_at;
    struct nr_http_blob *blob; /* behind `out` */
    size_t blob_at;
};
TAILQ_HEAD(nr_http_call_list, nr_http_call);

struct nr_http_listener {
    struct nr_http_server *server;
    int fd;
    struct nr_watch *watch;
    struct nr_addr address;
};

struct nr_http_server {
    struct nr_loop *loop;
    struct nr_http_server_options o;
    struct nr_http_listener listeners[NR_HTTP_LISTEN_MAX];
    size_t listener_count;
    struct nr_http_call_list all;
    struct nr_http_call_list waiting; /* who has waited longest first */
    struct nr_timer *sweep;
    struct nr_http_stats stats;
    size_t kept; /* bytes in all `in` */
    bool paused; /* no room and nobody to drop: accepts again when one has left */
    bool stopping;
    struct nr_now now; /* of the event that is being handled */
    struct nr_http_request req;
    struct nr_buf head;
    int64_t date_s;
    char date[32];
    uint8_t scratch[NR_HTTP_SCRATCH];
};

/* Takes the descriptor. NR_E_NOMEM: then it is closed. */
int nr_http_conn_open(struct nr_http_server *s, int fd, const struct nr_addr *remote, struct nr_now now) NR_MUST_CHECK;
void nr_http_conn_close(struct nr_http_call *c);
/* The connection that has waited longest without a complete request leaves; `keeps`: among those that have sent a part
 * of one. False: there is none. */
bool nr_http_server_make_room(struct nr_http_server *s, bool keeps);
/* Told when a connection has been closed. */
void nr_http_server_conn_gone(struct nr_http_server *s);

/* http_reply.c: the status line and header fields of a reply into s->head. */
void nr_http_write_head(struct nr_http_call *c, const struct nr_http_reply *reply, size_t body_len);

#endif
