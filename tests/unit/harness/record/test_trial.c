#include "harness/record/record.h"

#include <stdlib.h>

#include "tests/unit/harness/base/check.h"

/* Two views; every kind of field has a value that is not its initial one. */
static void fill(struct cb_trial_record *r)
{
	cb_trial_record_init(r);
	r->trial = 12;
	r->cell = 4;
	r->repetition = 2;
	r->attempt = 1;
	strcpy(r->cell_id, "0123456789abcdef");
	strcpy(r->started, "2026-11-21T21:40:05Z");
	json_object_set_new(r->params, "traffic.rate", json_string("max"));
	json_object_set_new(r->params, "capture.load.level", json_integer(6));
	r->generator.book.offered = 1000;
	strcpy(r->generator.transmitter, "packet");
	r->path = (struct cb_path_book){1, 2, CB_UNKNOWN};
	r->views = calloc(2, sizeof(*r->views));
	assert_non_null(r->views);
	r->n_views = 2;
	for (size_t i = 0; i < 2; i++)
		cb_view_record_init(&r->views[i]);
	r->views[0].book.unique = 900;
	r->views[1].book.unique = 901;
	r->views[1].load_result = json_pack("{s:i}", "ratio", 3);
	assert_int_equal(cb_series_add(&r->views[1].series, 450), 0);
	r->evidence.softnet_squeezed = 3;
	r->evidence.steal_share = 0.25;
	r->state = CB_TRIAL_GENERATOR_LIMITED;
	json_array_append_new(r->reasons, json_string("0.7 % of the frames were not offered"));
}

static json_t *filled_json(void)
{
	struct cb_trial_record r;
	json_t *json;

	fill(&r);
	json = cb_trial_record_json(&r);
	assert_non_null(json);
	cb_trial_record_finish(&r);
	return json;
}

/* Reads into a new record; the error's text is in *err. */
static int try_read(const json_t *json, struct cb_error *err)
{
	struct cb_trial_record r;
	int rc;

	cb_trial_record_init(&r);
	rc = cb_trial_record_read(&r, json, err);
	cb_trial_record_finish(&r);
	return rc;
}

static void a_line_has_its_parts_in_order(void **state)
{
	static const char *const keys[] = {"schema", "trial", "cell", "cell_id", "repetition",
		"attempt", "started", "params", "generator", "path", "views", "evidence", "state",
		"reasons"};
	json_t *json = filled_json(), *part;
	const char *key;
	size_t n = 0;
	char *text;

	json_object_foreach(json, key, part)
	{
		assert_true(n < sizeof(keys) / sizeof(*keys));
		assert_string_equal(key, keys[n++]);
	}
	assert_int_equal(n, sizeof(keys) / sizeof(*keys));
	assert_int_equal(json_integer_value(json_object_get(json, "schema")), 1);
	text = json_dumps(json_object_get(json, "path"), JSON_COMPACT);
	assert_string_equal(
		text, "{\"link_dropped\":1,\"nic_dropped\":2,\"backlog_dropped\":null}");
	free(text);
	text = json_dumps(json_object_get(json, "evidence"), JSON_COMPACT);
	assert_string_equal(text,
		"{\"receive_softirq_ns\":null,\"napi_thread_ns\":null,\"softnet_processed\":null,"
		"\"softnet_dropped\":null,\"softnet_squeezed\":3,\"softnet_rps\":null,"
		"\"steal_ns\":null,\"steal_share\":0.25,\"elapsed_ns\":null,\"interrupts\":null}");
	free(text);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "generator-limited");
	/* the schema stands once, for the whole line */
	assert_null(json_object_get(json_object_get(json, "generator"), "schema"));
	json_decref(json);
}

static void a_trial_goes_both_ways(void **state)
{
	json_t *json = filled_json(), *parsed, *again;
	struct cb_trial_record r;
	struct cb_error err = {0};
	char *line = json_dumps(json, JSON_COMPACT);

	assert_null(strchr(line, '\n'));
	parsed = cb_json_parse(line, strlen(line), NULL);
	cb_trial_record_init(&r);
	/* twice: what is owned is replaced, not lost */
	assert_int_equal(cb_trial_record_read(&r, parsed, &err), 0);
	assert_int_equal(cb_trial_record_read(&r, parsed, &err), 0);
	again = cb_trial_record_json(&r);
	assert_true(json_equal(json, again));
	assert_int_equal(r.trial, 12);
	assert_string_equal(r.cell_id, "0123456789abcdef");
	assert_int_equal(r.n_views, 2);
	assert_int_equal(r.views[1].book.unique, 901);
	assert_int_equal(r.views[1].series.frames[0], 450);
	assert_null(r.views[0].load_result);
	assert_true(r.path.backlog_dropped == CB_UNKNOWN);
	assert_int_equal(r.state, CB_TRIAL_GENERATOR_LIMITED);
	assert_int_equal(json_array_size(r.reasons), 1);
	json_decref(again);
	json_decref(parsed);
	json_decref(json);
	free(line);
	cb_trial_record_finish(&r);
	cb_trial_record_finish(&r);
}

static void a_trial_without_views_is_one(void **state)
{
	struct cb_trial_record r;
	json_t *json;

	cb_trial_record_init(&r);
	r.attempt = 1;
	r.state = CB_TRIAL_INVALID;
	json = cb_trial_record_json(&r);
	assert_int_equal(json_array_size(json_object_get(json, "views")), 0);
	assert_int_equal(cb_trial_record_read(&r, json, NULL), 0);
	assert_int_equal(r.n_views, 0);
	assert_null(r.views);
	json_decref(json);
	cb_trial_record_finish(&r);
}

static void another_schema_is_refused(void **state)
{
	json_t *json = filled_json();
	struct cb_error err = {0};

	json_object_set_new(json, "schema", json_integer(2));
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	assert_says(err.text, "\"schema\" is 2, and this capbench reads 1");
	json_object_set_new(json, "schema", json_null());
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	json_object_set_new(json, "schema", json_integer(1));
	json_object_set_new(json, "from_the_future", json_true());
	assert_int_equal(try_read(json, &err), 0);
	json_decref(json);
}

/* Keys that records of the same schema lack when they are older. */
static bool came_later(const char *key)
{
	static const char *const later[] = {"arrival", "sizes", "payload", "frame",
		"sizes_chi_square", "flows", "gap_within_64ns_share", "gap_within_128ns_share",
		"gap_within_256ns_share", "gap_within_512ns_share", "gap_within_1us_share",
		"gap_p50_ns", "gap_p99_ns", "gap_max_ns", "back_to_back_share", "longest_train",
		"drift_ppm", "transmitter_why", "unstamped", "transmitter_note", "file_truncated",
		"file_oversized", "file_runts", "connections", "connections_complete",
		"peer_received", "streams", "group", "started_ns", "start_skew_ns",
		"start_skew_error_ns", "host", "interrupts", "run_delay_ns", "interrupted_ns"};

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
		if (!strcmp(key, later[i]))
			return true;
	}
	return false;
}

/* Every key of `part` in turn: missing, and three values that no key may have. */
static void spoil_each_key(json_t *json, json_t *part)
{
	json_t *const wrong[] = {NULL, json_true(), json_sprintf("%0300d", 7), json_pack("[b]", 1)};
	json_t *kept = json_deep_copy(part), *value;
	const char *key;

	json_object_foreach(kept, key, value)
	{
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"%s\"", key);
		for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
			struct cb_error err = {0};

			if (wrong[i])
				json_object_set(part, key, wrong[i]);
			else
				json_object_del(part, key);
			if (!wrong[i] && came_later(key)) {
				assert_int_equal(try_read(json, &err), 0);
				continue;
			}
			assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
			assert_int_equal(try_read(json, NULL), CB_ERR_INTERNAL);
			assert_says(err.text, quoted);
		}
		json_object_set_new(part, key, json_deep_copy(value));
	}
	assert_int_equal(try_read(json, NULL), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		json_decref(wrong[i]);
	json_decref(kept);
}

static void wrong_fields_are_named(void **state)
{
	json_t *json = filled_json();

	spoil_each_key(json, json);
	spoil_each_key(json, json_object_get(json, "generator"));
	spoil_each_key(json, json_object_get(json, "path"));
	spoil_each_key(json, json_object_get(json, "evidence"));
	spoil_each_key(json, json_array_get(json_object_get(json, "views"), 1));
	json_decref(json);
}

static void nested_mistakes_tell_where(void **state)
{
	json_t *json = filled_json(), *view;
	struct cb_error err = {0};

	view = json_array_get(json_object_get(json, "views"), 1);
	json_object_set_new(view, "unique", json_real(1.5));
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"views\"[1]: \"unique\" is not a whole number or null");
	json_object_set_new(view, "unique", json_integer(1));
	json_object_set_new(json_object_get(json, "path"), "nic_dropped", json_string("2"));
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"path\": \"nic_dropped\" is not a whole number or null");
	json_decref(json);
}

static void indexes_are_never_negative(void **state)
{
	static const char *const keys[] = {"trial", "cell", "repetition", "attempt"};
	json_t *json = filled_json();

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct cb_error err = {0};

		json_object_set_new(json, keys[i], json_integer(-1));
		assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
		assert_says(err.text, keys[i]);
		json_object_set_new(json, keys[i], json_null());
		assert_int_equal(try_read(json, NULL), CB_ERR_INTERNAL);
		json_object_set_new(json, keys[i], json_integer(0));
	}
	assert_int_equal(try_read(json, NULL), 0);
	json_decref(json);
}

static void absurd_parts_are_refused(void **state)
{
	json_t *json = filled_json(), *views = json_object_get(json, "views");
	struct cb_error err = {0};

	json_object_set_new(json, "state", json_string("splendid"));
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	assert_string_equal(err.text, "\"state\" is \"splendid\", which is none");
	json_object_set_new(json, "state", json_string("valid"));
	json_object_set_new(json, "params", json_null());
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	json_object_set_new(json, "params", json_object());
	while (json_array_size(views) <= 1024)
		json_array_append(views, json_array_get(views, 0));
	assert_int_equal(try_read(json, &err), CB_ERR_INTERNAL);
	assert_says(err.text, "\"views\" has more than 1024 entries");
	json_array_remove(views, 1024);
	assert_int_equal(try_read(json, &err), 0);
	json_decref(json);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_parts_in_order),
		cmocka_unit_test(a_trial_goes_both_ways),
		cmocka_unit_test(a_trial_without_views_is_one),
		cmocka_unit_test(another_schema_is_refused),
		cmocka_unit_test(wrong_fields_are_named),
		cmocka_unit_test(nested_mistakes_tell_where),
		cmocka_unit_test(indexes_are_never_negative),
		cmocka_unit_test(absurd_parts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
