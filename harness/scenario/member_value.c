#include "harness/scenario/member_value.h"

#include "harness/scenario/schema.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM_OPTIONS_MAX 64
#define FORM_VALUE_MAX   256

/* A member and its options, as far as they were said. */
struct form {
	const struct cb_axis *axis;
	const struct cb_member *member;
	bool given[FORM_OPTIONS_MAX];
	char values[FORM_OPTIONS_MAX][FORM_VALUE_MAX];
};

/* Where a form comes from, for errors. */
struct source {
	const struct cb_option *row;
	const struct cb_node *at;
	struct cb_error *err;
};

__attribute__((format(printf, 3, 4))) static void refuse_text(
	const struct source *s, const struct cb_node *at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cb_node_error_set(at, s->err, "trial.%s: %s", s->row->name, text);
}

#define refuse(s, at, ...) (refuse_text(s, at, __VA_ARGS__), CB_ERR_USAGE)

/*
 * "auto" is no member: it stands for the first one that gives every frame a stamp and holds a rate.
 */
static const char *resolve_auto(const struct cb_axis *axis, const char *text)
{
	const unsigned wanted = CB_TRAIT_STAMPS | CB_TRAIT_PACED;
	const struct cb_member *member;

	if (strcmp(axis->name, "transmitter") != 0 || strcmp(text, "auto") != 0)
		return text;
	for (size_t i = 0; (member = axis->at(i)); i++) {
		if ((member->provides & wanted) == wanted)
			return member->name;
	}
	return text;
}

const struct cb_member *cb_member_value_member(const struct cb_axis *axis, const char *text)
{
	char name[CB_PATH_MAX];

	text = resolve_auto(axis, text);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ":"), text);
	return cb_axis_find(axis, name);
}

static size_t count_options(const struct cb_member *member)
{
	size_t n = 0;

	while (member->options && member->options[n].name && n < FORM_OPTIONS_MAX)
		n++;
	return n;
}

/* "level=6" or "6" of a short form. */
static int take_part(
	struct form *f, const struct source *s, const struct cb_node *at, const char *part)
{
	size_t n = count_options(f->member), i, key = strcspn(part, "=");
	const char *value = part;

	if (part[key]) {
		while (key && isspace((unsigned char)part[key - 1]))
			key--;
		for (i = 0; i < n; i++) {
			const char *name = f->member->options[i].name;

			if (strlen(name) == key && !strncmp(name, part, key))
				break;
		}
		value = part + strcspn(part, "=") + 1;
		value += strspn(value, " \t");
	} else {
		for (i = 0; i < n && f->given[i]; i++)
			;
	}
	if (i == n || !cb_text_copy(f->values[i], FORM_VALUE_MAX, value))
		return refuse(s, at, "\"%.80s\" is not understood in the options of %s", part,
			f->member->name);
	f->given[i] = true;
	return 0;
}

/* Takes a short form apart. What is wrong with its values is found when all are together. */
static int take_text(
	struct form *f, const struct source *s, const struct cb_node *at, const char *text)
{
	struct cb_text_split split = {.separator = ','};
	struct cb_error inner = {0};
	char part[FORM_VALUE_MAX];
	int rc = 0, more;

	text = resolve_auto(f->axis, text);
	f->member = cb_member_value_member(f->axis, text);
	if (!f->member) {
		cb_member_parse(f->axis, text, NULL, NULL, &inner);
		return refuse(s, at, "%s", inner.text);
	}
	split.rest = strchr(text, ':');
	if (!split.rest)
		return 0;
	split.rest++;
	while (!rc && (more = cb_text_split_next(&split, part, sizeof(part))) != 0)
		rc = more < 0
			? refuse(s, at, "an option is longer than %d bytes", FORM_VALUE_MAX - 1)
			: take_part(f, s, at, part);
	return rc;
}

static int unknown_option(
	const struct form *f, const struct source *s, const struct cb_node *at, const char *option)
{
	const char *near = cb_option_nearest(f->member->options, option);

	return cb_node_error(at, s->err, "trial.%s.%.60s: %s %s has no such option%s%s%s",
		s->row->name, option, f->axis->name, f->member->name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* As the short form has it: a member with options of its own stands in brackets there. */
static bool take_value(char out[FORM_VALUE_MAX], const struct cb_option *row, const char *value)
{
	if (row->type == CB_OPT_MEMBER && *value != '(' && strchr(value, ','))
		return snprintf(out, FORM_VALUE_MAX, "(%s)", value) < FORM_VALUE_MAX;
	if (row->type != CB_OPT_MEMBER && strpbrk(value, ",()[]{}"))
		return false;
	return cb_text_copy(out, FORM_VALUE_MAX, value);
}

/* A list in the short form: "100/200". */
static struct cb_node joined(const struct cb_node *list, char text[FORM_VALUE_MAX])
{
	struct cb_node node = *list;
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < list->n; i++) {
		const struct cb_node *item = list->items[i];

		if (item->kind != CB_NODE_SCALAR || cb_node_is_null(item) ||
			strchr(item->text, '/') || length >= FORM_VALUE_MAX)
			return *list;
		length += (size_t)snprintf(
			text + length, FORM_VALUE_MAX - length, "%s%s", i ? "/" : "", item->text);
	}
	if (!list->n || length >= FORM_VALUE_MAX)
		return *list;
	node.kind = CB_NODE_SCALAR;
	node.text = text;
	return node;
}

/* One option by name, checked at once: its own place is better known than the whole form's. */
static int take_option(struct form *f, const struct source *s, const char *option,
	const struct cb_node *key, const struct cb_node *value)
{
	const struct cb_option *row = cb_option_find(f->member->options, option);
	char prefix[2 * CB_PATH_MAX], text[FORM_VALUE_MAX];
	struct cb_node one;
	void *scratch;
	size_t i;
	int rc;

	if (!row)
		return unknown_option(f, s, key, option);
	if (value->kind == CB_NODE_SEQUENCE && row->type == CB_OPT_TEXT) {
		one = joined(value, text);
		value = &one;
	}
	scratch = calloc(1, f->member->options_size + 1);
	if (!scratch)
		return cb_error_memory(s->err, "options");
	snprintf(prefix, sizeof(prefix), "trial.%s.", s->row->name);
	rc = cb_schema_decode_row(row, value, prefix, "", scratch, s->err);
	free(scratch);
	if (rc)
		return rc;
	i = (size_t)(row - f->member->options);
	if (i >= FORM_OPTIONS_MAX || !take_value(f->values[i], row, value->text))
		return cb_node_error(value, s->err,
			"%s%s: at most %d bytes, and no comma or bracket in them", prefix, option,
			FORM_VALUE_MAX - 1);
	f->given[i] = true;
	return 0;
}

static int take_map(struct form *f, const struct source *s, const struct cb_node *map)
{
	const struct cb_node *name = cb_node_find(map, "name");
	int rc;

	if (!name && f->axis->at(1))
		return refuse(s, map, "the key \"name\" is missing: which %s?", f->axis->name);
	if (name && (name->kind != CB_NODE_SCALAR || cb_node_is_null(name)))
		return refuse(s, name, "\"name\" must be the name of a %s", f->axis->name);
	/* an axis with one member needs no name */
	rc = name ? take_text(f, s, name, name->text) : take_text(f, s, map, f->axis->at(0)->name);
	for (size_t i = 0; i < map->n && !rc; i++) {
		if (strcmp(map->keys[i]->text, "name") != 0)
			rc = take_option(f, s, map->keys[i]->text, map->keys[i], map->items[i]);
	}
	return rc;
}

static void print_form(const struct form *f, struct cb_text *out)
{
	const char *before = ":";

	cb_text_add(out, f->member->name);
	for (size_t i = 0; i < FORM_OPTIONS_MAX; i++) {
		if (!f->given[i])
			continue;
		cb_text_addf(out, "%s%s=%s", before, f->member->options[i].name, f->values[i]);
		before = ",";
	}
}

/* The value and what is set below it, as one short form. */
static int compose(const struct cb_axis *axis, const struct source *s, const struct cb_node *value,
	const struct cb_setting *const *below, size_t n_below, struct cb_text *out)
{
	struct form *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return cb_error_memory(s->err, "options");
	f->axis = axis;
	if (value && value->kind == CB_NODE_MAP)
		rc = take_map(f, s, value);
	else
		rc = take_text(f, s, s->at, value ? value->text : s->row->fallback);
	for (size_t i = 0; i < n_below && !rc; i++)
		rc = take_option(f, s, below[i]->option, below[i]->value, below[i]->value);
	if (!rc)
		print_form(f, out);
	free(f);
	if (!rc && out->failed)
		rc = cb_error_memory(s->err, "options");
	return rc;
}

int cb_member_value_params(const struct cb_axis *axis, const char *path, const char *canonical,
	json_t *params, struct cb_error *err)
{
	const struct cb_member *member = cb_member_value_member(axis, canonical);
	char key[2 * CB_PATH_MAX];
	void *options;
	int rc;

	if (!member)
		return cb_error_set(err, CB_ERR_INTERNAL, "%s: no member %s", path, canonical);
	options = calloc(1, member->options_size + 1);
	if (!options)
		return cb_error_memory(err, "options");
	rc = cb_member_parse(axis, canonical, NULL, options, err);
	if (rc)
		goto out;
	snprintf(key, sizeof(key), "%s.name", path);
	rc = json_object_set_new(params, path, json_string(canonical)) ||
		json_object_set_new(params, key, json_string(member->name));
	for (const struct cb_option *o = member->options; o && o->name; o++) {
		snprintf(key, sizeof(key), "%s.%s", path, o->name);
		rc = rc || json_object_set_new(params, key, cb_option_json(o, options));
	}
	if (rc)
		rc = cb_error_memory(err, "parameters");
out:
	free(options);
	return rc;
}

int cb_member_value_read(const struct cb_registry *registry, const struct cb_option *row,
	const struct cb_node *value, const struct cb_setting *const *below, size_t n_below,
	const struct cb_node *at, char *out, json_t *params, struct cb_error *err)
{
	const struct source s = {.row = row, .at = value ? value : at, .err = err};
	const struct cb_axis *axis = cb_registry_axis(registry, row->axis);
	struct cb_text text = {0};
	struct cb_error inner;
	int rc;

	if (!axis)
		return cb_error_set(err, CB_ERR_INTERNAL, "no axis %s", row->axis);
	if (value && (value->kind == CB_NODE_SEQUENCE || cb_node_is_null(value)))
		return refuse(&s, value, "%s: the name of a %s is wanted, or a map with it",
			value->kind == CB_NODE_SEQUENCE ? "is a list" : "has no value", axis->name);
	if (n_below || (value && value->kind == CB_NODE_MAP))
		rc = compose(axis, &s, value, below, n_below, &text);
	else {
		cb_text_add(&text, resolve_auto(axis, value ? value->text : row->fallback));
		rc = text.failed ? cb_error_memory(err, "options") : 0;
	}
	if (rc)
		goto out;
	rc = cb_member_canonical(axis, cb_text_get(&text), out, row->text_size, &inner);
	if (rc)
		rc = refuse(&s, n_below ? below[0]->value : s.at, "%s", inner.text);
	else if (params)
		rc = cb_member_value_params(axis, row->name, out, params, err);
out:
	cb_text_finish(&text);
	return rc;
}
