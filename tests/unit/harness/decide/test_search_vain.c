/* Which trials of a search say nothing: by evidence, whatever was lost. */
#include "harness/decide/search_vain.h"

#include <string.h>

#include "tests/unit/cmocka.h"

#define MS INT64_C(1000000)

static struct cb_view_record view;
static struct cb_trial_record trial;

/* A second in which nothing happened to the process. */
static void calm(void)
{
	trial = (struct cb_trial_record){
		.views = &view, .n_views = 1, .generator = {.lateness_p99_ns = 20000}};
	cb_view_record_init(&view);
	view.elapsed_ns = 1000 * MS;
}

static const char *why(double width)
{
	const char *reason = cb_search_in_vain(&trial, width);

	return reason ? reason : "it counts";
}

#define assert_says(width, words) assert_non_null(strstr(why(width), words))

static void judges_by_evidence_only(void **state)
{
	calm();
	assert_says(0.01, "it counts");
	/* what was lost is of no matter */
	for (int i = 0; i <= 10; i++) {
		view.book.captured_share = i / 10.0;
		view.interrupted_ns = CB_UNKNOWN;
		assert_says(0.01, "it counts");
		view.interrupted_ns = 100 * MS;
		assert_says(0.01, "did not have its core");
	}
	trial.state = CB_TRIAL_INVALID;
	assert_says(0.01, "invalid");
}

static void interruptions_count_by_what_is_asked(void **state)
{
	calm();
	view.interrupted_ns = 10 * MS;
	assert_says(0.01, "it counts");
	view.interrupted_ns = 10 * MS + 1;
	assert_says(0.01, "did not have its core");
	assert_says(0.0001, "did not have its core");
	/* a wide interval does not mind */
	assert_says(0.1, "it counts");
	view.interrupted_ns = 101 * MS;
	assert_says(0.1, "did not have its core");
	/* nor does a buffer mind some milliseconds */
	view.elapsed_ns = 100 * MS;
	view.interrupted_ns = 5 * MS;
	assert_says(0.01, "it counts");
	view.interrupted_ns = 6 * MS;
	assert_says(0.01, "did not have its core");
	view.elapsed_ns = CB_UNKNOWN;
	assert_says(0.01, "it counts");
}

static void a_core_of_another_speed_says_nothing(void **state)
{
	static const double meanwhile[] = {0.94, 0.96, 1, 1.04, 1.06};
	static const bool counts[] = {false, true, true, true, false};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		calm();
		view.load_result =
			json_pack("{s:f, s:f}", "link_ns", 1.0, "link_meanwhile_ns", meanwhile[i]);
		assert_says(0.01, counts[i] ? "it counts" : "another speed");
		/* a wide interval does not mind */
		assert_says(0.1, "it counts");
		json_decref(view.load_result);
	}
	calm();
	view.load_result = json_pack("{s:f, s:n}", "link_ns", 1.0, "link_meanwhile_ns");
	assert_says(0.01, "it counts");
	json_decref(view.load_result);
}

/* A generator that is too slow is late all the time; one that stood still was late once. */
static void a_stall_of_the_generator_is_no_limit(void **state)
{
	calm();
	trial.state = CB_TRIAL_GENERATOR_LIMITED;
	assert_says(0.01, "stood still");
	trial.generator.lateness_p99_ns = 8 * MS;
	assert_says(0.01, "it counts");
	trial.generator.lateness_p99_ns = CB_UNKNOWN;
	assert_says(0.01, "it counts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_by_evidence_only),
		cmocka_unit_test(interruptions_count_by_what_is_asked),
		cmocka_unit_test(a_core_of_another_speed_says_nothing),
		cmocka_unit_test(a_stall_of_the_generator_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
