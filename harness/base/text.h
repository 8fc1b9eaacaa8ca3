/*
 * Strings: a growing buffer, nearest names, small parsing helpers.
 */
#ifndef CB_HARNESS_BASE_TEXT_H
#define CB_HARNESS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing, always NUL-terminated string. Zero-initialise before use. When
 * memory runs out the buffer keeps what it has and `failed` is set, so that
 * a long run of appends is checked once at its end.
 */
struct cb_text {
	char *data; /* NULL while empty: use cb_text_get */
	size_t length, capacity;
	bool failed;
};

void cb_text_add(struct cb_text *t, const char *string);
void cb_text_add_n(struct cb_text *t, const void *bytes, size_t n);
void cb_text_addf(struct cb_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *cb_text_get(const struct cb_text *t); /* "" while empty; owned by `t` */
void cb_text_clear(struct cb_text *t);            /* empty, memory kept */
void cb_text_finish(struct cb_text *t);           /* frees; `t` is zeroed */

/*
 * The name in names[0..n) nearest to `wrong`, or NULL when none is near
 * enough to be meant (edit distance at most 1/3 of the length, at least 1;
 * a transposition is one edit; case is ignored).
 */
const char *cb_text_nearest(const char *wrong, const char *const *names, size_t n);

/* Copy `src` to dst[size]; false (and an empty dst) when it does not fit. */
bool cb_text_copy(char *dst, size_t size, const char *src);

bool cb_text_starts_with(const char *text, const char *prefix);

/* Parts of `text` between `separator`s outside of (), [] and {}; see cb_text_split_next. */
struct cb_text_split {
	const char *rest; /* set to the text before the first call; NULL at the end */
	char separator;
};
/* Copies the next part, blanks trimmed, to part[size]. 1: a part, 0: the end, -1: too long. */
int cb_text_split_next(struct cb_text_split *s, char *part, size_t size);

#endif
