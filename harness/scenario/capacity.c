#include "harness/scenario/capacity.h"

#include "harness/base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX    "of capacity"
#define SHARE_MAX 10000000 /* ppm: ten times the capacity */
/* A reference's buffer: more would pass for capacity in the short trials of the search. */
#define BUFFER_BYTES_MAX (512 << 10)

int cb_capacity_parse(const char *text, int64_t *ppm, const char **why)
{
	const char *end = strstr(text, SUFFIX);
	char share[32];

	if (!end || end[strlen(SUFFIX) + strspn(end + strlen(SUFFIX), " \t")])
		return 1;
	if ((size_t)(end - text) >= sizeof(share)) {
		*why = "a share is wanted, as in 80% of capacity";
		return CB_ERR_USAGE;
	}
	memcpy(share, text, (size_t)(end - text));
	share[end - text] = '\0';
	if (cb_unit_parse(CB_UNIT_RATIO, share, ppm, why))
		return CB_ERR_USAGE;
	*why = "a share between 0 and 1000% is wanted, as in 80% of capacity";
	return *ppm > 0 && *ppm <= SHARE_MAX ? 0 : CB_ERR_USAGE;
}

void cb_capacity_format(int64_t ppm, char *out, size_t size)
{
	char share[64];

	cb_unit_format(CB_UNIT_RATIO, ppm, share, sizeof(share));
	snprintf(out, size, "%s " SUFFIX, share);
}

/* The cell as the reference would capture it. */
static void make_reference(struct cb_capacity *c, const struct cb_trial_spec *spec)
{
	c->reference = *spec;
	snprintf(c->reference.capture.mechanism, sizeof(c->reference.capture.mechanism),
		CB_REFERENCE_MECHANISM);
	snprintf(c->reference.capture.wait, sizeof(c->reference.capture.wait), CB_REFERENCE_WAIT);
	if (!*spec->capture.load)
		snprintf(c->reference.capture.load, sizeof(c->reference.capture.load), "discard");
	c->reference.capture.external[0] = '\0';
	c->reference.capture.processes = 1;
	if (c->reference.capture.buffer > BUFFER_BYTES_MAX)
		c->reference.capture.buffer = BUFFER_BYTES_MAX;
	snprintf(c->reference.traffic.arrival, sizeof(c->reference.traffic.arrival), "constant");
}

static bool same_frames(const struct cb_trial_spec *a, const struct cb_trial_spec *b)
{
	return a->traffic.frame_size == b->traffic.frame_size &&
		!strcmp(a->traffic.sizes, b->traffic.sizes) &&
		!strcmp(a->traffic.payload, b->traffic.payload) &&
		!strcmp(a->traffic.frame, b->traffic.frame);
}

/* All that a reference's capacity depends on, as text: the same text, the same capacity. */
static void name_capacity(struct cb_capacity *c)
{
	const struct cb_trial_spec *r = &c->reference;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	struct cb_text text = {0};

	cb_text_addf(&text, "%lld\n%s\n%s\n%s\n%lld\n%d\n%d\n%s\n%s\n%lld\n%lld\n%s\n%s\n%d\n%d",
		(long long)r->traffic.frame_size, r->traffic.sizes, r->traffic.payload,
		r->traffic.frame, (long long)r->traffic.flows, r->traffic.flow_order,
		r->traffic.flow_field, r->generator.transmitter, r->capture.load,
		(long long)r->capture.buffer, (long long)r->capture.snaplen, r->capture.filter,
		r->placement, r->receive, r->napi);
	for (size_t i = 0; i < text.length; i++) /* FNV-1a */
		hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
	snprintf(c->id, sizeof(c->id), "%016llx", (unsigned long long)hash);
	cb_text_finish(&text);
}

/* The capacity of cells with these frames; a new one for the first of them. */
static struct cb_capacity *capacity_of(struct cb_scenario *s, const struct cb_trial_spec *spec)
{
	struct cb_capacity *more;

	for (size_t i = 0; i < s->n_capacities; i++) {
		if (same_frames(&s->capacities[i].reference, spec))
			return &s->capacities[i];
	}
	more = reallocarray(s->capacities, s->n_capacities + 1, sizeof(*more));
	if (!more)
		return NULL;
	s->capacities = more;
	make_reference(&more[s->n_capacities], spec);
	name_capacity(&more[s->n_capacities]);
	return &more[s->n_capacities++];
}

int cb_capacities_assign(
	struct cb_scenario *s, const struct cb_registry *registry, struct cb_error *err)
{
	for (size_t i = 0; i < s->n_cells; i++) {
		struct cb_cell *cell = &s->cells[i];
		const struct cb_capacity *c;

		if (!cell->spec.traffic.capacity_ppm)
			continue;
		if (!cb_axis_find(cb_registry_axis(registry, "mechanism"), CB_REFERENCE_MECHANISM))
			return cb_error_set(err, CB_ERR_USAGE,
				"%s: trial.traffic.rate: a share of capacity is one of what "
				"mechanism " CB_REFERENCE_MECHANISM
				" sustains, which this build does not have",
				s->path);
		c = capacity_of(s, &cell->spec);
		if (!c || json_object_set_new(cell->params, "traffic.capacity", json_string(c->id)))
			return cb_error_memory(err, "a capacity");
		snprintf(cell->capacity, sizeof(cell->capacity), "%s", c->id);
	}
	return 0;
}
