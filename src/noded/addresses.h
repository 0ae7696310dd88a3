/* The gossip addresses of the configuration: those to bind, those to tell others. What goes wrong is said in the log.
 */
#ifndef NODED_ADDRESSES_H
#define NODED_ADDRESSES_H

#include "conf/conf.h"
#include "io/udp.h"
#include "proto/limits.h"

/* By default both families are bound; on a machine without one of them the other does. */
int addresses_bind(struct nr_udp *udp, const struct nr_conf *conf) NR_MUST_CHECK;
/* Names are looked up once. */
int addresses_advertised(const struct nr_conf *conf, struct nr_addr out[static NR_GOSSIP_MAX],
                         size_t *filled) NR_MUST_CHECK;

#endif
