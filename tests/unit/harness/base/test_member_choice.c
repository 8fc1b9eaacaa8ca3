/* "auto": what is taken for which wish, and what is said. */
#include "harness/base/member_choice.h"
#include "harness/base/units.h"

#include "tests/unit/harness/base/check.h"

#define ALL (CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES | CB_TRAIT_FRAMES)

static const struct cb_member members[] = {
	{.name = "never", .provides = ALL},
	{.name = "plain", .provides = ALL, .reach_pps = 1000000},
	{.name = "middle",
		.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED,
		.reach_pps = 3000000,
		.frame_max = 1518},
	{.name = "fast",
		.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_XDP,
		.reach_pps = 8000000,
		.frame_max = 3000},
	{.name = "replay", .provides = CB_TRAIT_PACED | CB_TRAIT_TIMES},
};

static const struct cb_member *at(size_t i)
{
	return i < sizeof(members) / sizeof(members[0]) ? &members[i] : NULL;
}

static const struct cb_axis axis = {.name = "transmitter", .plural = "transmitters", .at = at};

static void the_best_that_can(void **state)
{
	static const struct {
		struct cb_choice_wish wish;
		const char *name, *why;
	} cases[] = {
		/* the first that reaches the rate, not the fastest */
		{{CB_TRAIT_STAMPS, 1, 64, NULL}, "plain",
			"plain, because a thread of it makes 1 Mpps, and 1 pps is asked for"},
		{{CB_TRAIT_STAMPS, 1000000, 64, NULL}, "plain",
			"plain, because a thread of it makes 1 Mpps, and 1 Mpps is asked for"},
		{{CB_TRAIT_STAMPS, 1000001, 64, NULL}, "middle", NULL},
		{{CB_TRAIT_STAMPS, 3000001, 64, NULL}, "fast", NULL},
		{{CB_TRAIT_STAMPS, 2000000, 1519, NULL}, "fast", NULL},
		/* nobody reaches it: who makes most */
		{{CB_TRAIT_STAMPS, CB_RATE_MAX, 64, NULL}, "fast",
			"fast, because it makes most of those that will do (8 Mpps a thread; asked "
			"for: max)"},
		{{CB_TRAIT_STAMPS, 10000000, 64, NULL}, "fast", NULL},
		{{CB_TRAIT_STAMPS, CB_RATE_MAX, 64, "there is no NAPI"}, "middle",
			"middle, because it makes most of those that will do (3 Mpps a thread; "
			"asked for: max); fast makes more, but there is no NAPI"},
		{{CB_TRAIT_STAMPS, CB_RATE_MAX, 4000, NULL}, "plain",
			"plain, because it makes most of those that will do (1 Mpps a thread; "
			"asked for: max); fast makes more, but it makes frames of 3000 bytes at "
			"most"},
		{{ALL, CB_RATE_MAX, 64, NULL}, "plain",
			"plain, because it makes most of those that will do (1 Mpps a thread; "
			"asked for: max); fast makes more, but it lacks frames that differ in more "
			"than their stamp"},
		/* XDP is no matter where it is not needed */
		{{CB_TRAIT_STAMPS, 1000, 64, "there is no NAPI"}, "plain",
			"plain, because a thread of it makes 1 Mpps, and 1 kpps is asked for"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cb_choice choice;

		assert_int_equal(cb_member_choose(&axis, &cases[i].wish, &choice, NULL), 0);
		assert_string_equal(choice.member->name, cases[i].name);
		if (cases[i].why)
			assert_string_equal(choice.why, cases[i].why);
	}
}

static void what_none_can(void **state)
{
	const struct cb_choice_wish times = {CB_TRAIT_STAMPS | CB_TRAIT_TIMES, 1000, 64, NULL},
				    tap = {CB_TRAIT_SHAPES | CB_TRAIT_XDP, 1000, 64, NULL};
	struct cb_choice choice;
	struct cb_error err = {0};

	assert_int_equal(cb_member_choose(&axis, &times, &choice, &err), CB_ERR_USAGE);
	assert_string_equal(err.text,
		"auto: no transmitter that it chooses from has frames with times of their own, a "
		"file's: name one that does (capbench list transmitters)");
	assert_null(choice.member);
	assert_int_equal(cb_member_choose(&axis, &tap, &choice, &err), CB_ERR_USAGE);
	assert_string_equal(err.text,
		"auto: no transmitter has all that is asked for together: name one (capbench list "
		"transmitters)");
	assert_int_equal(cb_member_choose(&axis, &tap, &choice, NULL), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_that_can),
		cmocka_unit_test(what_none_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
