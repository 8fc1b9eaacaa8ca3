/*
 * The readers of records: a trial's line, a generator, a view. What one of them accepts must read
 * back from its own JSON to the same JSON. Random bytes are never a whole record, so the input is
 * also tried as a patch of a good line.
 */
#include "harness/base/text.h"
#include "harness/record/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static json_t *trial_through(const json_t *json)
{
	struct cb_trial_record r;
	json_t *again = NULL;

	cb_trial_record_init(&r);
	if (!cb_trial_record_read(&r, json, NULL))
		need((again = cb_trial_record_json(&r)) != NULL);
	cb_trial_record_finish(&r);
	return again;
}

static json_t *generator_through(const json_t *json)
{
	struct cb_generator_record r;
	json_t *again = NULL;

	cb_generator_record_init(&r);
	if (!cb_generator_record_read(&r, json, NULL))
		need((again = cb_generator_record_json(&r)) != NULL);
	cb_generator_record_finish(&r);
	return again;
}

static json_t *view_through(const json_t *json)
{
	struct cb_view_record r;
	json_t *again = NULL;

	cb_view_record_init(&r);
	if (!cb_view_record_read(&r, json, NULL))
		need((again = cb_view_record_json(&r)) != NULL);
	cb_view_record_finish(&r);
	return again;
}

static void check_stable(json_t *(*through)(const json_t *json), const json_t *json)
{
	json_t *once = through(json), *twice;

	if (!once)
		return;
	twice = through(once);
	need(json_equal(once, twice));
	json_decref(once);
	json_decref(twice);
}

static void check_bytes(const void *bytes, size_t size)
{
	struct cb_error err = {0};
	json_t *json = cb_json_parse(bytes, size, &err);

	if (!json) {
		need(err.code == CB_ERR_INTERNAL && err.text[0]);
		return;
	}
	check_stable(trial_through, json);
	check_stable(generator_through, json);
	check_stable(view_through, json);
	check_stable(generator_through, json_object_get(json, "generator"));
	check_stable(view_through, json_array_get(json_object_get(json, "views"), 0));
	json_decref(json);
}

/* A line with one view, as it is written. */
static char *good_line(void)
{
	struct cb_trial_record r;
	json_t *json;
	char *line;

	cb_trial_record_init(&r);
	r.views = calloc(1, sizeof(*r.views));
	need(r.views != NULL);
	r.n_views = 1;
	cb_view_record_init(r.views);
	json = cb_trial_record_json(&r);
	cb_trial_record_finish(&r);
	line = json_dumps(json, JSON_COMPACT);
	need(line != NULL);
	json_decref(json);
	return line;
}

/* The good line with `cut` bytes at `at` replaced by `data`. */
static void check_patched(size_t at, size_t cut, const uint8_t *data, size_t size)
{
	struct cb_text patched = {0};
	char *line = good_line();
	size_t length = strlen(line);

	at %= length;
	cut = cut < length - at ? cut : length - at;
	cb_text_add_n(&patched, line, at);
	cb_text_add_n(&patched, data, size);
	cb_text_add(&patched, line + at + cut);
	check_bytes(patched.data, patched.length);
	cb_text_finish(&patched);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_bytes(data, size);
	if (size >= 3)
		check_patched((size_t)data[0] << 8 | data[1], data[2], data + 3, size - 3);
	return 0;
}
