/* What stands beside the trials: calibrations, hosts' facts, the test-bed. */
#include "harness/base/file.h"
#include "harness/report/data.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FACTS_BYTES_MAX (4u << 20)

static int read_cells(struct cb_calibration *c, const json_t *cells)
{
	size_t n = json_array_size(cells);

	if (n == 0 || n > CB_CELLS_MAX)
		return -1;
	c->cells = calloc(n, sizeof(*c->cells));
	if (!c->cells)
		return -1;
	for (size_t i = 0; i < n; i++) {
		json_int_t cell = json_integer_value(json_array_get(cells, i));

		if (cell < 0 || cell >= CB_CELLS_MAX)
			return -1;
		c->cells[i] = (size_t)cell;
	}
	c->n_cells = n;
	return 0;
}

static void add_calibration(struct cb_report_data *d, const json_t *object, size_t number)
{
	struct cb_calibration c = {0}, *more;
	json_t *params = json_object_get(object, "params");

	c.ceiling_pps = json_number_value(json_object_get(object, "ceiling_pps"));
	if (read_cells(&c, json_object_get(object, "cells")) || c.ceiling_pps <= 0)
		goto bad;
	more = reallocarray(d->calibrations, d->n_calibrations + 1, sizeof(*more));
	if (!more)
		goto bad;
	d->calibrations = more;
	c.params = json_is_object(params) ? json_incref(params) : json_object();
	d->calibrations[d->n_calibrations++] = c;
	return;
bad:
	cb_report_data_note(
		d, "calibration.jsonl:%zu is left out: no cells or no ceiling_pps", number);
	free(c.cells);
}

void cb_report_load_calibrations(struct cb_report_data *d)
{
	if (!cb_report_load_lines(d, "calibration.jsonl", add_calibration))
		cb_report_data_note(
			d, "calibration.jsonl is missing: the generator's ceiling is not known");
}

/* hosts/HOST/FILE; a new reference, NULL with the reason when it is no object. */
static json_t *read_facts(
	const struct cb_report_data *d, const char *host, const char *file, struct cb_error *err)
{
	char path[4096];
	char *text = NULL;
	json_t *facts = NULL;
	size_t size = 0;
	int n;

	n = snprintf(path, sizeof(path), "%s/hosts/%s/%s", d->directory, host, file);
	if (n > 0 && (size_t)n < sizeof(path) &&
		!cb_file_read(path, FACTS_BYTES_MAX, &text, &size, err))
		facts = cb_json_parse(text, size, err);
	free(text);
	if (facts && !json_is_object(facts)) {
		json_decref(facts);
		facts = NULL;
	}
	return facts;
}

static void load_facts(struct cb_report_data *d, const char *host)
{
	struct cb_error err = {0};
	json_t *facts = read_facts(d, host, "facts.json", &err),
	       *after = read_facts(d, host, "facts_after.json", NULL);

	if (facts)
		json_object_set_new(d->hosts, host, facts);
	else
		cb_report_data_note(d, "The facts of host %s are not known: %s", host,
			err.text[0] ? err.text : "facts.json is not an object");
	if (after)
		json_object_set_new(d->hosts_after, host, after);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void cb_report_load_hosts(struct cb_report_data *d)
{
	struct dirent **entries = NULL;
	char path[4096];
	size_t size = 0;
	int n = -1;

	if (!cb_file_join(path, sizeof(path), d->directory, "hosts", NULL))
		n = scandir(path, &entries, not_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		load_facts(d, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (n < 0)
		cb_report_data_note(d, "hosts/ is missing: the machine is not known");
	if (!cb_file_join(path, sizeof(path), d->directory, "testbed.yaml", NULL))
		cb_file_read(path, FACTS_BYTES_MAX, &d->testbed, &size, NULL);
}
