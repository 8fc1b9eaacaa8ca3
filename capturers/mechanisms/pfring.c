/*
 * pfring: PF_RING's own ring, through libpfring, loaded when it is needed.
 *
 * Frames are copied: pfring_recv() moves the ring's remove offset on before it returns, so that the
 * kernel may write over a frame that was lent (pfring_mod_recv(), pfring_mod.c); with a buffer
 * given it copies the frame itself.
 *
 * The ring's size is the module's (min_num_slots), not `buffer`. A wake-up comes once `watermark`
 * frames are queued, at most half the slots; the module looks at `timeout` only when poll() is
 * entered, so it wakes no sleeper (ring_poll(), pf_ring.c), and the m of `batch:N,m` is the
 * time-out of the poll instead.
 *
 * Counters: pfring_stats() differs between versions in what it calls received (read by the process,
 * or put into the ring), never in what it calls dropped. matched and unread are taken from the
 * module's own totals below /proc/net/pf_ring, or from the queue's length when that can't be read.
 * The ring can't be closed while its frames are read (pfring_recv() refuses a disabled one): the
 * books close at the counters' reading, and later frames are not looked at.
 */
#include "capturers/mechanisms/copies.h"
#include "capturers/mechanisms/pf_ring_totals.h"
#include "capturers/mechanisms/pfring_library.h"
#include "capturers/members.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct pfring_options {
	int64_t watermark, timeout_ns, flags;
	char library[160];
};

struct pfring_state {
	struct cb_pfring_library library;
	struct cb_pfring_ring *ring;
	struct cb_pfring_header header;
	struct cb_copies copies;
	char interface[IFNAMSIZ];
	uint32_t snaplen;
	int fd;
	uint64_t batch_ns; /* m of N-or-m */
	/* Frames that the ring gave, and may give: up to the books' end. */
	int64_t given, limit;
	int64_t dropped, matched; /* at the books' end; CB_UNKNOWN: not told */
};

static const struct cb_option pfring_options[] = {
	{.name = "watermark",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pfring_options, watermark),
		.fallback = "128",
		.min = 1,
		.max = UINT16_MAX,
		.help = "frames that must be queued before a poll() ends"},
	{.name = "timeout",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct pfring_options, timeout_ns),
		.fallback = "0",
		.max = UINT16_MAX * CB_NS_PER_MS,
		.help = "a poll() ends when frames were queued for so long, whole milliseconds; 0: "
			"off"},
	{.name = "flags",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pfring_options, flags),
		.fallback = "0",
		.max = UINT32_MAX,
		.help = "more flags for pfring_open(), as pfring.h numbers them (512: don't "
			"parse)"},
	{.name = "library",
		CB_OPTION_TEXT_AT(struct pfring_options, library),
		.fallback = "",
		.metavar = "PATH",
		.help = "another libpfring's shared object; empty: the installed one"},
	CB_OPTION_END,
};

/* ---- the version ---- */

static int check_version(uint32_t version, struct cb_error *err)
{
	uint32_t major = version >> 16;

	if (major >= CB_PFRING_MAJOR_MIN && major <= CB_PFRING_MAJOR_MAX)
		return 0;
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"this is PF_RING %u.%u.%u: its packet header is not known here; %d to %d are",
		major, version >> 8 & 0xff, version & 0xff, CB_PFRING_MAJOR_MIN,
		CB_PFRING_MAJOR_MAX);
}

static int no_module(struct cb_error *err)
{
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"PF_RING's kernel module is not loaded (modprobe pf_ring; package pfring-dkms)");
}

/* Before a ring is opened, with libraries that can tell. */
static int check_module(const struct cb_pfring_library *l, struct cb_error *err)
{
	uint32_t version = 0;

	if (!l->version_noring)
		return 0;
	if (l->version_noring(&version) < 0 || !version)
		return no_module(err);
	return check_version(version, err);
}

static int pfring_probe(struct cb_error *err)
{
	struct cb_pfring_library library;
	int rc = cb_pfring_library_open(&library, NULL, err);

	if (!rc)
		rc = check_module(&library, err);
	cb_pfring_library_close(&library);
	return rc;
}

/* ---- opening ---- */

static int open_ring(struct pfring_state *s, const struct cb_tap *tap,
	const struct pfring_options *o, struct cb_error *err)
{
	uint32_t flags = (uint32_t)o->flags | (tap->promiscuous ? CB_PFRING_PROMISCUOUS : 0);

	errno = 0;
	s->ring = s->library.open(s->interface, s->snaplen, flags);
	if (s->ring)
		return 0;
	if (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT)
		return no_module(err);
	if (errno == EPERM || errno == EACCES)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"capturing through PF_RING needs CAP_NET_RAW and CAP_NET_ADMIN: run as "
			"root");
	return cb_error_errno(err, CB_ERR_HOST, errno,
		"PF_RING can't capture on \"%s\" (with quick_mode=1 an interface has one ring)",
		s->interface);
}

static int read_version(struct pfring_state *s, struct cb_tap_ready *ready, struct cb_error *err)
{
	uint32_t version = 0;

	if (s->library.version(s->ring, &version) < 0)
		return cb_error_set(err, CB_ERR_HOST, "PF_RING does not tell its version");
	snprintf(ready->version, sizeof(ready->version), "PF_RING %u.%u.%u", version >> 16,
		version >> 8 & 0xff, version & 0xff);
	return check_version(version, err);
}

static int refuse(const struct pfring_state *s, const char *what, struct cb_error *err)
{
	return cb_error_set(err, CB_ERR_HOST, "PF_RING on \"%s\" refuses %s", s->interface, what);
}

static int milliseconds(uint64_t ns)
{
	return (int)((ns + CB_NS_PER_MS - 1) / CB_NS_PER_MS);
}

static int set_up(struct pfring_state *s, const struct cb_tap *tap, const struct pfring_options *o,
	struct cb_error *err)
{
	static char name[] = "capbench";
	const struct cb_pfring_library *l = &s->library;

	if (l->set_application_name)
		l->set_application_name(s->ring, name);
	/* for devices that bring no outgoing frames these do nothing, or fail */
	l->set_direction(s->ring, CB_PFRING_RX_ONLY);
	l->set_socket_mode(s->ring, CB_PFRING_RECV_ONLY);
	if (tap->filter && *tap->filter &&
		(!l->set_bpf_filter || l->set_bpf_filter(s->ring, tap->filter)))
		return cb_error_set(err, CB_ERR_USAGE,
			"PF_RING on \"%s\" refuses the filter \"%s\"", s->interface, tap->filter);
	if (l->set_poll_watermark(s->ring, (uint16_t)o->watermark))
		return refuse(s, "the watermark", err);
	if (o->timeout_ns &&
		(!l->set_poll_watermark_timeout ||
			l->set_poll_watermark_timeout(
				s->ring, (uint16_t)milliseconds((uint64_t)o->timeout_ns))))
		return refuse(s, "a time-out for the watermark", err);
	if (l->enable_ring(s->ring))
		return refuse(s, "to start (pfring_enable_ring)", err);
	return 0;
}

static void pfring_finish(void *state)
{
	struct pfring_state *s = state;

	if (s->ring)
		s->library.close(s->ring);
	s->ring = NULL;
	free(s->copies.bytes);
	s->copies.bytes = NULL;
	cb_pfring_library_close(&s->library);
}

static int pfring_start(void *state, const struct cb_tap *tap, const void *options,
	struct cb_tap_ready *ready, struct cb_error *err)
{
	const struct pfring_options *o = options;
	struct pfring_state *s = state;
	int rc;

	snprintf(s->interface, sizeof(s->interface), "%s", tap->interface);
	s->snaplen = (uint32_t)tap->snaplen;
	s->limit = INT64_MAX;
	s->dropped = s->matched = CB_UNKNOWN;
	rc = cb_pfring_library_open(&s->library, o->library, err);
	if (!rc)
		rc = check_module(&s->library, err);
	s->copies.bytes = rc ? NULL : malloc(CB_COPIES_BYTES);
	if (!rc && !s->copies.bytes)
		rc = cb_error_memory(err, "copies of frames");
	if (!rc)
		rc = open_ring(s, tap, o, err);
	if (!rc)
		rc = read_version(s, ready, err);
	if (!rc)
		rc = set_up(s, tap, o, err);
	if (rc) {
		pfring_finish(s);
		return rc;
	}
	ready->fd = s->fd = s->library.get_selectable_fd(s->ring);
	ready->buffer_frames = CB_UNKNOWN;
	return 0;
}

/* ---- capturing ---- */

/* 1, 0 when nothing is there, or negative. */
static int receive_one(struct pfring_state *s, struct cb_frame *frame)
{
	uint8_t *copy = cb_copies_next(&s->copies);
	const struct cb_pfring_header *h = &s->header;
	uint32_t caplen;
	int got = s->library.recv(s->ring, &copy, s->snaplen, &s->header, 0);

	if (got <= 0)
		return got;
	caplen = h->caplen < s->snaplen ? h->caplen : s->snaplen;
	*frame = (struct cb_frame){.data = copy,
		.caplen = caplen,
		.len = h->len,
		.time_ns = (uint64_t)h->time.tv_sec * CB_NS_PER_SEC +
			(uint64_t)h->time.tv_usec * CB_NS_PER_US};
	cb_copies_keep(&s->copies, caplen);
	return 1;
}

/* The ring is looked at in memory: no system call is made. */
static int pfring_receive(void *state, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	struct pfring_state *s = state;
	unsigned n = 0;
	int got = 0;

	s->copies.used = 0;
	while (n < max && s->given < s->limit && cb_copies_room(&s->copies, s->snaplen)) {
		got = receive_one(s, &frames[n]);
		if (got <= 0)
			break;
		s->given++;
		n++;
	}
	return n || got >= 0 ? (int)n : -EIO;
}

static int pfring_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *err)
{
	struct pfring_state *s = state;
	uint16_t watermark = frames < UINT16_MAX ? (uint16_t)frames : UINT16_MAX;

	if (s->library.set_poll_watermark(s->ring, watermark))
		return refuse(s, "the watermark", err);
	s->batch_ns = ns;
	*fd = -1;
	return 0;
}

static int pfring_wait_batch(void *state, uint64_t deadline_ns, struct cb_wait_counts *counts)
{
	const struct pfring_state *s = state;
	struct pollfd entry = {.fd = s->fd, .events = POLLIN};
	uint64_t now = cb_now_ns();
	uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
	struct timespec time = cb_ns_timespec(left < s->batch_ns ? left : s->batch_ns);
	int n = ppoll(&entry, 1, &time, NULL);

	counts->syscalls++;
	counts->polls++;
	counts->blocks++;
	return n < 0 && errno != EINTR ? -errno : 0;
}

/* ---- the end ---- */

static int pfring_detach(void *state, struct cb_error *err)
{
	struct pfring_state *s = state;
	struct cb_pfring_stat stat = {0};
	struct cb_pf_ring_totals totals;

	if (!cb_pf_ring_totals_read(&totals, CB_PF_RING_PROC, s->interface)) {
		s->dropped = totals.lost;
		s->matched = totals.inserted + totals.lost;
		s->limit = totals.inserted;
		return 0;
	}
	if (s->library.stats(s->ring, &stat) < 0)
		return cb_error_set(err, CB_ERR_HOST,
			"PF_RING on \"%s\" does not tell its counters", s->interface);
	s->dropped = (int64_t)stat.drop;
	s->limit = s->given + s->library.get_num_queued_pkts(s->ring);
	return 0;
}

static int pfring_settle(void *state, struct cb_tap_counters *counters, struct cb_error *err)
{
	struct pfring_state *s = state;
	struct cb_frame frame;
	int64_t before = s->given;

	for (s->copies.used = 0; s->given < s->limit; s->given++) {
		if (receive_one(s, &frame) <= 0)
			break;
		s->copies.used = 0;
	}
	counters->unread = s->given - before;
	counters->dropped = s->dropped;
	counters->matched = s->matched;
	return 0;
}

static const struct cb_mechanism_extra pfring_extra = {
	.batch = pfring_batch, .wait_batch = pfring_wait_batch};

const struct cb_mechanism cb_mechanism_pfring = {
	.member = {.name = "pfring",
		.help = "PF_RING's ring, through libpfring where that is installed.",
		.paper = "PF_RING",
		.options = pfring_options,
		.options_size = sizeof(struct pfring_options),
		.provides =
			CB_TRAIT_POLLABLE | CB_TRAIT_OWN_BATCH | CB_TRAIT_BATCH | CB_TRAIT_COPIES,
		.probe = pfring_probe},
	.extra = &pfring_extra,
	.state_size = sizeof(struct pfring_state),
	.open = pfring_start,
	.receive = pfring_receive,
	.detach = pfring_detach,
	.settle = pfring_settle,
	.close = pfring_finish,
};
