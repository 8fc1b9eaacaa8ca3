/* What a reader should know of a comparison before trusting it. The same is often to be said of
 * several metrics of a curve, and of several curves: it is said once, with what it is about. */
#include "harness/decide/compare_page.h"
#include "harness/decide/compared.h"

#include <stdlib.h>
#include <string.h>

/* One sentence, and what it is about. */
struct remark {
	const char *text;              /* borrowed */
	const struct cb_compared **of; /* by number; none: of the whole */
	size_t n;
};

struct remarks {
	const struct cb_compare *c;
	struct remark *list;
	const struct cb_compared **room; /* c->n for each */
	size_t n;
};

static size_t count_texts(const struct cb_compare *c)
{
	size_t n = json_array_size(c->reasons) + json_array_size(c->notes);

	for (size_t i = 0; i < c->n; i++)
		n += json_array_size(c->list[i].reasons) + json_array_size(c->list[i].notes);
	for (int side = 0; side < 2; side++)
		n += c->runs[side].there ? json_array_size(c->runs[side].data.notes) : 0;
	return n;
}

static void add(struct remarks *r, const json_t *texts, const struct cb_compared *of)
{
	json_t *text;
	size_t i, k;

	json_array_foreach(texts, i, text)
	{
		const char *what = json_string_value(text);

		for (k = 0; k < r->n && strcmp(r->list[k].text, what) != 0; k++)
			;
		if (k == r->n)
			r->list[r->n++] =
				(struct remark){.text = what, .of = r->room + k * (r->c->n + 1)};
		if (of && (!r->list[k].n || r->list[k].of[r->list[k].n - 1] != of))
			r->list[k].of[r->list[k].n++] = of;
	}
}

/* Whether all that it is about is one curve. */
static bool is_one_curve(const struct remark *m)
{
	for (size_t i = 1; i < m->n; i++) {
		if (m->of[i]->curve != m->of[0]->curve)
			return false;
	}
	return true;
}

/* "captured share, captured rate of tpacket3: "; all metrics of a curve need not be named. */
static void print_one_curve(const struct cb_compare *c, const struct remark *m, struct cb_text *out)
{
	const char *label = m->of[0]->curve->label;

	for (size_t i = 0; m->n < c->n_measures && i < m->n; i++)
		cb_text_addf(out, "%s%s", i ? ", " : "", m->of[i]->measure->metric->label);
	if (*label)
		cb_text_addf(out, "%s%s", m->n < c->n_measures ? " of " : "", label);
	if (*label || m->n < c->n_measures)
		cb_text_add(out, ": ");
}

static void print(const struct cb_compare *c, const struct remark *m, struct cb_text *out)
{
	if (m->n && is_one_curve(m)) {
		print_one_curve(c, m, out);
	} else if (m->n) {
		cb_compared_print_name(m->of[0], out);
		cb_text_addf(out, ", and %zu more: ", m->n - 1);
	}
	cb_text_add(out, m->text);
}

static void collect(struct remarks *r)
{
	const struct cb_compare *c = r->c;

	add(r, c->reasons, NULL);
	for (size_t i = 0; i < c->n; i++)
		add(r, c->list[i].reasons, &c->list[i]);
	add(r, c->notes, NULL);
	for (size_t i = 0; i < c->n; i++)
		add(r, c->list[i].notes, &c->list[i]);
	for (int side = 0; side < 2; side++) {
		if (c->runs[side].there)
			add(r, c->runs[side].data.notes, NULL);
	}
}

json_t *cb_compare_remarks(const struct cb_compare *c)
{
	size_t room = count_texts(c) + 1;
	struct remarks r = {.c = c,
		.list = calloc(room, sizeof(*r.list)),
		.room = calloc(room * (c->n + 1), sizeof(*r.room))};
	json_t *list = json_array();

	if (r.list && r.room)
		collect(&r);
	for (size_t i = 0; i < r.n; i++) {
		struct cb_text line = {0};

		print(c, &r.list[i], &line);
		json_array_append_new(list, json_string(cb_text_get(&line)));
		cb_text_finish(&line);
	}
	free(r.list);
	free(r.room);
	return list;
}
