#include "harness/base/member_choice.h"

#include "harness/base/units.h"

#include <stdio.h>

/* Why the member won't do, to stand behind its name; NULL: it will. */
static const char *objection(
	const struct cb_member *m, const struct cb_choice_wish *wish, char text[128])
{
	unsigned missing = wish->needs & ~m->provides;

	if (missing) {
		snprintf(text, 128, "it lacks %s",
			cb_trait_text((enum cb_trait)(missing & -missing)));
		return text;
	}
	if (m->frame_max && wish->frame_size > m->frame_max) {
		snprintf(text, 128, "it makes frames of %lld bytes at most",
			(long long)m->frame_max);
		return text;
	}
	return m->provides & CB_TRAIT_XDP ? wish->no_xdp : NULL;
}

/* The best of those that will do; NULL: none. */
static const struct cb_member *best_of(
	const struct cb_axis *axis, const struct cb_choice_wish *wish)
{
	const struct cb_member *m, *best = NULL;
	char text[128];

	for (size_t i = 0; (m = axis->at(i)); i++) {
		if (!m->reach_pps || objection(m, wish, text))
			continue;
		if (!best || m->reach_pps > best->reach_pps)
			best = m;
		if (m->reach_pps >= wish->rate_pps)
			return m;
	}
	return best;
}

/* A member that would reach more, if it would do; NULL: none. */
static const struct cb_member *faster_than(const struct cb_axis *axis, const struct cb_member *best)
{
	const struct cb_member *m, *faster = NULL;

	for (size_t i = 0; (m = axis->at(i)); i++) {
		if (m->reach_pps > (faster ? faster : best)->reach_pps)
			faster = m;
	}
	return faster;
}

static void explain(const struct cb_axis *axis, const struct cb_choice_wish *wish,
	const struct cb_member *best, char why[CB_CHOICE_WHY])
{
	const struct cb_member *faster = faster_than(axis, best);
	char asked[32] = "max", reached[32], text[128];
	const char *but = faster ? objection(faster, wish, text) : NULL;
	int n;

	if (wish->rate_pps != CB_RATE_MAX)
		cb_unit_human(CB_UNIT_RATE, (double)wish->rate_pps, asked, sizeof(asked));
	cb_unit_human(CB_UNIT_RATE, (double)best->reach_pps, reached, sizeof(reached));
	if (best->reach_pps >= wish->rate_pps) {
		snprintf(why, CB_CHOICE_WHY,
			"%s, because a thread of it makes %s, and %s is asked for", best->name,
			reached, asked);
		return;
	}
	n = snprintf(why, CB_CHOICE_WHY,
		"%s, because it makes most of those that will do (%s a thread; asked for: %s)",
		best->name, reached, asked);
	if (but && n > 0 && n < CB_CHOICE_WHY)
		snprintf(why + n, CB_CHOICE_WHY - (size_t)n, "; %s makes more, but %s",
			faster->name, but);
}

int cb_member_choose(const struct cb_axis *axis, const struct cb_choice_wish *wish,
	struct cb_choice *choice, struct cb_error *err)
{
	*choice = (struct cb_choice){.member = best_of(axis, wish)};
	if (choice->member) {
		explain(axis, wish, choice->member, choice->why);
		return 0;
	}
	for (unsigned trait = 1; trait && trait <= wish->needs; trait <<= 1) {
		const struct cb_choice_wish one = {.needs = wish->needs & trait};

		if (one.needs && !best_of(axis, &one))
			return cb_error_set(err, CB_ERR_USAGE,
				"auto: no %s that it chooses from has %s: name one that does "
				"(capbench list %s)",
				axis->name, cb_trait_text((enum cb_trait)trait), axis->plural);
	}
	return cb_error_set(err, CB_ERR_USAGE,
		"auto: no %s has all that is asked for together: name one (capbench list %s)",
		axis->name, axis->plural);
}
