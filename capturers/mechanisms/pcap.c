/*
 * pcap: whatever libpcap does on this system. The library is loaded when it is needed, and
 * `library` names another one, so that versions can be compared in one run.
 *
 * Frames are copied: pcap_dispatch() gives a slot back to the kernel when its callback returns, and
 * a block after its last frame (pcap_read_linux_mmap_v2(), _v3(), pcap-linux.c), and pcap_next_ex()
 * keeps a frame by copying it too. So the copy of caplen bytes is in what this mechanism costs.
 *
 * Without `immediate` libpcap has a TPACKET_V3 ring in blocks of 256 KiB, retired after `timeout`;
 * with it a TPACKET_V2 ring, a slot a frame, as in libpcap 1.0.0.
 *
 * Counters (pcap_counts.h): pcap_stats(), 32 bits wide. On Linux ps_recv includes ps_drop, and both
 * include what was not read yet; dropped = ps_drop. To take the tap down, the socket's filter is
 * replaced past libpcap by one that takes nothing: pcap_setfilter() would make libpcap throw away
 * what the ring still holds (blocks_to_filter_in_userland), uncounted. unread is what libpcap then
 * still gives. Where libpcap reads something else than a ring of Linux's, the tap can't be taken
 * down: the books close at the counters' reading, and later frames are not looked at. The system
 * calls that libpcap makes can't be told from outside.
 */
#include "capturers/mechanisms/copies.h"
#include "capturers/mechanisms/pcap_counts.h"
#include "capturers/mechanisms/pcap_handle.h"
#include "capturers/mechanisms/pcap_ring.h"
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_BATCH 1024
/* Frames whose distance in the ring is measured. */
#define SAMPLES 4096

struct pcap_options {
	bool immediate;
	int64_t timeout_ns;
	char library[160];
};

struct pcap_state {
	struct cb_pcap_handle handle;
	struct cb_pcap_ring ring;
	struct cb_pcap_counts counts;
	uint64_t linger_ns;
	uint32_t snaplen;
	/* What libpcap gave since the tap was opened, and may give: up to the books' end. */
	int64_t given, limit;

	/* Of the receive() under way. */
	struct cb_frame *frames;
	unsigned n, max;
	struct cb_copies copies;
	/* Distance of successive frames in libpcap's memory. */
	const u_char *last;
	int64_t samples, stride; /* bytes, 0: not known */
};

static const struct cb_option pcap_options[] = {
	{.name = "immediate",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct pcap_options, immediate),
		.fallback = "false",
		.help = "hand over each frame at once (TPACKET_V2 on Linux) instead of a block"},
	{.name = "timeout",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct pcap_options, timeout_ns),
		.fallback = "10ms",
		.min = CB_NS_PER_MS,
		.max = 10 * CB_NS_PER_SEC,
		.help = "after which a block is handed over that is not full, whole milliseconds "
			"(to_ms)"},
	{.name = "library",
		CB_OPTION_TEXT_AT(struct pcap_options, library),
		.fallback = "",
		.metavar = "PATH",
		.help = "another libpcap's shared object; empty: the system's"},
	CB_OPTION_END,
};

static int tap_probe(struct cb_error *err)
{
	struct cb_pcap_library library;
	int rc = cb_pcap_library_open(&library, NULL, err);

	cb_pcap_library_close(&library);
	return rc ? rc : cb_pcap_ring_probe(err);
}

/* Drops what libpcap gives. */
static void count_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	++*(int64_t *)user;
}

/* All that is there, but no more than `limit` says; how many frames. */
static int64_t discard(struct pcap_state *s)
{
	int64_t n = 0;

	while (s->given + n < s->limit) {
		int64_t left = s->limit - s->given - n;
		int got = s->handle.library.dispatch(s->handle.pcap,
			left < COUNT_BATCH ? (int)left : COUNT_BATCH, count_frame, (u_char *)&n);

		if (got <= 0)
			break;
	}
	s->given += n;
	return n;
}

/* Frames that the tap has let in and libpcap has not shown yet; CB_UNKNOWN: not told. */
static int64_t pending(const struct pcap_state *s)
{
	return cb_count_subtract(cb_count_subtract(s->counts.matched, s->counts.dropped), s->given);
}

/*
 * Activating lets in every frame. Those that came before the filter are taken out again, some of
 * them when their block is retired, and the counters start from there.
 */
static int start_over(struct pcap_state *s)
{
	uint64_t deadline = cb_deadline_in(s->linger_ns);
	int rc = cb_pcap_ring_deafen(&s->ring);

	for (;;) {
		discard(s);
		if (!rc)
			rc = cb_pcap_counts_read(&s->counts);
		if (rc || pending(s) <= 0 || cb_now_ns() >= deadline)
			break;
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	}
	s->given = 0;
	cb_pcap_counts_restart(&s->counts);
	return rc;
}

static int start_ring(struct pcap_state *s, const struct bpf_program *program)
{
	int rc = s->counts.filtered ? start_over(s) : 0;

	return rc ? rc : cb_pcap_ring_hear(&s->ring, program);
}

static int start_elsewhere(struct pcap_state *s, const struct cb_tap *tap,
	struct bpf_program *program, struct cb_error *err)
{
	/* not every device can tell the direction */
	s->handle.library.setdirection(s->handle.pcap, PCAP_D_IN);
	if (tap->filter && *tap->filter && s->handle.library.setfilter(s->handle.pcap, program))
		return cb_error_set(err, CB_ERR_HOST, "filter \"%s\": %s", tap->filter,
			s->handle.library.geterr(s->handle.pcap));
	return 0;
}

static int start(struct pcap_state *s, const struct cb_tap *tap, struct cb_error *err)
{
	const struct cb_pcap_library *l = &s->handle.library;
	const char *expression = tap->filter ? tap->filter : "";
	struct bpf_program program = {0};
	int rc;

	if (l->compile(s->handle.pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN))
		return cb_error_set(err, CB_ERR_USAGE, "filter \"%s\": %s", expression,
			l->geterr(s->handle.pcap));
	if (s->ring.bytes) {
		rc = start_ring(s, &program);
		if (rc)
			rc = cb_error_errno(err, CB_ERR_HOST, rc, "libpcap's packet socket");
	} else {
		rc = start_elsewhere(s, tap, &program, err);
	}
	l->freecode(&program);
	return rc;
}

/* As in tpacket3: a block may see the timer expire twice, and before Linux 6.17 that counts coarse
 * ticks. */
static uint64_t longest_stay(const struct pcap_options *o)
{
	struct timespec tick = {.tv_nsec = 10 * CB_NS_PER_MS};

#ifdef CLOCK_MONOTONIC_COARSE
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
#endif
	return 2 * ((uint64_t)o->timeout_ns + cb_timespec_ns(&tick)) + CB_NS_PER_MS;
}

/* What stands behind this handle: how counters are meant, how long frames linger. */
static void look_behind(struct pcap_state *s, const struct cb_tap *tap,
	const struct pcap_options *o, struct cb_tap_ready *ready)
{
	const struct cb_pcap_library *l = &s->handle.library;
	struct cb_pcap_pf_ring pf_ring;
	int fd = l->fileno(s->handle.pcap);

	cb_pcap_ring_find(&s->ring, fd);
	cb_pcap_pf_ring_find(&pf_ring, fd, l->handle);
	if (pf_ring.fell_back)
		cb_warn("%s is PF_RING's, but it captures through a packet socket on \"%s\": is "
			"the module there (modprobe pf_ring)?",
			o->library[0] ? o->library : "the system's libpcap", s->handle.interface);
	s->counts = (struct cb_pcap_counts){.library = l,
		.pcap = s->handle.pcap,
		.interface = s->handle.interface,
		.filtered = tap->filter && *tap->filter};
	cb_pcap_counts_init(&s->counts, pf_ring.used);
	if (s->ring.bytes ? s->ring.version == 3 : !o->immediate)
		s->linger_ns = longest_stay(o);
	ready->fd = l->get_selectable_fd(s->handle.pcap);
	ready->linger_ns = s->linger_ns;
	ready->buffer_frames = CB_UNKNOWN;
	cb_pcap_version(
		ready->version, sizeof(ready->version), l->lib_version(), &s->ring, &pf_ring);
}

static void tap_close(void *state)
{
	struct pcap_state *s = state;

	cb_pcap_handle_close(&s->handle);
	free(s->copies.bytes);
	s->copies.bytes = NULL;
}

static int tap_open(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct pcap_options *o = options;
	const struct cb_pcap_wish wish = {.immediate = o->immediate,
		.timeout_ms = (int)((o->timeout_ns - 1) / (int64_t)CB_NS_PER_MS + 1),
		.library = o->library};
	struct pcap_state *s = state;
	int rc;

	s->snaplen = (uint32_t)tap->snaplen;
	s->limit = INT64_MAX;
	s->copies.bytes = malloc(CB_COPIES_BYTES);
	if (!s->copies.bytes)
		return cb_error_memory(err, "copies of frames");
	rc = cb_pcap_handle_open(&s->handle, tap, &wish, err);
	if (rc)
		goto out;
	look_behind(s, tap, o, ready);
	rc = start(s, tap, err);
out:
	if (rc)
		tap_close(s);
	return rc;
}

static void measure(struct pcap_state *s, const u_char *data)
{
	int64_t distance = data - s->last;

	if (s->last && distance > 0 && (!s->stride || distance < s->stride))
		s->stride = distance;
	s->last = data;
	s->samples++;
}

static void take(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct pcap_state *s = (struct pcap_state *)user;
	uint32_t caplen = header->caplen < s->snaplen ? header->caplen : s->snaplen;
	uint8_t *copy = cb_copies_next(&s->copies);

	if (s->n == s->max) /* more than was asked for: it shows as a gap between the counts */
		return;
	memcpy(copy, data, caplen);
	s->frames[s->n++] = (struct cb_frame){.data = copy,
		.caplen = caplen,
		.len = header->len,
		.time_ns = (uint64_t)header->ts.tv_sec * CB_NS_PER_SEC +
			(uint64_t)header->ts.tv_usec * s->handle.time_unit};
	cb_copies_keep(&s->copies, caplen);
	if (s->samples < SAMPLES)
		measure(s, data);
}

/* How many frames one pcap_dispatch() may give: as many as there is room and leave for. */
static int allowance(const struct pcap_state *s, unsigned max)
{
	int64_t room = cb_copies_room(&s->copies, s->snaplen);
	int64_t left = s->limit - s->given - s->n;

	if (room > max - s->n)
		room = max - s->n;
	return (int)(room < left ? room : left);
}

static int tap_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct pcap_state *s = state;
	int want, got = 0;

	s->frames = frames;
	s->n = 0;
	s->max = max;
	s->copies.used = 0;
	do {
		want = allowance(s, max);
		if (want <= 0)
			break;
		got = s->handle.library.dispatch(s->handle.pcap, want, take, (u_char *)s);
	} while (got == want);
	s->given += s->n;
	*syscalls = CB_UNKNOWN; /* a dispatch may poll() once, or not, before it finds a frame */
	return s->n || got >= 0 ? (int)s->n : cb_pcap_handle_explain(&s->handle);
}

static int tap_account(void *state)
{
	struct pcap_state *s = state;

	return cb_pcap_counts_read(&s->counts);
}

/* The books close at the counters' reading: what comes later is not looked at. */
static void set_limit(struct pcap_state *s)
{
	int64_t left = pending(s);

	s->limit = left > 0 ? s->given + left : s->given;
}

static int tap_detach(void *state, struct cb_error *err)
{
	struct pcap_state *s = state;
	uint64_t deadline;
	int rc = s->ring.bytes ? cb_pcap_ring_deafen(&s->ring) : 0;

	if (!rc)
		rc = cb_pcap_counts_read(&s->counts);
	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "taking libpcap's tap down");
	if (!s->ring.bytes)
		set_limit(s);
	/* what has not been given may be in a block that is not retired yet */
	deadline = cb_deadline_in(s->linger_ns);
	if (s->linger_ns && pending(s) > 0)
		cb_sleep_until(deadline);
	return 0;
}

static int tap_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct pcap_state *s = state;
	int64_t unread;
	int rc;

	if (s->ring.bytes) {
		rc = cb_pcap_counts_read(&s->counts);
		if (rc)
			return cb_error_errno(err, CB_ERR_HOST, rc, "reading libpcap's counters");
	}
	unread = discard(s);
	counters->matched = s->counts.matched;
	counters->dropped = s->counts.dropped;
	counters->unread = s->counts.matched == CB_UNKNOWN ? CB_UNKNOWN : unread;
	counters->buffer_frames = cb_pcap_ring_capacity(&s->ring, s->stride);
	return 0;
}

static unsigned tap_traits(const void *options)
{
	const struct pcap_options *o = options;

	return CB_TRAIT_POLLABLE | CB_TRAIT_COPIES | (o->immediate ? CB_TRAIT_BATCH : 0);
}

const struct cb_mechanism cb_mechanism_pcap = {
	.member = {.name = "pcap",
		.help = "Through libpcap, the system's or another one.",
		.paper = "libpcap; 1.0.0 with immediate=on",
		.options = pcap_options,
		.options_size = sizeof(struct pcap_options),
		.provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES,
		.probe = tap_probe,
		.traits = tap_traits},
	.state_size = sizeof(struct pcap_state),
	.open = tap_open,
	.receive = tap_receive,
	.account = tap_account,
	.detach = tap_detach,
	.settle = tap_settle,
	.close = tap_close,
};
