#include "harness/scenario/plan.h"

#include <stdio.h>

#include "tests/unit/harness/base/check.h"

#define SOFTIRQ  CB_RECEIVE_CHOICE_SOFTIRQ
#define RPS      CB_RECEIVE_CHOICE_RPS
#define THREADED CB_RECEIVE_CHOICE_THREADED
#define AUTO     CB_RECEIVE_CHOICE_AUTO

/* The local veth pair as root and as a user, and a host of its own with a real NIC. */
#define ROOT(n)                                                                    \
	{                                                                          \
		.cores = (n), .shared = true, .inline_receive = true, .rps = true, \
		.threaded = true                                                   \
	}
#define USER(n)                                                                        \
	{                                                                              \
		.cores = (n), .shared = true, .inline_receive = true, .threaded = true \
	}
#define REMOTE(n)                                           \
	{                                                   \
		.cores = (n), .rps = true, .threaded = true \
	}

struct expectation {
	struct cb_testbed_shape shape;
	const char *placement;
	int receive; /* as asked */
	int processes;
	/* what comes out */
	int mode, generator, receive_core;
	int capture[4];
	const char *note; /* a part of it, "": none */
};

#define SLOWED "the generator is slowed"

static const struct expectation expectations[] = {
	/* two cores: the capture process keeps core 1, the receive path moves */
	{ROOT(2), "A:A", AUTO, 1, RPS, 0, 1, {1}, ""},
	{ROOT(2), "A:B", AUTO, 1, RPS, 0, 0, {1}, SLOWED},
	{ROOT(2), "auto", AUTO, 1, SOFTIRQ, 0, -1, {-1}, SLOWED},
	{ROOT(2), "A:A", AUTO, 3, RPS, 0, 1, {1, 1, 1}, ""},
	{ROOT(2), "A:B", SOFTIRQ, 2, SOFTIRQ, 0, 0, {1, 1}, SLOWED},
	{ROOT(2), "A:A", THREADED, 1, THREADED, 0, 1, {1}, ""},
	{ROOT(2), "A:B", THREADED, 1, THREADED, 0, 0, {1}, "refuses frames early"},
	{ROOT(2), "auto", THREADED, 1, THREADED, 0, -1, {-1}, ""},
	/* three and more: nobody shares the generator's core */
	{ROOT(3), "A:A", AUTO, 1, RPS, 0, 1, {1}, ""},
	{ROOT(3), "A:B", AUTO, 1, RPS, 0, 1, {2}, ""},
	{ROOT(4), "A:B,C", AUTO, 3, RPS, 0, 1, {2, 3, 2}, ""},
	{ROOT(3), "A:B,C", AUTO, 2, RPS, 0, 0, {1, 2}, SLOWED},
	{ROOT(4), "A:A,B", AUTO, 2, RPS, 0, 1, {1, 2}, ""},
	{ROOT(4), "A:B", SOFTIRQ, 1, SOFTIRQ, 0, 0, {1}, SLOWED},
	{ROOT(1), "A:A", AUTO, 2, RPS, 0, 0, {0, 0}, "can't be told apart"},
	{ROOT(1), "A:B", SOFTIRQ, 1, SOFTIRQ, 0, 0, {0}, "can't be told apart"},
	/* nothing can be steered */
	{USER(2), "A:B", AUTO, 1, SOFTIRQ, 0, 0, {1}, SLOWED},
	{USER(4), "A:B,C", AUTO, 2, SOFTIRQ, 0, 0, {1, 2}, SLOWED},
	{USER(2), "auto", AUTO, 1, SOFTIRQ, 0, -1, {-1}, SLOWED},
	/* the generator is elsewhere, and the NIC's interrupt can go to any core */
	{REMOTE(2), "A:A", AUTO, 1, SOFTIRQ, 0, 0, {0}, ""},
	{REMOTE(2), "A:B", AUTO, 1, SOFTIRQ, 0, 0, {1}, ""},
	{REMOTE(4), "A:B,C,D", RPS, 3, RPS, 0, 0, {1, 2, 3}, ""},
	{REMOTE(2), "auto", AUTO, 1, SOFTIRQ, 0, -1, {-1}, ""},
	/* cores by number */
	{ROOT(4), "{generator: [3], receive: [1], capture: [1, 2]}", AUTO, 3, RPS, 3, 1, {1, 2, 1},
		""},
	{ROOT(2), "{generator: [0], receive: [0], capture: [1]}", AUTO, 1, RPS, 0, 0, {1}, SLOWED},
	{ROOT(2), "{generator: [0], receive: [0]}", SOFTIRQ, 2, SOFTIRQ, 0, 0, {-1, -1}, SLOWED},
	{ROOT(2), "{capture: [1]}", AUTO, 1, SOFTIRQ, -1, -1, {1}, SLOWED},
	/* another host's cores are not known here */
	{REMOTE(2), "{generator: [30], receive: [1], capture: [0]}", AUTO, 1, SOFTIRQ, 30, 1, {0},
		""},
};

static struct cb_trial_spec spec_of(const char *placement, int receive, int processes)
{
	struct cb_trial_spec spec = {.receive = receive, .capture.processes = processes};

	snprintf(spec.placement, sizeof(spec.placement), "%s", placement);
	return spec;
}

static void assert_layout(size_t i, const struct cb_layout *l)
{
	const struct expectation *e = &expectations[i];

	if (l->receive_mode != e->mode || l->generator != e->generator ||
		l->receive != e->receive_core || l->n_capture != e->processes)
		fail_msg("row %zu: mode %d generator %d receive %d, %d capture", i, l->receive_mode,
			l->generator, l->receive, l->n_capture);
	for (int c = 0; c < e->processes; c++) {
		if (l->capture[c] != e->capture[c])
			fail_msg("row %zu: process %d on core %d", i, c, l->capture[c]);
	}
	if (*e->note)
		assert_says(l->note, e->note);
	else
		assert_string_equal(l->note, "");
}

static void every_role_has_its_core(void **state)
{
	for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
		const struct expectation *e = &expectations[i];
		struct cb_trial_spec spec = spec_of(e->placement, e->receive, e->processes);
		struct cb_error err = {0};
		struct cb_layout layout;

		if (cb_layout_resolve(&spec, &e->shape, &layout, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_layout(i, &layout);
	}
}

static const struct {
	struct cb_testbed_shape shape;
	const char *placement;
	int receive, code;
	const char *error;
} refusals[] = {
	{ROOT(2), "A:A", SOFTIRQ, CB_ERR_USAGE,
		"trial.placement: A:A: with receive: softirq the generator's core does the receive "
		"work on this test-bed: use receive: rps"},
	{ROOT(8), "A:B,A", SOFTIRQ, CB_ERR_USAGE,
		"trial.placement: A:B,A: with receive: softirq the generator's core does the "
		"receive "
		"work on this test-bed: use receive: rps"},
	{USER(2), "A:A", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: A:A needs receive work that can be put on a core (receive: rps, "
		"which takes root): run as root, or pick cells with --only placement=A:B"},
	{USER(2), "A:B", RPS, CB_ERR_IMPOSSIBLE,
		"trial.receive: rps is not possible on this test-bed (it takes root): use receive: "
		"softirq"},
	{{.cores = 2, .shared = true, .inline_receive = true, .rps = true}, "A:B", THREADED,
		CB_ERR_IMPOSSIBLE,
		"trial.receive: threaded is not possible on this test-bed (it takes root): use "
		"receive: softirq"},
	{ROOT(2), "auto", RPS, CB_ERR_USAGE,
		"trial.receive: rps steers the receive work to a core, and placement auto names "
		"none: use receive: auto"},
	{ROOT(2), "A:B,C", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: A:B,C needs 3 cores, and this test-bed has 2"},
	{ROOT(2), "A:A,B", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: A:A,B needs 3 cores, and this test-bed has 2"},
	{USER(2), "A:B,C", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: A:B,C needs 3 cores, and this test-bed has 2"},
	{REMOTE(2), "A:B,C", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: A:B,C needs 3 cores, and this test-bed has 2"},
	{ROOT(2), "{capture: [0, 2]}", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: capture: there is no core 2: this test-bed has 2, from 0"},
	{ROOT(2), "{generator: [2]}", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: generator: there is no core 2: this test-bed has 2, from 0"},
	{USER(2), "{generator: [0], receive: [1]}", AUTO, CB_ERR_IMPOSSIBLE,
		"trial.placement: {generator: [0], receive: [1]} needs receive work that can be "
		"put "
		"on a core (receive: rps, which takes root): run as root, or pick cells with "
		"--only "
		"placement=A:B"},
	{ROOT(2), "nonsense", AUTO, CB_ERR_USAGE, NULL},
};

static void what_a_test_bed_cannot_do_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct cb_trial_spec spec = spec_of(refusals[i].placement, refusals[i].receive, 1);
		struct cb_error err = {0};
		struct cb_layout layout;

		assert_int_equal(cb_layout_resolve(&spec, &refusals[i].shape, &layout, &err),
			refusals[i].code);
		if (refusals[i].error)
			assert_string_equal(err.text, refusals[i].error);
	}
}

/* ---- threads of the generator ---- */

static void threads_have_cores(void **state)
{
	static const struct {
		struct cb_testbed_shape shape;
		const char *placement;
		int threads, cores[4];
		const char *note;
	} cases[] = {
		/* what is left over, and where nothing is the generator's own */
		{ROOT(5), "A:B", 3, {0, 3, 4}, ""},
		{ROOT(4), "A:B", 3, {0, 3, 0}, "share a core"},
		{ROOT(2), "{generator: [0, 1], receive: [1]}", 2, {0, 1}, ""},
		{ROOT(4), "{generator: [2, 3], receive: [1]}", 4, {2, 3, 2, 3}, "share a core"},
		{ROOT(4), "{generator: [2, 3], receive: [1]}", 1, {2}, ""},
		{REMOTE(2), "{generator: [30, 31]}", 2, {30, 31}, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_trial_spec spec = spec_of(cases[i].placement, AUTO, 1);
		struct cb_error err = {0};
		struct cb_layout layout;

		spec.generator.threads = cases[i].threads;
		if (cb_layout_resolve(&spec, &cases[i].shape, &layout, &err))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(layout.n_generators, cases[i].threads);
		for (int t = 0; t < cases[i].threads; t++) {
			if (layout.generators[t] != cases[i].cores[t])
				fail_msg("row %zu: thread %d on core %d", i, t,
					layout.generators[t]);
		}
		assert_int_equal(layout.generator, layout.generators[0]);
		if (*cases[i].note)
			assert_says(layout.note, cases[i].note);
		else
			assert_string_equal(layout.note, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_has_its_core),
		cmocka_unit_test(what_a_test_bed_cannot_do_is_refused),
		cmocka_unit_test(threads_have_cores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
