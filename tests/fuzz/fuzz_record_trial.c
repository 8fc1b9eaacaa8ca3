/*
 * The readers of records: a trial's line, a generator, a view. What one of them accepts must read
 * back from its own JSON to the same JSON.
 */
#include "harness/record/record.h"

#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cb_error err = {0};
	json_t *json = cb_json_parse(data, size, &err);

	if (!json) {
		need(err.code == CB_ERR_INTERNAL && err.text[0]);
		return 0;
	}
	check_stable(trial_through, json);
	check_stable(generator_through, json);
	check_stable(view_through, json);
	json_decref(json);
	return 0;
}
