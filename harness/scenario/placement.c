#include "harness/scenario/placement.h"

#include "harness/base/process.h"
#include "harness/base/units.h"

#include <string.h>

#define LETTERS_MAX 26

/* "A:B,C": letters in order of their first appearance, so that one placement has one spelling. */
static int parse_letters(const char *text, struct cb_placement *p, struct cb_error *err)
{
	struct cb_text_split split = {.separator = ','};
	int more, last = 0;
	char part[8];

	if (strncmp(text, "A:", 2) != 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"\"%.60s\" is no placement: A:A (same core), A:B (different cores), A:B,C "
			"(processes in turn), auto, or {generator: [0], receive: [1], capture: "
			"[2]}",
			text);
	split.rest = text + 2;
	while ((more = cb_text_split_next(&split, part, sizeof(part))) != 0) {
		int letter = part[0] - 'A';

		if (more < 0 || strlen(part) != 1 || letter < 0 || letter >= LETTERS_MAX)
			return cb_error_set(err, CB_ERR_USAGE,
				"\"%.60s\": letters from A to Z, parted by commas, are wanted "
				"after "
				"the colon",
				text);
		if (letter > last + 1)
			return cb_error_set(err, CB_ERR_USAGE,
				"\"%.60s\": letters come in order: %c before %c", text,
				'A' + last + 1, part[0]);
		if (p->n_capture == CB_PROCESSES_MAX)
			return cb_error_set(err, CB_ERR_USAGE, "more than %d capture processes",
				CB_PROCESSES_MAX);
		if (letter > last)
			last = letter;
		p->capture[p->n_capture++] = letter;
	}
	p->kind = CB_PLACEMENT_LETTERS;
	return 0;
}

static int read_core(const struct cb_node *value, int *core, struct cb_error *err)
{
	int64_t number;

	if (value->kind != CB_NODE_SCALAR ||
		cb_unit_parse(CB_UNIT_COUNT, value->text, &number, NULL) || number < 0 ||
		number >= CB_CPUS_MAX)
		return cb_node_error(value, err,
			"trial.placement: a core's number from 0 to %d is wanted", CB_CPUS_MAX - 1);
	*core = (int)number;
	return 0;
}

/* "1" or "[1, 2]" into cores[0..max). */
static int read_cores(const struct cb_node *value, const char *role, int *cores, int max, int *n,
	struct cb_error *err)
{
	int rc = 0;

	*n = 1;
	if (value->kind == CB_NODE_SCALAR)
		return read_core(value, cores, err);
	if (value->kind == CB_NODE_MAP || !value->n)
		return cb_node_error(value, err,
			"trial.placement: %s: a core or a list of cores is wanted, as in [1]",
			role);
	if (value->n > (size_t)max)
		return cb_node_error(value, err, "trial.placement: %s: at most %d core%s", role,
			max, max == 1 ? "" : "s");
	*n = (int)value->n;
	for (size_t i = 0; i < value->n && !rc; i++)
		rc = read_core(value->items[i], &cores[i], err);
	return rc;
}

static int read_map(const struct cb_node *map, struct cb_placement *p, struct cb_error *err)
{
	const struct {
		const char *role;
		int *cores, max, *n;
	} roles[] = {
		{"generator", p->generators, CB_THREADS_MAX, &p->n_generators},
		{"receive", &p->receive, 1, &(int){0}},
		{"capture", p->capture, CB_PROCESSES_MAX, &p->n_capture},
	};
	int rc = 0;

	if (!map->n)
		return cb_node_error(map, err,
			"trial.placement: is empty: generator, receive, capture are wanted");
	p->kind = CB_PLACEMENT_CORES;
	for (size_t i = 0; i < map->n && !rc; i++) {
		size_t r = 0;

		while (r < 3 && strcmp(map->keys[i]->text, roles[r].role) != 0)
			r++;
		if (r == 3)
			return cb_node_error(map->keys[i], err,
				"trial.placement.%.40s: unknown key; known here: generator, "
				"receive, capture",
				map->keys[i]->text);
		rc = read_cores(map->items[i], roles[r].role, roles[r].cores, roles[r].max,
			roles[r].n, err);
	}
	if (p->n_generators)
		p->generator = p->generators[0];
	return rc;
}

/* A map that stands inside a string, as the canonical text of one does. */
static int parse_map(const char *text, struct cb_placement *p, struct cb_error *err)
{
	struct cb_node_pool pool = {0};
	const struct cb_node *root;
	int rc = cb_node_parse(&pool, "placement", false, text, strlen(text), &root, err);

	if (!rc && root->kind != CB_NODE_MAP)
		rc = cb_error_set(err, CB_ERR_USAGE, "\"%.60s\" is no placement", text);
	if (!rc)
		rc = read_map(root, p, err);
	cb_node_pool_finish(&pool);
	return rc;
}

int cb_placement_parse(const char *text, struct cb_placement *p, struct cb_error *err)
{
	*p = (struct cb_placement){.generator = -1, .receive = -1};
	if (!strcmp(text, "auto"))
		return 0;
	return text[0] == '{' ? parse_map(text, p, err) : parse_letters(text, p, err);
}

static void print_letters(const struct cb_placement *p, struct cb_text *out)
{
	cb_text_add(out, "A");
	for (int i = 0; i < p->n_capture; i++)
		cb_text_addf(out, "%c%c", i ? ',' : ':', 'A' + p->capture[i]);
}

static void print_cores(const struct cb_placement *p, struct cb_text *out)
{
	const char *before = "{";

	for (int i = 0; i < p->n_generators; i++)
		cb_text_addf(out, "%s%d", i ? ", " : "{generator: [", p->generators[i]);
	if (p->n_generators) {
		cb_text_add(out, "]");
		before = ", ";
	}
	if (p->receive >= 0) {
		cb_text_addf(out, "%sreceive: [%d]", before, p->receive);
		before = ", ";
	}
	for (int i = 0; i < p->n_capture; i++) {
		cb_text_add(out, i ? "" : before);
		cb_text_addf(out, "%s%d", i ? ", " : "capture: [", p->capture[i]);
	}
	cb_text_add(out, p->n_capture ? "]}" : "}");
}

static void print(const struct cb_placement *p, struct cb_text *out)
{
	if (p->kind == CB_PLACEMENT_AUTO)
		cb_text_add(out, "auto");
	else if (p->kind == CB_PLACEMENT_LETTERS)
		print_letters(p, out);
	else
		print_cores(p, out);
}

int cb_placement_read(const struct cb_node *value, char *out, size_t size, struct cb_error *err)
{
	struct cb_placement p = {.generator = -1, .receive = -1};
	struct cb_text text = {0};
	struct cb_error inner;
	int rc;

	if (value->kind == CB_NODE_SEQUENCE || cb_node_is_null(value))
		return cb_node_error(
			value, err, "trial.placement: A:A, A:B, auto or a map of cores is wanted");
	if (value->kind == CB_NODE_MAP) {
		rc = read_map(value, &p, err);
	} else {
		rc = cb_placement_parse(value->text, &p, &inner);
		if (rc)
			rc = cb_node_error(value, err, "trial.placement: %s", inner.text);
	}
	if (rc)
		return rc;
	print(&p, &text);
	if (text.failed)
		rc = cb_error_memory(err, "a placement");
	else if (!cb_text_copy(out, size, cb_text_get(&text)))
		rc = cb_node_error(value, err,
			"trial.placement: takes more than %zu bytes when written out", size - 1);
	cb_text_finish(&text);
	return rc;
}
