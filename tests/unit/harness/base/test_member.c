#include "harness/base/member.h"

#include "tests/unit/harness/base/check.h"

struct ring {
	int64_t block, retire;
	char filter[32];
};

static const struct cb_option ring_options[] = {
	{.name = "block",
		.type = CB_OPT_BYTES,
		.offset = offsetof(struct ring, block),
		.fallback = "1MiB",
		.min = 4096,
		.max = 1 << 30},
	{.name = "retire",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct ring, retire),
		.fallback = "8ms"},
	{.name = "filter",
		.type = CB_OPT_TEXT,
		.offset = offsetof(struct ring, filter),
		.fallback = "",
		.text_size = sizeof(((struct ring *)0)->filter)},
	CB_OPTION_END,
};

struct work {
	int64_t time;
};

static const struct cb_option work_options[] = {
	{.name = "time", .type = CB_OPT_TIME, .offset = offsetof(struct work, time)},
	CB_OPTION_END,
};

struct pair {
	char inner[64];
	int64_t low, high;
};

static const struct cb_option pair_options[] = {
	{.name = "inner",
		.type = CB_OPT_MEMBER,
		.offset = offsetof(struct pair, inner),
		.text_size = sizeof(((struct pair *)0)->inner),
		.fallback = "null",
		.axis = "mechanism"},
	{.name = "low",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pair, low),
		.fallback = "1"},
	{.name = "high",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct pair, high),
		.fallback = "2"},
	CB_OPTION_END,
};

static int pair_check(const void *options, struct cb_error *err)
{
	const struct pair *p = options;

	return p->low <= p->high ? 0 : cb_error_set(err, CB_ERR_USAGE, "low is above high");
}

static unsigned pair_traits(const void *options)
{
	const struct pair *p = options;

	return p->low == p->high ? CB_TRAIT_FANOUT : CB_TRAIT_COPIES;
}

static const struct cb_member members[] = {
	{.name = "tpacket3",
		.options = ring_options,
		.options_size = sizeof(struct ring),
		.provides = CB_TRAIT_POLLABLE},
	{.name = "poll", .needs = CB_TRAIT_POLLABLE},
	{.name = "work", .options = work_options, .options_size = sizeof(struct work)},
	{.name = "null"},
	{.name = "pair",
		.options = pair_options,
		.options_size = sizeof(struct pair),
		.provides = CB_TRAIT_COPIES,
		.check = pair_check,
		.traits = pair_traits},
};

static const struct cb_member *member_at(size_t i)
{
	return i < sizeof(members) / sizeof(*members) ? &members[i] : NULL;
}

static const struct cb_axis axis = {"mechanism", "mechanisms", member_at};

static void check_ring(const char *text, int64_t block, int64_t retire, const char *filter)
{
	const struct cb_member *member = NULL;
	struct ring ring = {0};
	struct cb_error err = {0};

	if (cb_member_parse(&axis, text, &member, &ring, &err))
		fail_msg("%s: %s", text, err.text);
	assert_ptr_equal(member, &members[0]);
	assert_int_equal(ring.block, block);
	assert_int_equal(ring.retire, retire);
	assert_string_equal(ring.filter, filter);
}

static void short_forms_are_read(void **state)
{
	check_ring("tpacket3", 1 << 20, 8000000, "");
	check_ring(" tpacket3 ", 1 << 20, 8000000, "");
	check_ring("tpacket3:4MiB", 4 << 20, 8000000, "");
	check_ring("tpacket3:4MiB,2ms", 4 << 20, 2000000, "");
	check_ring("tpacket3: 4MiB , 2ms , udp", 4 << 20, 2000000, "udp");
	check_ring("tpacket3:retire=2ms", 1 << 20, 2000000, "");
	check_ring("tpacket3:retire = 2ms,block=4MiB", 4 << 20, 2000000, "");
	/* a value without a name fills the first option that has none */
	check_ring("tpacket3:4MiB,filter=x", 4 << 20, 8000000, "x");
	check_ring("tpacket3:block=4MiB,2ms", 4 << 20, 2000000, "");
	check_ring("tpacket3:retire=2ms,4MiB,x", 4 << 20, 2000000, "x");
	/* brackets keep what separates, an empty text has to be said by name */
	check_ring("tpacket3:filter=a[1,2]:(b=c,d)", 1 << 20, 8000000, "a[1,2]:(b=c,d)");
	check_ring("tpacket3:1MiB,8ms,{a=1,b=2}", 1 << 20, 8000000, "{a=1,b=2}");
	check_ring("tpacket3:filter=a=b", 1 << 20, 8000000, "a=b");
	check_ring("tpacket3:filter=", 1 << 20, 8000000, "");
}

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"tpacket",
			"mechanism \"tpacket\" is not known; did you mean \"tpacket3\"? "
			"(capbench list mechanisms)"},
		{"quantum", "mechanism \"quantum\" is not known (capbench list mechanisms)"},
		{"", "no mechanism is named"},
		{"  ", "no mechanism is named"},
		{":3", "mechanism \"\" is not known"},
		{"tpacket3:retir=2ms",
			"option \"retir\" of mechanism tpacket3 is not known; did "
			"you mean \"retire\"?"},
		{"tpacket3:zzzzz=2ms", "option \"zzzzz\" of mechanism tpacket3 is not known"},
		{"tpacket3:retire=2q", "mechanism tpacket3: retire: \"2q\" is not a time"},
		{"tpacket3:block=1",
			"mechanism tpacket3: block: \"1\" is out of range: 4KiB to 1GiB"},
		{"tpacket3:1MiB,block=2MiB",
			"option \"block\" of mechanism tpacket3 is given twice"},
		{"tpacket3:retire=1ms,retire=1ms", "given twice"},
		{"tpacket3:1MiB,1ms,x,y",
			"mechanism tpacket3 takes no more than 3 options (block, "
			"retire, filter)"},
		{"tpacket3:", "mechanism tpacket3: the value of \"block\" is missing"},
		{"tpacket3:1MiB,,x", "the value of \"retire\" is missing"},
		{"tpacket3:retire=", "is not a time"},
		{"poll:3", "mechanism poll takes no options"},
		{"poll:", "mechanism poll takes no options"},
		{"work", "mechanism work needs its option \"time\": work:time=TIME"},
		{"work:2us,3us", "takes no more than 1 option (time)"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct cb_member *member = &members[3];
		struct ring ring;
		struct cb_error err = {0};

		memset(&ring, 0x5a, sizeof(ring));
		assert_int_equal(
			cb_member_parse(&axis, cases[i].text, &member, &ring, &err), CB_ERR_USAGE);
		assert_int_equal(err.code, CB_ERR_USAGE);
		assert_says(err.text, cases[i].says);
		assert_ptr_equal(member, &members[3]);
		assert_int_equal(ring.block, 0x5a5a5a5a5a5a5a5a);
		assert_int_equal(
			cb_member_parse(&axis, cases[i].text, NULL, NULL, NULL), CB_ERR_USAGE);
	}
}

static void overlong_texts_are_refused(void **state)
{
	struct cb_error err = {0};
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(cb_member_parse(&axis, text, NULL, NULL, &err), CB_ERR_USAGE);
	assert_says(err.text, "is not known");
	memcpy(text, "tpacket3:filter=", 16);
	assert_int_equal(cb_member_parse(&axis, text, NULL, NULL, &err), CB_ERR_USAGE);
	assert_says(err.text, "an option is longer than");
	text[40 + 16] = '\0';
	assert_int_equal(cb_member_parse(&axis, text, NULL, NULL, &err), CB_ERR_USAGE);
	assert_says(err.text, "too long: at most 31 bytes");
}

static void check_canonical(const char *text, const char *expected)
{
	char out[64], again[64];

	assert_int_equal(cb_member_canonical(&axis, text, out, sizeof(out), NULL), 0);
	assert_string_equal(out, expected);
	assert_int_equal(cb_member_canonical(&axis, out, again, sizeof(again), NULL), 0);
	assert_string_equal(again, expected);
}

static void one_member_has_one_canonical_form(void **state)
{
	check_canonical("tpacket3", "tpacket3");
	check_canonical("tpacket3:1MiB,8000us", "tpacket3");
	check_canonical("tpacket3:block=1024KiB", "tpacket3");
	check_canonical("tpacket3:2048KiB", "tpacket3:block=2MiB");
	check_canonical("tpacket3:retire=1000us,block=2MiB", "tpacket3:block=2MiB,retire=1ms");
	check_canonical("tpacket3:filter=[a,b]", "tpacket3:filter=[a,b]");
	check_canonical("work:2000ns", "work:time=2us");
	check_canonical(" null", "null");
}

static void members_stand_in_members(void **state)
{
	struct cb_error err = {0};
	char out[64];

	check_canonical("pair:work:2000ns", "pair:inner=work:time=2us");
	check_canonical("pair:inner=(work:2us),2", "pair:inner=work:time=2us,low=2");
	check_canonical("pair:(tpacket3:2MiB,1ms)", "pair:inner=(tpacket3:block=2MiB,retire=1ms)");
	check_canonical("pair:inner=(pair:inner=(tpacket3:2MiB,1ms),low=0)",
		"pair:inner=(pair:inner=(tpacket3:block=2MiB,retire=1ms),low=0)");
	check_canonical(" (tpacket3:2MiB) ", "tpacket3:block=2MiB");
	check_canonical("pair:null", "pair");
	assert_int_equal(
		cb_member_canonical(&axis, "pair:wrk", out, sizeof(out), &err), CB_ERR_USAGE);
	assert_says(err.text, "mechanism pair: inner: ");
	assert_says(err.text, "did you mean \"work\"?");
	assert_int_equal(
		cb_member_canonical(&axis, "pair:(tpacket3:2MiB,x=1)", out, sizeof(out), &err),
		CB_ERR_USAGE);
	assert_says(err.text, "option \"x\" of mechanism tpacket3 is not known");
	/* fits as it is written, but not as it is kept */
	assert_int_equal(cb_member_canonical(&axis,
				 "pair:(tpacket3:2MiB,1ms,filter=123456789012345678901234567890)",
				 out, sizeof(out), &err),
		CB_ERR_USAGE);
	assert_says(err.text, "inner: too long: at most 63 bytes");
}

static void options_are_checked_together(void **state)
{
	struct cb_error err = {0};
	struct pair pair;

	assert_int_equal(cb_member_parse(&axis, "pair:low=3", NULL, &pair, &err), CB_ERR_USAGE);
	assert_string_equal(err.text, "mechanism pair: low is above high");
	assert_int_equal(cb_member_parse(&axis, "pair:low=3,high=3", NULL, &pair, &err), 0);
	assert_int_equal(cb_member_provides(&members[4], &pair), CB_TRAIT_FANOUT);
	assert_int_equal(cb_member_parse(&axis, "pair", NULL, &pair, &err), 0);
	assert_int_equal(cb_member_provides(&members[4], &pair), CB_TRAIT_COPIES);
	assert_int_equal(cb_member_provides(&members[0], NULL), CB_TRAIT_POLLABLE);
}

static void a_canonical_form_that_does_not_fit_is_an_error(void **state)
{
	struct cb_error err = {0};
	char out[19];

	assert_int_equal(
		cb_member_canonical(&axis, "tpacket3:2MiB", out, sizeof(out), &err), CB_ERR_USAGE);
	assert_says(err.text, "take more than 18 bytes");
	assert_int_equal(
		cb_member_canonical(&axis, "tpacket9", out, sizeof(out), &err), CB_ERR_USAGE);
	assert_says(err.text, "did you mean \"tpacket3\"?");
}

static void axes_and_members_are_found(void **state)
{
	static const struct cb_axis axes[] = {
		{"mechanism", "mechanisms", member_at}, {NULL, NULL, NULL}};
	const struct cb_registry registry = {.axes = axes};

	assert_ptr_equal(cb_registry_axis(&registry, "mechanism"), &axes[0]);
	assert_null(cb_registry_axis(&registry, "wait"));
	assert_ptr_equal(cb_axis_find(&axis, "null"), &members[3]);
	assert_null(cb_axis_find(&axis, "nul"));
}

static void what_does_not_fit_is_told_by_its_trait(void **state)
{
	struct cb_error err = {0};

	assert_int_equal(cb_member_fits(&members[1], "wait", &members[0], "mechanism", &err), 0);
	assert_int_equal(cb_member_fits(&members[3], "wait", &members[3], "mechanism", &err), 0);
	assert_int_equal(
		cb_member_fits(&members[1], "wait", &members[3], "mechanism", &err), CB_ERR_USAGE);
	assert_string_equal(err.text,
		"wait poll needs a readiness that can be waited for, which "
		"mechanism null does not have");
	for (unsigned bit = 0; bit < 9; bit++)
		assert_null(strstr(cb_trait_text((enum cb_trait)(1U << bit)), "unknown"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_forms_are_read),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(overlong_texts_are_refused),
		cmocka_unit_test(one_member_has_one_canonical_form),
		cmocka_unit_test(members_stand_in_members),
		cmocka_unit_test(options_are_checked_together),
		cmocka_unit_test(a_canonical_form_that_does_not_fit_is_an_error),
		cmocka_unit_test(axes_and_members_are_found),
		cmocka_unit_test(what_does_not_fit_is_told_by_its_trait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
