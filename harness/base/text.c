#include "harness/base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_LENGTH_MAX 64

/* Room for `more` bytes and the NUL. */
static bool reserve(struct cb_text *t, size_t more)
{
	size_t capacity = t->capacity ? t->capacity : 64;
	char *data;

	if (t->failed || more >= SIZE_MAX / 2 - t->length) {
		t->failed = true;
		return false;
	}
	if (t->length + more < t->capacity)
		return true;
	while (capacity <= t->length + more)
		capacity *= 2;
	data = realloc(t->data, capacity);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->capacity = capacity;
	return true;
}

void cb_text_add_n(struct cb_text *t, const void *bytes, size_t n)
{
	if (!reserve(t, n))
		return;
	if (n)
		memcpy(t->data + t->length, bytes, n);
	t->length += n;
	t->data[t->length] = '\0';
}

void cb_text_add(struct cb_text *t, const char *string)
{
	cb_text_add_n(t, string, strlen(string));
}

void cb_text_addf(struct cb_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		t->failed = true;
		return;
	}
	if (!reserve(t, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(t->data + t->length, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->length += (size_t)n;
}

const char *cb_text_get(const struct cb_text *t)
{
	return t->data ? t->data : "";
}

void cb_text_clear(struct cb_text *t)
{
	t->length = 0;
	t->failed = false;
	if (t->data)
		t->data[0] = '\0';
}

void cb_text_finish(struct cb_text *t)
{
	free(t->data);
	*t = (struct cb_text){0};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours; case ignored. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][NEAREST_LENGTH_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= nb; j++)
		last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
				y == tolower((unsigned char)a[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[nb];
}

const char *cb_text_nearest(const char *wrong, const char *const *names, size_t n)
{
	size_t length = strlen(wrong), best = length / 3;
	const char *nearest = NULL;

	if (length > NEAREST_LENGTH_MAX)
		return NULL;
	if (best < 1)
		best = 1;
	for (size_t i = 0; i < n; i++) {
		size_t name_length = strlen(names[i]), distance;

		if (name_length > NEAREST_LENGTH_MAX)
			continue;
		distance = edit_distance(wrong, length, names[i], name_length);
		/* a name of which no letter would stay is not meant */
		if (distance > best || distance >= (length > name_length ? length : name_length))
			continue;
		if (!nearest || distance < best) {
			nearest = names[i];
			best = distance;
		}
	}
	return nearest;
}

bool cb_text_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);

	if (!size)
		return false;
	if (n >= size) {
		dst[0] = '\0';
		return false;
	}
	memcpy(dst, src, n + 1);
	return true;
}

bool cb_text_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The first `separator` outside of brackets, or the end. */
static const char *part_end(const char *text, char separator)
{
	size_t depth = 0;

	for (; *text; text++) {
		if (*text == separator && !depth)
			break;
		if (strchr("([{", *text))
			depth++;
		else if (strchr(")]}", *text) && depth)
			depth--;
	}
	return text;
}

int cb_text_split_next(struct cb_text_split *s, char *part, size_t size)
{
	const char *start = s->rest, *end;
	size_t n;

	if (!start)
		return 0;
	end = part_end(start, s->separator);
	s->rest = *end ? end + 1 : NULL;
	while (start < end && isspace((unsigned char)*start))
		start++;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	n = (size_t)(end - start);
	if (n >= size) {
		s->rest = NULL;
		if (size)
			part[0] = '\0';
		return -1;
	}
	memcpy(part, start, n);
	part[n] = '\0';
	return 1;
}
