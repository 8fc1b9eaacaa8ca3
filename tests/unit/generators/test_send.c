/* The sending loop, against a transmitter that does what the test tells it. */
#include "generators/send.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include "tests/unit/cmocka.h"

/* What the scripted transmitter saw, and what it is to do. */
struct script {
	unsigned take_at_most;     /* sequence numbers used per call; 0: all */
	unsigned interrupt_every;  /* every so many calls -EINTR; 0: never */
	unsigned refuse_every;     /* every so many frames is refused; 0: none */
	uint64_t fail_at, stop_at; /* sequence number at which send fails / stop is set; 0: never */
	uint64_t stall_at, stall_ns;
	int failure, flush_result;

	uint64_t next, window, calls, flushes, disorder, late_warmup, stale, unblocked;
	bool window_began;
};

static volatile sig_atomic_t stop;

static void watch(struct script *s, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns)
{
	sigset_t mask;

	s->disorder += sequence != s->next || n == 0 || n > 64;
	s->late_warmup += phase == CB_PHASE_WARMUP && s->window_began;
	s->window_began = s->window_began || phase == CB_PHASE_WINDOW;
	s->stale += (uint32_t)cb_now_ns() - time_ns > UINT32_C(1000000000);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	s->unblocked += !sigismember(&mask, SIGALRM) || sigismember(&mask, SIGSEGV);
}

static int scripted_send(void *state, uint64_t sequence, unsigned n, uint8_t phase,
	uint32_t time_ns, struct cb_transmit_counts *counts)
{
	struct script *s = state;

	watch(s, sequence, n, phase, time_ns);
	s->calls++;
	counts->syscalls++;
	if (s->interrupt_every && s->calls % s->interrupt_every == 0)
		return -EINTR;
	if (s->fail_at && sequence >= s->fail_at)
		return -s->failure;
	if (s->stall_at && sequence >= s->stall_at) {
		s->stall_at = 0;
		cb_sleep_until(cb_deadline_in(s->stall_ns));
	}
	if (s->take_at_most && n > s->take_at_most)
		n = s->take_at_most;
	for (unsigned i = 0; s->refuse_every && i < n; i++)
		counts->refused += (sequence + i) % s->refuse_every == 0;
	s->next += n;
	s->window += phase == CB_PHASE_WINDOW ? n : 0;
	if (s->stop_at && s->next >= s->stop_at)
		stop = SIGTERM;
	return (int)n;
}

static int scripted_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	struct script *s = state;

	s->flushes++;
	return s->flush_result;
}

static const struct cb_transmitter scripted = {.member = {.name = "scripted"},
	.batch = 64,
	.send = scripted_send,
	.flush = scripted_flush};

/* Run the script, check what must hold of every run, and leave the record in `r`. */
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
	assert_true(s->disorder == 0);
	assert_true(s->late_warmup == 0);
	assert_true(s->stale == 0);
	assert_true(s->unblocked == 0);
	assert_true(s->flushes == 1);
	assert_true(r->book.offered == (int64_t)s->next);
	assert_true(r->book.window_offered == (int64_t)s->window);
	assert_true(r->syscalls == (int64_t)s->calls);
	assert_true(r->cpu_ns >= 0 && r->context_switches >= 0 && r->elapsed_ns >= 0);
	assert_true(r->softirq_ns == CB_UNKNOWN);
	for (size_t i = 0; i < r->series.n; i++)
		series += r->series.frames[i];
	assert_true(series == r->book.offered);
	if (!job.max) {
		assert_true(r->book.intended == r->book.offered + r->unoffered);
		assert_true(r->unoffered >= 0);
		assert_true(r->lateness_p99_ns <= r->lateness_max_ns);
		if (r->book.offered > 1) {
			assert_true(r->gap_p50_ns >= 0 && r->gap_p50_ns <= r->gap_p99_ns);
			assert_true(r->gap_p99_ns <= r->gap_max_ns);
			assert_true(r->gap_within_share[0] <= r->gap_within_share[4]);
			assert_true(r->gap_within_share[4] <= 1);
			assert_true(r->longest_train >= 1);
		}
	} else {
		assert_true(r->book.intended == CB_UNKNOWN && r->unoffered == CB_UNKNOWN);
		assert_true(r->lateness_max_ns == CB_UNKNOWN && r->rebased == CB_UNKNOWN);
		assert_true(isnan(r->intended_pps) && isnan(r->drift_ppm));
		assert_true(r->gap_max_ns == CB_UNKNOWN && r->longest_train == CB_UNKNOWN);
	}
	cb_generator_record_finish(r);
	return code;
}

static struct cb_pace pace(uint64_t rate, uint64_t warmup_ms, uint64_t ms, uint64_t count)
{
	return (struct cb_pace){.rate_pps = rate,
		.warmup_ns = warmup_ms * CB_NS_PER_MS,
		.duration_ns = ms * CB_NS_PER_MS,
		.count = count,
		.catch_up_ns = 10 * CB_NS_PER_SEC};
}

/* The machine may stall the test, but not for ten seconds: every slot is caught up with. */
static void every_slot_is_offered(void **state)
{
	static const uint64_t rates[] = {10, 1000, 9999, 100000, 1000000};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct cb_send_job job = {.pace = pace(rates[i], 50, 200, 0)};
		struct cb_generator_record r;
		struct script s = {0};
		struct cb_error err;

		assert_int_equal(run(&s, job, &r, &err), 0);
		assert_true(r.book.intended ==
			(int64_t)cb_schedule_slots_in(rates[i], 250 * CB_NS_PER_MS));
		assert_true(r.unoffered == 0 && r.book.refused == 0 && r.rebased == 0);
		assert_true(r.book.offered - r.book.window_offered ==
			(int64_t)cb_schedule_slots_in(rates[i], 50 * CB_NS_PER_MS));
		assert_true(r.intended_pps == (double)rates[i]);
		assert_true(r.elapsed_ns < INT64_C(10000000000));
		assert_true(r.window_elapsed_ns <= r.elapsed_ns);
		assert_true(r.offered_pps <= (double)rates[i] * 1.0001);
		/* On schedule the rate is the one asked for; a stall at the end may stretch it. */
		if (r.lateness_max_ns < 200000)
			assert_true(r.offered_pps >= (double)rates[i] * 0.998);
	}
}

static void a_refused_frame_is_offered_once(void **state)
{
	struct cb_send_job job = {.pace = pace(100000, 0, 50, 0)};
	struct script s = {.refuse_every = 10};
	struct cb_generator_record r;

	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.offered == 5000);
	assert_true(r.book.refused == 500);
}

static void short_counts_and_interruptions_lose_nothing(void **state)
{
	struct cb_send_job job = {.pace = pace(100000, 10, 50, 0)};
	struct script s = {.take_at_most = 7, .interrupt_every = 3};
	struct cb_generator_record r;

	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.offered == 6000 && r.unoffered == 0);
	job = (struct cb_send_job){.max = true, .pace = pace(0, 0, 0, 1000)};
	s = (struct script){.take_at_most = 7, .interrupt_every = 3};
	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.offered == 1000);
}

static void a_stall_is_booked_as_unoffered(void **state)
{
	struct cb_send_job job = {.pace = pace(100000, 0, 300, 0)};
	struct script s = {.stall_at = 5000, .stall_ns = 150 * CB_NS_PER_MS};
	struct cb_generator_record r;

	job.pace.catch_up_ns = 20 * CB_NS_PER_MS;
	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.intended == 30000);
	assert_true(r.unoffered >= 14000);
	assert_true(r.rebased >= 1);
	assert_true(r.lateness_max_ns < INT64_C(10000000000));
}

static void a_failure_ends_the_run_with_its_account(void **state)
{
	static const struct {
		int failure;
		const char *says;
	} cases[] = {{ENETDOWN, "taken down"}, {ENXIO, "removed"}, {EAGAIN, "no carrier"},
		{EMSGSIZE, "too long"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_send_job job = {.pace = pace(100000, 0, 10000, 0)};
		struct script s = {.fail_at = 1000, .failure = cases[i].failure};
		struct cb_generator_record r;
		struct cb_error err = {0};

		assert_int_equal(run(&s, job, &r, &err), CB_ERR_HOST);
		assert_int_equal(err.sys_errno, cases[i].failure);
		assert_non_null(strstr(err.text, cases[i].says));
		assert_true(r.book.offered >= 1000 && r.book.offered < 1000000);
	}
}

static void a_transmitter_with_nothing_left_ends_it(void **state)
{
	static const bool max[] = {false, true};

	for (int i = 0; i < 2; i++) {
		struct cb_send_job job = {.max = max[i], .pace = pace(100000, 0, 10000, 0)};
		struct script s = {.fail_at = 1000, .failure = ENODATA};
		struct cb_generator_record r;

		assert_int_equal(run(&s, job, &r, NULL), 0);
		assert_true(r.book.offered >= 1000 && r.book.offered < 1064);
		if (!max[i])
			assert_true(r.unoffered == 0);
	}
}

static void an_early_stop_is_an_account_too(void **state)
{
	struct cb_send_job job = {.pace = pace(100000, 5, 60000, 0)};
	struct script s = {.stop_at = 2000};
	struct cb_generator_record r;

	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.offered >= 2000 && r.book.offered < 2064 + 64);
	/* what was due by then, not the whole minute; a stall between send and stop may add some */
	assert_true(r.book.intended < 1000000);
	assert_true(r.book.window_offered == r.book.offered - 500);
}

static void stopped_before_the_start(void **state)
{
	volatile sig_atomic_t stopped = SIGINT;
	struct script s = {0};
	struct cb_send_job job = {
		.transmitter = &scripted, .state = &s, .pace = pace(1000, 0, 0, 0)};
	struct cb_generator_record r;

	cb_generator_record_init(&r);
	assert_int_equal(cb_send_run(&job, &stopped, &r, NULL), 0);
	assert_true(s.calls == 0);
	assert_true(r.book.offered == 0 && r.book.window_offered == 0 && r.batches == 0);
	assert_true(r.book.intended >= 0 && r.book.intended < 1000);
	assert_true(r.lateness_max_ns == CB_UNKNOWN);
	assert_true(r.window_elapsed_ns == CB_UNKNOWN);
	cb_generator_record_finish(&r);
}

/* ---- the maximum rate ---- */

static void max_goes_by_the_clock(void **state)
{
	struct cb_send_job job = {.max = true, .pace = pace(0, 20, 60, 0)};
	struct cb_generator_record r;
	struct script s = {0};

	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.window_offered > 0 && r.book.window_offered <= r.book.offered);
	assert_true(r.elapsed_ns >= 80000000 && r.window_elapsed_ns >= 60000000);
	assert_true(fabs(r.offered_pps * (double)r.window_elapsed_ns / 1e9 /
				    (double)r.book.window_offered -
			    1) < 1e-6);
}

static void max_ends_at_the_count(void **state)
{
	static const uint64_t counts[] = {1, 63, 64, 65, 100000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct cb_send_job job = {.max = true, .pace = pace(0, 0, 0, counts[i])};
		struct cb_generator_record r;
		struct script s = {0};

		assert_int_equal(run(&s, job, &r, NULL), 0);
		assert_true(r.book.window_offered == (int64_t)counts[i]);
	}
}

/* ---- signals ---- */

static void on_alarm(int signal)
{
	stop = signal;
}

/* A run without end is ended by a signal, whether it sleeps, spins or sends all the time. */
static void a_signal_ends_it(void **state)
{
	static const uint64_t rates[] = {1, 1000, 20000, 100000, 0};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART}, before;

	sigaction(SIGALRM, &action, &before);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct cb_send_job job = {.max = rates[i] == 0, .pace = pace(rates[i], 0, 0, 0)};
		struct itimerval timer = {.it_value = {.tv_usec = 30000}};
		struct cb_generator_record r;
		struct script s = {0};
		uint64_t begin = cb_now_ns();

		setitimer(ITIMER_REAL, &timer, NULL);
		assert_int_equal(run(&s, job, &r, NULL), 0);
		assert_int_equal(stop, SIGALRM);
		assert_true(cb_now_ns() - begin < 10 * CB_NS_PER_SEC);
		assert_true(r.book.offered > 0);
	}
	sigaction(SIGALRM, &before, NULL);
}

static void the_signal_mask_is_given_back(void **state)
{
	struct cb_send_job job = {.pace = pace(1000, 0, 5, 0)};
	struct cb_generator_record r;
	struct script s = {0};
	sigset_t mask;

	assert_int_equal(run(&s, job, &r, NULL), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGALRM));
	assert_false(sigismember(&mask, SIGINT));
}

static void a_link_that_keeps_frames_is_no_error(void **state)
{
	struct cb_send_job job = {.pace = pace(1000, 0, 5, 0)};
	struct script s = {.flush_result = -ETIMEDOUT};
	struct cb_generator_record r;

	assert_int_equal(run(&s, job, &r, NULL), 0);
	assert_true(r.book.offered == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slot_is_offered),
		cmocka_unit_test(a_refused_frame_is_offered_once),
		cmocka_unit_test(short_counts_and_interruptions_lose_nothing),
		cmocka_unit_test(a_stall_is_booked_as_unoffered),
		cmocka_unit_test(a_failure_ends_the_run_with_its_account),
		cmocka_unit_test(a_transmitter_with_nothing_left_ends_it),
		cmocka_unit_test(an_early_stop_is_an_account_too),
		cmocka_unit_test(stopped_before_the_start),
		cmocka_unit_test(max_goes_by_the_clock),
		cmocka_unit_test(max_ends_at_the_count),
		cmocka_unit_test(a_signal_ends_it),
		cmocka_unit_test(the_signal_mask_is_given_back),
		cmocka_unit_test(a_link_that_keeps_frames_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
