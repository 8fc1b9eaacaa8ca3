#include "harness/report/format.h"

#include "harness/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cb_format_percent(struct cb_text *out, double share)
{
	double percent = share * 100;
	char text[32] = "";

	for (int digits = 1; digits <= 4; digits++) {
		snprintf(text, sizeof(text), "%.*f", digits, percent);
		/* Enough when it reads as 0 or 100 only where it is. */
		if ((percent == 100 || strncmp(text, "100.0", 5) != 0) &&
			(percent == 0 || strtod(text, NULL) != 0))
			break;
	}
	if (percent < 100 && strncmp(text, "100", 3) == 0)
		cb_text_add(out, "99.9999");
	else if (percent > 0 && strtod(text, NULL) == 0)
		cb_text_add(out, "0.0001");
	else
		cb_text_add(out, text);
}

void cb_format_count(struct cb_text *out, int64_t count)
{
	char digits[32];
	size_t n, first;

	if (count == CB_UNKNOWN) {
		cb_text_add(out, "-");
		return;
	}
	snprintf(digits, sizeof(digits), "%" PRId64, count);
	n = strlen(digits);
	first = digits[0] == '-';
	for (size_t i = 0; i < n; i++) {
		if (i > first && (n - i) % 3 == 0 && n - first > 4)
			cb_text_add(out, "\u00a0");
		cb_text_add_n(out, &digits[i], 1);
	}
}

void cb_format_number(struct cb_text *out, double value)
{
	double size = fabs(value);

	if (!isfinite(value)) {
		cb_text_add(out, "-");
	} else if (size >= 1e15) {
		cb_text_addf(out, "%.3g", value);
	} else if (size >= 1000 || value == 0) {
		cb_format_count(out, (int64_t)llround(value));
	} else {
		int digits = 2 - (int)floor(log10(size));

		/* 99.96 has one decimal, but what rounds up to 100.0 needs none. */
		cb_text_addf(out, "%.*f", digits < 0 ? 0 : digits > 6 ? 6 : digits, value);
	}
}

/* Bytes of a character at `c` that acts on what is around it instead of being shown: controls, and
 * those that reorder text or break lines (U+0080 to U+009F, U+2028 to U+202E, U+2066 to U+2069).
 * 0: it is none. */
static size_t acting(const unsigned char *c)
{
	if (c[0] < 0x20 || c[0] == 0x7f)
		return 1;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
		return 2;
	if (c[0] == 0xe2 &&
		((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
			(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)))
		return 3;
	return 0;
}

/* Appends `text` byte by byte through `escape`, which returns what stands for a byte, or NULL for
 * the byte itself. */
static void add_escaped(
	struct cb_text *out, const char *text, const char *(*escape)(unsigned char c))
{
	while (*text) {
		size_t skipped = acting((const unsigned char *)text);
		const char *other = skipped ? " " : escape((unsigned char)*text);

		if (other)
			cb_text_add(out, other);
		else
			cb_text_add_n(out, text, 1);
		text += skipped ? skipped : 1;
	}
}

static const char *plain(unsigned char c)
{
	(void)c;
	return NULL;
}

static const char *html(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Backslash escapes are CommonMark's; < and & are entities, because renderers pass HTML through. */
static const char *markdown(unsigned char c)
{
	static const char special[] = "\\`*_[]|~$";
	static const char escaped[][3] = {
		"\\\\", "\\`", "\\*", "\\_", "\\[", "\\]", "\\|", "\\~", "\\$"};
	const char *at = strchr(special, c);

	if (at)
		return escaped[at - special];
	return c == '<' || c == '>' || c == '&' ? html(c) : NULL;
}

static const char *gnuplot(unsigned char c)
{
	return c == '\'' ? "''" : NULL;
}

void cb_format_line(struct cb_text *out, const char *text)
{
	add_escaped(out, text, plain);
}

void cb_format_html(struct cb_text *out, const char *text)
{
	add_escaped(out, text, html);
}

void cb_format_markdown(struct cb_text *out, const char *text)
{
	add_escaped(out, text, markdown);
}

void cb_format_gnuplot(struct cb_text *out, const char *text)
{
	cb_text_add(out, "'");
	add_escaped(out, text, gnuplot);
	cb_text_add(out, "'");
}

size_t cb_format_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}
