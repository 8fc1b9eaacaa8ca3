/*
 * An io_uring that polls NAPI instances by their number while it waits for sockets to become
 * readable (Linux 6.13). For sockets that don't know which NAPI feeds them. Nothing is received
 * through it.
 */
#ifndef CB_CAPTURERS_WAITS_NAPI_RING_H
#define CB_CAPTURERS_WAITS_NAPI_RING_H

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_NAPI_RING_SOCKETS 64

struct io_uring_sqe;
struct io_uring_cqe;

struct cb_napi_ring {
	int fd;      /* -1: closed */
	char *rings; /* both queues */
	size_t rings_bytes, entries_bytes;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *completions;
	uint32_t *head, *tail; /* of the completions */
	uint32_t *submitted;   /* tail of the submissions */
	uint32_t mask, submission_mask;
	uint32_t to_submit;
	const int *sockets; /* the caller's */
};

struct cb_napi_ring_spec {
	const int *sockets; /* outlive the ring */
	unsigned n_sockets; /* at most CB_NAPI_RING_SOCKETS */
	bool prefer;        /* the poller before the softirq: as SO_PREFER_BUSY_POLL */
	uint32_t time_us;   /* how long a call polls */
};

/* 0 or negative errno. -EINVAL: the kernel is older than 6.13. */
int cb_napi_ring_open(struct cb_napi_ring *r, const struct cb_napi_ring_spec *spec);
/* Poll this NAPI instance too. 0 or negative errno. */
int cb_napi_ring_add(const struct cb_napi_ring *r, uint32_t napi);
void cb_napi_ring_close(struct cb_napi_ring *r); /* accepts a closed one, not a zeroed one */

/*
 * Poll the NAPI instances until a socket is readable or `ns` have passed: one system call, in which
 * the process does not sleep as long as `ns` is no more than the spec's time. 0 or negative errno;
 * a signal ends it with 0.
 */
int cb_napi_ring_poll(struct cb_napi_ring *r, uint64_t ns);

#endif
