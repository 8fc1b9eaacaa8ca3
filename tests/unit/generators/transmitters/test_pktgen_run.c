/* Runs of the pktgen transmitter, with a kernel that is told to misbehave. */
#include "harness/book/ledger.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/unit/generators/transmitters/pktgen_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
