/* Cells that suffer from exactly one thing each. */
#include "harness/report/loss.h"

#include "tests/unit/harness/report/synthetic.h"

#define YAML                                                               \
	"name: t\nrepetitions: 1\n"                                        \
	"trial:\n  traffic: {rate: 100k}\n  capture: {mechanism: recv}\n"  \
	"vary:\n  placement: [A:A, A:B]\n  receive: [softirq, threaded]\n" \
	"  capture.buffer: [64KiB, 1MiB]\n"

struct made {
	struct synthetic s;
	struct cb_report_data data;
	struct cb_report_cells cells;
	struct cb_loss *losses;
	size_t n;
	json_t *run;
};

/* Nothing is wrong with a trial of this but what a test changes: 30 % lost at the tap, though the
 * process had time. */
static void make_record(
	const struct synthetic *s, struct cb_trial_record *r, int64_t cell, double share)
{
	const struct synthetic_trial t = {
		.trial = cell, .cell = cell, .pps = 100000, .share = share};

	synthetic_record(s, &t, r);
	r->views[0].cpu_ns = r->views[0].elapsed_ns / 2;
	r->views[0].wakeups = r->views[0].book.received / 50;
	r->evidence.receive_softirq_ns = r->generator.elapsed_ns / 10;
	r->evidence.softnet_squeezed = 0;
	r->evidence.interrupts = 40;
	r->evidence.elapsed_ns = r->generator.elapsed_ns;
	r->evidence.steal_share = 0;
}

typedef void spoiler(struct cb_trial_record *r);

/* The rate holds inside bursts: on the average it is a quarter. */
static void burst(struct cb_trial_record *r)
{
	r->generator.elapsed_ns *= 4;
}

/* Cell 0 as `spoil` leaves it; all others captured everything. `core`: of receive and capture. */
static void make(struct made *m, spoiler *spoil, int receive_core, int capture_core)
{
	memset(m, 0, sizeof(*m));
	synthetic_open(&m->s, YAML);
	for (size_t c = 0; c < m->s.scenario->n_cells; c++) {
		struct cb_trial_record r;

		make_record(&m->s, &r, (int64_t)c, c ? 1 : 0.7);
		if (spoil == burst)
			json_object_set_new(
				r.params, "traffic.arrival.name", json_string("bursts"));
		if (!c)
			spoil(&r);
		synthetic_add_record(&m->s, &r);
		cb_trial_record_finish(&r);
	}
	synthetic_save(&m->s, 8, "test");
	m->run = json_pack("{s:[{s:[i], s:i, s:[i]}]}", "layouts", "cells", 0, "receive_core",
		receive_core, "capture_cores", capture_core);
	assert_non_null(m->run);
	assert_int_equal(cb_report_data_load(&m->data, m->s.directory, &test_registry, NULL), 0);
	assert_int_equal(cb_report_cells_make(&m->cells, &m->data, NULL), 0);
	assert_int_equal(cb_losses_make(&m->losses, &m->n, &m->cells, m->run, NULL), 0);
}

static void unmake(struct made *m)
{
	free(m->losses);
	json_decref(m->run);
	cb_report_cells_finish(&m->cells);
	cb_report_data_finish(&m->data);
	synthetic_close(&m->s);
}

/* Exactly this cause, with these numbers. */
static void check(
	spoiler *spoil, int receive_core, int capture_core, const char *cause, const char *numbers)
{
	struct made m;

	make(&m, spoil, receive_core, capture_core);
	if (m.n != 1)
		fail_msg("%zu causes: %s, %s", m.n, m.n ? m.losses[0].cause : "",
			m.n > 1 ? m.losses[1].cause : "");
	assert_int_equal(m.losses[0].cell->index, 0);
	assert_string_equal(m.losses[0].cause, cause);
	assert_says(m.losses[0].numbers, numbers);
	unmake(&m);
}

static void leave(struct cb_trial_record *r)
{
	(void)r;
}

static void saturate(struct cb_trial_record *r)
{
	r->views[0].cpu_ns = r->views[0].elapsed_ns * 98 / 100;
}

static void starve(struct cb_trial_record *r)
{
	r->evidence.receive_softirq_ns = r->generator.elapsed_ns * 62 / 100;
	r->views[0].cpu_ns = r->views[0].elapsed_ns * 36 / 100;
}

static void wake(struct cb_trial_record *r)
{
	r->views[0].wakeups = r->views[0].book.received * 8 / 10;
}

static void drop_in_path(struct cb_trial_record *r)
{
	r->path.backlog_dropped = r->views[0].book.tap_dropped;
	r->views[0].book.tap_dropped = 0;
	r->evidence.receive_softirq_ns = r->generator.elapsed_ns * 97 / 100;
	r->evidence.softnet_squeezed = 1234;
}

static void limit(struct cb_trial_record *r)
{
	r->state = CB_TRIAL_GENERATOR_LIMITED;
}

static void steal(struct cb_trial_record *r)
{
	r->evidence.steal_share = 0.006;
}

static void interrupt(struct cb_trial_record *r)
{
	r->evidence.interrupts = r->generator.book.offered * 9 / 10;
}

static void each_cause_is_told_alone(void **state)
{
	struct made m;

	make(&m, leave, 0, 1);
	assert_int_equal(m.n, 0);
	unmake(&m);
	check(saturate, 0, 1, "capture process saturated", "used 98 % of a core");
	check(starve, 1, 1, "starved by the receive path on the same core",
		"on core 1 the receive path used 62 % of the time, and left the capture process 36 "
		"%");
	check(wake, 0, 1, "a wake-up for every packet", "1.25 frames per wake-up");
	check(drop_in_path, 0, 1, "receive path saturated",
		"the receive path used 97 % of a core, its budget was used up 1234 times");
	check(limit, 0, 1, "generator-limited", "in 1 of 1 trial the generator missed");
	check(steal, 0, 1, "VM steal", "0.60 % of a CPU's time was stolen");
	check(interrupt, 0, 1, "interrupt storm", "90000 interrupts a second, 0.90 for each frame");
	check(burst, 0, 1, "buffer too small for the bursts", "bursts overran the buffer");
}

/* Side by side on two cores nobody starves anybody. */
static void two_cores_do_not_starve(void **state)
{
	struct made m;

	make(&m, starve, 0, 1);
	assert_int_equal(m.n, 0);
	unmake(&m);
}

static void the_measured_gain_is_told(void **state)
{
	struct cb_loss_names names;
	struct made m;
	json_t *json;

	make(&m, starve, 1, 1);
	assert_int_equal(m.n, 1);
	assert_non_null(m.losses[0].other);
	/* placement changes slowest: the same receive mode and buffer with A:B */
	assert_int_equal(m.losses[0].other->index, 4);
	assert_true(fabs(m.losses[0].gain - 0.3) < 0.001);
	names = (struct cb_loss_names){.cells = &m.cells, .registry = &test_registry};
	json = cb_losses_json(m.losses, m.n, &names);
	assert_says(json_string_value(json_object_get(json_array_get(json, 0), "measured")),
		"+30.0 points in A:B");
	json_decref(json);
	unmake(&m);
	make(&m, burst, 0, 1);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.losses[0].other->index, 1); /* the larger buffer */
	unmake(&m);
}

/* Repetitions that differ, and a process that is pinned nowhere. */
static void migration_shows_in_the_spread(void **state)
{
	struct made m;
	struct cb_trial_record r;

	memset(&m, 0, sizeof(m));
	synthetic_open(&m.s,
		"name: t\nrepetitions: 3\ntrial:\n  traffic: {rate: 100k}\n"
		"  capture: {mechanism: recv}\n");
	for (int i = 0; i < 3; i++) {
		const struct synthetic_trial t = {
			.trial = i, .repetition = i, .pps = 1e5, .share = 0.5 + 0.2 * i};

		make_record(&m.s, &r, 0, t.share);
		r.trial = i;
		r.repetition = i;
		synthetic_add_record(&m.s, &r);
		cb_trial_record_finish(&r);
	}
	synthetic_save(&m.s, 3, "test");
	m.run = json_pack("{s:[{s:[i], s:i, s:[i]}]}", "layouts", "cells", 0, "receive_core", -1,
		"capture_cores", -1);
	assert_int_equal(cb_report_data_load(&m.data, m.s.directory, &test_registry, NULL), 0);
	assert_int_equal(cb_report_cells_make(&m.cells, &m.data, NULL), 0);
	assert_int_equal(cb_losses_make(&m.losses, &m.n, &m.cells, m.run, NULL), 0);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.losses[0].cause, "scheduler migration");
	assert_says(m.losses[0].numbers, "40 points apart");
	unmake(&m);
}

/* What no rule explains is not passed over. */
static void what_has_no_cause_is_told(void **state)
{
	struct cb_text words = {0};
	json_t *summary = json_object();
	struct made m;

	for (int explained = 0; explained < 2; explained++) {
		make(&m, explained ? saturate : leave, 0, 1);
		json_object_set_new(summary, "losses_unexplained",
			cb_losses_unexplained_json(m.losses, m.n,
				&(struct cb_loss_names){&m.cells, &test_registry, NULL, 0}));
		cb_text_clear(&words);
		cb_losses_unexplained_print(summary, &words);
		if (explained)
			assert_string_equal(cb_text_get(&words), "");
		else
			assert_says(cb_text_get(&words),
				"1 cell lost 0.1 % and more, and no rule tells why; most in A:A, "
				"receive path softirq, buffer 64 KiB: 30.0 %");
		unmake(&m);
	}
	json_decref(summary);
	cb_text_finish(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cause_is_told_alone),
		cmocka_unit_test(what_has_no_cause_is_told),
		cmocka_unit_test(two_cores_do_not_starve),
		cmocka_unit_test(the_measured_gain_is_told),
		cmocka_unit_test(migration_shows_in_the_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
