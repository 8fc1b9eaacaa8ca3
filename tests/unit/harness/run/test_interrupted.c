/* Who has a core to itself, and what a view's record then says of it. */
#include "harness/run/interrupted.h"

#include "tests/unit/cmocka.h"

static const struct cb_testbed_shape local = {
	.cores = 4, .shared = true, .inline_receive = true, .rps = true};
static const struct cb_testbed_shape remote = {.cores = 4};

static struct cb_layout layout(int mode, int generator, int receive, int first, int second)
{
	return (struct cb_layout){.receive_mode = mode,
		.generator = generator,
		.generators = {generator},
		.n_generators = 1,
		.receive = receive,
		.capture = {first, second},
		.n_capture = second == -2 ? 1 : 2};
}

static void knows_who_shares_a_core(void **state)
{
	enum { INLINE = CB_RECEIVE_CHOICE_SOFTIRQ, RPS = CB_RECEIVE_CHOICE_RPS };
	static const struct {
		int mode, generator, receive, first, second; /* second -2: none */
		bool here, there;
	} cases[] = {
		{RPS, 0, 0, 1, -2, true, true},
		{RPS, 0, 1, 2, -2, true, true},
		{RPS, 0, 1, 1, -2, false, false}, /* with the receive work */
		{RPS, 1, 0, 1, -2, false, true},  /* with the generator, where it is here */
		{INLINE, 0, -1, 1, -2, true,
			false}, /* received by who sends; or nobody knows where */
		{INLINE, 0, -1, 0, -2, false, false},
		{RPS, 0, 0, -1, -2, false, false}, /* wherever the scheduler likes */
		{RPS, -1, 0, 1, -2, false, true},
		{RPS, 0, 0, 1, 2, true, true},
		{RPS, 0, 0, 1, 1, false, false}, /* with each other */
		{RPS, 0, 0, 1, -1, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_layout l = layout(cases[i].mode, cases[i].generator, cases[i].receive,
			cases[i].first, cases[i].second);

		assert_int_equal(cb_layout_is_apart(&l, &local), cases[i].here);
		assert_int_equal(cb_layout_is_apart(&l, &remote), cases[i].there);
	}
	assert_false(cb_layout_is_apart(&(struct cb_layout){0}, &local));
}

static int64_t interrupted(int64_t run_delay_ns, json_t *load_result, const struct cb_layout *l)
{
	struct cb_view_record view;
	struct cb_trial_record r = {.views = &view, .n_views = 1};

	cb_view_record_init(&view);
	view.run_delay_ns = run_delay_ns;
	view.load_result = load_result;
	cb_trial_interrupted(&r, l, &local);
	json_decref(load_result);
	return view.interrupted_ns;
}

static void tells_the_longer_of_two_witnesses(void **state)
{
	struct cb_layout apart = layout(CB_RECEIVE_CHOICE_RPS, 0, 0, 1, -2),
			 shared = layout(CB_RECEIVE_CHOICE_RPS, 0, 1, 1, -2);

	assert_int_equal(interrupted(7, NULL, &apart), 7);
	assert_int_equal(interrupted(7, json_pack("{s:i}", "interrupted_ns", 9), &apart), 9);
	assert_int_equal(interrupted(7, json_pack("{s:i}", "interrupted_ns", 5), &apart), 7);
	assert_int_equal(interrupted(7, json_pack("{s:i}", "bytes_out", 9), &apart), 7);
	assert_int_equal(
		interrupted(CB_UNKNOWN, json_pack("{s:i}", "interrupted_ns", 5), &apart), 5);
	assert_int_equal(interrupted(CB_UNKNOWN, NULL, &apart), CB_UNKNOWN);
	assert_int_equal(interrupted(7, NULL, &shared), CB_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_who_shares_a_core),
		cmocka_unit_test(tells_the_longer_of_two_witnesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
