#include "capturers/external_output.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 200
#define DIGITS_MAX  32

const char *const cb_external_count_names[CB_EXTERNAL_COUNTS] = {
	[CB_EXTERNAL_RECEIVED] = "received",
	[CB_EXTERNAL_DROPPED] = "dropped",
	[CB_EXTERNAL_UNREAD] = "unread",
	[CB_EXTERNAL_STORED] = "stored",
	[CB_EXTERNAL_MATCHED] = "matched",
};

/* What lets a short pattern cost much: repeated repetition counts, and references back. */
static const char *expensive(const char *pattern)
{
	if (strlen(pattern) > PATTERN_MAX)
		return "it is longer than 200 bytes";
	if (strchr(pattern, '{'))
		return "a count in braces can't be had";
	for (; *pattern; pattern++) {
		if (pattern[0] == '\\' && isdigit((unsigned char)pattern[1]))
			return "a reference to a group can't be had";
		if (pattern[0] == '\\' && pattern[1])
			pattern++;
	}
	return NULL;
}

static int compile(
	regex_t *regex, const char *name, const char *pattern, size_t groups, struct cb_error *err)
{
	const char *why = expensive(pattern);
	char text[128];
	int rc;

	if (why)
		return cb_error_set(err, CB_ERR_USAGE, "%s: \"%.60s\": %s", name, pattern, why);
	rc = regcomp(regex, pattern, REG_EXTENDED);
	if (rc) {
		regerror(rc, regex, text, sizeof(text));
		return cb_error_set(err, CB_ERR_USAGE, "%s: \"%s\": %s", name, pattern, text);
	}
	if (regex->re_nsub >= groups)
		return 0;
	regfree(regex);
	return cb_error_set(err, CB_ERR_USAGE,
		"%s: \"%s\" has no group for the number, as in \"([0-9]+) packets\"", name,
		pattern);
}

int cb_external_output_init(struct cb_external_output *o, const struct cb_external_program *program,
	struct cb_error *err)
{
	int rc = compile(&o->ready, "ready", program->ready, 0, err);

	o->program = program;
	o->have_ready = !rc;
	for (size_t i = 0; i < CB_EXTERNAL_COUNTS && !rc; i++) {
		o->counts[i] = CB_UNKNOWN;
		if (!program->counts[i])
			continue;
		rc = compile(
			&o->patterns[i], cb_external_count_names[i], program->counts[i], 1, err);
		o->have[i] = !rc;
	}
	return rc;
}

void cb_external_output_finish(struct cb_external_output *o)
{
	if (o->have_ready)
		regfree(&o->ready);
	for (size_t i = 0; i < CB_EXTERNAL_COUNTS; i++) {
		if (o->have[i])
			regfree(&o->patterns[i]);
	}
	*o = (struct cb_external_output){.have_ready = false};
}

/* Digits, which may be grouped as in 10'000 or 10,000. CB_UNKNOWN: something else. */
static int64_t read_count(const char *text, size_t n)
{
	char digits[DIGITS_MAX], *end;
	size_t used = 0;
	long long value;

	for (size_t i = 0; i < n; i++) {
		if (used > 0 && (text[i] == '\'' || text[i] == ','))
			continue;
		if (!isdigit((unsigned char)text[i]) || used == sizeof(digits) - 1)
			return CB_UNKNOWN;
		digits[used++] = text[i];
	}
	digits[used] = '\0';
	errno = 0;
	value = strtoll(digits, &end, 10);
	return errno || !used ? CB_UNKNOWN : value;
}

static void take_line(struct cb_external_output *o)
{
	regmatch_t match[2];

	o->line[o->length] = '\0';
	o->length = 0;
	if (!o->line[strspn(o->line, " \t")])
		return;
	memcpy(o->before, o->last, sizeof(o->before));
	snprintf(o->last, sizeof(o->last), "%.*s", (int)sizeof(o->last) - 1, o->line);
	if (!o->is_ready && !regexec(&o->ready, o->line, 0, NULL, 0)) {
		o->is_ready = true;
		o->last[0] = '\0';
	}
	for (size_t i = 0; i < CB_EXTERNAL_COUNTS; i++) {
		if (!o->have[i] || regexec(&o->patterns[i], o->line, 2, match, 0) ||
			match[1].rm_so < 0)
			continue;
		o->counts[i] = read_count(
			o->line + match[1].rm_so, (size_t)(match[1].rm_eo - match[1].rm_so));
	}
}

void cb_external_output_feed(struct cb_external_output *o, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			take_line(o);
		else if (bytes[i] && o->length < sizeof(o->line) - 1)
			o->line[o->length++] = bytes[i];
	}
}

void cb_external_output_end(struct cb_external_output *o)
{
	take_line(o);
}
