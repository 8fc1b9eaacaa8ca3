/* The run directory's own files: run.json, the scenario, and the order of reading. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/report/data.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JSON_BYTES_MAX (16u << 20)

void cb_report_data_note(struct cb_report_data *d, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (json_array_size(d->notes) > CB_REPORT_NOTES_MAX)
		return;
	if (json_array_size(d->notes) == CB_REPORT_NOTES_MAX) {
		json_array_append_new(
			d->notes, json_string("More notes of this kind are left out"));
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* A text cut inside a character is not UTF-8 and would be refused: better no tail. */
	if (json_array_append_new(d->notes, json_string(text)))
		json_array_append_new(d->notes, json_string("A file could not be read"));
}

const char *cb_report_data_run_text(const struct cb_report_data *d, const char *key)
{
	const char *text = json_string_value(json_object_get(d->run, key));

	return text ? text : "";
}

int64_t cb_report_data_planned(const struct cb_report_data *d, const char *key)
{
	const json_t *value = json_object_get(json_object_get(d->run, "plan"), key);

	return json_is_integer(value) ? json_integer_value(value) : CB_UNKNOWN;
}

const char *cb_report_data_name(const struct cb_report_data *d)
{
	const char *name = cb_report_data_run_text(d, "scenario");

	if (d->scenario && d->scenario->name[0])
		return d->scenario->name;
	return name[0] ? name : "unnamed";
}

const char *cb_report_data_title(const struct cb_report_data *d)
{
	const char *title = cb_report_data_run_text(d, "title");

	if (d->scenario && d->scenario->title[0])
		return d->scenario->title;
	return title[0] ? title : cb_report_data_name(d);
}

static void load_run(struct cb_report_data *d)
{
	struct cb_error err = {0};
	char path[4096];
	char *text = NULL;
	size_t size = 0;
	int r;

	r = cb_file_join(path, sizeof(path), d->directory, "run.json", &err);
	if (!r)
		r = cb_file_read(path, JSON_BYTES_MAX, &text, &size, &err);
	if (!r)
		d->run = cb_json_parse(text, size, &err);
	if (!json_is_object(d->run)) {
		cb_report_data_note(d,
			"run.json cannot be read (%s): seed, command line and status are not known",
			err.text[0] ? err.text : "not an object");
		json_decref(d->run);
		d->run = json_object();
	}
	free(text);
}

static void load_scenario(struct cb_report_data *d, const struct cb_registry *registry)
{
	struct cb_scenario_source source = {0};
	struct cb_error err = {0};
	char path[4096];
	int r;

	source.path = path;
	r = cb_file_join(path, sizeof(path), d->directory, "scenario.resolved.yaml", &err);
	if (!r)
		r = cb_scenario_load(&d->scenario, &source, registry, &err);
	if (r)
		cb_report_data_note(d,
			"scenario.resolved.yaml cannot be read (%s): no figures, and trials that "
			"were never made are not known",
			err.text);
}

static bool has_file(const char *directory, const char *name)
{
	char path[4096];

	return !cb_file_join(path, sizeof(path), directory, name, NULL) && access(path, F_OK) == 0;
}

int cb_report_data_load(struct cb_report_data *d, const char *directory,
	const struct cb_registry *registry, struct cb_error *err)
{
	memset(d, 0, sizeof(*d));
	if (!has_file(directory, "run.json") && !has_file(directory, "trials.jsonl"))
		return cb_error_set(err, CB_ERR_USAGE,
			"%s is not a run directory (neither run.json nor trials.jsonl is in it); "
			"name one like results/<scenario>/<time>-<id>",
			directory);
	if (!cb_text_copy(d->directory, sizeof(d->directory), directory))
		return cb_error_set(err, CB_ERR_USAGE, "the run directory's name is too long");
	d->notes = json_array();
	d->hosts = json_object();
	d->hosts_after = json_object();
	if (!d->notes || !d->hosts || !d->hosts_after)
		return cb_error_memory(err, "the report's data");
	load_run(d);
	load_scenario(d, registry);
	cb_report_load_trials(d);
	cb_report_load_calibrations(d);
	cb_report_load_hosts(d);
	return 0;
}

void cb_report_data_finish(struct cb_report_data *d)
{
	for (size_t i = 0; i < d->n_trials; i++)
		cb_trial_record_finish(&d->trials[i].record);
	for (size_t i = 0; i < d->n_calibrations; i++) {
		json_decref(d->calibrations[i].params);
		free(d->calibrations[i].cells);
	}
	free(d->testbed);
	free(d->trials);
	free(d->calibrations);
	cb_scenario_destroy(d->scenario);
	json_decref(d->run);
	json_decref(d->hosts);
	json_decref(d->hosts_after);
	json_decref(d->notes);
	memset(d, 0, sizeof(*d));
}
