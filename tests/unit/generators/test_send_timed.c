/* The sending loop with a transmitter that keeps the time itself. */
#include "generators/send.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"

#include <errno.h>
#include <math.h>

#include "tests/unit/cmocka.h"

struct script {
	unsigned take_at_most;    /* 0: all */
	unsigned interrupt_every; /* every so many calls -EINTR; 0: never */
	uint64_t late_ns;         /* frames leave that late */
	uint64_t fail_at;         /* sequence number at which it fails; 0: never */

	uint64_t next, calls, untimed, disorder, early, stale;
	uint64_t last_ns;
};

static volatile sig_atomic_t stop;

static int untimed_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct script *s = state;

	s->untimed++;
	s->next += n;
	return (int)n;
}

static int timed_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint64_t *times_ns,
	struct cb_transmit_counts *counts)
{
	struct script *s = state;
	uint64_t now_ns = cb_now_ns();

	s->calls++;
	s->disorder += sequence != s->next || n == 0 || n > 256;
	s->stale += times_ns[n - 1] > now_ns + 11 * CB_NS_PER_MS;
	if (s->interrupt_every && s->calls % s->interrupt_every == 0)
		return -EINTR;
	if (s->fail_at && sequence >= s->fail_at)
		return -ENETDOWN;
	if (s->take_at_most && n > s->take_at_most)
		n = s->take_at_most;
	for (unsigned i = 0; i < n; i++) {
		s->early += times_ns[i] < s->last_ns;
		s->last_ns = times_ns[i];
		while (cb_now_ns() < times_ns[i] + s->late_ns)
			continue;
		times_ns[i] += s->late_ns;
	}
	s->next += n;
	return (int)n;
}

static const struct cb_transmitter scripted = {.member = {.name = "scripted"},
	.batch = 256,
	.send = untimed_send,
	.send_timed = timed_send};

static int run(struct script *s, struct cb_send_job job, struct cb_generator_record *r,
	struct cb_error *err)
{
	int64_t series = 0;
	int code;

	stop = 0;
	job.transmitter = &scripted;
	job.state = s;
	cb_generator_record_init(r);
	code = cb_send_run(&job, &stop, r, err);
	assert_true(s->disorder == 0 && s->early == 0 && s->stale == 0);
	assert_true(r->book.offered == (int64_t)s->next);
	for (size_t i = 0; i < r->series.n; i++)
		series += r->series.frames[i];
	assert_true(series == r->book.offered);
	cb_generator_record_finish(r);
	return code;
}

static struct cb_pace pace(uint64_t rate, uint64_t warmup_ms, uint64_t ms)
{
	return (struct cb_pace){.rate_pps = rate,
		.warmup_ns = warmup_ms * CB_NS_PER_MS,
		.duration_ns = ms * CB_NS_PER_MS,
		.catch_up_ns = 10 * CB_NS_PER_SEC};
}

static void every_slot_is_handed_over_ahead(void **state)
{
	static const uint64_t rates[] = {10, 1000, 9999, 100000, 1000000};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct cb_send_job job = {.pace = pace(rates[i], 50, 200)};
		struct cb_generator_record r;
		struct script s = {0};
		struct cb_error err;

		assert_int_equal(run(&s, job, &r, &err), 0);
		assert_true(s.untimed == 0 && s.calls > 0);
		assert_true(r.book.intended ==
			(int64_t)cb_schedule_slots_in(rates[i], 250 * CB_NS_PER_MS));
		assert_true(r.unoffered == 0 && r.rebased == 0);
		assert_true(r.book.window_offered ==
			r.book.intended -
				(int64_t)cb_schedule_slots_in(rates[i], 50 * CB_NS_PER_MS));
		if (rates[i] >= 100000)
			assert_true(r.batches < r.book.offered / 50);
	}
}

/* Lateness and gaps are those of the times that come back, not of the calls. */
static void the_record_has_the_frames_own_times(void **state)
{
	struct cb_send_job job = {.pace = pace(20000, 0, 200)};
	struct script s = {.late_ns = 5000};
	struct cb_generator_record r;
	struct cb_error err;

	assert_int_equal(run(&s, job, &r, &err), 0);
	assert_true(r.book.offered == 4000);
	assert_true(r.lateness_max_ns == 5000);
	assert_true(r.lateness_p99_ns <= 5000 && r.lateness_p99_ns > 4500);
	assert_true(r.back_to_back_share == 0 && r.longest_train == 1);
	assert_true(r.gap_max_ns == 50000);
	assert_true(r.gap_within_share[0] == 1);
	assert_true(fabs(r.drift_ppm) < 0.001);
}

static void what_was_not_taken_comes_again(void **state)
{
	struct cb_send_job job = {.pace = pace(50000, 10, 90)};
	struct script s = {.take_at_most = 7, .interrupt_every = 5};
	struct cb_generator_record r;
	struct cb_error err;

	assert_int_equal(run(&s, job, &r, &err), 0);
	assert_true(r.book.offered == 5000 && r.unoffered == 0);
}

static void a_failure_keeps_the_account(void **state)
{
	struct cb_send_job job = {.pace = pace(50000, 0, 1000)};
	struct script s = {.fail_at = 1000};
	struct cb_generator_record r;
	struct cb_error err;

	assert_int_equal(run(&s, job, &r, &err), CB_ERR_HOST);
	assert_int_equal(err.sys_errno, ENETDOWN);
	assert_true(r.book.offered >= 1000);
}

/* At the maximum there is no time to keep. */
static void the_maximum_has_no_times(void **state)
{
	struct cb_send_job job = {.max = true, .pace = {.count = 100000}};
	struct cb_generator_record r;
	struct script s = {0};
	struct cb_error err;

	assert_int_equal(run(&s, job, &r, &err), 0);
	assert_true(s.calls == 0 && s.untimed > 0 && r.book.offered == 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slot_is_handed_over_ahead),
		cmocka_unit_test(the_record_has_the_frames_own_times),
		cmocka_unit_test(what_was_not_taken_comes_again),
		cmocka_unit_test(a_failure_keeps_the_account),
		cmocka_unit_test(the_maximum_has_no_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
