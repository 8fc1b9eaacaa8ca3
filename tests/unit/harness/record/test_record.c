#include "harness/record/record.h"

#include <math.h>
#include <stdlib.h>

#include "tests/unit/harness/base/check.h"

static void check_text(json_t *json, const char *expected)
{
	char *text = json_dumps(json, JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

/* The names are a contract with whoever reads these files. */
static void a_generator_of_which_nothing_is_known(void **state)
{
	struct cb_generator_record r;

	cb_generator_record_init(&r);
	check_text(cb_generator_record_json(&r),
		"{\"transmitter\":\"\",\"frame_size\":null,\"intended\":null,"
		"\"offered\":null,\"unoffered\":null,\"refused\":null,"
		"\"window_offered\":null,\"elapsed_ns\":null,"
		"\"window_elapsed_ns\":null,\"offered_pps\":null,"
		"\"intended_pps\":null,\"syscalls\":null,\"batches\":null,"
		"\"rebased\":null,\"lateness_max_ns\":null,"
		"\"lateness_p99_ns\":null,\"cpu_ns\":null,\"softirq_ns\":null,"
		"\"context_switches\":null,\"series\":[],\"arrival\":\"\",\"sizes\":\"\","
		"\"payload\":\"\",\"frame\":\"\",\"sizes_chi_square\":null,\"flows\":null,"
		"\"gap_within_64ns_share\":null,\"gap_within_128ns_share\":null,"
		"\"gap_within_256ns_share\":null,\"gap_within_512ns_share\":null,"
		"\"gap_within_1us_share\":null,\"gap_p50_ns\":null,"
		"\"gap_p99_ns\":null,\"gap_max_ns\":null,"
		"\"back_to_back_share\":null,\"longest_train\":null,"
		"\"drift_ppm\":null,\"transmitter_why\":\"\",\"unstamped\":null,"
		"\"started_ns\":null,\"start_skew_ns\":null,\"start_skew_error_ns\":null,"
		"\"transmitter_note\":\"\",\"file_truncated\":null,\"file_oversized\":null,"
		"\"file_runts\":null,\"connections\":null,\"connections_complete\":null,"
		"\"peer_received\":null,\"streams\":[]}");
	cb_generator_record_finish(&r);
}

static void a_view_of_which_nothing_is_known(void **state)
{
	struct cb_view_record r;

	cb_view_record_init(&r);
	check_text(cb_view_record_json(&r),
		"{\"mechanism\":\"\",\"wait\":\"\",\"load\":\"\",\"version\":\"\",\"cpu\":null,"
		"\"received\":null,\"unique\":null,\"reordered\":null,\"duplicate\":null,"
		"\"damaged\":null,\"foreign\":null,\"tap_dropped\":null,\"unread\":null,"
		"\"window_unique\":null,\"unaccounted\":null,\"captured_share\":null,"
		"\"sequence_gaps\":null,\"elapsed_ns\":null,\"cpu_ns\":null,\"cpu_user_ns\":null,"
		"\"cpu_system_ns\":null,\"softirq_ns\":null,\"wakeups\":null,"
		"\"idle_wakeups\":null,\"syscalls\":null,\"wait_syscalls\":null,"
		"\"wait_polls\":null,\"wait_sleeps\":null,\"wait_yields\":null,"
		"\"blocked_ns\":null,\"batches\":null,\"context_switches_voluntary\":null,"
		"\"context_switches_involuntary\":null,\"buffer_frames\":null,\"bytes\":null,"
		"\"truncated\":null,\"load_result\":null,\"series\":[],\"group\":null,\"host\":"
		"\"\",\"run_delay_ns\":null,\"interrupted_ns\":null}");
	cb_view_record_finish(&r);
}

/* Give every null its own number, so that a row at another row's place would show. */
static void number_nulls(json_t *object)
{
	json_int_t next = 1001;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		bool real = strstr(key, "_pps") || strstr(key, "_share") || strstr(key, "_ppm") ||
			strstr(key, "_square");

		if (!strcmp(key, "streams"))
			continue;
		if (!strcmp(key, "load_result"))
			json_object_set_new(object, key, json_pack("{s:i}", "bytes_out", 5));
		else if (json_is_null(value) && real)
			json_object_set_new(object, key, json_real((double)next + 0.25));
		else if (json_is_null(value))
			json_object_set_new(object, key, json_integer(next));
		else if (json_is_string(value))
			json_object_set_new(object, key, json_sprintf("%s-%d", key, (int)next));
		else
			json_object_set_new(object, key, json_pack("[I, I]", next, next * 2));
		next++;
	}
}

static void no_count_is_unknown(const void *record, size_t end)
{
	for (size_t at = 0; at < end; at += sizeof(int64_t)) {
		int64_t count;

		memcpy(&count, (const char *)record + at, sizeof(count));
		if (count == CB_UNKNOWN)
			fail_msg("no row fills the field at offset %zu", at);
	}
}

static void a_generator_goes_both_ways(void **state)
{
	struct cb_generator_record r;
	json_t *json, *again;

	cb_generator_record_init(&r);
	json = cb_generator_record_json(&r);
	number_nulls(json);
	assert_int_equal(cb_generator_record_read(&r, json, NULL), 0);
	again = cb_generator_record_json(&r);
	assert_true(json_equal(json, again));
	no_count_is_unknown(&r, offsetof(struct cb_generator_record, transmitter));
	assert_true(isfinite(r.offered_pps) && isfinite(r.intended_pps));
	for (int i = 0; i < CB_GAP_BOUNDS; i++)
		assert_true(isfinite(r.gap_within_share[i]));
	assert_true(isfinite(r.back_to_back_share) && isfinite(r.drift_ppm));
	assert_int_equal(r.book.intended, json_integer_value(json_object_get(json, "intended")));
	assert_int_equal(r.series.n, 2);
	json_decref(json);
	json_decref(again);
	cb_generator_record_finish(&r);
}

static void streams_go_both_ways(void **state)
{
	struct cb_generator_record r;
	json_t *json, *again, *streams;

	cb_generator_record_init(&r);
	r.streams = calloc(3, sizeof(*r.streams));
	assert_non_null(r.streams);
	r.n_streams = 3;
	for (int i = 0; i < 3; i++)
		cb_stream_record_init(&r.streams[i]);
	json = cb_generator_record_json(&r);
	streams = json_object_get(json, "streams");
	assert_int_equal(json_array_size(streams), 3);
	for (size_t i = 0; i < 3; i++)
		number_nulls(json_array_get(streams, i));
	assert_int_equal(cb_generator_record_read(&r, json, NULL), 0);
	assert_int_equal(cb_generator_record_read(&r, json, NULL), 0); /* replaced, not lost */
	assert_int_equal(r.n_streams, 3);
	assert_true(isfinite(r.streams[2].offered_pps));
	again = cb_generator_record_json(&r);
	assert_true(json_equal(json, again));
	json_decref(again);
	json_object_set_new(json_array_get(streams, 1), "offered", json_string("many"));
	assert_int_equal(cb_generator_record_read(&r, json, NULL), CB_ERR_INTERNAL);
	json_array_clear(streams);
	while (json_array_size(streams) <= CB_STREAMS_MAX)
		json_array_append_new(streams, json_object());
	assert_int_equal(cb_generator_record_read(&r, json, NULL), CB_ERR_INTERNAL);
	json_decref(json);
	cb_generator_record_finish(&r);
}

static void a_view_goes_both_ways(void **state)
{
	struct cb_view_record r;
	json_t *json, *again;

	cb_view_record_init(&r);
	json = cb_view_record_json(&r);
	number_nulls(json);
	/* twice: what is owned is replaced, not lost */
	assert_int_equal(cb_view_record_read(&r, json, NULL), 0);
	assert_int_equal(cb_view_record_read(&r, json, NULL), 0);
	again = cb_view_record_json(&r);
	assert_true(json_equal(json, again));
	no_count_is_unknown(&r, offsetof(struct cb_view_record, mechanism));
	assert_true(isfinite(r.book.captured_share));
	json_decref(json);
	json_decref(again);
	assert_int_equal(json_integer_value(json_object_get(r.load_result, "bytes_out")), 5);
	cb_view_record_finish(&r);
}

static void null_stays_null_and_zero_stays_zero(void **state)
{
	struct cb_view_record r, back;
	json_t *json;

	cb_view_record_init(&r);
	cb_view_record_init(&back);
	r.book.tap_dropped = 0;
	r.cpu = -1;
	r.book.captured_share = 0.1;
	json = cb_view_record_json(&r);
	back.book.unread = 7;
	back.book.captured_share = 1;
	assert_int_equal(cb_view_record_read(&back, json, NULL), 0);
	assert_int_equal(back.book.tap_dropped, 0);
	assert_int_equal(back.cpu, -1);
	assert_true(back.book.unread == CB_UNKNOWN);
	assert_true(back.book.captured_share == 0.1);
	r.book.captured_share = (double)NAN;
	json_decref(json);
	json = cb_view_record_json(&r);
	assert_true(json_is_null(json_object_get(json, "captured_share")));
	assert_int_equal(cb_view_record_read(&back, json, NULL), 0);
	assert_true(isnan(back.book.captured_share));
	json_decref(json);
	cb_view_record_finish(&r);
	cb_view_record_finish(&back);
}

static void a_text_in_another_encoding_does_not_lose_the_record(void **state)
{
	struct cb_generator_record r;
	json_t *json;

	cb_generator_record_init(&r);
	strcpy(r.transmitter, "pcap:file=caf\xe9");
	json = cb_generator_record_json(&r);
	assert_non_null(json);
	assert_string_equal(
		json_string_value(json_object_get(json, "transmitter")), "pcap:file=caf?");
	json_decref(json);
	cb_generator_record_finish(&r);
}

static void unknown_fields_are_a_later_versions(void **state)
{
	struct cb_generator_record r;
	json_t *json;

	cb_generator_record_init(&r);
	json = cb_generator_record_json(&r);
	json_object_set_new(json, "from_the_future", json_true());
	assert_int_equal(cb_generator_record_read(&r, json, NULL), 0);
	json_decref(json);
	cb_generator_record_finish(&r);
}

static void what_is_no_object_is_refused(void **state)
{
	struct cb_generator_record g;
	struct cb_view_record v;
	struct cb_error err = {0};
	json_t *array = json_array();

	cb_generator_record_init(&g);
	cb_view_record_init(&v);
	assert_int_equal(cb_generator_record_read(&g, array, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "not an object");
	assert_int_equal(cb_view_record_read(&v, array, &err), CB_ERR_INTERNAL);
	assert_int_equal(cb_view_record_read(&v, NULL, &err), CB_ERR_INTERNAL);
	json_decref(array);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generator_of_which_nothing_is_known),
		cmocka_unit_test(a_view_of_which_nothing_is_known),
		cmocka_unit_test(a_generator_goes_both_ways),
		cmocka_unit_test(streams_go_both_ways),
		cmocka_unit_test(a_view_goes_both_ways),
		cmocka_unit_test(null_stays_null_and_zero_stays_zero),
		cmocka_unit_test(a_text_in_another_encoding_does_not_lose_the_record),
		cmocka_unit_test(unknown_fields_are_a_later_versions),
		cmocka_unit_test(what_is_no_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
