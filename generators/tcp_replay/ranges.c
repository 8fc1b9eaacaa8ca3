#include "generators/tcp_replay/ranges.h"

#include <string.h>

static void remove_at(struct cb_ranges *s, unsigned i, unsigned n)
{
	memmove(&s->r[i], &s->r[i + n], (s->n - i - n) * sizeof(s->r[0]));
	s->n -= n;
}

bool cb_ranges_add(struct cb_ranges *s, int64_t from, int64_t to)
{
	unsigned i = 0, last;

	if (to <= from)
		return true;
	while (i < s->n && s->r[i].to < from)
		i++;
	if (i == s->n || s->r[i].from > to) {
		if (s->n == CB_RANGES_MAX)
			return false;
		memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
		s->r[i] = (struct cb_range){from, to};
		s->n++;
		return true;
	}
	for (last = i; last + 1 < s->n && s->r[last + 1].from <= to; last++)
		;
	if (from < s->r[i].from)
		s->r[i].from = from;
	s->r[i].to = s->r[last].to > to ? s->r[last].to : to;
	remove_at(s, i + 1, last - i);
	return true;
}

void cb_ranges_trim(struct cb_ranges *s, int64_t place)
{
	unsigned gone = 0;

	while (gone < s->n && s->r[gone].to <= place)
		gone++;
	remove_at(s, 0, gone);
	if (s->n && s->r[0].from < place)
		s->r[0].from = place;
}

int64_t cb_ranges_free(const struct cb_ranges *s, int64_t place)
{
	for (unsigned i = 0; i < s->n && s->r[i].from <= place; i++) {
		if (place < s->r[i].to)
			return s->r[i].to;
	}
	return place;
}

int64_t cb_ranges_taken(const struct cb_ranges *s, int64_t place)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (place < s->r[i].to)
			return place > s->r[i].from ? place : s->r[i].from;
	}
	return INT64_MAX;
}

int64_t cb_ranges_total(const struct cb_ranges *s)
{
	int64_t total = 0;

	for (unsigned i = 0; i < s->n; i++)
		total += s->r[i].to - s->r[i].from;
	return total;
}
