/* Generators that add up to one: the slots and shapes of one, shared out, and its books summed. */
#include "generators/generate.h"
#include "generators/lanes.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define START       UINT64_C(7000000000000)

static const char *const arrivals[] = {
	"constant", "poisson", "bursts:frames=13,gap=3us", "ramp:from=1k,over=5ms"};

/* ---- slots ---- */

/* The lanes' slots, put together, are those of the schedule that they share. */
static void assert_shared(const struct cb_pace *pace, uint32_t lanes)
{
	struct cb_schedule whole, lane[7];
	uint64_t next[7] = {0}, warmup = 0, end = 0;

	assert_true(lanes <= COUNT_OF(lane));
	cb_schedule_init(&whole, pace, START);
	for (uint32_t i = 0; i < lanes; i++) {
		struct cb_pace own = *pace;

		own.lane = i;
		own.lanes = lanes;
		cb_schedule_init(&lane[i], &own, START);
		warmup += lane[i].warmup_slots;
		end += lane[i].end_slot;
	}
	assert_true(warmup == whole.warmup_slots);
	assert_true(end == whole.end_slot);
	for (uint64_t slot = 0; slot < whole.end_slot; slot++) {
		struct cb_schedule *s = &lane[slot % lanes];
		uint64_t own = next[slot % lanes]++, due = cb_schedule_due_ns(&whole, slot);

		assert_true(cb_schedule_due_ns(s, own) == due);
		assert_true(cb_schedule_slots_due(s, due) >= own + 1);
		assert_true((own < s->warmup_slots) == (slot < whole.warmup_slots));
	}
}

static void lanes_share_the_slots_out(void **state)
{
	for (size_t i = 0; i < COUNT_OF(arrivals); i++)
		for (uint32_t lanes = 1; lanes <= 7; lanes++) {
			struct cb_arrival arrival;
			struct cb_pace pace = {.rate_pps = 1000003,
				.arrival = &arrival,
				.warmup_ns = CB_NS_PER_MS,
				.duration_ns = 4 * CB_NS_PER_MS};

			assert_int_equal(cb_arrival_make(&arrival, arrivals[i], 1000003,
						 5 * CB_NS_PER_MS, NULL),
				0);
			assert_shared(&pace, lanes);
			pace.count = 101;
			assert_shared(&pace, lanes);
			pace.count = 2; /* some lanes have none */
			assert_shared(&pace, lanes);
			cb_arrival_finish(&arrival);
		}
}

static void the_rate_is_shared_too(void **state)
{
	const struct cb_pace pace = {
		.rate_pps = 100000, .duration_ns = CB_NS_PER_SEC, .lane = 1, .lanes = 4};
	struct cb_schedule s;

	cb_schedule_init(&s, &pace, START);
	assert_true(cb_schedule_intended_pps(&s, 25000) == 25000);
	assert_true(cb_schedule_due_ns(&s, 0) == START + 10000);
	assert_true(cb_schedule_due_ns(&s, 1) == START + 50000);
	assert_true(cb_schedule_due_ns(&s, UINT64_MAX) == UINT64_MAX);
	assert_true(cb_pace_own(&pace, 1) == 0 && cb_pace_own(&pace, 2) == 1);
	assert_true(cb_pace_own(&pace, 5) == 1 && cb_pace_own(&pace, 6) == 2);
	assert_true(cb_pace_own(&pace, UINT64_MAX) == UINT64_MAX / 4 + 1);
}

/* ---- shapes ---- */

static void lanes_share_the_shapes_out(void **state)
{
	struct cb_template frame = {.length = 1514, .stamp_offset = 42};
	struct cb_shape whole = {.frame = &frame, .flows = {.n = 7, .field = CB_FLOW_BOTH}};
	uint8_t wanted[2048] = {0}, got[2048] = {0};

	assert_int_equal(cb_sizes_make(&whole.sizes, "genome:abcde", 64, 1518, NULL), 0);
	for (uint64_t sequence = 0; sequence < 300; sequence++) {
		struct cb_shape lane = whole;

		lane.lanes = 3;
		lane.lane = (uint32_t)(sequence % 3);
		assert_int_equal(cb_shape_apply(&whole, wanted, sequence),
			cb_shape_apply(&lane, got, sequence / 3));
		assert_memory_equal(wanted, got, sizeof(wanted));
	}
	cb_sizes_finish(&whole.sizes);
}

static void the_sizes_of_all_lanes(void **state)
{
	struct cb_shape s = {.flows = {.n = 1}};
	const uint64_t even[] = {50, 50}, one[] = {100}, uneven[] = {90, 10}, none[] = {0, 0};

	assert_true(isnan(cb_shape_chi_square(&s, even, 2)));
	/* 64, 128, 64, 128 ...: each lane has one size */
	assert_int_equal(cb_sizes_make(&s.sizes, "genome:ab", 64, 1518, NULL), 0);
	assert_true(cb_shape_chi_square(&s, even, 2) == 0);
	assert_true(cb_shape_chi_square(&s, one, 1) == 0);
	assert_true(fabs(cb_shape_chi_square(&s, uneven, 2) - 2 * 40 * 40 / 50.0) < 1e-9);
	assert_true(isnan(cb_shape_chi_square(&s, none, 2)));
	assert_true(cb_shape_chi_square(&s, one, 1) == cb_sizes_chi_square(&s.sizes, 100));
	cb_sizes_finish(&s.sizes);
}

/* ---- runs ---- */

static volatile sig_atomic_t stop;

static struct cb_generate_job job_of(int64_t threads)
{
	struct cb_generate_job job = {0};

	cb_option_defaults(cb_generate_options, &job);
	assert_true(cb_text_copy(job.transmitter, sizeof(job.transmitter), "null"));
	job.threads = threads;
	job.stream = 5;
	job.catch_up_ns = INT64_C(10000000000); /* the machine may be busy */
	return job;
}

static int64_t series_of(const struct cb_generator_record *r)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->series.n; i++)
		sum += r->series.frames[i];
	return sum;
}

static void assert_sums(const struct cb_generator_record *r, int64_t threads)
{
	struct cb_generator_book sum = {0};
	int64_t unoffered = 0, syscalls = 0, late = 0;

	assert_int_equal(r->n_streams, threads);
	for (size_t i = 0; i < r->n_streams; i++) {
		const struct cb_stream_record *s = &r->streams[i];

		assert_int_equal(s->stream, 5 + (int64_t)i);
		assert_int_equal(s->cpu, -1);
		sum.intended = cb_count_add(sum.intended, s->book.intended);
		sum.offered += s->book.offered;
		sum.refused += s->book.refused;
		sum.window_offered += s->book.window_offered;
		unoffered = cb_count_add(unoffered, s->unoffered);
		syscalls += s->syscalls;
		late = s->lateness_max_ns > late ? s->lateness_max_ns : late;
	}
	assert_true(sum.intended == r->book.intended && sum.offered == r->book.offered);
	assert_true(sum.refused == r->book.refused);
	assert_true(sum.window_offered == r->book.window_offered);
	assert_true(unoffered == r->unoffered && syscalls == r->syscalls);
	assert_true(r->lateness_max_ns == CB_UNKNOWN || late == r->lateness_max_ns);
	assert_int_equal(series_of(r), r->book.offered);
}

static void threads_add_up(void **state)
{
	static const int64_t threads[] = {1, 2, 3, 8};

	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		struct cb_generate_job job = job_of(threads[i]);
		struct cb_generator_record r;

		job.warmup_ns = 10000000;
		job.duration_ns = 50000000;
		cb_generator_record_init(&r);
		assert_int_equal(cb_generate_run(&job, &stop, NULL, NULL, &r, NULL), 0);
		assert_int_equal(r.book.intended, 6000);
		assert_int_equal(r.book.offered, 6000);
		assert_int_equal(r.book.window_offered, 5000);
		assert_true(r.intended_pps == 100000);
		assert_true(r.offered_pps <= 100000.1);
		assert_sums(&r, threads[i]);
		cb_generator_record_finish(&r);
	}
}

static void threads_share_a_count(void **state)
{
	static const int64_t counts[] = {1, 2, 7, 10000};

	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (int max = 0; max < 2; max++) {
			struct cb_generate_job job = job_of(3);
			struct cb_generator_record r;

			job.count = counts[i];
			assert_true(cb_text_copy(job.rate, sizeof(job.rate), max ? "max" : "1M"));
			cb_generator_record_init(&r);
			assert_int_equal(cb_generate_run(&job, &stop, NULL, NULL, &r, NULL), 0);
			assert_int_equal(r.book.offered, counts[i]);
			assert_int_equal(r.book.window_offered, counts[i]);
			assert_sums(&r, 3);
			cb_generator_record_finish(&r);
		}
}

/* ---- a lane that fails ---- */

struct faulty {
	unsigned lane;
	bool open;
};

static unsigned opened, closed, refuse_lane, fail_lane;

static int faulty_open(
	void *state, const struct cb_link *link, const void *options, struct cb_error *err)
{
	struct faulty *f = state;

	f->lane = link->lane;
	if (link->lane == refuse_lane)
		return cb_error_set(err, CB_ERR_HOST, "no");
	opened++;
	return 0;
}

static int faulty_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	const struct faulty *f = state;

	return f->lane == fail_lane && sequence > 10 ? -ENETDOWN : (int)n;
}

static void faulty_close(void *state)
{
	closed++;
}

static const struct cb_transmitter faulty = {
	.member = {.name = "faulty", .provides = CB_TRAIT_STAMPS},
	.state_size = sizeof(struct faulty),
	.batch = 64,
	.open = faulty_open,
	.send = faulty_send,
	.close = faulty_close,
};

static void one_that_fails_ends_all(void **state)
{
	const struct cb_lanes_spec spec = {.transmitter = &faulty, .n = 4};
	const struct cb_link link = {.stream = 1};
	const struct cb_send_job job = {
		.transmitter = &faulty, .pace = {.rate_pps = 100000, .catch_up_ns = CB_NS_PER_SEC}};

	refuse_lane = UINT32_MAX;
	for (fail_lane = 0; fail_lane < 4; fail_lane++) {
		struct cb_generator_record r;
		struct cb_lanes l;
		struct cb_error err = {0};

		opened = closed = 0;
		cb_generator_record_init(&r);
		assert_int_equal(cb_lanes_open(&l, &spec, &link, &err), 0);
		/* without an end of its own */
		assert_int_equal(cb_lanes_run(&l, &job, &stop, &r, &err), CB_ERR_HOST);
		assert_non_null(strstr(err.text, "taken down"));
		cb_lanes_close(&l);
		assert_int_equal(opened, 4);
		assert_int_equal(closed, 4);
		cb_generator_record_finish(&r);
	}
}

static void one_that_does_not_open(void **state)
{
	const struct cb_lanes_spec spec = {.transmitter = &faulty, .n = 4};
	const struct cb_link link = {.stream = 1};
	struct cb_error err = {0};
	struct cb_lanes l;

	opened = closed = 0;
	refuse_lane = 2;
	assert_int_equal(cb_lanes_open(&l, &spec, &link, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "thread 3 of 4"));
	cb_lanes_close(&l);
	assert_int_equal(opened, 2);
	assert_int_equal(closed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_share_the_slots_out),
		cmocka_unit_test(the_rate_is_shared_too),
		cmocka_unit_test(lanes_share_the_shapes_out),
		cmocka_unit_test(the_sizes_of_all_lanes),
		cmocka_unit_test(threads_add_up),
		cmocka_unit_test(threads_share_a_count),
		cmocka_unit_test(one_that_fails_ends_all),
		cmocka_unit_test(one_that_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
