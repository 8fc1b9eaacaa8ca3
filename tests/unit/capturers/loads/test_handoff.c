/* The load handoff: every frame is handed over and processed, or counted as dropped. */
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define BATCH 100u

static uint8_t bytes[1514];
static struct cb_frame frames[BATCH];
static struct cb_error err;

struct opened {
	void *state;
};

static struct opened open_load(const char *text, int expected)
{
	const struct cb_tap tap = {.interface = "lo", .snaplen = 1514};
	const struct cb_member *member;
	char options[512] = {0};
	struct opened o = {calloc(1, cb_load_handoff.state_size)};

	assert_non_null(o.state);
	assert_int_equal(cb_member_parse(&cb_load_axis, text, &member, options, &err), 0);
	assert_true(member->options_size <= sizeof(options));
	assert_int_equal(cb_load_handoff.open(o.state, &tap, options, &err), expected);
	return o;
}

static json_t *close_load(struct opened o)
{
	json_t *result = json_object();

	assert_non_null(result);
	assert_int_equal(cb_load_handoff.report(o.state, result, &err), 0);
	cb_load_handoff.close(o.state);
	free(o.state);
	return result;
}

static int64_t number(const json_t *result, const char *key)
{
	int64_t value;

	assert_int_equal(cb_json_count(result, key, &value, &err), 0);
	return value;
}

static void feed(struct opened o, unsigned batches)
{
	for (unsigned i = 0; i < batches; i++)
		cb_load_handoff.take(o.state, frames, BATCH);
}

static void every_frame_is_processed(void **state)
{
	struct opened o = open_load("handoff:packzip:1,slots=100000", 0);
	json_t *result, *behind;

	feed(o, 50);
	/* the worker has gone to sleep by then, and must be woken */
	cb_sleep_until(cb_deadline_in(100 * CB_NS_PER_MS));
	feed(o, 50);
	result = close_load(o);
	assert_int_equal(number(result, "handed_over"), 100 * BATCH);
	assert_int_equal(number(result, "processed"), 100 * BATCH);
	assert_int_equal(number(result, "handoff_dropped"), 0);
	assert_int_equal(number(result, "handoff_unread"), 0);
	assert_true(number(result, "worker_wakes") > 0);
	assert_int_equal(cb_json_object(result, "behind_result", &behind, &err), 0);
	assert_int_equal(number(behind, "bytes_in"), 100 * BATCH * 60);
	json_decref(result);
}

static void what_the_ring_has_no_room_for_is_counted(void **state)
{
	struct opened o = open_load("handoff:slots=8,behind=work:200us", 0);
	json_t *result;

	feed(o, 5);
	result = close_load(o);
	assert_true(number(result, "handoff_dropped") > 0);
	assert_true(number(result, "handed_over") >= 8);
	assert_int_equal(number(result, "handed_over") + number(result, "handoff_dropped"), 500);
	assert_int_equal(number(result, "processed"), number(result, "handed_over"));
	json_decref(result);
}

/* 100 frames at 100 ms are ten seconds: the end does not wait for all of them. */
static void the_end_is_in_bounded_time(void **state)
{
	struct opened o = open_load("handoff:work:100ms", 0);
	uint64_t start = cb_now_ns();
	json_t *result;

	feed(o, 1);
	result = close_load(o);
	assert_true(cb_now_ns() - start < 9 * CB_NS_PER_SEC);
	assert_true(number(result, "handoff_unread") > 0);
	assert_int_equal(number(result, "processed") + number(result, "handoff_unread"), BATCH);
	json_decref(result);
}

static void closes_without_a_report(void **state)
{
	struct opened o = open_load("handoff", 0);

	feed(o, 3);
	cb_load_handoff.close(o.state);
	free(o.state);
}

static void the_worker_can_be_pinned(void **state)
{
	json_decref(close_load(open_load("handoff:cpu=0", 0)));
	free(open_load("handoff:cpu=1023", CB_ERR_USAGE).state);
	assert_non_null(strstr(err.text, "load handoff: cpu: core 1023"));
}

static void what_is_behind_is_checked(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"handoff:handoff", "load handoff can't stand behind another"},
		{"handoff:count", "load count can't stand behind another"},
		{"handoff:packzip:10", "behind: load packzip"},
		{"handoff:nothing", "behind: load \"nothing\" is not known"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cb_member_parse(&cb_load_axis, cases[i].text, NULL, NULL, &err),
			CB_ERR_USAGE);
		assert_non_null(strstr(err.text, cases[i].says));
	}
	/* and what it finds wrong itself */
	free(open_load("handoff:write:file=/nowhere/x", CB_ERR_USAGE).state);
	assert_non_null(strstr(err.text, "/nowhere/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_processed),
		cmocka_unit_test(what_the_ring_has_no_room_for_is_counted),
		cmocka_unit_test(the_end_is_in_bounded_time),
		cmocka_unit_test(closes_without_a_report),
		cmocka_unit_test(the_worker_can_be_pinned),
		cmocka_unit_test(what_is_behind_is_checked),
	};

	for (unsigned i = 0; i < BATCH; i++)
		frames[i] = (struct cb_frame){.data = bytes, .caplen = 60, .len = 60};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
