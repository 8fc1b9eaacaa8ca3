#include "harness/decide/search_vain.h"

#include "harness/base/clock.h"

#include <math.h>
#include <stdbool.h>

#define SPEED_SLACK       0.05
#define INTERRUPTED_SHARE 0.01
#define INTERRUPTED_NS    ((int64_t)(5 * CB_NS_PER_MS))
#define PUNCTUAL_NS       ((int64_t)CB_NS_PER_MS)

static bool had_other_speed(const struct cb_view_record *v, double width)
{
	double calibrated = json_number_value(json_object_get(v->load_result, "link_ns")),
	       meanwhile = json_number_value(json_object_get(v->load_result, "link_meanwhile_ns"));

	return calibrated > 0 && meanwhile > 0 &&
		fabs(meanwhile / calibrated - 1) > fmax(SPEED_SLACK, width);
}

/* What is unknown is less than anything. */
static bool was_interrupted(const struct cb_view_record *v, double width)
{
	return v->elapsed_ns > 0 && v->interrupted_ns > INTERRUPTED_NS &&
		(double)v->interrupted_ns > fmax(INTERRUPTED_SHARE, width) * (double)v->elapsed_ns;
}

static bool stood_still(const struct cb_trial_record *r)
{
	int64_t late = r->generator.lateness_p99_ns;

	return r->state == CB_TRIAL_GENERATOR_LIMITED && late != CB_UNKNOWN && late < PUNCTUAL_NS;
}

const char *cb_search_in_vain(const struct cb_trial_record *r, double width)
{
	if (r->state == CB_TRIAL_INVALID)
		return "it is invalid";
	for (size_t i = 0; i < r->n_views; i++) {
		if (had_other_speed(&r->views[i], width))
			return "the core had another speed than when its load was calibrated";
		if (was_interrupted(&r->views[i], width))
			return "the capture process did not have its core all the time";
	}
	return stood_still(r) ? "the generator stood still for a while" : NULL;
}
