/*
 * For tests of transmitters: a veth pair v0, v1 in a network namespace of the test's own, and a
 * witness on v1 that knows every frame.
 */
#ifndef CB_TESTS_REAL_LINK_H
#define CB_TESTS_REAL_LINK_H

#include "generators/generate.h"
#include "generators/traffic/frame.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"
#include "harness/net/link.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

#define KEY UINT32_C(0x5eed5eed)

static volatile sig_atomic_t stop;
static int skip_reason; /* -errno when there is no network namespace to be had */

/* What the other end saw. */
struct witness {
	int fd;
	int64_t own, warmup, twice, foreign, wrong;
	uint8_t seen[1 << 20];
	uint8_t expected[CB_FRAME_SIZE_MAX];
	size_t length;
};

static inline int make_namespace(void **state)
{
	static const struct cb_veth_spec veth = {.name = "v0",
		.peer = "v1",
		.mac = {2, 0, 0, 0, 0, 1},
		.peer_mac = {2, 0, 0, 0, 0, 2}};
	struct cb_error err = {0};

	skip_reason = netns_enter();
	if (skip_reason)
		return 0;
	/* not there: a kernel without IPv6 */
	netns_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	netns_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (cb_link_create_veth(&veth, &err))
		fprintf(stderr, "%s\n", err.text);
	return err.code;
}

/* Both ends up before every test, whatever the last one did. */
static inline int links_up(void **state)
{
	struct cb_error err = {0};

	if (skip_reason)
		return 0;
	if (cb_link_up("v0", &err) || cb_link_up("v1", &err) ||
		cb_link_wait_running("v0", cb_deadline_in(5 * CB_NS_PER_SEC), &err))
		fprintf(stderr, "%s\n", err.text);
	return err.code;
}

static inline void need_namespace(void)
{
	if (!skip_reason)
		return;
	print_message(
		"SKIPPED: no network namespace of one's own here: %s\n", strerror(-skip_reason));
	skip();
}

/* For a witness that is to hold thousands of frames: only root gets so large a buffer. */
static inline void need_large_buffers(void)
{
	need_namespace();
	if (netns_real_root())
		return;
	print_message("SKIPPED: large receive buffers need root\n");
	skip();
}

static inline struct cb_generate_job job_of(const char *transmitter)
{
	struct cb_generate_job job = {0};

	cb_option_defaults(cb_generate_options, &job);
	assert_true(cb_text_copy(job.interface, sizeof(job.interface), "v0"));
	assert_true(cb_text_copy(job.transmitter, sizeof(job.transmitter), transmitter));
	job.key = KEY;
	return job;
}

static inline void set_rate(struct cb_generate_job *job, const char *text)
{
	assert_true(cb_text_copy(job->rate, sizeof(job->rate), text));
}

static inline struct witness *witness_open(const struct cb_generate_job *job)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex("v1")};
	struct witness *w = calloc(1, sizeof(*w));
	struct cb_frame_spec spec = {.frame_size = job->frame_size,
		.destination_mac = {2, 0, 0, 0, 0, 2},
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_port = 9,
		.source_port = 9};
	struct cb_template frame;
	int bytes = 64 << 20;

	assert_non_null(w);
	inet_pton(AF_INET, "198.18.0.1", &spec.source_ip);
	inet_pton(AF_INET, "198.18.0.2", &spec.destination_ip);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	w->length = frame.length;
	memcpy(w->expected, frame.bytes, frame.length);
	w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(w->fd >= 0);
	if (setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	assert_int_equal(bind(w->fd, (void *)&address, sizeof(address)), 0);
	return w;
}

/* All but the stamp is the template. */
static inline void witness_take(struct witness *w, uint8_t *frame, size_t n)
{
	struct cb_stamp stamp;

	if (n < CB_FRAME_STAMP_OFFSET + CB_STAMP_SIZE ||
		cb_stamp_read(frame + CB_FRAME_STAMP_OFFSET, KEY, &stamp) != CB_STAMP_OWN) {
		w->foreign++;
		return;
	}
	w->own++;
	w->warmup += stamp.phase == CB_PHASE_WARMUP;
	memset(frame + CB_FRAME_STAMP_OFFSET, 0, CB_STAMP_SIZE);
	w->wrong += n != w->length || memcmp(frame, w->expected, n) != 0 || stamp.stream != 0 ||
		stamp.sequence >= sizeof(w->seen) || stamp.phase > CB_PHASE_WINDOW;
	if (stamp.sequence < sizeof(w->seen))
		w->twice += w->seen[stamp.sequence]++ != 0;
}

static inline void witness_read(struct witness *w)
{
	static uint8_t frame[16384];
	ssize_t n;

	while ((n = recv(w->fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0)
		witness_take(w, frame, (size_t)n);
}

/* Frames lost for want of room in the witness' own buffer. */
static inline int64_t witness_close(struct witness *w)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);

	getsockopt(w->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	close(w->fd);
	free(w);
	return stats.tp_drops;
}

static inline struct cb_link_counters counters(const char *name)
{
	struct cb_link_counters c = {0};

	assert_int_equal(cb_link_counters(name, &c, NULL), 0);
	return c;
}

static inline int run(
	const struct cb_generate_job *job, struct cb_generator_record *r, struct cb_error *err)
{
	int code;

	stop = 0;
	cb_generator_record_init(r);
	code = cb_generate_run(job, &stop, NULL, NULL, r, err);
	cb_generator_record_finish(r);
	return code;
}

#endif
