#include "harness/decide/trend_legend.h"

#include "harness/report/format.h"

#include <string.h>

#define SEPARATOR ", "

/* A label's next part; `*rest` moves behind it, NULL at the end. */
static const char *next_part(const char **rest, size_t *length)
{
	const char *part = *rest, *end;

	if (!part)
		return NULL;
	end = strstr(part, SEPARATOR);
	*length = end ? (size_t)(end - part) : strlen(part);
	*rest = end ? end + strlen(SEPARATOR) : NULL;
	return part;
}

static bool has_part(const char *label, const char *part, size_t length)
{
	const char *other;
	size_t n = 0;

	while ((other = next_part(&label, &n))) {
		if (n == length && !memcmp(other, part, length))
			return true;
	}
	return false;
}

static bool all_have(const char *const *labels, size_t n, const char *part, size_t length)
{
	for (size_t i = 0; i < n; i++) {
		if (!has_part(labels[i], part, length))
			return false;
	}
	return n > 1;
}

static void add_part(struct cb_text *out, const char *part, size_t length)
{
	if (out->length)
		cb_text_add(out, SEPARATOR);
	cb_text_add_n(out, part, length);
}

static void name_by_difference(struct cb_trend_legend *l, const char *const *labels)
{
	struct cb_text common = {0};

	for (size_t i = 0; i < l->n; i++) {
		const char *rest = labels[i], *part;
		size_t length = 0;

		while ((part = next_part(&rest, &length))) {
			if (!all_have(labels, l->n, part, length))
				add_part(&l->names[i], part, length);
			else if (!i)
				add_part(&common, part, length);
		}
	}
	if (common.length)
		cb_text_addf(&l->small, "all: %s", cb_text_get(&common));
	cb_text_finish(&common);
}

/* A label may lack what others have, and then be all in common. */
static bool tells_apart(const struct cb_trend_legend *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *name = cb_text_get(&l->names[i]);

		if (!*name)
			return false;
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(name, cb_text_get(&l->names[k])))
				return false;
		}
	}
	return true;
}

static void name_by_label(struct cb_trend_legend *l, const char *const *labels)
{
	cb_text_clear(&l->small);
	for (size_t i = 0; i < l->n; i++) {
		cb_text_clear(&l->names[i]);
		cb_text_add(&l->names[i], labels[i]);
	}
}

static void name_by_number(struct cb_trend_legend *l)
{
	for (size_t i = 0; i < l->n; i++) {
		cb_text_addf(&l->small, "%s%zu: %s", l->small.length ? "; " : "", i + 1,
			cb_text_get(&l->names[i]));
		cb_text_clear(&l->names[i]);
		cb_text_addf(&l->names[i], "%zu", i + 1);
	}
}

static size_t widest(const struct cb_trend_legend *l)
{
	size_t most = 0;

	for (size_t i = 0; i < l->n; i++) {
		size_t width = cb_format_width(cb_text_get(&l->names[i]));

		most = width > most ? width : most;
	}
	return most;
}

void cb_trend_legend_make(
	struct cb_trend_legend *l, const char *const *labels, size_t n, size_t fit)
{
	*l = (struct cb_trend_legend){.n = n};
	name_by_difference(l, labels);
	if (!tells_apart(l))
		name_by_label(l, labels);
	if (widest(l) > fit)
		name_by_number(l);
	l->widest = widest(l);
}

void cb_trend_legend_finish(struct cb_trend_legend *l)
{
	for (size_t i = 0; i < l->n; i++)
		cb_text_finish(&l->names[i]);
	cb_text_finish(&l->small);
}
