/*
 * A capture process is three independent choices: a mechanism (how a frame
 * crosses from kernel to process), a wait (how the process learns that frames
 * are there) and a load (what it does with a frame). Each is one file that
 * fills one const struct and stands in one array (members.c).
 *
 * The capture loop (capture.h) works on batches, so an indirect call is paid
 * per batch, not per frame.
 */
#ifndef CB_CAPTURERS_CAPTURER_H
#define CB_CAPTURERS_CAPTURER_H

#include "harness/base/error.h"
#include "harness/base/member.h"
#include "harness/book/ledger.h"

#include <jansson.h>
#include <stdint.h>

/* A frame as the tap shows it; valid until the mechanism's release(). */
struct cb_frame {
	const uint8_t *data;
	uint32_t caplen;  /* bytes at `data`, at most the snaplen */
	uint32_t len;     /* bytes on the link, without FCS */
	uint64_t time_ns; /* receive time as the tap gives it, 0: none */
};

#define CB_SHARED_FDS_MAX 8

/*
 * One process's part of a tap that several processes on an interface share, since an interface has
 * only one of it (an XDP program, say). Who starts the processes owns the tap (share.h).
 */
struct cb_tap_share {
	unsigned index, processes; /* which one of how many */
	unsigned n_fds;
	int fds[CB_SHARED_FDS_MAX]; /* meaning and order are the mechanism's */
};

/* Where to tap; what every mechanism is given. */
struct cb_tap {
	const char *interface;
	unsigned ifindex;
	int64_t snaplen;      /* bytes */
	int64_t buffer;       /* bytes asked for the tap's buffer */
	int64_t frame_length; /* bytes (without FCS) that frames are expected to have, 0: not known;
				 sizes buffers */
	bool promiscuous;
	const char *filter; /* a pcap expression (filter.h): what else comes is not for the tap, and
			       in none of its counters; NULL or "": everything is */
	const struct cb_tap_share *share; /* NULL: this process is on its own */
};

/* What open() tells the loop. */
struct cb_tap_ready {
	int fd;                /* to wait on (POLLIN), -1: not pollable */
	uint64_t linger_ns;    /* a frame in the kernel may take this long to become visible (block
				  retire time) */
	int64_t buffer_frames; /* capacity in frames of tap->frame_length; CB_UNKNOWN: not known */
	unsigned fanout;       /* the group that shares the interface's frames out among its
				  members, which are one view together; 0: gets all frames */
	char version[64];      /* what really runs behind the mechanism; "": nothing to say */
};

/* Final counters, after the tap is down. Each mechanism's file says how its kernel's are
 * normalised. CB_UNKNOWN where the mechanism can't tell. */
struct cb_tap_counters {
	int64_t dropped; /* lost for want of room in the tap's buffer */
	int64_t unread;  /* in the buffer when the tap was taken down, never given to the loop */
	int64_t matched; /* frames that came to the tap, by the kernel's own count: what was
			    received, dropped and left unread must add up to it */
	int64_t buffer_frames; /* the buffer's capacity as measured on the frames that came;
				  CB_UNKNOWN: what open() said stands */
};

struct cb_shared_tap;
struct cb_wait_counts;

/* What only few mechanisms have. Each may be NULL. */
struct cb_mechanism_extra {
	/*
	 * With CB_TRAIT_OWN_BATCH: from now on wake up once `frames` frames are there, or `ns`
	 * after the first of them. *fd (the mechanism's own) is then to be waited on instead of
	 * ready->fd; a wake-up is an edge (EPOLLIN | EPOLLET). -1: wait_batch() is to be called.
	 */
	int (*batch)(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err);
	/* Where waiting itself is the mechanism's system call: as struct cb_wait's wait(). */
	int (*wait_batch)(void *state, uint64_t deadline_ns, struct cb_wait_counts *counts);
	/* The wait never waits for readiness (spin, sleep): nobody need be woken. */
	void (*unwatched)(void *state);
	/* With CB_TRAIT_NAPI: the sockets that NAPI instances feed, and that they can be polled
	 * through. Up to `max` go to fds[]; how many there are. */
	unsigned (*sockets)(void *state, int *fds, unsigned max);
	/*
	 * Make what `processes` processes with the same options share, and attach it: each gets its
	 * part by tap->share. *shared stays NULL when nothing has to be shared. tap->share is NULL.
	 */
	int (*share)(const struct cb_tap *tap, const void *options, unsigned processes,
		struct cb_shared_tap **shared, struct cb_error *err);
};

struct cb_mechanism {
	struct cb_member member;
	const struct cb_mechanism_extra *extra; /* NULL: nothing extra */
	size_t state_size;                      /* allocated zeroed by the loop */
	/* Set the tap up and start it. Blocks briefly. On error nothing is left. */
	int (*open)(void *state, const struct cb_tap *tap, const void *options,
		struct cb_tap_ready *ready, struct cb_error *err);
	/*
	 * Up to `max` frames that are there now, without blocking: their number, 0 for none, or a
	 * negative errno (-ENETDOWN: the interface went down; the loop goes on waiting). Adds the
	 * system calls made.
	 */
	int (*receive)(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls);
	/* Give back the frames of the last receive(); NULL: nothing to give back. */
	void (*release)(void *state);
	/* Take over the kernel's 32-bit counters before they wrap; called every 30 s. NULL: they
	 * don't wrap. */
	int (*account)(void *state);
	/*
	 * Tap off: when it returns, no further frame enters the buffer, and all that is in it can
	 * be read by receive(). Blocks for some milliseconds.
	 */
	int (*detach)(void *state, struct cb_error *err);
	/* Count what is unread, read the kernel's counters for the last time. After detach(). */
	int (*settle)(void *state, struct cb_tap_counters *counters, struct cb_error *err);
	void (*close)(void *state);
};

/* What the loop tells a wait. */
struct cb_wait_call {
	uint64_t now_ns;      /* CLOCK_MONOTONIC, just read */
	uint64_t deadline_ns; /* the wait ends by then, at most 50 ms ahead */
	int64_t frames;       /* received since the wait before; 0: that one was in vain */
};

/*
 * What a wait did. A `block` is a return from a call in which the process may have slept; whether
 * it was a wake-up or an idle one, the loop sees by what the next receive() finds.
 */
struct cb_wait_counts {
	int64_t syscalls, blocks;
	/* Of the system calls, by kind: poll(2) and its like, clock_nanosleep(2), sched_yield(2).
	 */
	int64_t polls, sleeps, yields;
};

/* What is waited for: an open mechanism. All of it outlives the wait. */
struct cb_wait_target {
	int fd;                /* ready->fd */
	int64_t buffer_frames; /* ready->buffer_frames */
	const struct cb_tap *tap;
	const struct cb_mechanism *mechanism;
	void *mechanism_state;
};

struct cb_wait {
	struct cb_member member;
	size_t state_size;
	int (*open)(void *state, const struct cb_wait_target *target, const void *options,
		struct cb_error *err); /* NULL: nothing to set up */
	/*
	 * Called when receive() found nothing. Returns when frames may be there, at the deadline,
	 * or on a signal; 0 or negative errno (-EINTR is 0; -ENETDOWN: the socket reported that the
	 * interface went down). `counts` is added to.
	 */
	int (*wait)(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts);
	void (*close)(void *state);
};

struct cb_load {
	struct cb_member member;
	size_t state_size;
	bool exact; /* the tally keeps a bitmap per stream: duplicates and reordering are known per
		       frame */
	int (*open)(
		void *state, const struct cb_tap *tap, const void *options, struct cb_error *err);
	void (*take)(void *state, const struct cb_frame *frames,
		unsigned n); /* NULL: the tally is all */
	/* Add to `result` (an object) what the load has to tell; NULL: nothing. */
	int (*report)(void *state, json_t *result, struct cb_error *err);
	void (*close)(void *state);
};

/* The arrays, for `list` and for the scenario reader: NULL past the end. */
const struct cb_member *cb_mechanism_at(size_t i);
const struct cb_member *cb_wait_at(size_t i);
const struct cb_member *cb_load_at(size_t i);
extern const struct cb_axis cb_mechanism_axis, cb_wait_axis, cb_load_axis;

#endif
