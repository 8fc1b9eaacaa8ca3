/*
 * tpacket3: as tpacket2, but the kernel packs frames one behind the other into
 * blocks and hands over a block when it is full or `retire` has passed.
 *
 * A 60-byte frame takes 144 bytes of a block. The process is woken once a block. Empty blocks are
 * not handed over.
 *
 * Counters: dropped = tp_drops, as in tpacket2 (tp_freeze_q_cnt counts episodes in which the ring
 * was full, not frames). unread is what blocks that were handed over, and the rest of one that was
 * being read, still hold when the tap is down.
 */
#include "capturers/mechanisms/packet_socket.h"
#include "capturers/members.h"

#include <string.h>
#include <unistd.h>

#define BLOCK_HEADER ((int64_t)sizeof(struct tpacket_block_desc)) /* 48, and a multiple of 8 */
#define ETHERNET     14
/* Where an Ethernet frame starts behind its tpacket3_hdr, and at most (see tpacket2.c). */
#define DATA_OFFSET_MAX ((int64_t)TPACKET_ALIGN(TPACKET3_HDRLEN + 16))
#define DATA_OFFSET     (DATA_OFFSET_MAX - ETHERNET)
#define BLOCK_BYTES     (INT64_C(512) << 10)
#define BLOCKS_MIN      8   /* when the block size is chosen here */
#define PREFETCH_AHEAD  16u /* frames */

struct tpacket3_options {
	int64_t block, retire_ns;
	struct cb_packet_fanout fanout;
};

struct tpacket3_state {
	struct cb_packet_socket socket;
	struct tpacket_req3 request;
	uint64_t linger_ns;
	uint32_t snaplen;
	unsigned block;          /* the one being read, or to be handed over next */
	bool held;               /* it was handed over, and not given back yet */
	const uint8_t *position; /* the next frame in it */
	uint32_t left;           /* frames from there on */
};

static const struct cb_option tpacket3_options[] = {
	{.name = "block",
		.type = CB_OPT_BYTES,
		.offset = offsetof(struct tpacket3_options, block),
		.fallback = "0",
		.max = INT64_C(1) << 30,
		.help = "bytes in a block, whole pages; 0: 512KiB, or what buffer and snaplen call "
			"for"},
	{.name = "retire",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct tpacket3_options, retire_ns),
		.fallback = "8ms",
		.min = CB_NS_PER_MS,
		.max = 60 * CB_NS_PER_SEC,
		.help = "after which a block is handed over that is not full, whole milliseconds"},
	CB_PACKET_FANOUT_ROWS(tpacket3_options),
	CB_OPTION_END,
};

static int tpacket3_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(TPACKET_V3, err);
}

/* The bytes of a block that a frame of `length` takes (__packet_lookup_frame_in_block()). */
static int64_t frame_cost(int64_t length)
{
	return (DATA_OFFSET + length + 7) & ~INT64_C(7);
}

/* A power of two that leaves room for BLOCKS_MIN blocks and takes the longest frame whole. */
static int64_t choose_block(const struct cb_tap *tap, int64_t longest)
{
	int64_t block = BLOCK_BYTES, least = sysconf(_SC_PAGESIZE);

	while (least < BLOCK_HEADER + DATA_OFFSET_MAX + longest)
		least *= 2;
	while (block > least && block * BLOCKS_MIN > tap->buffer)
		block /= 2;
	return block > least ? block : least;
}

static int lay_out(struct tpacket3_state *s, const struct cb_tap *tap,
	const struct tpacket3_options *o, struct cb_error *err)
{
	int64_t longest = cb_packet_socket_frame_max(&s->socket), page = sysconf(_SC_PAGESIZE);
	int64_t block = o->block;

	if (tap->snaplen < longest)
		longest = tap->snaplen;
	if (!block)
		block = choose_block(tap, longest);
	if (block % page)
		return cb_error_set(err, CB_ERR_USAGE,
			"tpacket3: block: must be a multiple of the page size, %lld bytes",
			(long long)page);
	if (o->block && tap->buffer < 2 * block)
		return cb_error_set(err, CB_ERR_USAGE,
			"tpacket3: block: the buffer must hold two blocks at least");
	s->request = (struct tpacket_req3){.tp_block_size = (unsigned)block,
		.tp_block_nr = tap->buffer > 2 * block ? (unsigned)(tap->buffer / block) : 2,
		.tp_frame_size = (unsigned)block,
		.tp_retire_blk_tov = (unsigned)(o->retire_ns / (int64_t)CB_NS_PER_MS)};
	s->request.tp_frame_nr = s->request.tp_block_nr;
	return 0;
}

/* The filter is there to cut frames only: it costs the receive path a little, so it is left out
 * where it could cut nothing. */
static void set_snaplen(struct tpacket3_state *s, const struct cb_tap *tap)
{
	if (tap->snaplen < UINT16_MAX)
		cb_packet_socket_snaplen(&s->socket, (uint32_t)tap->snaplen);
}

/* With full blocks. Below block / cost frames in a retire time blocks are handed over part-filled,
 * and the ring holds fewer. */
static int64_t capacity(const struct tpacket3_state *s, const struct cb_tap *tap)
{
	int64_t kept = tap->frame_length < tap->snaplen ? tap->frame_length : tap->snaplen;
	/* a frame must end before the block does, not with it */
	int64_t per_block = (s->request.tp_block_size - BLOCK_HEADER - 1) / frame_cost(kept);

	return tap->frame_length ? per_block * s->request.tp_block_nr : CB_UNKNOWN;
}

/*
 * How long a frame may stay in a block that isn't handed over: one that comes just after the retire
 * timer was set waits for its second expiry (prb_retire_rx_blk_timer_expired()), and up to
 * Linux 6.17 the timer counts jiffies, as the coarse clock does.
 */
static uint64_t longest_stay(const struct tpacket3_options *o)
{
	struct timespec jiffy = {.tv_nsec = 10 * CB_NS_PER_MS};

	clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy);
	return 2 * ((uint64_t)o->retire_ns + cb_timespec_ns(&jiffy)) + CB_NS_PER_MS;
}

static int tpacket3_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct tpacket3_options *o = options;
	struct tpacket3_state *s = state;
	int rc;

	s->snaplen = (uint32_t)tap->snaplen;
	rc = cb_packet_socket_open(&s->socket, tap, err);
	if (rc)
		return rc;
	rc = lay_out(s, tap, o, err);
	if (!rc)
		rc = cb_packet_socket_ring(
			&s->socket, TPACKET_V3, &s->request, sizeof(s->request), err);
	set_snaplen(s, tap);
	cb_packet_socket_share(&s->socket, &o->fanout, ready);
	if (!rc)
		rc = cb_packet_socket_start(&s->socket, tap, err);
	if (rc) {
		cb_packet_socket_close(&s->socket);
		return rc;
	}
	s->linger_ns = longest_stay(o);
	ready->fd = s->socket.fd;
	ready->linger_ns = s->linger_ns;
	ready->buffer_frames = capacity(s, tap);
	cb_packet_socket_version(ready->version, sizeof(ready->version));
	return 0;
}

static struct tpacket_hdr_v1 *block_header(const struct tpacket3_state *s, unsigned i)
{
	uint8_t *block = s->socket.map + (size_t)i * s->request.tp_block_size;

	return &((struct tpacket_block_desc *)block)->hdr.bh1;
}

static bool is_ours(const struct tpacket_hdr_v1 *header)
{
	return __atomic_load_n(&header->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void give_back(struct tpacket3_state *s)
{
	__atomic_store_n(
		&block_header(s, s->block)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	s->held = false;
	if (++s->block == s->request.tp_block_nr)
		s->block = 0;
}

/* Is there a frame? Takes the next block if it was handed over. */
static bool find_frame(struct tpacket3_state *s)
{
	while (!s->left) {
		struct tpacket_hdr_v1 *header = block_header(s, s->block);

		if (s->held) {
			give_back(s);
			continue;
		}
		if (!is_ours(header))
			return false;
		s->held = true;
		s->left = header->num_pkts;
		s->position = (const uint8_t *)header -
			offsetof(struct tpacket_block_desc, hdr.bh1) + header->offset_to_first_pkt;
	}
	return true;
}

static int tpacket3_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct tpacket3_state *s = state;
	unsigned n;

	if (!find_frame(s))
		return 0;
	if (max > s->left)
		max = s->left;
	for (n = 0; n < max; n++) {
		const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)s->position;

		/* frames of a stream are mostly of one size */
		__builtin_prefetch(s->position + (size_t)PREFETCH_AHEAD * h->tp_next_offset);
		frames[n] = (struct cb_frame){.data = s->position + h->tp_mac,
			.caplen = h->tp_snaplen < s->snaplen ? h->tp_snaplen : s->snaplen,
			.len = h->tp_len,
			.time_ns = cb_packet_time_ns(h->tp_sec, h->tp_nsec)};
		s->position += h->tp_next_offset;
	}
	s->left -= n;
	return (int)n;
}

static void tpacket3_release(void *state)
{
	struct tpacket3_state *s = state;

	if (s->held && !s->left)
		give_back(s);
}

static int tpacket3_account(void *state)
{
	struct tpacket3_state *s = state;

	return cb_packet_socket_account(&s->socket);
}

/* Does a block hold frames that it was not handed over with yet? That is the first one, from the
 * one being read on, that is the kernel's; the count in its header grows with each frame. (A block
 * that the kernel has not opened again after a full ring has an old count: then this is true in
 * vain.) */
static bool has_open_frames(const struct tpacket3_state *s)
{
	for (unsigned i = 0; i < s->request.tp_block_nr; i++) {
		struct tpacket_hdr_v1 *h = block_header(s, (s->block + i) % s->request.tp_block_nr);

		if (!is_ours(h))
			return __atomic_load_n(&h->num_pkts, __ATOMIC_RELAXED) > 0;
	}
	return false;
}

static int tpacket3_detach(void *state, struct cb_error *err)
{
	struct tpacket3_state *s = state;
	uint64_t deadline = cb_deadline_in(s->linger_ns);
	int rc = cb_packet_socket_detach(&s->socket, err);

	while (!rc && has_open_frames(s) && cb_now_ns() < deadline)
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	return rc;
}

static int tpacket3_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct tpacket3_state *s = state;

	counters->unread = s->left;
	for (unsigned i = s->held; i < s->request.tp_block_nr; i++) {
		struct tpacket_hdr_v1 *h = block_header(s, (s->block + i) % s->request.tp_block_nr);

		if (!is_ours(h))
			break;
		counters->unread += h->num_pkts;
	}
	return cb_packet_socket_settle(&s->socket, counters, err);
}

static void tpacket3_close(void *state)
{
	struct tpacket3_state *s = state;

	cb_packet_socket_close(&s->socket);
}

static int tpacket3_check(const void *options, struct cb_error *err)
{
	const struct tpacket3_options *o = options;

	if (o->retire_ns % (int64_t)CB_NS_PER_MS)
		return cb_error_set(
			err, CB_ERR_USAGE, "retire: the kernel counts whole milliseconds");
	return 0;
}

static unsigned tpacket3_traits(const void *options)
{
	const struct tpacket3_options *o = options;

	return cb_packet_fanout_traits(cb_mechanism_tpacket3.member.provides, &o->fanout);
}

const struct cb_mechanism cb_mechanism_tpacket3 = {
	.member = {.name = "tpacket3",
		.help = "A ring shared with the kernel, in blocks of many frames (TPACKET_V3).",
		.options = tpacket3_options,
		.options_size = sizeof(struct tpacket3_options),
		.provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES,
		.probe = tpacket3_probe,
		.check = tpacket3_check,
		.traits = tpacket3_traits},
	.state_size = sizeof(struct tpacket3_state),
	.open = tpacket3_open,
	.receive = tpacket3_receive,
	.release = tpacket3_release,
	.account = tpacket3_account,
	.detach = tpacket3_detach,
	.settle = tpacket3_settle,
	.close = tpacket3_close,
};
