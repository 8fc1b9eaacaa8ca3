/* Runs that a transmitter carries out by itself: what it is ordered, and the record that comes of
 * its account. */
#include "generators/whole.h"
#include "harness/base/clock.h"

#include <math.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define SECOND CB_NS_PER_SEC
#define BEGIN  (77 * SECOND)

/* What the transmitter says, and what it heard. */
static struct {
	struct cb_transmit_account account;
	struct cb_transmit_order order;
	uint64_t told[4];
	unsigned n_told;
	int result;
	bool stops;
} script;
static volatile sig_atomic_t stop;

static int scripted_run(void *state, const struct cb_transmit_order *order,
	struct cb_transmit_account *account, struct cb_error *err)
{
	assert_ptr_equal(state, &script);
	assert_ptr_equal(order->stop, &stop);
	script.order = *order;
	for (unsigned i = 0; i < script.n_told; i++)
		order->progress(order->progress_arg, (i + 1) * SECOND, script.told[i]);
	if (script.stops)
		stop = SIGINT;
	*account = script.account;
	return script.result ? cb_error_set(err, script.result, "told to") : 0;
}

static const struct cb_transmitter scripted = {.member = {.name = "scripted"}, .run = scripted_run};

static int fresh(void **state)
{
	memset(&script, 0, sizeof(script));
	script.account.sizes_chi_square = (double)NAN;
	stop = 0;
	return 0;
}

static struct cb_generator_record run(struct cb_pace pace, bool max, int code)
{
	const struct cb_send_job job = {
		.transmitter = &scripted, .state = &script, .max = max, .pace = pace};
	struct cb_generator_record r;

	cb_generator_record_init(&r);
	r.flows = 1;
	assert_int_equal(cb_whole_run(&job, &stop, &r, NULL), code);
	return r;
}

static void at_a_rate(void **state)
{
	const struct cb_pace pace = {
		.rate_pps = 1000, .warmup_ns = SECOND, .duration_ns = 2 * SECOND};
	struct cb_generator_record r;

	script.account = (struct cb_transmit_account){.begin_ns = BEGIN,
		.end_ns = BEGIN + 3 * SECOND,
		.offered = 2990,
		.refused = 10,
		.window_offered = 1990,
		.window_pps = 995,
		.sizes_chi_square = 1.5,
		.note = "a delay",
		.flows = 4};
	script.n_told = 2;
	script.told[0] = 1000;
	script.told[1] = 1999;
	r = run(pace, false, 0);
	assert_int_equal(script.order.rate_pps, 1000);
	assert_int_equal(script.order.frames, 3000);
	assert_int_equal(script.order.warmup_frames, 1000);
	assert_int_equal(script.order.limit_ns, 3 * SECOND);
	assert_int_equal(r.book.intended, 3000);
	assert_int_equal(r.book.offered, 2990);
	assert_int_equal(r.book.refused, 10);
	assert_int_equal(r.book.window_offered, 1990);
	assert_int_equal(r.unoffered, 10);
	assert_int_equal(r.elapsed_ns, 3 * SECOND);
	assert_int_equal(r.window_elapsed_ns, 2 * SECOND);
	assert_true(fabs(r.intended_pps - 1000) < 1e-6);
	assert_true(fabs(r.offered_pps - 995) < 1e-6);
	assert_true(fabs(r.sizes_chi_square - 1.5) < 1e-9);
	assert_int_equal(r.flows, 4);
	assert_string_equal(r.transmitter_note, "a delay");
	assert_int_equal(r.lateness_max_ns, CB_UNKNOWN);
	assert_int_equal(r.batches, CB_UNKNOWN);
	assert_int_equal(r.series.n, 3);
	assert_int_equal(r.series.frames[0], 1000);
	assert_int_equal(r.series.frames[1], 999);
	assert_int_equal(r.series.frames[2], 991);
	cb_generator_record_finish(&r);
}

static void drift(void **state)
{
	const struct cb_pace pace = {.rate_pps = 1000, .count = 1001};
	struct cb_generator_record r;

	/* the last of 1001 frames is due after one second */
	script.account = (struct cb_transmit_account){.begin_ns = BEGIN,
		.end_ns = BEGIN + SECOND + 100 * CB_NS_PER_US,
		.offered = 1001,
		.window_offered = 1001};
	r = run(pace, false, 0);
	assert_int_equal(script.order.limit_ns, 0);
	assert_true(fabs(r.drift_ppm - 100) < 0.001);
	assert_int_equal(r.unoffered, 0);
	assert_int_equal(r.flows, 1);
	cb_generator_record_finish(&r);
	script.account.ended_early = true;
	r = run(pace, false, 0);
	assert_true(isnan(r.drift_ppm));
	cb_generator_record_finish(&r);
}

/* No slots, and no phases: the warm-up is part of the window. */
static void at_max(void **state)
{
	const struct cb_pace pace = {.warmup_ns = SECOND, .duration_ns = SECOND, .count = 7};
	struct cb_generator_record r;

	script.account = (struct cb_transmit_account){.begin_ns = BEGIN,
		.end_ns = BEGIN + 2 * SECOND,
		.offered = 1000000,
		.window_offered = 1000000,
		.window_pps = 500000};
	r = run(pace, true, 0);
	assert_int_equal(script.order.rate_pps, 0);
	assert_int_equal(script.order.frames, 7);
	assert_int_equal(script.order.warmup_frames, 0);
	assert_int_equal(script.order.limit_ns, 2 * SECOND);
	assert_int_equal(r.book.intended, CB_UNKNOWN);
	assert_int_equal(r.unoffered, CB_UNKNOWN);
	assert_true(isnan(r.intended_pps));
	assert_int_equal(r.window_elapsed_ns, 2 * SECOND);
	cb_generator_record_finish(&r);
}

/* What was due by the stop was intended. */
static void stopped(void **state)
{
	const struct cb_pace pace = {.rate_pps = 1000, .duration_ns = 10 * SECOND};
	struct cb_generator_record r;

	script.stops = true;
	script.account = (struct cb_transmit_account){.begin_ns = BEGIN,
		.end_ns = BEGIN + 2 * SECOND,
		.offered = 1900,
		.window_offered = 1900,
		.window_pps = 950,
		.ended_early = true};
	r = run(pace, false, 0);
	assert_int_equal(r.book.intended, 2000);
	assert_int_equal(r.unoffered, 100);
	cb_generator_record_finish(&r);
}

/* The account up to the failure is there; nothing at all is an account, too. */
static void failures(void **state)
{
	const struct cb_pace pace = {.rate_pps = 1000, .duration_ns = SECOND};
	struct cb_generator_record r;

	script.result = CB_ERR_HOST;
	script.account = (struct cb_transmit_account){.begin_ns = BEGIN,
		.end_ns = BEGIN + SECOND / 2,
		.offered = 500,
		.window_offered = 500,
		.window_pps = 1000};
	r = run(pace, false, CB_ERR_HOST);
	assert_int_equal(r.book.offered, 500);
	assert_int_equal(r.unoffered, 500);
	cb_generator_record_finish(&r);
	memset(&script.account, 0, sizeof(script.account));
	r = run(pace, false, CB_ERR_HOST);
	assert_int_equal(r.book.offered, 0);
	assert_int_equal(r.series.n, 0);
	assert_true(isnan(r.offered_pps));
	cb_generator_record_finish(&r);
}

static void only_constant(void **state)
{
	struct cb_transmit_order order;
	struct cb_arrival arrival;
	struct cb_error err = {0};
	struct cb_pace pace = {.rate_pps = 1000, .duration_ns = SECOND, .arrival = &arrival};

	assert_int_equal(cb_arrival_make(&arrival, "constant", 1000, SECOND, &err), 0);
	assert_int_equal(cb_whole_order(&pace, false, &order, &err), 0);
	assert_int_equal(order.frames, 1000);
	cb_arrival_finish(&arrival);
	assert_int_equal(cb_arrival_make(&arrival, "poisson", 1000, SECOND, &err), 0);
	assert_int_equal(cb_whole_order(&pace, false, &order, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "poisson"));
	cb_arrival_finish(&arrival);
}

static void what_a_receiver_is_told(void **state)
{
	static const struct {
		const char *transmitter, *rate;
		enum cb_stamps stamps;
		uint64_t from;
	} cases[] = {
		{"packet", "1k", CB_STAMPS_OWN, 0},
		{"pktgen", "1k", CB_STAMPS_PKTGEN, 500},
		{"pktgen:threads=3", "1k", CB_STAMPS_PKTGEN, 167},
		{"pktgen", "max", CB_STAMPS_PKTGEN, 0},
		{"pktgen:burst=4", "1k", CB_STAMPS_PKTGEN_REPEATED, 0},
		{"pktgen:clone=1", "1k", CB_STAMPS_PKTGEN_REPEATED, 0},
	};
	struct cb_generate_job job = {0};
	enum cb_stamps stamps;
	uint64_t from;

	cb_option_defaults(cb_generate_options, &job);
	job.warmup_ns = SECOND / 2;
	job.duration_ns = SECOND;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cb_text_copy(job.transmitter, sizeof(job.transmitter), cases[i].transmitter);
		cb_text_copy(job.rate, sizeof(job.rate), cases[i].rate);
		assert_int_equal(cb_whole_stamps(&job, &stamps, &from, NULL), 0);
		assert_int_equal(stamps, cases[i].stamps);
		assert_int_equal(from, cases[i].from);
	}
	cb_text_copy(job.rate, sizeof(job.rate), "fast");
	assert_int_equal(cb_whole_stamps(&job, &stamps, &from, NULL), CB_ERR_USAGE);
	cb_text_copy(job.transmitter, sizeof(job.transmitter), "pktgn");
	assert_int_equal(cb_whole_stamps(&job, &stamps, &from, NULL), CB_ERR_USAGE);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_a_rate),
		TEST(drift),
		TEST(at_max),
		TEST(stopped),
		TEST(failures),
		TEST(only_constant),
		TEST(what_a_receiver_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
