#include "capturers/external_program.h"

#include "capturers/external_output.h"
#include "capturers/external_words.h"
#include "harness/base/text.h"
#include "harness/base/units.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX  16
#define LINGER_MAX INT64_C(10000000000) /* ns */

static const struct {
	const char *name;
	int number;
} signals[] = {{"INT", SIGINT}, {"TERM", SIGTERM}, {"QUIT", SIGQUIT}, {"HUP", SIGHUP},
	{"USR1", SIGUSR1}, {"USR2", SIGUSR2}};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static int take_words(
	const char *key, const json_t *value, const char **words, struct cb_error *err)
{
	size_t i;
	json_t *word;

	if (!json_is_array(value) || !json_array_size(value) ||
		json_array_size(value) > CB_EXTERNAL_WORDS_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: a list of 1 to %d words is wanted, as in [prog, -i, \"{interface}\"]",
			key, CB_EXTERNAL_WORDS_MAX);
	json_array_foreach(value, i, word)
	{
		words[i] = json_string_value(word);
		if (!words[i])
			return cb_error_set(
				err, CB_ERR_USAGE, "%s: word %zu is no text", key, i + 1);
		if (cb_external_words_check(words[i], err))
			return cb_error_prepend(err, "%s", key);
	}
	words[i] = NULL;
	return 0;
}

static int take_command(struct cb_external_choice *c, const json_t *value, struct cb_error *err)
{
	c->own.command = c->command;
	return take_words("command", value, c->command, err);
}

static int take_filter(struct cb_external_choice *c, const json_t *value, struct cb_error *err)
{
	c->own.filter = c->filter;
	return take_words("filter", value, c->filter, err);
}

static int take_stop(struct cb_external_choice *c, const json_t *value, struct cb_error *err)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < LENGTH(signals); i++) {
		if (!strcmp(name, signals[i].name)) {
			c->own.stop_signal = signals[i].number;
			return 0;
		}
	}
	return cb_error_set(
		err, CB_ERR_USAGE, "stop: one of INT, TERM, QUIT, HUP, USR1, USR2 is wanted");
}

static int take_linger(struct cb_external_choice *c, const json_t *value, struct cb_error *err)
{
	const char *text = json_string_value(value);
	const char *why;
	int64_t ns = 0;

	if (!text || cb_unit_parse(CB_UNIT_TIME, text, &ns, &why))
		return cb_error_set(err, CB_ERR_USAGE, "linger: a time is wanted, as in 250ms");
	if (ns > LINGER_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "linger: at most 10s");
	c->own.linger_ns = (uint64_t)ns;
	return 0;
}

static bool is_name(const char *name)
{
	if (!*name || strlen(name) >= CB_EXTERNAL_NAME)
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	}
	return true;
}

static int take_name(struct cb_external_choice *c, const json_t *value, struct cb_error *err)
{
	const char *name = json_string_value(value);

	if (!name || !is_name(name) || !strcmp(name, "none"))
		return cb_error_set(err, CB_ERR_USAGE,
			"name: letters, digits, - _ . are wanted, at most %d",
			CB_EXTERNAL_NAME - 1);
	cb_text_copy(c->name, sizeof(c->name), name);
	return 0;
}

/* The keys that have a function; the others are patterns. */
static const struct {
	const char *name;
	int (*take)(struct cb_external_choice *c, const json_t *value, struct cb_error *err);
} keys[] = {
	{"name", take_name},
	{"command", take_command},
	{"filter", take_filter},
	{"stop", take_stop},
	{"linger", take_linger},
};

static const char **pattern_of(struct cb_external_choice *c, const char *key)
{
	if (!strcmp(key, "ready"))
		return &c->own.ready;
	for (size_t i = 0; i < CB_EXTERNAL_COUNTS; i++) {
		if (!strcmp(key, cb_external_count_names[i]))
			return &c->own.counts[i];
	}
	return NULL;
}

static int unknown_key(const char *key, struct cb_error *err)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	for (size_t i = 0; i < LENGTH(keys); i++)
		names[n++] = keys[i].name;
	names[n++] = "ready";
	for (size_t i = 0; i < CB_EXTERNAL_COUNTS; i++)
		names[n++] = cb_external_count_names[i];
	near = cb_text_nearest(key, names, n);
	return cb_error_set(err, CB_ERR_USAGE,
		"unknown key \"%.40s\"%s%s%s: an external program is described by name, command, "
		"filter, ready, received, dropped, unread, stored, matched, stop and linger",
		key, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int take_key(
	struct cb_external_choice *c, const char *key, const json_t *value, struct cb_error *err)
{
	const char **pattern = pattern_of(c, key);

	for (size_t i = 0; i < LENGTH(keys); i++) {
		if (!strcmp(key, keys[i].name))
			return keys[i].take(c, value, err);
	}
	if (!pattern)
		return unknown_key(key, err);
	*pattern = json_string_value(value);
	if (!*pattern)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s: a regular expression is wanted, as in \"([0-9]+) packets\"", key);
	return 0;
}

/* Without a name of its own, it has that of the file that is run. */
static int settle_name(struct cb_external_choice *c, struct cb_error *err)
{
	const char *slash = strrchr(c->command[0], '/');
	const char *file = slash ? slash + 1 : c->command[0];

	c->own.member.name = c->name;
	if (c->name[0])
		return 0;
	if (!is_name(file))
		return cb_error_set(err, CB_ERR_USAGE,
			"a name is wanted: that of \"%.60s\" is of no use in a report", file);
	cb_text_copy(c->name, sizeof(c->name), file);
	return 0;
}

static int check_patterns(const struct cb_external_program *program, struct cb_error *err)
{
	struct cb_external_output scratch = {.have_ready = false};
	int rc = cb_external_output_init(&scratch, program, err);

	cb_external_output_finish(&scratch);
	return rc;
}

static int read_own(struct cb_external_choice *c, struct cb_error *err)
{
	const char *key;
	json_t *value;
	int rc = 0;

	c->own = (struct cb_external_program){.stop_signal = SIGINT};
	json_object_foreach(c->json, key, value)
	{
		rc = take_key(c, key, value, err);
		if (rc)
			return rc;
	}
	if (!c->own.command)
		return cb_error_set(err, CB_ERR_USAGE,
			"command: is missing: the words of its command line, as in [prog, -i, "
			"\"{interface}\"]");
	if (!c->own.ready)
		return cb_error_set(err, CB_ERR_USAGE,
			"ready: is missing: a pattern for the line that it prints once it "
			"captures");
	rc = settle_name(c, err);
	c->program = &c->own;
	return rc ? rc : check_patterns(&c->own, err);
}

static int find_shipped(struct cb_external_choice *c, const char *name, struct cb_error *err)
{
	const char *names[NAMES_MAX], *near;
	struct cb_text known = {0};
	size_t n = 0;

	for (const struct cb_external_program *p; (p = cb_external_shipped(n)); n++) {
		if (!strcmp(p->member.name, name)) {
			c->program = p;
			cb_text_copy(c->name, sizeof(c->name), name);
			cb_text_finish(&known);
			return 0;
		}
		names[n] = p->member.name;
		cb_text_addf(&known, "%s%s", n ? ", " : "", names[n]);
	}
	near = cb_text_nearest(name, names, n);
	cb_error_set(err, CB_ERR_USAGE,
		"\"%.60s\" is no external program that is known here%s%s%s; there are %s, and "
		"others can be described",
		name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "",
		cb_text_get(&known));
	cb_text_finish(&known);
	return CB_ERR_USAGE;
}

int cb_external_choice_read(struct cb_external_choice *c, const char *text, struct cb_error *err)
{
	json_error_t where;
	int rc;

	*c = (struct cb_external_choice){.program = NULL};
	if (text[0] != '{')
		return find_shipped(c, text, err);
	c->json = json_loads(text, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(c->json))
		rc = cb_error_set(err, CB_ERR_USAGE,
			"the description of an external program is no JSON object: %s", where.text);
	else
		rc = read_own(c, err);
	if (rc)
		cb_external_choice_finish(c);
	return rc;
}

void cb_external_choice_finish(struct cb_external_choice *c)
{
	json_decref(c->json);
	*c = (struct cb_external_choice){.program = NULL};
}
