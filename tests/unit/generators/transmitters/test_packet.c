/*
 * `packet` on a real veth pair in a network namespace of the test's own: what arrives is what was
 * offered, each frame once; what the link refuses is counted as the device counts it.
 */
#include "generators/generate.h"
#include "generators/traffic/frame.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"
#include "harness/net/link.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

#define KEY    UINT32_C(0x5eed5eed)
#define FRAMES 3000

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

static void write_sysctl(const char *path, const char *text)
{
	netns_write(path, text); /* not there: a kernel without IPv6 */
}

static int make_namespace(void **state)
{
	static const struct cb_veth_spec veth = {.name = "v0",
		.peer = "v1",
		.mac = {2, 0, 0, 0, 0, 1},
		.peer_mac = {2, 0, 0, 0, 0, 2}};
	struct cb_error err = {0};

	skip_reason = netns_enter();
	if (skip_reason)
		return 0;
	write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (cb_link_create_veth(&veth, &err))
		fprintf(stderr, "%s\n", err.text);
	return err.code;
}

/* Both ends up before every test, whatever the last one did. */
static int links_up(void **state)
{
	struct cb_error err = {0};

	if (skip_reason)
		return 0;
	if (cb_link_up("v0", &err) || cb_link_up("v1", &err) ||
		cb_link_wait_running("v0", cb_deadline_in(5 * CB_NS_PER_SEC), &err))
		fprintf(stderr, "%s\n", err.text);
	return err.code;
}

static void need_namespace(void)
{
	if (!skip_reason)
		return;
	print_message(
		"SKIPPED: no network namespace of one's own here: %s\n", strerror(-skip_reason));
	skip();
}

static struct cb_generate_job job_of(const char *transmitter)
{
	struct cb_generate_job job = {0};

	cb_option_defaults(cb_generate_options, &job);
	assert_true(cb_text_copy(job.interface, sizeof(job.interface), "v0"));
	assert_true(cb_text_copy(job.transmitter, sizeof(job.transmitter), transmitter));
	job.key = KEY;
	return job;
}

static struct witness *witness_open(const struct cb_generate_job *job)
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
static void witness_take(struct witness *w, uint8_t *frame, size_t n)
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

static void witness_read(struct witness *w)
{
	static uint8_t frame[16384];
	ssize_t n;

	while ((n = recv(w->fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0)
		witness_take(w, frame, (size_t)n);
}

/* Frames lost for want of room in the witness' own buffer. */
static int64_t witness_close(struct witness *w)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);

	getsockopt(w->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	close(w->fd);
	free(w);
	return stats.tp_drops;
}

static struct cb_link_counters counters(const char *name)
{
	struct cb_link_counters c = {0};

	assert_int_equal(cb_link_counters(name, &c, NULL), 0);
	return c;
}

static int run(
	const struct cb_generate_job *job, struct cb_generator_record *r, struct cb_error *err)
{
	int code;

	stop = 0;
	cb_generator_record_init(r);
	code = cb_generate_run(job, &stop, NULL, NULL, r, err);
	cb_generator_record_finish(r);
	return code;
}

/* ---- what is offered arrives ---- */

static void assert_all_arrive(struct cb_generate_job job, int64_t batch)
{
	struct cb_link_counters before = counters("v0"), after;
	struct witness *w = witness_open(&job);
	struct cb_generator_record r;
	struct cb_error err = {0};

	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	witness_read(w);
	after = counters("v0");
	assert_true(r.book.window_offered == job.count);
	assert_true(r.book.refused == 0);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered);
	assert_true(w->own == r.book.offered);
	assert_true(w->own - w->warmup == r.book.window_offered);
	assert_true(w->twice == 0 && w->wrong == 0 && w->foreign == 0);
	for (int64_t i = 0; i < r.book.offered; i++)
		assert_int_equal(w->seen[i], 1);
	if (job.rate == CB_RATE_MAX)
		assert_true(r.syscalls == (job.count + batch - 1) / batch);
	else
		assert_true(r.syscalls > 0 && r.syscalls <= r.book.offered);
	assert_true(witness_close(w) == 0);
}

static void every_frame_arrives_once(void **state)
{
	static const struct {
		const char *transmitter;
		int64_t batch;
	} cases[] = {{"packet", 64}, {"packet:batch=1", 1}, {"packet:batch=7", 7},
		{"packet:batch=1024", 1024}, {"packet:qdisc-bypass=off", 64}};
	static const int64_t rates[] = {50000, CB_RATE_MAX};

	need_namespace();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < 2; k++) {
			struct cb_generate_job job = job_of(cases[i].transmitter);

			job.rate = rates[k];
			job.count = 300;
			job.warmup_ns = rates[k] == CB_RATE_MAX ? 0 : 2000000;
			job.catch_up_ns = INT64_C(10000000000);
			assert_all_arrive(job, cases[i].batch);
		}
}

static void frames_of_every_size(void **state)
{
	static const int64_t sizes[] = {64, 65, 127, 128, 512, 1517, 1518};

	need_namespace();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cb_generate_job job = job_of("packet");

		job.frame_size = sizes[i];
		job.rate = CB_RATE_MAX;
		job.count = 100;
		assert_all_arrive(job, 64);
	}
}

/* ---- what is refused is counted ---- */

/* A veth whose peer is down drops every frame in its xmit function and says so. */
static void refused_is_what_the_device_dropped(void **state)
{
	static const int64_t rates[] = {50000, CB_RATE_MAX};

	need_namespace();
	assert_int_equal(cb_link_down("v1", NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		struct cb_generate_job job = job_of("packet");
		struct cb_link_counters before = counters("v0"), after;
		struct cb_generator_record r;
		struct cb_error err = {0};

		job.rate = rates[i];
		job.count = FRAMES;
		job.catch_up_ns = INT64_C(10000000000);
		if (run(&job, &r, &err))
			fail_msg("%s", err.text);
		after = counters("v0");
		assert_true(r.book.offered == FRAMES);
		assert_true(r.book.refused == FRAMES);
		assert_true(after.tx_dropped - before.tx_dropped == FRAMES);
		assert_true(after.tx_packets == before.tx_packets);
	}
}

/* The peer goes down and up all the time: some frames of a batch pass, some are refused. */
static void *flap(void *arg)
{
	while (!stop) {
		cb_link_down("v1", NULL);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
		cb_link_up("v1", NULL);
		cb_sleep_until(cb_deadline_in(2 * CB_NS_PER_MS));
	}
	return NULL;
}

static void some_refused_some_not(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_link_counters before, after;
	struct cb_generator_record r;
	struct cb_error err = {0};
	pthread_t thread;
	int code;

	need_namespace();
	before = counters("v0");
	stop = 0;
	cb_generator_record_init(&r);
	assert_int_equal(pthread_create(&thread, NULL, flap, NULL), 0);
	job.rate = CB_RATE_MAX;
	job.duration_ns = 100000000;
	code = cb_generate_run(&job, &stop, NULL, NULL, &r, &err);
	stop = 1;
	pthread_join(thread, NULL);
	after = counters("v0");
	cb_generator_record_finish(&r);
	if (code)
		fail_msg("%s", err.text);
	assert_true(r.book.refused > 0 && r.book.refused < r.book.offered);
	assert_true(after.tx_dropped - before.tx_dropped == r.book.refused);
	assert_true(after.tx_packets - before.tx_packets == r.book.offered - r.book.refused);
}

/* ---- what is impossible ---- */

static void an_interface_that_is_down(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	assert_int_equal(cb_link_down("v0", NULL), 0);
	assert_int_equal(run(&job, &r, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "v0 is down"));
	assert_non_null(strstr(err.text, "ip link set v0 up"));
}

static void *take_down(void *arg)
{
	cb_sleep_until(cb_deadline_in(50 * CB_NS_PER_MS));
	cb_link_down("v0", NULL);
	return NULL;
}

static void an_interface_that_goes_down(void **state)
{
	static const int64_t rates[] = {100, 50000, CB_RATE_MAX};

	need_namespace();
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct cb_generate_job job = job_of("packet");
		struct cb_generator_record r;
		struct cb_error err = {0};
		pthread_t thread;

		assert_int_equal(links_up(NULL), 0);
		job.rate = rates[i];
		job.duration_ns = INT64_C(20000000000);
		assert_int_equal(pthread_create(&thread, NULL, take_down, NULL), 0);
		assert_int_equal(run(&job, &r, &err), CB_ERR_HOST);
		pthread_join(thread, NULL);
		assert_int_equal(err.sys_errno, ENETDOWN);
		assert_non_null(strstr(err.text, "v0"));
		assert_true(r.book.offered > 0);
		assert_true(r.book.intended == CB_UNKNOWN ||
			r.book.intended == r.book.offered + r.unoffered);
	}
}

static void a_frame_larger_than_the_mtu(void **state)
{
	struct cb_generate_job job = job_of("packet");
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	job.frame_size = 1519;
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "MTU is 1500"));
	assert_non_null(strstr(err.text, "1518"));
}

static void probe_agrees_with_reality(void **state)
{
	need_namespace();
	assert_int_equal(cb_transmitter_at(0)->probe(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_frame_arrives_once, links_up),
		cmocka_unit_test_setup(frames_of_every_size, links_up),
		cmocka_unit_test_setup(refused_is_what_the_device_dropped, links_up),
		cmocka_unit_test_setup(some_refused_some_not, links_up),
		cmocka_unit_test_setup(an_interface_that_is_down, links_up),
		cmocka_unit_test_setup(an_interface_that_goes_down, links_up),
		cmocka_unit_test_setup(a_frame_larger_than_the_mtu, links_up),
		cmocka_unit_test_setup(probe_agrees_with_reality, links_up),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
