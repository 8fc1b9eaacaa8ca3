#include "harness/decide/environment.h"

#include <stdio.h>
#include <string.h>

/* Facts nested deeper than this are not facts of a host. */
#define DEPTH_MAX 6
#define PATH_MAX_ 128

/* What differs from run to run without moving a result. */
static const char *const told_only[] = {"boot_id", "cpu.mhz", "memory_bytes"};

/* What run.json says of the place, and under which names it is told. */
static const struct {
	const char *object, *key, *fact;
} recorded[] = {
	{"tool", "version", "capbench"},
	{"testbed", "kind", "testbed.kind"},
	{"testbed", "cores", "testbed.cores"},
	{"testbed", "shared", "testbed.shared"},
	{"testbed", "inline_receive", "testbed.inline_receive"},
	{"testbed", "rps", "testbed.rps"},
	{"testbed", "threaded", "testbed.threaded"},
	{"evidence", "softirq_available", "evidence.softirq_available"},
};

struct comparison {
	const struct cb_environment_accepted *accepted;
	const char *host; /* NULL: of the run as a whole */
	json_t *list;
};

/* `fact` is one of these, or stands below one. */
static bool is_named(const char *const *names, size_t n, const char *fact)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(names[i], fact, length) == 0 && (!fact[length] || fact[length] == '.'))
			return true;
	}
	return false;
}

static json_t *or_null(const json_t *value)
{
	return value ? json_incref((json_t *)value) : json_null();
}

/* The entry that says the same of another host. */
static json_t *find_alike(
	const json_t *list, const char *fact, const json_t *base, const json_t *cand)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "fact"));

		if (name && strcmp(name, fact) == 0 &&
			json_equal(json_object_get(entry, "base"), base) &&
			json_equal(json_object_get(entry, "cand"), cand))
			return entry;
	}
	return NULL;
}

/* What one side does not tell is no difference, but worth telling: `both` do. */
static void add(struct comparison *c, const char *fact, const json_t *base_value,
	const json_t *cand_value, bool both)
{
	json_t *base = or_null(base_value), *cand = or_null(cand_value);
	json_t *entry = find_alike(c->list, fact, base, cand);
	bool stops = both && !is_named(told_only, sizeof(told_only) / sizeof(*told_only), fact) &&
		!is_named(c->accepted->facts, c->accepted->n, fact);

	if (!entry) {
		entry = json_pack("{s:s, s:[], s:O, s:O, s:b}", "fact", fact, "hosts", "base", base,
			"cand", cand, "stops", stops);
		json_array_append_new(c->list, entry);
	}
	if (c->host)
		json_array_append_new(json_object_get(entry, "hosts"), json_string(c->host));
	json_decref(base);
	json_decref(cand);
}

static void compare_facts(
	struct comparison *c, const char *name, const json_t *base, const json_t *cand, int depth);

static bool known(const json_t *value)
{
	return value && !json_is_null(value);
}

static void compare_fact(
	struct comparison *c, const char *path, const json_t *base, const json_t *cand, int depth)
{
	if ((json_is_object(base) || json_is_object(cand)) && depth < DEPTH_MAX)
		compare_facts(c, path, base, cand, depth + 1);
	else if ((known(base) || known(cand)) && !json_equal(base, cand))
		add(c, path, base, cand, known(base) && known(cand));
}

/* Keys of either side, each once. */
static void compare_facts(
	struct comparison *c, const char *name, const json_t *base, const json_t *cand, int depth)
{
	const json_t *sides[] = {base, cand};

	for (size_t side = 0; side < 2; side++) {
		const char *key;
		json_t *value;

		json_object_foreach((json_t *)sides[side], key, value)
		{
			char path[PATH_MAX_];

			if (side && json_object_get(base, key))
				continue;
			snprintf(path, sizeof(path), "%s%s%s", name, name[0] ? "." : "", key);
			compare_fact(c, path, json_object_get(base, key),
				json_object_get(cand, key), depth);
		}
	}
}

static void compare_hosts(struct comparison *c, const json_t *base, const json_t *cand)
{
	const json_t *sides[] = {base, cand};

	for (size_t side = 0; side < 2; side++) {
		const char *host;
		json_t *facts;

		json_object_foreach((json_t *)sides[side], host, facts)
		{
			const json_t *theirs = json_object_get(side ? base : cand, host);

			c->host = host;
			if (!theirs)
				add(c, "host", json_boolean(!side), json_boolean(side), true);
			else if (!side)
				compare_facts(c, "", facts, theirs, 0);
		}
	}
	c->host = NULL;
}

json_t *cb_environment_compare(const struct cb_report_data *base, const struct cb_report_data *cand,
	const struct cb_environment_accepted *accepted)
{
	struct comparison c = {.accepted = accepted, .list = json_array()};

	if (!c.list)
		return NULL;
	for (size_t i = 0; i < sizeof(recorded) / sizeof(*recorded); i++)
		compare_fact(&c, recorded[i].fact,
			json_object_get(
				json_object_get(base->run, recorded[i].object), recorded[i].key),
			json_object_get(
				json_object_get(cand->run, recorded[i].object), recorded[i].key),
			DEPTH_MAX);
	compare_hosts(&c, base->hosts, cand->hosts);
	return c.list;
}

size_t cb_environment_stops(const json_t *differences)
{
	json_t *entry;
	size_t i, n = 0;

	json_array_foreach(differences, i, entry) n +=
		json_is_true(json_object_get(entry, "stops"));
	return n;
}

bool cb_environment_known(const struct cb_report_data *d)
{
	return json_object_size(d->hosts) > 0;
}
