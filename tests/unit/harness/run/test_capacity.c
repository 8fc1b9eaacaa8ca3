#include "harness/run/capacity.h"

#include <math.h>

#include "tests/unit/harness/base/check.h"

/* A machine that sustains `capacity`, and a generator that offers `ceiling` at most. */
struct machine {
	double capacity, ceiling;
	int tries, fail_at;
	int disturbed_at; /* this try fails, whatever the rate */
};

static int try_machine(void *arg, double pps, double *offered_pps, struct cb_error *err)
{
	struct machine *m = arg;

	if (++m->tries == m->fail_at)
		return cb_error_set(err, CB_ERR_HOST, "the agent is gone");
	*offered_pps = fmin(pps, m->ceiling);
	return m->tries != m->disturbed_at && *offered_pps <= m->capacity;
}

static void it_is_found_within_half_a_percent(void **state)
{
	static const double capacities[] = {90, 3e3, 30e3, 123456, 499e3, 980e3};

	for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++) {
		struct machine m = {.capacity = capacities[i], .ceiling = 1e6};
		double sustained, offered;

		assert_int_equal(
			cb_capacity_search(try_machine, &m, &sustained, &offered, NULL), 0);
		assert_true(sustained <= m.capacity && sustained > 0.995 * m.capacity);
		assert_true(offered == 1e6);
		assert_in_range(m.tries, 5, 26);
	}
}

static void one_disturbed_try_changes_nothing(void **state)
{
	for (int i = 2; i <= 12; i++) {
		struct machine m = {.capacity = 499e3, .ceiling = 1e6, .disturbed_at = i};
		double sustained, offered;

		assert_int_equal(
			cb_capacity_search(try_machine, &m, &sustained, &offered, NULL), 0);
		assert_true(sustained <= m.capacity && sustained > 0.995 * m.capacity);
	}
}

static void a_slow_generator_shows_no_more_than_it_offers(void **state)
{
	struct machine m = {.capacity = 2e6, .ceiling = 1e6};
	double sustained, offered;

	assert_int_equal(cb_capacity_search(try_machine, &m, &sustained, &offered, NULL), 0);
	assert_true(sustained == 1e6 && offered == 1e6);
	assert_int_equal(m.tries, 1);
}

/* Nothing is told as sustained that was not tried and sustained. */
static void what_sustains_nothing_is_an_error(void **state)
{
	struct machine m = {.capacity = 1, .ceiling = 1e6};
	struct cb_error err = {0};
	double sustained, offered;

	assert_int_equal(cb_capacity_search(try_machine, &m, &sustained, &offered, &err),
		CB_ERR_INCONCLUSIVE);
	assert_says(err.text, "40 frames/s");
}

static void errors_end_the_search(void **state)
{
	struct machine m = {.capacity = 2e5, .ceiling = 1e6, .fail_at = 3};
	struct cb_error err = {0};
	double sustained, offered;

	assert_int_equal(
		cb_capacity_search(try_machine, &m, &sustained, &offered, &err), CB_ERR_HOST);
	assert_int_equal(m.tries, 3);
}

static void a_cell_gets_its_share_up_to_the_limit(void **state)
{
	struct cb_journal j = {.capacities = json_pack("[{s:s, s:f, s:f}]", "id", "abc",
				       "sustained_pps", 400e3, "limit_pps", 500e3)};
	struct cb_cell cell = {
		.capacity = "abc", .spec.traffic = {.rate = 7, .capacity_ppm = 800000}};

	assert_int_equal(cb_capacity_rate(&j, &cell), 320000);
	cell.spec.traffic.capacity_ppm = 1500000;
	assert_int_equal(cb_capacity_rate(&j, &cell), 500000);
	cell.spec.traffic.capacity_ppm = 0; /* a rate of its own */
	assert_int_equal(cb_capacity_rate(&j, &cell), 7);
	json_decref(j.capacities);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_within_half_a_percent),
		cmocka_unit_test(one_disturbed_try_changes_nothing),
		cmocka_unit_test(a_slow_generator_shows_no_more_than_it_offers),
		cmocka_unit_test(what_sustains_nothing_is_an_error),
		cmocka_unit_test(errors_end_the_search),
		cmocka_unit_test(a_cell_gets_its_share_up_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
