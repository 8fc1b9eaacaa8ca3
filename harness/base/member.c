#include "harness/base/member.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 64
#define VALUE_MAX       1024
#define MEMBERS_MAX     64
#define OPTIONS_MAX     64 /* rows of one table: the bits of struct parse.given */

const struct cb_axis *cb_registry_axis(const struct cb_registry *r, const char *name)
{
	for (const struct cb_axis *axis = r->axes; axis->name; axis++) {
		if (!strcmp(axis->name, name))
			return axis;
	}
	return NULL;
}

const struct cb_member *cb_axis_find(const struct cb_axis *axis, const char *name)
{
	const struct cb_member *member;

	for (size_t i = 0; (member = axis->at(i)); i++) {
		if (!strcmp(member->name, name))
			return member;
	}
	return NULL;
}

static const char *nearest_member(const struct cb_axis *axis, const char *wrong)
{
	const char *names[MEMBERS_MAX];
	const struct cb_member *member;
	size_t n = 0;

	while (n < MEMBERS_MAX && (member = axis->at(n)))
		names[n++] = member->name;
	return cb_text_nearest(wrong, names, n);
}

/* A short form while it is read. */
struct parse {
	const struct cb_axis *axis;
	const struct cb_member *member;
	void *options;  /* member->options_size bytes */
	uint64_t given; /* bit i: row i of the table has its value */
};

static const char *blank_trim(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* The member before the ":", NULL: none; *rest: what follows it, NULL: nothing. */
static const struct cb_member *parse_name(
	const struct cb_axis *axis, const char *text, const char **rest, struct cb_error *err)
{
	struct cb_text_split split = {.rest = blank_trim(text), .separator = ':'};
	const struct cb_member *member = NULL;
	char name[NAME_MAX_LENGTH];
	const char *near;

	if (!*split.rest) {
		cb_error_set(err, CB_ERR_USAGE, "no %s is named (capbench list %s)", axis->name,
			axis->plural);
	} else if (cb_text_split_next(&split, name, sizeof(name)) < 0) {
		cb_error_set(err, CB_ERR_USAGE, "%s \"%.40s...\" is not known (capbench list %s)",
			axis->name, text, axis->plural);
	} else if (!(member = cb_axis_find(axis, name))) {
		near = nearest_member(axis, name);
		cb_error_set(err, CB_ERR_USAGE, "%s \"%s\" is not known%s%s%s (capbench list %s)",
			axis->name, name, near ? "; did you mean \"" : "", near ? near : "",
			near ? "\"?" : "", axis->plural);
	}
	*rest = split.rest;
	return member;
}

/* Splits "key=value" in place: the value, or NULL when no name stands before the "=". */
static char *split_key(char *part)
{
	char *c = part, *end;

	while (isalnum((unsigned char)*c) || *c == '-' || *c == '_' || *c == '.')
		c++;
	end = c;
	while (isspace((unsigned char)*c))
		c++;
	if (end == part || *c != '=')
		return NULL;
	*end = '\0';
	return (char *)blank_trim(c + 1);
}

/* The row that a value without a name fills: the first that has none yet. */
static const struct cb_option *next_row(struct parse *p, struct cb_error *err)
{
	const struct cb_option *row = p->member->options;
	struct cb_text names = {0};
	size_t n;

	for (n = 0; row[n].name; n++) {
		if (!(p->given & UINT64_C(1) << n))
			return &row[n];
	}
	for (size_t i = 0; i < n; i++)
		cb_text_addf(&names, "%s%s", i ? ", " : "", row[i].name);
	cb_error_set(err, CB_ERR_USAGE, "%s %s takes no more than %zu option%s (%s)", p->axis->name,
		p->member->name, n, n == 1 ? "" : "s", cb_text_get(&names));
	cb_text_finish(&names);
	return NULL;
}

static const struct cb_option *named_row(struct parse *p, const char *name, struct cb_error *err)
{
	const struct cb_option *row = cb_option_find(p->member->options, name);
	const char *near;

	if (row)
		return row;
	near = cb_option_nearest(p->member->options, name);
	cb_error_set(err, CB_ERR_USAGE, "option \"%.64s\" of %s %s is not known%s%s%s", name,
		p->axis->name, p->member->name, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	return NULL;
}

/* An option that is a member of the same axis: checked, and put into its canonical form. */
static int parse_nested(struct parse *p, const struct cb_option *row, struct cb_error *err)
{
	char *field = (char *)p->options + row->offset, text[VALUE_MAX];
	const char *form;
	int rc = cb_member_canonical(p->axis, field, text + 1, sizeof(text) - 2, err);

	if (rc)
		return rc;
	form = text + 1;
	if (strchr(form, ',')) {
		text[0] = '(';
		memcpy(text + strlen(text), ")", 2);
		form = text;
	}
	if (!cb_text_copy(field, row->text_size, form))
		return cb_error_set(
			err, CB_ERR_USAGE, "too long: at most %zu bytes", row->text_size - 1);
	return 0;
}

static int decode(
	struct parse *p, const struct cb_option *row, const char *text, struct cb_error *err)
{
	int rc = cb_option_decode(row, text, p->options, err);

	if (!rc && row->type == CB_OPT_MEMBER && !strcmp(row->axis, p->axis->name)) {
		rc = parse_nested(p, row, err);
		if (rc)
			cb_error_prepend(err, "%s", row->name);
	}
	return rc;
}

static int parse_part(struct parse *p, char *part, struct cb_error *err)
{
	char *value = split_key(part);
	const struct cb_option *row = value ? named_row(p, part, err) : next_row(p, err);
	uint64_t bit;

	if (!row)
		return CB_ERR_USAGE;
	bit = UINT64_C(1) << (row - p->member->options);
	if (p->given & bit)
		return cb_error_set(err, CB_ERR_USAGE, "option \"%s\" of %s %s is given twice",
			row->name, p->axis->name, p->member->name);
	p->given |= bit;
	if (!value && !*part)
		return cb_error_set(err, CB_ERR_USAGE, "%s %s: the value of \"%s\" is missing",
			p->axis->name, p->member->name, row->name);
	if (decode(p, row, value ? value : part, err)) {
		cb_error_prepend(err, "%s %s", p->axis->name, p->member->name);
		return CB_ERR_USAGE;
	}
	return 0;
}

static int parse_options(struct parse *p, const char *rest, struct cb_error *err)
{
	struct cb_text_split split = {.rest = rest, .separator = ','};
	char part[VALUE_MAX];
	int rc;

	if (rest && !(p->member->options && p->member->options->name))
		return cb_error_set(err, CB_ERR_USAGE, "%s %s takes no options", p->axis->name,
			p->member->name);
	while ((rc = cb_text_split_next(&split, part, sizeof(part))) > 0) {
		rc = parse_part(p, part, err);
		if (rc)
			return rc;
	}
	if (rc < 0)
		return cb_error_set(err, CB_ERR_USAGE, "%s %s: an option is longer than %d bytes",
			p->axis->name, p->member->name, VALUE_MAX - 1);
	return 0;
}

static int check_required(const struct parse *p, struct cb_error *err)
{
	const struct cb_option *row = p->member->options;
	struct cb_text metavar = {0};

	for (size_t i = 0; row && row[i].name; i++) {
		if (row[i].fallback || p->given & UINT64_C(1) << i)
			continue;
		cb_option_metavar(&row[i], &metavar);
		cb_error_set(err, CB_ERR_USAGE, "%s %s needs its option \"%s\": %s:%s=%s",
			p->axis->name, p->member->name, row[i].name, p->member->name, row[i].name,
			cb_text_get(&metavar));
		cb_text_finish(&metavar);
		return CB_ERR_USAGE;
	}
	return 0;
}

static int check_together(const struct parse *p, struct cb_error *err)
{
	if (!p->member->check || !p->member->check(p->options, err))
		return 0;
	cb_error_prepend(err, "%s %s", p->axis->name, p->member->name);
	return CB_ERR_USAGE;
}

/* What stands between the brackets when `text` is "(...)", else `text`. In `copy`. */
static const char *without_brackets(const char *text, char *copy, size_t size)
{
	const char *start = blank_trim(text);
	size_t n = strlen(start);

	while (n && isspace((unsigned char)start[n - 1]))
		n--;
	if (n < 2 || n - 2 >= size || start[0] != '(' || start[n - 1] != ')')
		return text;
	memcpy(copy, start + 1, n - 2);
	copy[n - 2] = '\0';
	return copy;
}

/* Fills *p; p->options is to be freed, also on error. */
static int parse_all(
	struct parse *p, const struct cb_axis *axis, const char *text, struct cb_error *err)
{
	const char *rest = NULL;
	char copy[VALUE_MAX];
	int rc;

	text = without_brackets(text, copy, sizeof(copy));

	*p = (struct parse){.axis = axis};
	p->member = parse_name(axis, text, &rest, err);
	if (!p->member)
		return CB_ERR_USAGE;
	p->options = calloc(1, p->member->options_size + 1);
	if (!p->options)
		return cb_error_memory(err, "options");
	cb_option_defaults(p->member->options, p->options);
	rc = parse_options(p, rest, err);
	if (!rc)
		rc = check_required(p, err);
	return rc ? rc : check_together(p, err);
}

int cb_member_parse(const struct cb_axis *axis, const char *text, const struct cb_member **member,
	void *options, struct cb_error *err)
{
	struct parse p;
	int rc = parse_all(&p, axis, text, err);

	if (!rc) {
		if (member)
			*member = p.member;
		if (options && p.member->options_size)
			memcpy(options, p.options, p.member->options_size);
	}
	free(p.options);
	return rc;
}

/* Appends ":name=value" or ",name=value" for each row that differs from its default. */
static int print_changed(const struct parse *p, struct cb_text *out, struct cb_error *err)
{
	void *defaults = calloc(1, p->member->options_size + 1);
	struct cb_text value = {0}, usual = {0};
	const char *before = ":";

	if (!defaults)
		return cb_error_memory(err, "options");
	cb_option_defaults(p->member->options, defaults);
	for (const struct cb_option *row = p->member->options; row && row->name; row++) {
		cb_text_clear(&value);
		cb_text_clear(&usual);
		cb_option_print(row, p->options, &value);
		cb_option_print(row, defaults, &usual);
		if (row->fallback && !strcmp(cb_text_get(&value), cb_text_get(&usual)))
			continue;
		cb_text_addf(out, "%s%s=%s", before, row->name, cb_text_get(&value));
		before = ",";
	}
	cb_text_finish(&value);
	cb_text_finish(&usual);
	free(defaults);
	return 0;
}

int cb_member_canonical(
	const struct cb_axis *axis, const char *text, char *out, size_t size, struct cb_error *err)
{
	struct cb_text canonical = {0};
	struct parse p;
	int rc = parse_all(&p, axis, text, err);

	if (rc)
		goto out;
	cb_text_add(&canonical, p.member->name);
	rc = print_changed(&p, &canonical, err);
	if (rc)
		goto out;
	if (canonical.failed)
		rc = cb_error_memory(err, "a canonical form");
	else if (!cb_text_copy(out, size, cb_text_get(&canonical)))
		rc = cb_error_set(err, CB_ERR_USAGE,
			"%s %s: its options take more than %zu bytes when written out", axis->name,
			p.member->name, size - 1);
out:
	cb_text_finish(&canonical);
	free(p.options);
	return rc;
}
