/* Which cells a claim is about. */
#include "harness/base/units.h"
#include "harness/scenario/claim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Words for values that depend on what was swept: a profile may have fewer points. */
struct word {
	const char *text;
	/* the part [first, last) of n sorted values */
	size_t (*first)(size_t n), (*last)(size_t n);
};

static size_t zero(size_t n)
{
	(void)n;
	return 0;
}

static size_t one(size_t n)
{
	(void)n;
	return 1;
}

static size_t all(size_t n)
{
	return n;
}

static size_t all_but_one(size_t n)
{
	return n - 1;
}

/* The middle of an odd number of values is in neither half, unless it is alone. */
static size_t half_up(size_t n)
{
	return n > 1 ? n / 2 : 1;
}

static size_t half_down(size_t n)
{
	return n > 1 ? n - n / 2 : 0;
}

static const struct word words[] = {
	{"lowest", zero, one},
	{"highest", all_but_one, all},
	{"lower", zero, half_up},
	{"upper", half_down, all},
};

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(words[i].text, text))
			return &words[i];
	}
	return NULL;
}

double cb_param_order(const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t share;
	char number[32];
	size_t n;

	if (json_is_number(value))
		return json_number_value(value);
	if (!text)
		return NAN;
	if (!strcmp(text, "max"))
		return INFINITY;
	n = strcspn(text, " ");
	if (strcmp(text + n, " of capacity") != 0 || n >= sizeof(number))
		return NAN;
	memcpy(number, text, n);
	number[n] = '\0';
	return cb_unit_parse(CB_UNIT_RATIO, number, &share, NULL) ? NAN : (double)share;
}

static int by_order(const void *a, const void *b)
{
	double x = cb_param_order(*(const json_t *const *)a),
	       y = cb_param_order(*(const json_t *const *)b);

	return (x > y) - (x < y);
}

/* Distinct values of `path` among the cells, sorted; *n of them. Borrowed; the list is the
 * caller's. NULL out of memory. */
static json_t **values_of(const struct cb_scenario *s, uint64_t parts, const json_t *where,
	const char *path, size_t *n)
{
	json_t **values = calloc(s->n_cells + 1, sizeof(*values));
	size_t kept = 0;

	*n = 0;
	for (size_t i = 0; values && i < s->n_cells; i++) {
		json_t *value = json_object_get(s->cells[i].params, path);

		if (s->cells[i].parts & parts && !isnan(cb_param_order(value)) &&
			cb_cell_matches(where, s->cells[i].params))
			values[(*n)++] = value;
	}
	if (!values)
		return NULL;
	qsort(values, *n, sizeof(*values), by_order);
	for (size_t i = 0; i < *n; i++) {
		if (!kept || cb_param_order(values[kept - 1]) < cb_param_order(values[i]))
			values[kept++] = values[i];
	}
	*n = kept;
	return values;
}

struct reader {
	const struct cb_scenario *s;
	const char *label;
	uint64_t parts;
	json_t *pattern;
	struct cb_error *err;
};

static int add_word(const struct reader *r, const struct cb_node *key, const struct word *word)
{
	char path[CB_PATH_MAX], prefix[CB_PATH_MAX];
	json_t **values, *list = json_array();
	const char *option;
	size_t row, n;
	int rc;

	snprintf(prefix, sizeof(prefix), "%s.", r->label);
	rc = cb_trial_path(key, prefix, path, &row, &option, r->err);
	values = rc ? NULL : values_of(r->s, r->parts, r->pattern, path, &n);
	if (!rc && (!values || !list))
		rc = cb_error_memory(r->err, "a claim");
	if (!rc && !n)
		rc = cb_node_error(key, r->err,
			"%s%s: \"%s\" is for numbers, and no cell that the rest of this names has "
			"one",
			prefix, path, word->text);
	for (size_t i = rc ? 0 : word->first(n); !rc && i < word->last(n); i++)
		json_array_append(list, values[i]);
	if (!rc && json_object_set(r->pattern, path, list))
		rc = cb_error_memory(r->err, "a claim");
	json_decref(list);
	free(values);
	return rc;
}

static const struct word *word_at(const struct cb_node *map, size_t i)
{
	const struct cb_node *value = map->items[i];

	return value->kind == CB_NODE_SCALAR ? find_word(value->text) : NULL;
}

/* The keys with plain values; NULL: out of memory. */
static const struct cb_node *without_words(struct cb_node_pool *pool, const struct cb_node *map)
{
	const struct cb_node *rest = map;

	for (size_t i = 0; rest && i < map->n; i++) {
		if (word_at(map, i))
			rest = cb_node_set(pool, rest, map->keys[i]->text, NULL);
	}
	return rest;
}

int cb_claim_pattern_read(const struct cb_scenario *s, const struct cb_registry *registry,
	const struct cb_node *map, const char *label, uint64_t parts,
	struct cb_pattern_budget *budget, json_t **pattern, struct cb_error *err)
{
	struct reader r = {.s = s, .label = label, .parts = parts, .err = err};
	struct cb_node_pool pool = {0};
	const struct cb_node *rest;
	int rc = cb_schema_want_map(map, label, err);

	if (rc)
		return rc;
	rest = without_words(&pool, map);
	if (!rest)
		rc = cb_error_memory(err, "a claim");
	else if (rest->n || !map->n)
		rc = cb_pattern_read(registry, rest, label, budget, &r.pattern, err);
	else
		r.pattern = json_object();
	for (size_t i = 0; i < map->n && !rc; i++) {
		const struct word *word = word_at(map, i);

		if (word)
			rc = add_word(&r, map->keys[i], word);
	}
	cb_node_pool_finish(&pool);
	if (rc)
		json_decref(r.pattern);
	else
		*pattern = r.pattern;
	return rc;
}

/* Whether `path` is what `named` names, a part of it, or the whole that it is a part of. */
static bool kin(const char *path, const char *named)
{
	size_t n = strlen(path), m = strlen(named);

	if (n >= m)
		return !strncmp(path, named, m) && (!path[m] || path[m] == '.');
	return !strncmp(path, named, n) && named[n] == '.';
}

/* A program stands in the place of the other three. */
static bool replaced(const char *path)
{
	return kin(path, "capture.mechanism") || kin(path, "capture.wait") ||
		kin(path, "capture.load");
}

static bool names(const struct cb_expectation *e, const char *path)
{
	for (size_t a = 0; a < e->n_arms; a++) {
		const char *named;
		json_t *value;

		json_object_foreach(e->arms[a].pattern, named, value)
		{
			if (kin(path, named) || (kin(named, "capture.external") && replaced(path)))
				return true;
		}
	}
	/* what a rate is a share of goes with the rest */
	return !strcmp(path, "traffic.capacity") || (*e->along && kin(path, e->along));
}

void cb_expectation_stratum(
	const struct cb_expectation *e, const json_t *params, struct cb_text *out)
{
	char *text;
	json_t *rest = json_copy((json_t *)params), *value;
	const char *path;

	json_object_foreach((json_t *)params, path, value)
	{
		if (names(e, path))
			json_object_del(rest, path);
	}
	text = rest ? json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (text)
		cb_text_add(out, text);
	else
		out->failed = true;
	free(text);
	json_decref(rest);
}
