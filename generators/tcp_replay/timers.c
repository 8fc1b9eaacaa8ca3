#include "generators/tcp_replay/timers.h"

#include <stdlib.h>

int cb_timers_init(struct cb_timers *t, uint32_t capacity, struct cb_error *err)
{
	*t = (struct cb_timers){.capacity = capacity,
		.heap = calloc(capacity, sizeof(*t->heap)),
		.places = calloc(capacity, sizeof(*t->places)),
		.due_ns = calloc(capacity, sizeof(*t->due_ns))};
	if (t->heap && t->places && t->due_ns)
		return 0;
	cb_timers_finish(t);
	return cb_error_memory(err, "timers");
}

void cb_timers_finish(struct cb_timers *t)
{
	free(t->heap);
	free(t->places);
	free(t->due_ns);
	*t = (struct cb_timers){0};
}

static bool earlier(const struct cb_timers *t, uint32_t a, uint32_t b)
{
	return t->due_ns[t->heap[a]] < t->due_ns[t->heap[b]];
}

static void put(struct cb_timers *t, uint32_t place, uint32_t entry)
{
	t->heap[place] = entry;
	t->places[entry] = place + 1;
}

static void swap(struct cb_timers *t, uint32_t a, uint32_t b)
{
	uint32_t entry = t->heap[a];

	put(t, a, t->heap[b]);
	put(t, b, entry);
}

static void sift(struct cb_timers *t, uint32_t i)
{
	for (; i && earlier(t, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(t, i, (i - 1) / 2);
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child + 1 < t->n && earlier(t, child + 1, child))
			child++;
		if (child >= t->n || !earlier(t, child, i))
			return;
		swap(t, i, child);
		i = child;
	}
}

static void take_away(struct cb_timers *t, uint32_t entry)
{
	uint32_t place = t->places[entry];

	if (!place)
		return;
	t->places[entry] = 0;
	if (--t->n == place - 1)
		return;
	put(t, place - 1, t->heap[t->n]);
	sift(t, place - 1);
}

void cb_timers_set(struct cb_timers *t, uint32_t entry, uint64_t due_ns)
{
	if (due_ns == UINT64_MAX) {
		take_away(t, entry);
		return;
	}
	t->due_ns[entry] = due_ns;
	if (!t->places[entry])
		put(t, t->n++, entry);
	sift(t, t->places[entry] - 1);
}

uint64_t cb_timers_next(const struct cb_timers *t)
{
	return t->n ? t->due_ns[t->heap[0]] : UINT64_MAX;
}

bool cb_timers_due(const struct cb_timers *t, uint64_t now_ns, uint32_t *entry)
{
	if (!t->n || t->due_ns[t->heap[0]] > now_ns)
		return false;
	*entry = t->heap[0];
	return true;
}
