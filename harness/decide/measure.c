#include "harness/decide/measure.h"

#include <math.h>
#include <string.h>

const char *const cb_measure_defaults[] = {
	"captured_share", "captured_pps", "cpu_ns_per_frame", NULL};

/* The metrics of which one end is worse. What is left says how a trial went, not how well. */
static const struct {
	const char *name;
	int worse;
	enum cb_measure_offer offer;
} directions[] = {
	{"captured_share", -1, CB_OFFER_SAME},
	{"captured_share_min", -1, CB_OFFER_SAME},
	{"attempt_share", -1, CB_OFFER_SAME},
	{"captured_pps", -1, CB_OFFER_FIXED},
	{"path_dropped_share", 1, CB_OFFER_SAME},
	{"tap_dropped_share", 1, CB_OFFER_SAME},
	{"cpu_ns_per_frame", 1, CB_OFFER_ANY},
	{"cpu_share", 1, CB_OFFER_SAME},
	{"receive_ns_per_frame", 1, CB_OFFER_ANY},
	{"syscalls_per_frame", 1, CB_OFFER_ANY},
	{"context_switches_per_second", 1, CB_OFFER_SAME},
	{"softnet_squeezed", 1, CB_OFFER_SAME},
};

int cb_measure_find(struct cb_measure *m, const char *name, struct cb_error *err)
{
	const size_t n = sizeof(directions) / sizeof(*directions);
	const char *names[sizeof(directions) / sizeof(*directions)], *near;

	*m = (struct cb_measure){.metric = cb_metric_find(name)};
	for (size_t i = 0; i < n; i++) {
		names[i] = directions[i].name;
		if (!m->metric || strcmp(directions[i].name, name) != 0)
			continue;
		m->worse = directions[i].worse;
		m->offer = directions[i].offer;
		m->ratio = m->metric->kind != CB_METRIC_SHARE;
		return 0;
	}
	near = cb_text_nearest(name, names, n);
	if (m->metric)
		return cb_error_set(err, CB_ERR_USAGE,
			"metric %s: neither more nor less of it is worse, so it can't be compared; "
			"captured_share, captured_pps and cpu_ns_per_frame can",
			name);
	return cb_error_set(err, CB_ERR_USAGE,
		"there is no metric \"%s\"%s%s%s (capbench list metrics)", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A count of 0 has no logarithm: one in 10^9 stands for it, so that 0 against 0 is no change and
 * anything against 0 is a large one. */
#define NEXT_TO_NOTHING 1e-9

double cb_measure_value(const struct cb_measure *m, const struct cb_trial_record *r)
{
	double value = m->metric->value(r);

	if (!m->ratio || isnan(value))
		return value;
	return value >= 0 ? log(fmax(value, NEXT_TO_NOTHING)) : NAN;
}

double cb_measure_shown(const struct cb_measure *m, double shift)
{
	return m->ratio ? expm1(shift) : shift;
}

double cb_measure_unshown(const struct cb_measure *m, double shown)
{
	return m->ratio ? log1p(shown) : shown;
}

/* Two decimals, and as many as it takes that what is not 0 does not read as if it were. */
static void print_number(double percent, const char *sign, struct cb_text *out)
{
	int digits = fabs(percent) >= 10 ? 1 : 2;

	while (digits < 6 && percent != 0 && fabs(percent) < 0.5 * pow(10, -digits))
		digits++;
	cb_text_addf(out, *sign ? "%+.*f" : "%.*f", digits, percent);
}

void cb_measure_print_shift(
	const struct cb_measure *m, double shift, bool bare, struct cb_text *out)
{
	if (!isfinite(shift)) {
		cb_text_add(out, "-");
		return;
	}
	print_number(100 * cb_measure_shown(m, shift), "+", out);
	if (!bare)
		cb_text_add(out, m->ratio ? " %" : " points");
}

void cb_measure_print_size(const struct cb_measure *m, double size, struct cb_text *out)
{
	if (isinf(size)) {
		cb_text_add(out, "nothing");
	} else if (isnan(size)) {
		cb_text_add(out, "-");
	} else {
		print_number(100 * cb_measure_shown(m, size), "", out);
		cb_text_add(out, m->ratio ? " %" : " points");
	}
}
