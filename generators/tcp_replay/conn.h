/*
 * One side of a captured connection, played anew: TCP (RFC 9293) whose application is the capture.
 * A pure function of what it is told: segments that came, and the time; and it says which segments
 * are to be sent and when it wants to be called again. It knows no frames and no clock.
 *
 * What it sends, and when: captured bytes up to the end of each captured packet of its side, once
 * the peer's stream has come as far as that packet acknowledged. However the peer cuts its stream
 * into segments does not matter. Loss is repaired by retransmission: fast (RFC 6675 in short, with
 * SACK) and by time-out (RFC 6298); the congestion window follows RFC 5681. What the peer sends is
 * compared with the capture as it comes.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_CONN_H
#define CB_GENERATORS_TCP_REPLAY_CONN_H

#include "generators/tcp_replay/flow.h"
#include "generators/tcp_replay/ranges.h"

#define CB_CONN_NEVER UINT64_MAX

enum cb_expect {
	CB_EXPECT_EXACT,  /* the peer sends what it sent in the capture */
	CB_EXPECT_LENGTH, /* as much */
	CB_EXPECT_ANY,    /* anything */
};

enum cb_conn_verdict {
	CB_CONN_OPEN,      /* not done yet */
	CB_CONN_COMPLETE,  /* all was sent and acknowledged, and came */
	CB_CONN_RESET,     /* by the peer */
	CB_CONN_NO_ANSWER, /* the peer is silent, or does not go on */
	CB_CONN_DIFFERENT, /* it sends something else than in the capture */
	CB_CONN_STOPPED,   /* by the user, or because the link failed */
	CB_CONN_VERDICTS,
};
extern const char *const cb_conn_verdict_names[CB_CONN_VERDICTS]; /* "complete" ... */

struct cb_conn_spec {
	const struct cb_flow *flow;
	enum cb_side side; /* that is played */
	enum cb_expect expect;
	bool timed;            /* think as long as in the capture before sending */
	bool times;            /* use TCP timestamps as captured; false: never */
	uint32_t mss_max;      /* what the link takes: MTU without the headers of IP and TCP */
	uint32_t window_bytes; /* how much may come at once */
	uint32_t retries;      /* time-outs in a row that are answered by sending again */
	uint64_t rto_first_ns; /* the first time-out */
	uint64_t rto_min_ns;   /* the shortest, once the round trip is known */
	uint64_t quiet_ns;     /* without any progress for so long: no answer */
	uint64_t accept_ns;    /* the same while the server waits for the client */
	uint64_t settle_ns;    /* CB_EXPECT_ANY: a peer silent for so long sends no more */
};

struct cb_conn_counts {
	int64_t sent, received; /* segments; of those received, only what the state machine took */
	int64_t sent_bytes, received_bytes; /* of payload, each once */
	int64_t retransmitted, timeouts, probes;
	int64_t duplicate, out_of_order, unacceptable, odd;
	int64_t different_bytes, surplus_bytes, uncompared_bytes;
	int64_t first_different; /* offset in the peer's stream, from 0; -1: none */
};

enum cb_conn_state {
	CB_CONN_CLOSED,
	CB_CONN_LISTEN,
	CB_CONN_SYN_SENT,
	CB_CONN_SYN_RECEIVED,
	CB_CONN_ESTABLISHED, /* and all states behind it */
	CB_CONN_DONE,
};

struct cb_conn {
	const struct cb_conn_spec *spec;
	const struct cb_stream *own, *peer; /* of the capture */
	enum cb_conn_state state;
	enum cb_conn_verdict verdict;
	char why[160]; /* of the verdict; "": nothing to say */
	uint64_t begin_ns, end_ns;
	uint64_t listen_ns; /* a server: since when it waits for a client */

	/* ---- what is sent; places in our stream ---- */
	uint32_t isn;
	int64_t una, nxt;    /* SND.UNA, SND.NXT */
	int64_t limit;       /* what the schedule allows */
	int64_t edge;        /* what the peer's window allows */
	int64_t wl1, wl2;    /* of the last window update */
	int64_t window_most; /* of all that the peer has told */
	uint8_t peer_scale, own_scale;
	uint32_t mss;
	size_t hint; /* of the pieces */

	/* ---- what came; places in the peer's stream ---- */
	uint32_t peer_isn;
	int64_t received; /* RCV.NXT */
	int64_t acked;    /* the last acknowledgement that was sent */
	int64_t peer_fin; /* the place of its FIN; -1: none yet */
	int64_t credit;   /* CB_EXPECT_ANY: what will not come any more */
	struct cb_ranges early;
	int64_t early_last; /* where the last of them came */
	bool peer_reset;
	size_t peer_hint;

	/* ---- options ---- */
	bool use_times, use_sacks, use_scale;
	uint32_t time_base, recent; /* TSval's start; TS.Recent */

	/* ---- loss ---- */
	struct cb_ranges sacked;
	int64_t resend, lost,
		recover; /* [resend, lost) is to be sent again; until una >= recover */
	uint32_t duplicates, retries;
	bool syn_lost;
	int64_t cwnd, ssthresh;
	uint64_t srtt_ns, rttvar_ns, rto_ns;
	int64_t timed_at; /* the place whose acknowledgement is timed; -1: none */
	uint64_t timed_ns;

	/* ---- the schedule ---- */
	size_t gate;        /* the next captured packet that is not allowed yet */
	size_t reach;       /* from where to look for what it waited for, in the capture */
	size_t told;        /* captured packets that are behind us */
	size_t forgone;     /* of these, the peer's that did not come, by `credit` */
	uint64_t due_ns;    /* the packet at the gate may pass then */
	uint64_t passed_ns; /* when the last one that passed was captured */
	bool aborts;        /* the captured reset is next */

	/* ---- timers ---- */
	uint64_t resend_ns, probe_ns, progress_ns;
	uint32_t probe_backoff;

	/* ---- what is owed ---- */
	uint32_t acks;
	bool wants_probe, wants_reset, reset_bare;
	uint32_t reset_seq;
	uint64_t challenge_ns;

	struct cb_conn_counts counts;
};

/*
 * Get ready; a client sends its SYN from `now_ns` on. `spec` stays the caller's, and must outlive
 * it. `isn`, `time_base`: random numbers.
 */
void cb_conn_init(struct cb_conn *c, const struct cb_conn_spec *spec, uint32_t isn,
	uint32_t time_base, uint64_t now_ns);

/*
 * A server whose client went away in the handshake, by a reset or by silence, waits for another one
 * (RFC 9293, 3.10.7.4: back to LISTEN), until accept_ns after it began to: a scan of ports, or one
 * stray SYN, must not take the place of the client that is meant. The counts go on. False: it is
 * not such a one, or its time is over; its verdict stands.
 */
bool cb_conn_listen_again(struct cb_conn *c, uint32_t isn, uint32_t time_base, uint64_t now_ns);

/* A segment came, whose checksum was right. */
void cb_conn_segment(struct cb_conn *c, const struct cb_tcp_segment *s, uint64_t now_ns);

/* The time has come that cb_conn_deadline told. Too early does no harm. */
void cb_conn_timer(struct cb_conn *c, uint64_t now_ns);
uint64_t cb_conn_deadline(const struct cb_conn *c); /* CB_CONN_NEVER: none */

/* The next segment that is to be sent now, if there is one. Its payload lies in the capture. */
bool cb_conn_next(struct cb_conn *c, uint64_t now_ns, struct cb_tcp_segment *out);

/* No more, for this reason; the peer is told by a reset, which cb_conn_next gives. */
void cb_conn_stop(struct cb_conn *c, const char *why, uint64_t now_ns);

/*
 * The next captured packet that was sent, or has come, or is not waited for any more, since the
 * last call: its number in the flow, from 1; 0: none. In the order of the capture.
 */
size_t cb_conn_told(struct cb_conn *c);

/* Of the peer's captured packets behind us: did it not come? (CB_EXPECT_ANY) */
bool cb_conn_is_forgone(const struct cb_conn *c, const struct cb_flow_packet *p);

/* Bytes of payload that the peer sent in the capture, and now. */
int64_t cb_conn_expected_bytes(const struct cb_conn *c);

#endif
