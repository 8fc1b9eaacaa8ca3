/* One poll(2) on one descriptor: what the waits that block for readiness share. */
#ifndef CB_CAPTURERS_WAITS_READABLE_H
#define CB_CAPTURERS_WAITS_READABLE_H

#include "capturers/capturer.h"

/*
 * Until `fd` is readable, the call's deadline, or a signal: 0. A negative errno is the error that
 * the socket had pending; it is taken off, so that the next call blocks again.
 */
int cb_wait_readable(int fd, const struct cb_wait_call *call, struct cb_wait_counts *counts);

/* The error that a socket has pending, as a negative errno; it is taken off. 0: none. */
int cb_wait_pending_error(int fd, struct cb_wait_counts *counts);

/* From `now_ns` to the deadline, rounded up, for poll(2). */
int cb_wait_milliseconds(const struct cb_wait_call *call);

#endif
