#include "harness/base/text.h"
#include "harness/cli/verb.h"

#include <stdlib.h>
#include <string.h>

const struct cb_option cb_common_options[] = {
	{.name = "json",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct cb_common, json),
		.fallback = "false",
		.help = "Print one JSON document on stdout; progress and log go to stderr"},
	{.name = "verbose",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct cb_common, verbose),
		.fallback = "false",
		.help = "Tell more on stderr (-v)"},
	CB_OPTION_END,
};

#define NAMES_MAX 64

/* All option names of a verb, for the nearest-name suggestion. */
static size_t names_of(const struct cb_verb *verb, const char *names[NAMES_MAX])
{
	size_t n = 0;

	for (const struct cb_option *o = cb_common_options; o->name; o++)
		names[n++] = o->name;
	for (const struct cb_option *o = verb->options; o && o->name && n < NAMES_MAX; o++)
		names[n++] = o->name;
	for (const struct cb_repeat_row *r = verb->repeats; r && r->name && n < NAMES_MAX; r++)
		names[n++] = r->name;
	return n;
}

static int unknown_option(const struct cb_verb *verb, const char *name, struct cb_error *err)
{
	const char *names[NAMES_MAX];
	const char *near = cb_text_nearest(name, names, names_of(verb, names));

	if (near)
		return cb_error_set(err, CB_ERR_USAGE,
			"option --%s is not known; did you mean --%s? (capbench %s --help)", name,
			near, verb->name);
	return cb_error_set(err, CB_ERR_USAGE, "option --%s is not known (capbench %s --help)",
		name, verb->name);
}

/* Where an option's value goes: a row of a table over a struct, or a list. */
struct target {
	const struct cb_option *row;
	void *base;
	struct cb_repeat *list;
};

static bool find_target(struct cb_invocation *call, const char *name, struct target *t)
{
	const struct cb_verb *verb = call->verb;

	*t = (struct target){.row = cb_option_find(cb_common_options, name), .base = &call->common};
	if (t->row)
		return true;
	t->base = call->args;
	t->row = verb->options ? cb_option_find(verb->options, name) : NULL;
	if (!t->row && verb->unlisted)
		t->row = cb_option_find(verb->unlisted, name);
	if (t->row)
		return true;
	for (const struct cb_repeat_row *r = verb->repeats; r && r->name; r++)
		if (strcmp(r->name, name) == 0) {
			t->list = (struct cb_repeat *)((char *)call->args + r->offset);
			return true;
		}
	return false;
}

static int store(const struct target *t, const char *name, const char *value, struct cb_error *err)
{
	int r;

	if (t->list) {
		if (t->list->n == CB_REPEATS_MAX)
			return cb_error_set(err, CB_ERR_USAGE, "--%s is given more than %d times",
				name, CB_REPEATS_MAX);
		t->list->items[t->list->n++] = value;
		return 0;
	}
	r = cb_option_decode(t->row, value, t->base, err);
	return r ? cb_error_prepend(err, "--%s", name) : 0;
}

/* One --name, --name=value or --name value; `*i` moves past what it takes. */
static int parse_option(
	struct cb_invocation *call, int argc, char **argv, int *i, struct cb_error *err)
{
	char name[64];
	const char *text = argv[*i] + 2, *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	struct target target;

	if (length >= sizeof(name))
		return cb_error_set(err, CB_ERR_USAGE,
			"option %.40s... is not known (capbench %s --help)", argv[*i],
			call->verb->name);
	memcpy(name, text, length);
	name[length] = '\0';
	if (!find_target(call, name, &target))
		return unknown_option(call->verb, name, err);
	if (equals)
		return store(&target, name, equals + 1, err);
	if (target.row && target.row->type == CB_OPT_BOOL)
		return store(&target, name, "true", err);
	if (*i + 1 >= argc)
		return cb_error_set(err, CB_ERR_USAGE, "--%s wants a value (capbench %s --help)",
			name, call->verb->name);
	return store(&target, name, argv[++*i], err);
}

static int check_positionals(const struct cb_invocation *call, struct cb_error *err)
{
	for (size_t i = 0; i < CB_POSITIONALS_MAX && call->verb->positional[i].metavar; i++)
		if (!call->positional[i] && !call->verb->positional[i].optional)
			return cb_error_set(err, CB_ERR_USAGE,
				"%s is missing: %s (capbench %s --help)",
				call->verb->positional[i].metavar, call->verb->positional[i].help,
				call->verb->name);
	return 0;
}

int cb_args_parse(struct cb_invocation *call, int argc, char **argv, struct cb_error *err)
{
	size_t n = 0;
	bool only_positionals = false;
	int r;

	cb_option_defaults(cb_common_options, &call->common);
	if (call->verb->options)
		cb_option_defaults(call->verb->options, call->args);
	if (call->verb->unlisted)
		cb_option_defaults(call->verb->unlisted, call->args);
	for (int i = 2; i < argc; i++) {
		const char *arg = argv[i];

		if (!only_positionals && strcmp(arg, "--") == 0) {
			only_positionals = true;
		} else if (!only_positionals &&
			(strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
			return 1;
		} else if (!only_positionals && strcmp(arg, "-v") == 0) {
			call->common.verbose = true;
		} else if (!only_positionals && cb_text_starts_with(arg, "--")) {
			r = parse_option(call, argc, argv, &i, err);
			if (r)
				return r;
		} else if (!only_positionals && arg[0] == '-' && arg[1]) {
			return cb_error_set(err, CB_ERR_USAGE,
				"option %s is not known (capbench %s --help)", arg,
				call->verb->name);
		} else if (n < CB_POSITIONALS_MAX && call->verb->positional[n].metavar) {
			call->positional[n++] = arg;
		} else if (n && call->verb->positional[n - 1].repeats && call->rest) {
			call->rest[call->n_rest++] = arg;
		} else {
			return cb_error_set(err, CB_ERR_USAGE,
				"\"%s\" is one argument too many (capbench %s --help)", arg,
				call->verb->name);
		}
	}
	return check_positionals(call, err);
}
