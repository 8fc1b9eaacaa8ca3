#include "harness/scenario/external.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW       "capture.external"
#define NONE      "none"
#define NAME_SIZE 64

static const char *const replaced[] = {"capture.mechanism", "capture.wait", "capture.load"};

/* The program that is set; NULL: none. */
static const struct cb_node *program_of(const struct cb_trial_values *values)
{
	const struct cb_node *value = values->at[cb_trial_row(ROW)];

	return value && (value->kind != CB_NODE_SCALAR || strcmp(value->text, NONE) != 0) ? value
											  : NULL;
}

bool cb_external_replaces(const struct cb_trial_values *values, size_t row)
{
	for (size_t i = 0; i < sizeof(replaced) / sizeof(*replaced); i++) {
		if (!strcmp(cb_trial_options[row].name, replaced[i]))
			return program_of(values) != NULL;
	}
	return false;
}

static json_t *list_json(const struct cb_node *list)
{
	json_t *words = json_array();

	for (size_t i = 0; words && i < list->n; i++) {
		const struct cb_node *item = list->items[i];

		if (item->kind != CB_NODE_SCALAR ||
			json_array_append_new(words, json_string(item->text))) {
			json_decref(words);
			return NULL;
		}
	}
	return words;
}

/* The map as JSON: texts, and lists of them. NULL: something else is in it. */
static json_t *map_json(const struct cb_node *map, const struct cb_node **wrong)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < map->n; i++) {
		const struct cb_node *item = map->items[i];
		json_t *value = NULL;

		if (item->kind == CB_NODE_SCALAR)
			value = json_string(item->text);
		else if (item->kind == CB_NODE_SEQUENCE)
			value = list_json(item);
		if (!value || json_object_set_new(object, map->keys[i]->text, value)) {
			*wrong = item;
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static int print_map(const struct cb_node *map, char *out, size_t size, struct cb_error *err)
{
	const struct cb_node *wrong = map;
	json_t *object = map_json(map, &wrong);
	char *text;
	int rc = 0;

	if (!object)
		return cb_node_error(
			wrong, err, "trial." ROW ": texts and lists of texts describe a program");
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (!text)
		return cb_error_memory(err, "an external program");
	if (!cb_text_copy(out, size, text))
		rc = cb_node_error(
			map, err, "trial." ROW ": a description takes %zu bytes at most", size - 1);
	free(text);
	return rc;
}

static int print_program(const struct cb_node *value, char *out, size_t size, struct cb_error *err)
{
	if (value->kind == CB_NODE_MAP)
		return print_map(value, out, size, err);
	if (value->kind == CB_NODE_SEQUENCE || cb_node_is_null(value))
		return cb_node_error(value, err,
			"trial." ROW ": a program's name is wanted, or a map that describes one");
	/* JSON is for the map */
	if (value->text[0] == '{' || !cb_text_copy(out, size, value->text))
		return cb_node_error(value, err, "trial." ROW ": this is no program's name");
	return 0;
}

static int check_program(const struct cb_registry *registry, const struct cb_node *value,
	const char *text, char name[NAME_SIZE], struct cb_error *err)
{
	struct cb_error inner = {0};

	if (!registry->external)
		return cb_node_error(
			value, err, "trial." ROW ": there are no external programs here");
	if (registry->external(text, name, NAME_SIZE, &inner))
		return cb_node_error(value, err, "trial." ROW ": %s", inner.text);
	return 0;
}

/* A cell without a program has no such parameter. A description tells cells apart, too. */
static int put_params(
	json_t *params, const struct cb_node *value, const char *name, const char *text)
{
	if (!params || !value)
		return 0;
	if (value->kind == CB_NODE_MAP &&
		json_object_set_new(params, ROW ".program", json_string(text)))
		return -1;
	return json_object_set_new(params, ROW, json_string(name));
}

int cb_external_read(const struct cb_registry *registry, const struct cb_trial_values *values,
	struct cb_trial_spec *spec, json_t *params, struct cb_error *err)
{
	const struct cb_node *value = program_of(values);
	char *text = spec->capture.external, name[NAME_SIZE] = NONE;
	int rc = 0;

	cb_text_copy(text, sizeof(spec->capture.external), NONE);
	if (value)
		rc = print_program(value, text, sizeof(spec->capture.external), err);
	if (value && !rc)
		rc = check_program(registry, value, text, name, err);
	if (!rc && put_params(params, value, name, text))
		rc = cb_error_memory(err, "parameters");
	return rc;
}

/* The value that `trial:` itself gives to a key of its map `capture`; NULL: none. */
static const struct cb_node *own_value(const struct cb_trial_values *values, const char *path)
{
	const struct cb_node *capture = cb_node_find(values->trial, "capture");

	if (!capture || capture->kind != CB_NODE_MAP)
		return NULL;
	return cb_node_find(capture, strchr(path, '.') + 1);
}

/*
 * What says that the row's members are wanted all the same; NULL: nothing. A program that `vary`
 * sets lies over the members of `trial:`, as all that `vary` sets.
 */
static const struct cb_node *objection(const struct cb_trial_values *values, size_t row)
{
	const char *path = cb_trial_options[row].name;

	for (size_t i = 0; i < values->n_settings; i++) {
		if (values->settings[i]->row == row)
			return values->settings[i]->value;
	}
	if (values->at[row] == own_value(values, path) &&
		program_of(values) != own_value(values, ROW))
		return NULL;
	return values->at[row];
}

/* "external:NAME" in the place of the mechanism's short form. */
static int put_label(const struct cb_registry *registry, const struct cb_trial_values *values,
	const char *path, json_t *params, struct cb_error *err)
{
	struct cb_trial_spec *scratch = calloc(1, sizeof(*scratch));
	json_t *own = json_object();
	char label[NAME_SIZE + 16];
	int rc = scratch && own ? cb_external_read(registry, values, scratch, own, err)
				: cb_error_memory(err, "parameters");

	if (!rc) {
		snprintf(label, sizeof(label), "external:%s",
			json_string_value(json_object_get(own, ROW)));
		if (json_object_set_new(params, path, json_string(label)))
			rc = cb_error_memory(err, "parameters");
	}
	json_decref(own);
	free(scratch);
	return rc;
}

int cb_external_read_replaced(const struct cb_registry *registry, size_t row,
	const struct cb_trial_values *values, struct cb_trial_spec *spec, json_t *params,
	struct cb_error *err)
{
	const struct cb_option *option = &cb_trial_options[row];
	const struct cb_node *given = objection(values, row);
	int rc;

	if (given)
		return cb_node_error(given, err,
			"trial.%s: " ROW " stands in the place of mechanism, wait and load: leave "
			"one of the two out; a list of maps under vary keeps them apart",
			option->name);
	*((char *)spec + option->offset) = '\0';
	if (!params)
		return 0;
	/* of the three, the mechanism says which program it is */
	if (row == cb_trial_row(replaced[0]))
		rc = put_label(registry, values, option->name, params, err);
	else
		rc = json_object_set_new(params, option->name, json_string("external"))
			? cb_error_memory(err, "parameters")
			: 0;
	return rc;
}
