#include "generators/transmitters/pktgen_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number at *at, which is moved behind it. */
static bool take_number(const char **at, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*value = strtoull(*at, &end, 10);
	*at = end;
	return errno == 0;
}

static bool take_text(const char **at, const char *expected)
{
	size_t n = strlen(expected);

	if (strncmp(*at, expected, n) != 0)
		return false;
	*at += n;
	return true;
}

/* One part of a line: what stands before a number, and where the number goes. */
struct part {
	const char *before;
	uint64_t *value;
};

static bool take_parts(const char **at, const struct part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!take_text(at, parts[i].before) || !take_number(at, parts[i].value))
			return false;
	}
	return true;
}

int cb_pktgen_read_totals(const char *text, struct cb_pktgen_totals *t)
{
	uint64_t frags;
	const struct part first[] = {
		{"OK: ", &t->elapsed_us},
		{"(c", &t->busy_us},
		{"+d", &t->idle_us},
		{") usec, ", &t->packets},
		{" (", &t->bytes},
	};
	const struct part second[] = {
		{"", &t->pps},
		{"pps ", &t->mbit},
		{"Mb/sec (", &t->bps},
		{"bps) errors: ", &t->errors},
	};
	const char *at = text;

	if (!take_parts(&at, first, sizeof(first) / sizeof(*first)) || !take_text(&at, "byte,"))
		return -EBADMSG;
	take_text(&at, "-"); /* fragments are an int */
	if (!take_number(&at, &frags) || !take_text(&at, "frags)"))
		return -EBADMSG;
	at += strspn(at, " \n");
	return take_parts(&at, second, sizeof(second) / sizeof(*second)) ? 0 : -EBADMSG;
}

/* Behind "key:" where `key` is a word of its own, or behind "key" at the start of Params. */
static const char *find_key(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
		if (at > text && !isspace((unsigned char)at[-1]))
			continue;
		if (at[n] == ':')
			return at + n + 1;
		if (at[n] == ' ' && at - text >= 8 && !strncmp(at - 8, "Params: ", 8))
			return at + n;
	}
	return NULL;
}

bool cb_pktgen_field(const char *text, const char *key, char *word, size_t size)
{
	const char *at = find_key(text, key);
	size_t n;

	if (!at)
		return false;
	at += strspn(at, " \t");
	n = strcspn(at, " \t\n");
	if (!n || n >= size)
		return false;
	memcpy(word, at, n);
	word[n] = '\0';
	return true;
}

static bool number_field(const char *text, const char *key, uint64_t *value)
{
	const char *at = find_key(text, key);

	if (!at)
		return false;
	at += strspn(at, " \t");
	return take_number(&at, value);
}

static enum cb_pktgen_result classify(const char *result, struct cb_pktgen_totals *totals)
{
	if (!cb_pktgen_read_totals(result, totals))
		return CB_PKTGEN_FINISHED;
	*totals = (struct cb_pktgen_totals){0};
	if (!strncmp(result, "OK", 2))
		return CB_PKTGEN_DONE;
	if (!strncmp(result, "Starting", 8))
		return CB_PKTGEN_STARTING;
	if (!strncmp(result, "Idle", 4) || !strncmp(result, "NA", 2))
		return CB_PKTGEN_IDLE;
	return CB_PKTGEN_FAILED;
}

int cb_pktgen_read_device(const char *text, struct cb_pktgen_device *d)
{
	const char *current = strstr(text, "Current:"), *result;

	*d = (struct cb_pktgen_device){0};
	if (!current)
		return -EBADMSG;
	result = find_key(current, "Result");
	if (!number_field(current, "pkts-sofar", &d->sofar) ||
		!number_field(current, "errors", &d->errors) ||
		!number_field(current, "started", &d->started_us) ||
		!number_field(current, "stopped", &d->stopped_us) || !result)
		return -EBADMSG;
	result += strspn(result, " ");
	snprintf(d->text, sizeof(d->text), "%.*s", (int)strcspn(result, "\n"), result);
	d->result = classify(result, &d->totals);
	return 0;
}

bool cb_pktgen_size_count(const char *text, uint64_t bytes, uint64_t *frames)
{
	const char *at = find_key(text, "imix_size_counts");
	uint64_t size, count;

	while (at) {
		at += strspn(at, " ");
		if (!take_number(&at, &size) || !take_text(&at, ",") || !take_number(&at, &count))
			return false;
		if (size == bytes) {
			*frames = count;
			return true;
		}
	}
	return false;
}

/* Words up to the end of the line. */
static unsigned count_words(const char *at)
{
	unsigned n = 0;

	while (*(at += strspn(at, " \t")) && *at != '\n') {
		n++;
		at += strcspn(at, " \t\n");
	}
	return n;
}

int cb_pktgen_read_thread(const char *text, unsigned *running, unsigned *devices)
{
	const char *run = find_key(text, "Running"), *stopped = find_key(text, "Stopped");

	if (!run || !stopped)
		return -EBADMSG;
	*running = count_words(run);
	*devices = *running + count_words(stopped);
	return 0;
}
