/*
 * A generator is traffic (what), pacing (when) and a transmitter (how). A
 * transmitter is one file that fills one const struct and stands in one array
 * (members.c).
 */
#ifndef CB_GENERATORS_GENERATOR_H
#define CB_GENERATORS_GENERATOR_H

#include "harness/base/error.h"
#include "harness/base/member.h"
#include "harness/net/pktgen_stamp.h"
#include "harness/net/stamp.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* The frame that every transmitter repeats, and where its stamp goes (traffic/frame.h builds it).
 */
struct cb_template {
	uint8_t bytes[16384];
	uint32_t length;       /* without FCS */
	uint32_t stamp_offset; /* stamp_offset + CB_STAMP_SIZE <= length */
	/* What stands before the stamp (traffic/headers.h), for those who change it. */
	uint32_t ip_offset, ip_length; /* ip_length: of the headers */
	bool ipv6;
	bool udp;      /* has a UDP header, right before the stamp */
	bool goes_on;  /* fragments follow: IP carries a multiple of 8 bytes, the rest is padding */
	bool checksum; /* UDP has one, in the two bytes before the stamp (cb_frame_stamp) */
	uint16_t ip_error, udp_error; /* added to what the checksum is made of: 0, it is right */
	uint32_t checksum_sum; /* of 16-bit words as they stand in memory: all that UDP's checksum
				  is over, but for the stamp */
};

struct cb_shape; /* traffic/shape.h */

/* Where to send, what every transmitter is given. */
struct cb_link {
	const char *interface;
	unsigned ifindex;
	const struct cb_template *frame; /* of the largest size */
	/* NULL: every frame is `frame` with its stamp. Else cb_shape_apply makes each frame; given
	 * only to those who provide CB_TRAIT_SHAPES. */
	const struct cb_shape *shape;
	uint32_t key;
	uint8_t stream;
	/* Which of the generators that send on this interface together, from 0: one that has a
	 * queue for itself takes another than its neighbours. */
	unsigned lane;
	/* Cores for a transmitter that has threads of its own, in turn; n_cpus 0: those that it
	 * may run on. */
	const int *cpus;
	unsigned n_cpus;
};

/* What a transmitter did; counted over its life. */
struct cb_transmit_counts {
	int64_t refused; /* handed over, refused by the link at once: offered, never sent again */
	int64_t syscalls;
};

/* Of frames that were captured; owned by the transmitter. */
struct cb_transmit_times {
	const uint64_t *times_ns; /* since the first, never falling */
	size_t n;
	uint64_t period_ns; /* that all of them take */
	double mean_bytes;  /* of a frame, without FCS */
};

/* Packets of a replayed file that were not sent as they were on the wire. */
struct cb_transmit_file {
	int64_t truncated; /* cut when they were captured: sent or left out, as it was asked */
	int64_t oversized; /* left out: longer than the link takes */
	int64_t runts;     /* left out: shorter than an Ethernet header */
};

/* A whole run, for a transmitter that carries it out by itself. */
struct cb_transmit_order {
	uint64_t rate_pps;      /* constant; 0: as fast as it goes */
	uint64_t frames;        /* warm-up and window; 0: not limited */
	uint64_t warmup_frames; /* the first of them; 0 without a rate: all belongs to the window */
	uint64_t limit_ns;      /* from the first frame on; 0: until the frames are sent */
	const volatile sig_atomic_t *stop; /* nonzero: end at once */
	/* To be told once a second how many frames have been handed over since the first one; may
	 * be NULL. */
	void (*progress)(void *arg, uint64_t elapsed_ns, uint64_t frames);
	void *progress_arg;
};

/* What came of it. Counts are frames; times are CLOCK_MONOTONIC. */
struct cb_transmit_account {
	uint64_t begin_ns, end_ns; /* the first frame was due, the last was handed over; 0: none
				      was */
	int64_t offered, refused;  /* as in struct cb_generator_book */
	int64_t window_offered;    /* may be CB_UNKNOWN (ledger.h) */
	double window_pps;         /* over the window */
	double sizes_chi_square;   /* NaN: one size, or not known */
	int64_t flows;             /* that there really were */
	bool ended_early;          /* by *stop, or because the time was over */
	/* As in struct cb_generator_record. */
	int64_t connections, connections_complete, peer_received;
	char note[128]; /* how it kept the rate; "": nothing to say */
};

struct cb_transmitter {
	struct cb_member member;
	size_t state_size; /* allocated zeroed by the generator */
	unsigned batch;    /* frames it likes to be given at once */
	bool no_link;      /* needs no interface: its cb_link has ifindex 0 */
	int (*open)(
		void *state, const struct cb_link *link, const void *options, struct cb_error *err);
	/*
	 * Hand frames sequence .. sequence + n - 1 (n <= batch) to the link, stamped with `phase`
	 * and `time_ns`. The number of sequence numbers used up (refused ones included; may be
	 * fewer than n), or a negative errno when nothing was (-EINTR: try again; -ENODATA: nothing
	 * is left to send, the run is over). Signals are
	 * blocked meanwhile.
	 */
	int (*send)(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
		struct cb_transmit_counts *counts);
	/*
	 * NULL, or what is called instead of `send` where there is a schedule: the transmitter
	 * keeps the time itself. Frame i is not handed over before times_ns[i] (CLOCK_MONOTONIC,
	 * ascending, some 10 ms ahead at most), and is stamped with the time at which it was, which
	 * takes that one's place.
	 */
	int (*send_timed)(void *state, uint64_t sequence, unsigned n, uint8_t phase,
		uint64_t *times_ns, struct cb_transmit_counts *counts);
	/* Wait until what was handed over has left, at most until the deadline; NULL: nothing to
	 * wait for. */
	int (*flush)(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts);
	void (*close)(void *state);
	/* When its frames were captured, for arrival `trace`, and how long they are, for a rate in
	 * bits. May read a whole file. NULL: they have no times. */
	int (*times)(void *state, struct cb_transmit_times *times, struct cb_error *err);
	/* NULL: it replays no file. Called when all was sent. */
	void (*file)(const void *state, struct cb_transmit_file *file);
	/*
	 * NULL, or what is called instead of `send` and `send_timed` (which may be NULL then):
	 * carry out the whole order, and fill the account, on an error too. Signals are not
	 * blocked; a stop ends it within some 50 ms.
	 */
	int (*run)(void *state, const struct cb_transmit_order *order,
		struct cb_transmit_account *account, struct cb_error *err);
	/*
	 * By which stamps a receiver knows the frames of such a run, and, where stamps have no
	 * phase, at which sequence number (of each stream) the window begins. NULL: our own.
	 */
	enum cb_stamps (*stamps)(
		const void *options, const struct cb_transmit_order *order, uint64_t *window_from);
};

const struct cb_member *cb_transmitter_at(size_t i);
extern const struct cb_axis cb_transmitter_axis;

#endif
