/* What a service manager is told (sd_notify(3)): a line or more to the datagram socket that NOTIFY_SOCKET names. The
 * protocol is systemd's and stable; its library would bring eight others into each of our processes. */
#ifndef NR_IO_SERVICE_H
#define NR_IO_SERVICE_H

#include <stdint.h>

/* "READY=1", "STATUS=…", lines of it, up to 1,023 bytes. Where nobody listens nothing happens. */
void nr_service_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Within which time "WATCHDOG=1" has to be told again and again, in microseconds; 0: nobody waits for it. */
int64_t nr_service_watchdog_us(void);

#endif
