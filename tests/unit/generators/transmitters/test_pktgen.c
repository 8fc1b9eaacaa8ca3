/* The pktgen transmitter against a kernel that is a fake (fake_kernel.h), told to misbehave. */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/pktgen_run.h"
#include "harness/book/ledger.h"

#include <arpa/inet.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/generators/transmitters/fake_kernel.h"

static struct fake_kernel kernel;
static struct cb_pktgen driver;
static struct cb_template frame;
static struct cb_shape shape;
static struct cb_link link_to;
static struct cb_pktgen_options options;
static struct cb_error error;
static volatile sig_atomic_t stop;

static int fresh(void **state)
{
	struct cb_frame_spec spec = {.frame_size = 64,
		.destination_mac = {2, 0, 0, 0, 0, 2},
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_port = 9,
		.source_port = 1000};

	inet_pton(AF_INET, "198.18.0.1", &spec.source_ip);
	inet_pton(AF_INET, "198.18.0.2", &spec.destination_ip);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	memset(&kernel, 0, sizeof(kernel));
	kernel.real_queues = 8;
	memset(&driver, 0, sizeof(driver));
	driver.io = &fake_io;
	driver.io_arg = &kernel;
	memset(&shape, 0, sizeof(shape));
	shape.frame = &frame;
	shape.flows.n = 1;
	shape.sizes.largest = 64;
	link_to = (struct cb_link){.interface = "v0", .ifindex = 1, .frame = &frame};
	options = (struct cb_pktgen_options){.threads = 1, .queues = 1, .burst = 1};
	memset(&error, 0, sizeof(error));
	stop = 0;
	return 0;
}

static int set_up(void)
{
	return cb_pktgen_set_up(&driver, &link_to, &options, &error);
}

static void set_up_well(void)
{
	int r = set_up();

	if (r)
		print_error("%s\n", error.text);
	assert_int_equal(r, 0);
}

static struct cb_transmit_account run(uint64_t rate_pps, uint64_t frames, uint64_t warmup, int code)
{
	const struct cb_transmit_order order = {
		.rate_pps = rate_pps, .frames = frames, .warmup_frames = warmup, .stop = &stop};
	struct cb_transmit_account account;
	int r = cb_pktgen_run(&driver, &order, &account, &error);

	if (r != code)
		print_error("%d: %s\n", r, error.text);
	assert_int_equal(r, code);
	assert_int_equal(kernel.ended, kernel.starts);
	return account;
}

static void fails(int code, const char *words)
{
	assert_int_equal(set_up(), code);
	if (!strstr(error.text, words))
		print_error("%s\n", error.text);
	assert_non_null(strstr(error.text, words));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 0);
}

static void param(unsigned device, const char *name, const char *value)
{
	const char *got = fake_param(&kernel.devices[device], name);

	if (!got || strcmp(got, value) != 0)
		print_error("%s: %s\n", name, got ? got : "not set");
	assert_non_null(got);
	assert_string_equal(got, value);
}

/* ---- what is set up ---- */

static void plain_frames(void **state)
{
	set_up_well();
	assert_int_equal(kernel.n, 1);
	assert_string_equal(kernel.devices[0].name, "v0@0");
	param(0, "dst_mac", "02:00:00:00:00:02");
	param(0, "src_mac", "02:00:00:00:00:01");
	param(0, "dst_min", "198.18.0.2");
	param(0, "dst_max", "198.18.0.2");
	param(0, "src_min", "198.18.0.1");
	param(0, "src_max", "198.18.0.1");
	param(0, "min_pkt_size", "60");
	param(0, "max_pkt_size", "60");
	param(0, "udp_src_min", "1000");
	param(0, "udp_src_max", "1000");
	param(0, "udp_dst_min", "9");
	param(0, "udp_dst_max", "9");
	param(0, "clone_skb", "0");
	assert_null(fake_param(&kernel.devices[0], "burst"));
	assert_null(fake_param(&kernel.devices[0], "xmit_mode"));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 0);
	assert_int_equal(kernel.resets, 1);
	cb_pktgen_take_down(&driver); /* nothing left to be taken down */
	assert_int_equal(kernel.resets, 1);
}

/* Each thread a device, a port, a queue and flows of its own. */
static void threads(void **state)
{
	options.threads = 2;
	options.queue = 2;
	options.queues = 4;
	options.mode = CB_PKTGEN_QUEUE_XMIT;
	link_to.stream = 3;
	shape.flows.n = 7;
	link_to.shape = &shape;
	set_up_well();
	assert_int_equal(kernel.n, 2);
	assert_string_equal(kernel.devices[1].name, "v0@1");
	assert_int_not_equal(kernel.devices[0].thread, kernel.devices[1].thread);
	param(0, "udp_dst_min", "15");
	param(1, "udp_dst_min", "16");
	param(1, "udp_dst_max", "16");
	param(0, "queue_map_min", "2");
	param(0, "queue_map_max", "3");
	param(1, "queue_map_min", "4");
	param(1, "queue_map_max", "5");
	param(1, "xmit_mode", "queue_xmit");
	/* flows 0 to 2 and 3 to 6, the range's end left out */
	param(0, "udp_src_min", "1000");
	param(0, "udp_src_max", "1003");
	param(1, "udp_src_min", "1003");
	param(1, "udp_src_max", "1007");
}

/* The cores that were named, in turn. */
static void cores(void **state)
{
	static const int cpus[] = {1, 0};

	options.threads = 3;
	link_to.cpus = cpus;
	link_to.n_cpus = 2;
	set_up_well();
	assert_int_equal(kernel.devices[0].thread, 1);
	assert_int_equal(kernel.devices[1].thread, 0);
	assert_int_equal(kernel.devices[2].thread, 1);
}

static void flows(void **state)
{
	shape.flows = (struct cb_flows){.n = 300, .order = CB_FLOW_RANDOM};
	link_to.shape = &shape;
	set_up_well();
	param(0, "udp_src_max", "1300");
	param(0, "flag", "UDPSRC_RND");
	cb_pktgen_take_down(&driver);
	shape.flows.field = CB_FLOW_SOURCE_IP;
	set_up_well();
	param(0, "src_min", "198.18.0.1");
	param(0, "src_max", "198.18.1.45"); /* the last one is left out */
	param(0, "flag", "IPSRC_RND");
	param(0, "udp_src_max", "1000");
	cb_pktgen_take_down(&driver);
	shape.flows.order = CB_FLOW_ROUND_ROBIN;
	set_up_well();
	param(0, "src_max", "198.18.1.44");
	assert_null(fake_param(&kernel.devices[0], "flag"));
	cb_pktgen_take_down(&driver);
	shape.flows.field = CB_FLOW_BOTH;
	fails(CB_ERR_USAGE, "flow-field");
	shape.flows = (struct cb_flows){.n = 64536};
	fails(CB_ERR_USAGE, "flows");
	shape.flows.n = 64535;
	set_up_well();
	param(0, "udp_src_max", "65535");
}

static void make_sizes(const char *text)
{
	cb_sizes_finish(&shape.sizes);
	assert_int_equal(cb_sizes_make(&shape.sizes, text, 64, 1518, &error), 0);
	link_to.shape = &shape;
	frame.length = shape.sizes.largest - CB_FRAME_FCS;
}

static void sizes(void **state)
{
	make_sizes("imix");
	set_up_well();
	param(0, "imix_weights", "60,59 590,33 1514,8");
	param(0, "min_pkt_size", "1514");
	param(0, "max_pkt_size", "1514");
	cb_pktgen_take_down(&driver);
	make_sizes("list:64x1/128x1/1024x1");
	set_up_well();
	param(0, "imix_weights", "60,34 124,33 1020,33");
	cb_pktgen_take_down(&driver);
	/* a range is gone through */
	make_sizes("uniform:from=100,to=199");
	set_up_well();
	param(0, "min_pkt_size", "96");
	param(0, "max_pkt_size", "195");
	assert_null(fake_param(&kernel.devices[0], "imix_weights"));
	cb_pktgen_take_down(&driver);
	/* what pktgen can't */
	make_sizes("list:64x1000/1518x1");
	fails(CB_ERR_USAGE, "1 %");
	make_sizes("genome:aaaaaaaddddg");
	fails(CB_ERR_USAGE, "genome");
	make_sizes(
		"list:64x1/66x1/68x1/70x1/72x1/74x1/76x1/78x1/80x1/82x1/84x1/86x1/88x1/90x1/92x1/"
		"94x1/96x1/98x1/100x1/102x1/104x1");
	fails(CB_ERR_USAGE, "more than 20");
	make_sizes("imix");
	options.clone = 5;
	fails(CB_ERR_USAGE, "cloned");
	options.clone = 0;
	kernel.no_imix = true;
	fails(CB_ERR_IMPOSSIBLE, "5.15");
	cb_sizes_finish(&shape.sizes);
}

static void other_frames(void **state)
{
	uint8_t pool[4] = {0};

	shape.payload.pool = pool;
	link_to.shape = &shape;
	fails(CB_ERR_USAGE, "payload");
	link_to.shape = NULL;
	frame.stamp_offset += 4;
	fails(CB_ERR_USAGE, "frame");
	frame.stamp_offset -= 4;
	frame.checksum = true;
	fails(CB_ERR_USAGE, "frame");
	frame.checksum = false;
	frame.goes_on = true;
	fails(CB_ERR_USAGE, "frame");
	frame.goes_on = false;
	set_up_well();
}

/* ---- what the kernel refuses ---- */

static void refusals(void **state)
{
	static const struct {
		int code;
		const char *words;
	} cases[] = {
		{-ENODEV, "no such interface"},
		{-ENETDOWN, "bring the interface up"},
		{-EINVAL, "Ethernet"},
		{-EBUSY, "another"},
		{-ENOMEM, "memory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kernel.add_error = cases[i].code;
		fails(CB_ERR_HOST, cases[i].words);
	}
	kernel.add_error = 0;
	options.threads = 3; /* the fake has two */
	fails(CB_ERR_USAGE, "threads");
}

/* 524, which the C library has no words for, and a result that still says OK. */
static void no_copies_on_veth(void **state)
{
	kernel.no_sharing = true;
	options.burst = 8;
	fails(CB_ERR_IMPOSSIBLE, "burst at 1");
	assert_null(strstr(error.text, "Unknown"));
	options.burst = 1;
	options.clone = 3;
	fails(CB_ERR_IMPOSSIBLE, "clone at 0");
	options.clone = 0;
	set_up_well();
}

/* The write succeeds, and the command failed. */
static void quiet_failures(void **state)
{
	kernel.fails_quietly = "flag";
	shape.flows = (struct cb_flows){.n = 3, .order = CB_FLOW_RANDOM};
	link_to.shape = &shape;
	fails(CB_ERR_HOST, "Flag -:UDPSRC_RND:- unknown");
	kernel.fails_quietly = NULL;
	kernel.ignores = "min_pkt_size";
	fails(CB_ERR_HOST, "min_pkt_size");
}

static void others(void **state)
{
	assert_int_equal(fake_add(&kernel, 1, "eth9"), 0);
	set_up_well(); /* what does not run is taken away */
	assert_int_equal(kernel.resets, 1);
	assert_int_equal(kernel.n, 1);
	cb_pktgen_take_down(&driver);
	assert_int_equal(fake_add(&kernel, 1, "eth9"), 0);
	kernel.devices[0].running = true;
	assert_int_equal(set_up(), CB_ERR_HOST);
	assert_non_null(strstr(error.text, "already"));
	cb_pktgen_take_down(&driver);
	assert_int_equal(kernel.n, 1); /* not ours */
}

/* ---- runs ---- */

static void a_run(void **state)
{
	struct cb_transmit_account a;
	uint64_t begin_ns = cb_now_ns();

	set_up_well();
	a = run(10000, 500, 100, 0);
	param(0, "count", "500");
	param(0, "delay", "100000");
	assert_int_equal(a.offered, 500);
	assert_int_equal(a.window_offered, 400);
	assert_int_equal(a.refused, 0);
	assert_int_equal(a.flows, 1);
	assert_false(a.ended_early);
	assert_true(fabs(a.window_pps - 10000) < 10);
	assert_true(a.begin_ns + 200000 >= begin_ns && a.end_ns <= cb_now_ns());
	assert_int_equal(kernel.starts, 1);
	assert_int_equal(kernel.stops, 0);
	assert_true(isnan(a.sizes_chi_square));
}

/* Counts and rate are shared out; each has its own start. */
static void two_threads(void **state)
{
	struct cb_transmit_account a;

	kernel.skew_ns = 30 * CB_NS_PER_MS;
	options.threads = 2;
	set_up_well();
	a = run(20000, 1001, 201, 0);
	param(0, "count", "501");
	param(1, "count", "500");
	param(1, "delay", "100000");
	assert_int_equal(a.offered, 1001);
	assert_int_equal(a.window_offered, 1001 - 2 * 101); /* 201 frames: 101 of each */
	assert_true(fabs(a.window_pps - 20000) < 20);
	assert_int_equal(a.flows, 2);
	assert_true(a.end_ns - a.begin_ns > 30 * CB_NS_PER_MS);
}

/* The delay is between bursts, and the count is overshot. */
static void bursts(void **state)
{
	struct cb_transmit_account a;

	options.burst = 8;
	set_up_well();
	a = run(80000, 1001, 500, 0);
	param(0, "delay", "100000");
	param(0, "burst", "8");
	assert_string_equal(
		a.note, "delay 100000 ns from burst to burst of 8 on each of 1 threads");
	assert_int_equal(a.offered, 1008);
	assert_int_equal(a.window_offered, 1008); /* copies: there is no first frame of a window */
	assert_true(fabs(a.window_pps - 80000) < 200);
}

static void mixed_sizes(void **state)
{
	struct cb_transmit_account a;

	make_sizes("imix");
	set_up_well();
	a = run(100000, 10000, 0, 0);
	/* 5900, 3300 and 800 of 10000, where 7, 4 and 1 of 12 were asked for */
	assert_true(fabs(a.sizes_chi_square -
			    (66.667 * 66.667 / 5833.33 + 33.333 * 33.333 / 3333.33 +
				    33.333 * 33.333 / 833.33)) < 0.01);
	cb_sizes_finish(&shape.sizes);
}

static void on_alarm(int signal)
{
	stop = signal;
}

static void stopped(void **state)
{
	const struct itimerval soon = {.it_value.tv_usec = 100000};
	struct cb_transmit_account a;
	uint64_t begin_ns;

	signal(SIGALRM, on_alarm);
	set_up_well();
	begin_ns = cb_now_ns();
	setitimer(ITIMER_REAL, &soon, NULL);
	a = run(10000, 0, 0, 0);
	assert_true(cb_now_ns() - begin_ns < 400 * CB_NS_PER_MS);
	assert_true(a.ended_early);
	assert_int_equal(kernel.stops, 1);
	param(0, "count", "0");
	assert_true(a.offered > 500 && a.offered < 5000);
	assert_int_equal(a.window_offered, a.offered);
}

/* What pktgen can't keep up with ends in time all the same. */
static void too_slow(void **state)
{
	const struct cb_transmit_order order = {.limit_ns = 100 * CB_NS_PER_MS, .stop = &stop};
	struct cb_transmit_account a;

	set_up_well();
	assert_int_equal(cb_pktgen_run(&driver, &order, &a, &error), 0);
	assert_true(a.ended_early);
	assert_int_equal(kernel.stops, 1);
	param(0, "delay", "0");
	assert_true(a.end_ns - a.begin_ns >= 100 * CB_NS_PER_MS);
	assert_true(a.end_ns - a.begin_ns < 250 * CB_NS_PER_MS);
	assert_int_equal(a.window_offered, a.offered);
}

struct told {
	unsigned n;
	uint64_t last_ns, frames;
};

static void hear(void *arg, uint64_t elapsed_ns, uint64_t frames)
{
	struct told *t = arg;

	assert_true(frames >= t->frames);
	assert_int_equal(elapsed_ns, t->last_ns + CB_NS_PER_SEC);
	*t = (struct told){t->n + 1, elapsed_ns, frames};
}

static void progress(void **state)
{
	struct told told = {0};
	const struct cb_transmit_order order = {.rate_pps = 1000,
		.frames = 1200,
		.stop = &stop,
		.progress = hear,
		.progress_arg = &told};
	struct cb_transmit_account a;

	set_up_well();
	assert_int_equal(cb_pktgen_run(&driver, &order, &a, &error), 0);
	assert_int_equal(told.n, 1);
	assert_true(told.frames >= 1000 && told.frames < 1100);
}

/* "OK", and fewer frames. */
static void link_down(void **state)
{
	struct cb_transmit_account a;

	kernel.down_after = 200;
	set_up_well();
	a = run(10000, 1000, 0, CB_ERR_HOST);
	assert_non_null(strstr(error.text, "after 200 frames"));
	assert_int_equal(a.offered, 200);
	kernel.ended = kernel.starts = 0;
	a = run(10000, 0, 0, CB_ERR_HOST); /* also when there is no number to compare with */
	assert_int_equal(a.offered, 200);
}

/* Refused frames are offered; where they fell is known without warm-up only. */
static void refused_frames(void **state)
{
	struct cb_transmit_account a;

	kernel.refuse_every = 5;
	set_up_well();
	a = run(10000, 400, 0, 0);
	assert_int_equal(a.offered, 500);
	assert_int_equal(a.refused, 100);
	assert_int_equal(a.window_offered, 500);
	a = run(10000, 400, 100, 0);
	assert_int_equal(a.refused, 100);
	assert_int_equal(a.window_offered, CB_UNKNOWN);
}

static void bad_starts(void **state)
{
	struct cb_transmit_account a;

	set_up_well();
	kernel.start_error = -EPERM;
	a = run(1000, 10, 0, CB_ERR_IMPOSSIBLE);
	assert_int_equal(a.offered, 0);
	kernel.start_error = 0;
	kernel.real_queues = 1;
	driver.lanes[0].queue_last = 3;
	fake_keep(&kernel.devices[0], "queue_map_max", "3");
	run(1000, 10, 0, CB_ERR_USAGE);
	assert_non_null(strstr(error.text, "queue 3"));
	assert_true(kernel.stops > 0); /* it does not go on sending */
	kernel.real_queues = 8;
	kernel.read_error = -ENOENT;
	run(1000, 10, 0, CB_ERR_HOST);
	assert_non_null(strstr(error.text, "removed"));
}

static void orders_that_cannot_be(void **state)
{
	options.threads = 2;
	set_up_well();
	run(1000, 1, 0, CB_ERR_USAGE);
	assert_non_null(strstr(error.text, "threads"));
	options.threads = 1;
	cb_pktgen_take_down(&driver);
	driver.n = 0;
	set_up_well();
	run(0, 5, 0, 0);
	param(0, "delay", "0");
}

/* Never started, never stopped: an error within seconds, not for ever. */
static void hangs(void **state)
{
	set_up_well();
	kernel.never_starts = true;
	run(1000, 10, 0, CB_ERR_HOST);
	assert_non_null(strstr(error.text, "does not send"));
	kernel.never_starts = false;
	kernel.never_stops = true;
	stop = SIGINT;
	run(1000, 0, 0, CB_ERR_HOST);
	assert_non_null(strstr(error.text, "goes on"));
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_frames),
		TEST(threads),
		TEST(cores),
		TEST(flows),
		TEST(sizes),
		TEST(other_frames),
		TEST(refusals),
		TEST(no_copies_on_veth),
		TEST(quiet_failures),
		TEST(others),
		TEST(a_run),
		TEST(two_threads),
		TEST(bursts),
		TEST(mixed_sizes),
		TEST(stopped),
		TEST(too_slow),
		TEST(progress),
		TEST(link_down),
		TEST(refused_frames),
		TEST(bad_starts),
		TEST(orders_that_cannot_be),
		TEST(hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
