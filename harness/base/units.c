#include "harness/base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILO          INT64_C(1000)
#define MEGA          INT64_C(1000000)
#define GIGA          INT64_C(1000000000)
#define FRACTION_MAX  18 /* decimal digits; 10^18 fits into 63 bits */
#define FRACTION_SHOW 6  /* decimal digits that cb_unit_format tries */

struct suffix {
	const char *text;
	int64_t scale; /* base units */
	bool written;  /* cb_unit_format uses it; the others are only read */
};

static const struct suffix count_suffixes[] = {{"", 1, true}, {"k", KILO, true}, {"K", KILO, false},
	{"M", MEGA, true}, {"G", GIGA, true}, {0}};
static const struct suffix time_suffixes[] = {{"ns", 1, true}, {"us", KILO, true},
	{"\xc2\xb5s", KILO, false}, {"ms", MEGA, true}, {"s", GIGA, true}, {"min", 60 * GIGA, true},
	{"h", 3600 * GIGA, true}, {0}};
static const struct suffix rate_suffixes[] = {{"", 1, true}, {"pps", 1, false}, {"k", KILO, true},
	{"K", KILO, false}, {"kpps", KILO, false}, {"Kpps", KILO, false}, {"M", MEGA, true},
	{"Mpps", MEGA, false}, {"G", GIGA, true}, {"Gpps", GIGA, false}, {0}};
static const struct suffix bytes_suffixes[] = {{"", 1, true}, {"B", 1, false}, {"kB", KILO, true},
	{"MB", MEGA, true}, {"GB", GIGA, true}, {"TB", KILO *GIGA, true},
	{"KiB", INT64_C(1) << 10, true}, {"MiB", INT64_C(1) << 20, true},
	{"GiB", INT64_C(1) << 30, true}, {"TiB", INT64_C(1) << 40, true}, {0}};
static const struct suffix ratio_suffixes[] = {{"%", 10000, true}, {"", MEGA, false}, {0}};

/* One step of the scale for people: `scale` is used from `from` base units on. */
struct step {
	const char *text;
	double scale, from;
};

static const struct step count_steps[] = {
	{"", 1, 0}, {" k", 1e3, 1e4}, {" M", 1e6, 1e6}, {" G", 1e9, 1e9}, {0}};
static const struct step time_steps[] = {{" ns", 1, 0}, {" us", 1e3, 1e3}, {" ms", 1e6, 1e6},
	{" s", 1e9, 1e9}, {" min", 6e10, 1.2e11}, {" h", 3.6e12, 7.2e12}, {0}};
static const struct step rate_steps[] = {
	{" pps", 1, 0}, {" kpps", 1e3, 1e3}, {" Mpps", 1e6, 1e6}, {" Gpps", 1e9, 1e9}, {0}};
static const struct step bytes_steps[] = {{" B", 1, 0}, {" KiB", 1024, 1024},
	{" MiB", 1048576, 1048576}, {" GiB", 1073741824, 1073741824},
	{" TiB", 1099511627776, 1099511627776}, {0}};
static const struct step ratio_steps[] = {{" %", 1e4, 0}, {0}};

static const struct {
	const struct suffix *suffixes;
	const struct step *steps;
	const char *form;  /* what would be right */
	const char *whole; /* ... when the fraction is too fine */
} units[] = {
	[CB_UNIT_COUNT] = {count_suffixes, count_steps, "a whole number, as in 3 or 10k",
		"it must come to a whole number"},
	[CB_UNIT_TIME] = {time_suffixes, time_steps,
		"a number with ns, us, ms, s, min or h, as in 250ms",
		"it must come to a whole number of nanoseconds"},
	[CB_UNIT_RATE] = {rate_suffixes, rate_steps, "a number with k, M or G, as in 1270k, or max",
		"it must come to a whole number of frames per second"},
	[CB_UNIT_BYTES] = {bytes_suffixes, bytes_steps,
		"a number with B, kB, MB, GB, KiB, MiB or GiB, as in 1500 or 32MiB",
		"it must come to a whole number of bytes"},
	[CB_UNIT_RATIO] = {ratio_suffixes, ratio_steps, "a share, as in 0.5% or 0.005",
		"it must come to a whole number of millionths"},
};

/* A decimal number taken apart: (whole + fraction / fraction_scale), digits only. */
struct decimal {
	bool negative;
	int64_t whole, fraction, fraction_scale;
};

/* Reads digits into *value; false when they do not fit. Moves *text behind them. */
static bool read_digits(const char **text, int64_t *value)
{
	bool fits = true;

	for (; isdigit((unsigned char)**text); (*text)++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
			__builtin_add_overflow(*value, **text - '0', value))
			fits = false;
	}
	return fits;
}

/* 0, -EINVAL no number, -ERANGE, -EDOM fraction too fine. Moves *text behind the number. */
static int read_decimal(const char **text, struct decimal *d)
{
	const char *start, *end;

	*d = (struct decimal){.fraction_scale = 1};
	d->negative = **text == '-';
	*text += d->negative;
	start = *text;
	if (!isdigit((unsigned char)*start))
		return -EINVAL;
	if (!read_digits(text, &d->whole))
		return -ERANGE;
	if (**text != '.')
		return 0;
	start = ++*text;
	while (isdigit((unsigned char)**text))
		(*text)++;
	if (*text == start)
		return -EINVAL;
	end = *text;
	while (end > start && end[-1] == '0')
		end--;
	if (end - start > FRACTION_MAX)
		return -EDOM;
	for (const char *c = start; c < end; c++) {
		d->fraction = d->fraction * 10 + (*c - '0');
		d->fraction_scale *= 10;
	}
	return 0;
}

/* d x scale in whole base units. 0, -ERANGE, -EDOM not whole. */
static int scale_decimal(const struct decimal *d, int64_t scale, int64_t *value)
{
	/* whole < 2^63, fraction < 2^60, scale <= 2^42: no overflow */
	__int128 part = (__int128)d->fraction * scale, sum;

	if (part % d->fraction_scale)
		return -EDOM;
	sum = (__int128)d->whole * scale + part / d->fraction_scale;
	if (sum > INT64_MAX)
		return -ERANGE;
	*value = d->negative ? -(int64_t)sum : (int64_t)sum;
	return 0;
}

static const struct suffix *find_suffix(enum cb_unit unit, const char *text)
{
	size_t n = strlen(text);

	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	for (const struct suffix *s = units[unit].suffixes; s->text; s++) {
		if (strlen(s->text) == n && !strncmp(s->text, text, n))
			return s;
	}
	return NULL;
}

static int parse_number(enum cb_unit unit, const char *text, int64_t *value)
{
	static const struct suffix zero = {"", 1, false};
	const struct suffix *suffix;
	struct decimal d;
	int rc;

	while (isspace((unsigned char)*text))
		text++;
	rc = read_decimal(&text, &d);
	if (rc == -EINVAL || (d.negative && unit != CB_UNIT_COUNT))
		return -EINVAL;
	while (isspace((unsigned char)*text))
		text++;
	suffix = find_suffix(unit, text);
	if (!suffix && !*text && !rc && !d.whole && !d.fraction)
		suffix = &zero; /* nothing of whatever unit */
	if (!suffix)
		return -EINVAL;
	return rc ? rc : scale_decimal(&d, suffix->scale, value);
}

int cb_unit_parse(enum cb_unit unit, const char *text, int64_t *value, const char **why)
{
	int64_t v = CB_RATE_MAX;
	int rc = 0;

	if (unit != CB_UNIT_RATE || strcmp(text, "max") != 0) {
		rc = parse_number(unit, text, &v);
		if (!rc && unit == CB_UNIT_RATE && v == CB_RATE_MAX)
			rc = -ERANGE;
	}
	if (!rc) {
		*value = v;
		return 0;
	}
	if (why)
		*why = rc == -ERANGE  ? "it is too large"
			: rc == -EDOM ? units[unit].whole
				      : units[unit].form;
	return rc == -EDOM ? -EINVAL : rc;
}

/* `value` in `s` into `out`, without a leading "0."; false when it takes too many digits. */
static bool format_in(const struct suffix *s, int64_t value, char out[64])
{
	int64_t size = value < 0 ? -value : value, whole = size / s->scale;
	int64_t left = size % s->scale;
	char digits[FRACTION_SHOW + 1] = "";

	if (left && !whole && s->scale != 10000)
		return false;
	for (size_t i = 0; left && i < FRACTION_SHOW; i++) {
		/* left < scale <= 2^42 */
		digits[i] = (char)('0' + left * 10 / s->scale);
		digits[i + 1] = '\0';
		left = left * 10 % s->scale;
	}
	if (left)
		return false;
	snprintf(out, 64, "%s%lld%s%s%s", value < 0 ? "-" : "", (long long)whole,
		*digits ? "." : "", digits, s->text);
	return true;
}

const char *cb_unit_format(enum cb_unit unit, int64_t value, char *out, size_t size)
{
	char best[64] = "", text[64];

	if (unit == CB_UNIT_RATE && value == CB_RATE_MAX) {
		snprintf(out, size, "max");
		return out;
	}
	if (value == 0 || value == INT64_MIN) {
		snprintf(out, size, "%s", value ? "-9223372036854775808" : "0");
		return out;
	}
	for (const struct suffix *s = units[unit].suffixes; s->text; s++) {
		if (!s->written || !format_in(s, value, text))
			continue;
		/* of two as short, the one without a fraction (1270k, not 1.27M), else the larger
		 * unit (4KiB, not 4096) */
		if (!*best || strlen(text) < strlen(best) ||
			(strlen(text) == strlen(best) && !strchr(text, '.')))
			memcpy(best, text, sizeof(best));
	}
	snprintf(out, size, "%s", best);
	return out;
}

/* To 4 significant digits, so that 999999 is already 1 M. */
static double round_digits(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4g", value);
	return strtod(text, NULL);
}

const char *cb_unit_human(enum cb_unit unit, double value, char *out, size_t size)
{
	const struct step *step = units[unit].steps;
	double magnitude;

	if (isnan(value)) {
		snprintf(out, size, "n/a");
		return out;
	}
	if (unit == CB_UNIT_RATE && value >= (double)CB_RATE_MAX) {
		snprintf(out, size, "max");
		return out;
	}
	value = round_digits(value);
	magnitude = fabs(value);
	while (step[1].text && magnitude >= step[1].from)
		step++;
	/* %g would turn to exponents where the largest step runs out of digits */
	snprintf(out, size, magnitude / step->scale >= 1e4 ? "%.0f%s" : "%.4g%s",
		value / step->scale, step->text);
	return out;
}
