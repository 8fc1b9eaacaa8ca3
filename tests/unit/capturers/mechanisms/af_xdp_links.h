/*
 * A loopback and a veth pair of the test's own, frames sent over them, and captures by af-xdp: what
 * its tests share. Frames are sent in the `ready` callback, while nobody reads.
 */
#ifndef CB_TESTS_CAPTURERS_AF_XDP_LINKS_H
#define CB_TESTS_CAPTURERS_AF_XDP_LINKS_H

#include "capturers/capture.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/net/link.h"
#include "harness/net/stamp.h"

#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

#define KEY      77
#define OFFSET   42
#define SENDER   "xsktest0"
#define RECEIVER "xsktest1"

/* An arm: where frames go in and come out, and by which mode. */
struct arm {
	const char *from, *to, *mechanism;
};

static struct arm lo __attribute__((unused)) = {"lo", "lo", "af-xdp:mode=skb"};
static struct arm native __attribute__((unused)) = {SENDER, RECEIVER, "af-xdp:mode=driver"};
static struct arm generic __attribute__((unused)) = {SENDER, RECEIVER, "af-xdp:mode=skb"};

static bool able; /* namespace, links and the right to load programs are there */
static struct cb_error err;
static struct cb_view_record record;
static volatile sig_atomic_t stop;

static struct traffic {
	const struct arm *arm;
	unsigned count, length, foreign, flows;
	bool keep_on;
	int (*also)(void); /* instead of stopping */
} traffic;

/* ---- frames ---- */

static inline int open_sender(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A UDP datagram over IPv4 with a stamp; its flow is the source port. */
static inline void send_frame(int fd, uint32_t key, uint64_t sequence)
{
	uint8_t frame[4096] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0,
		64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 9, 0, 26};
	struct cb_stamp stamp = {.phase = CB_PHASE_WINDOW, .sequence = sequence};

	frame[34 + 1] = (uint8_t)(sequence % (traffic.flows ? traffic.flows : 1));
	cb_stamp_write(frame + OFFSET, key, &stamp);
	assert_int_equal(send(fd, frame, traffic.length, 0), traffic.length);
}

static inline int64_t arrived(void)
{
	struct cb_link_counters c;

	assert_int_equal(cb_link_counters(traffic.arm->to, &c, &err), 0);
	return c.rx_packets;
}

/* All that was sent has come out of the other end: a softirq may have been put off. */
static inline void wait_for(int64_t until)
{
	uint64_t deadline = cb_deadline_in(5 * CB_NS_PER_SEC);

	while (arrived() < until && cb_now_ns() < deadline)
		usleep(1000);
	assert_int_equal(arrived(), until);
	/* counted, but the NAPI poll may not have come to its end */
	usleep(2000);
}

/* Few enough at a time for the 256 frames that veth's NAPI holds. */
static inline void send_all(void)
{
	int fd = open_sender(traffic.arm->from);
	int64_t before = arrived();
	unsigned total = traffic.count + traffic.foreign;

	for (unsigned i = 0; i < total; i++) {
		if (i < traffic.count)
			send_frame(fd, KEY, i);
		else
			send_frame(fd, KEY + 1, i);
		if (i % 200 == 199)
			wait_for(before + i + 1);
	}
	wait_for(before + total);
	close(fd);
}

static inline int send_when_ready(void *arg)
{
	send_all();
	if (traffic.also)
		return traffic.also();
	if (!traffic.keep_on)
		stop = SIGINT;
	return 0;
}

static inline struct cb_capture_job make_job(void *arm)
{
	struct cb_capture_job job = {0};

	if (!able)
		skip();
	traffic = (struct traffic){.arm = arm, .count = 1000, .length = 60};
	cb_option_defaults(cb_capture_options, &job);
	cb_text_copy(job.interface, sizeof(job.interface), traffic.arm->to);
	cb_text_copy(job.mechanism, sizeof(job.mechanism), traffic.arm->mechanism);
	job.key = KEY;
	job.buffer = 8 << 20;
	job.snaplen = 128;
	return job;
}

static inline int run(const struct cb_capture_job *job)
{
	stop = 0;
	cb_view_record_finish(&record);
	cb_view_record_init(&record);
	err = (struct cb_error){0};
	return cb_capture_run(job, &stop, send_when_ready, NULL, &record, &err);
}

static inline void assert_clean(const char *interface)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	assert_int_equal(bpf_xdp_query((int)if_nametoindex(interface), 0, &query), 0);
	assert_int_equal(query.attach_mode, XDP_ATTACHED_NONE);
}

static inline void run_well(const struct cb_capture_job *job)
{
	if (run(job))
		fail_msg("%s", err.text);
	assert_clean(job->interface);
}

static inline void set_up(const char *interface, bool up)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cb_text_copy(request.ifr_name, sizeof(request.ifr_name), interface);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
	if (up && strcmp(interface, "lo") != 0)
		assert_int_equal(
			cb_link_wait_running(SENDER, cb_deadline_in(5 * CB_NS_PER_SEC), &err), 0);
}

static inline bool make_links(void)
{
	const struct cb_veth_spec veth = {.name = SENDER,
		.peer = RECEIVER,
		.mac = {2, 0, 0, 0, 0, 2},
		.peer_mac = {2, 0, 0, 0, 0, 1}};
	uint64_t deadline = cb_deadline_in(5 * CB_NS_PER_SEC);

	netns_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	netns_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	return !cb_link_create_veth(&veth, &err) && !cb_link_up("lo", &err) &&
		!cb_link_up(SENDER, &err) && !cb_link_up(RECEIVER, &err) &&
		!cb_link_wait_running(SENDER, deadline, &err);
}

#define ON(test, arm)                                    \
	{                                                \
#test " " #arm, test, NULL, NULL, &(arm) \
	}
#define EACH(test) ON(test, lo), ON(test, native), ON(test, generic)

/* Skipped without a namespace or the right to load programs. */
static inline int run_on_links(const struct CMUnitTest *tests, size_t n)
{
	const struct cb_member *member;
	int failed;

	cb_log_set_level(CB_LOG_ERROR);
	able = !netns_enter() && make_links() &&
		!cb_member_parse(&cb_mechanism_axis, "af-xdp", &member, NULL, &err) &&
		!member->probe(&err);
	if (!able)
		print_message("skipped: %s\n", err.text);
	failed = _cmocka_run_group_tests("af-xdp", tests, n, NULL, NULL);
	cb_view_record_finish(&record);
	return failed;
}

#endif
