#include "harness/scenario/transmitter.h"

#include "harness/base/member_choice.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/scenario/member_value.h"

#include <stdio.h>
#include <string.h>

#define ROW     "generator.transmitter"
#define NO_NAPI "the receiving end has no NAPI, which napi: on would give it"

/* Whether the row's member is not the first of its axis, the plain one. */
static bool is_plain(const struct cb_registry *r, const char *axis, const char *text)
{
	const struct cb_axis *a = cb_registry_axis(r, axis);

	return !a || cb_member_value_member(a, text) == a->at(0);
}

/* The plain headers are the first member's without an option. */
static bool has_headers(const struct cb_registry *r, const char *text)
{
	const struct cb_axis *axis = cb_registry_axis(r, "frame");

	return axis && strcmp(text, axis->at(0)->name) != 0;
}

static bool is_mixed(const struct cb_registry *r, const struct cb_trial_spec *spec)
{
	unsigned provides = cb_member_text_provides(
		cb_registry_axis(r, "transmitter"), spec->generator.transmitter);

	/* a replayed file's frames have sizes of their own */
	return !is_plain(r, "sizes", spec->traffic.sizes) || !(provides & CB_TRAIT_STAMPS);
}

/* What this cell asks for, on top of what the others do. */
static void add_wish(
	struct cb_choice_wish *wish, const struct cb_registry *r, const struct cb_trial_spec *spec)
{
	int64_t threads = spec->generator.threads > 0 ? spec->generator.threads : 1;
	int64_t rate = spec->traffic.rate;

	if (rate != CB_RATE_MAX)
		rate = (rate + threads - 1) / threads;
	if (rate > wish->rate_pps)
		wish->rate_pps = rate;
	if (spec->traffic.frame_size > wish->frame_size)
		wish->frame_size = spec->traffic.frame_size;
	if (!is_plain(r, "sizes", spec->traffic.sizes) ||
		!is_plain(r, "payload", spec->traffic.payload) || spec->traffic.flows > 1)
		wish->needs |= CB_TRAIT_SHAPES;
	if (has_headers(r, spec->traffic.frame))
		wish->needs |= CB_TRAIT_FRAMES;
	if (spec->napi != CB_NAPI_ON)
		wish->no_xdp = NO_NAPI;
}

/* The choice; one more without XDP when what was chosen can't run. */
static int choose(const struct cb_registry *r, struct cb_choice_wish *wish,
	struct cb_choice *choice, char no_xdp[256], struct cb_error *err)
{
	const struct cb_axis *axis = cb_registry_axis(r, "transmitter");
	struct cb_error why = {0};
	int rc = cb_member_choose(axis, wish, choice, err);

	if (rc || !(choice->member->provides & CB_TRAIT_XDP) || !r->runs ||
		!r->runs(choice->member, &why))
		return rc;
	snprintf(no_xdp, 256, "it can't run here: %.200s", why.text);
	wish->no_xdp = no_xdp;
	return cb_member_choose(axis, wish, choice, err);
}

/* The parameters of the member that stood there before. */
static void forget(json_t *params)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(params, next, key, value)
	{
		if (!strncmp(key, ROW, strlen(ROW)))
			json_object_del(params, key);
	}
}

static int take(struct cb_cell *cell, const struct cb_axis *axis, const struct cb_choice *choice,
	struct cb_error *err)
{
	struct cb_trial_spec *spec = &cell->spec;

	snprintf(spec->generator.why, sizeof(spec->generator.why), "auto: %s", choice->why);
	if (cb_member_value_member(axis, spec->generator.transmitter) == choice->member)
		return 0;
	cb_text_copy(spec->generator.transmitter, sizeof(spec->generator.transmitter),
		choice->member->name);
	forget(cell->params);
	return cb_member_value_params(axis, ROW, choice->member->name, cell->params, err);
}

static int settle_automatic(
	struct cb_scenario *s, const struct cb_registry *r, struct cb_error *err)
{
	struct cb_choice_wish wish = {.needs = CB_TRAIT_STAMPS};
	struct cb_choice choice = {0};
	struct cb_error none = {0};
	char no_xdp[256];
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < s->n_cells; i++) {
		if (!s->cells[i].spec.generator.automatic)
			continue;
		any = true;
		add_wish(&wish, r, &s->cells[i].spec);
	}
	if (wish.rate_pps != CB_RATE_MAX)
		wish.needs |= CB_TRAIT_PACED;
	/* Where none is made for all of it each cell keeps what it was read as. */
	if (!any || choose(r, &wish, &choice, no_xdp, &none))
		return 0;
	for (size_t i = 0; i < s->n_cells && !rc; i++) {
		if (s->cells[i].spec.generator.automatic)
			rc = take(&s->cells[i], cb_registry_axis(r, "transmitter"), &choice, err);
	}
	return rc;
}

int cb_transmitter_settle(
	struct cb_scenario *s, const struct cb_registry *registry, struct cb_error *err)
{
	int rc = settle_automatic(s, registry, err);

	for (size_t i = 0; i < s->n_cells; i++)
		s->cells[i].spec.traffic.mixed = is_mixed(registry, &s->cells[i].spec);
	return rc;
}
