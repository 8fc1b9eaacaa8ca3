/* The arrival processes: one line each. */
#include "generators/pacing/arrival.h"

#include <stdlib.h>

#define ARRIVALS(X) \
	X(constant) \
	X(poisson)  \
	X(bursts)   \
	X(ramp)     \
	X(trace)

#define DECLARE(name) extern const struct cb_arrival_shape cb_arrival_##name;
ARRIVALS(DECLARE)

#define ADDRESS(name) &cb_arrival_##name,
static const struct cb_arrival_shape *const arrivals[] = {ARRIVALS(ADDRESS)};

const struct cb_member *cb_arrival_at(size_t i)
{
	return i < sizeof(arrivals) / sizeof(arrivals[0]) ? &arrivals[i]->member : NULL;
}

const struct cb_axis cb_arrival_axis = {
	.name = "arrival",
	.plural = "arrivals",
	.at = cb_arrival_at,
};

int cb_arrival_make(struct cb_arrival *a, const char *text, uint64_t rate_pps, uint64_t run_ns,
	struct cb_error *err)
{
	_Alignas(int64_t) char options[CB_ARRIVAL_OPTIONS_MAX] = {0};
	const struct cb_member *member = NULL;
	int r = cb_member_parse(&cb_arrival_axis, text, &member, NULL, err);

	*a = (struct cb_arrival){.rate_pps = rate_pps};
	if (!r && member->options_size > sizeof(options))
		r = cb_error_set(
			err, CB_ERR_INTERNAL, "arrival %s has large options", member->name);
	if (!r)
		r = cb_member_parse(&cb_arrival_axis, text, &member, options, err);
	if (r)
		return r;
	a->shape = (const struct cb_arrival_shape *)member; /* its first field */
	return a->shape->make ? a->shape->make(a, options, run_ns, err) : 0;
}

void cb_arrival_finish(struct cb_arrival *a)
{
	free(a->table);
	*a = (struct cb_arrival){0};
}
