#include "capturers/seen.h"

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/cmocka.h"

#define LAST ((UINT64_C(1) << 48) - 1)

static void new_once_then_old(void **state)
{
	struct cb_seen s = {0};
	struct cb_seen_budget budget = {.left = 16 << 20};
	const uint64_t numbers[] = {0, 1, 63, 64, 65, (1u << 20) - 1, 1u << 20, UINT64_C(1) << 34,
		(UINT64_C(1) << 34) - 1, LAST};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		assert_int_equal(cb_seen_add(&s, numbers[i], &budget), 1);
		assert_int_equal(cb_seen_add(&s, numbers[i], &budget), 0);
	}
	/* from chunk to chunk and back, nothing is forgotten */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_int_equal(cb_seen_add(&s, numbers[i], &budget), 0);
	assert_int_equal(cb_seen_add(&s, 2, &budget), 1);
	cb_seen_finish(&s);
	assert_null(s.root);
	cb_seen_finish(&s);
}

static void budget_is_kept(void **state)
{
	struct cb_seen s = {0};
	struct cb_seen_budget budget = {.left = 1 << 20};
	const size_t before = budget.left;
	uint64_t refused = 0, far;

	assert_int_equal(cb_seen_add(&s, 5, &budget), 1);
	for (far = 1; far < 1000; far++)
		refused += cb_seen_add(&s, far << 34, &budget) < 0;
	assert_true(refused > 990);
	assert_true(budget.left < before);
	/* what is there still works */
	assert_int_equal(cb_seen_add(&s, 5, &budget), 0);
	assert_int_equal(cb_seen_add(&s, 6, &budget), 1);
	cb_seen_finish(&s);
}

static void no_budget_at_all(void **state)
{
	struct cb_seen s = {0};
	struct cb_seen_budget budget = {0};

	assert_int_equal(cb_seen_add(&s, 0, &budget), -1);
	cb_seen_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_once_then_old),
		cmocka_unit_test(budget_is_kept),
		cmocka_unit_test(no_budget_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
