/*
 * What is known of a program that captures in place of a mechanism, a wait and a load: how it is
 * called, when it is ready, how it is stopped, and where its counts stand in what it prints. Three
 * are shipped (external_table.c); others are described by the user, as a JSON object.
 */
#ifndef CB_CAPTURERS_EXTERNAL_PROGRAM_H
#define CB_CAPTURERS_EXTERNAL_PROGRAM_H

#include "harness/base/error.h"
#include "harness/base/member.h"

#include <jansson.h>
#include <stdint.h>

#define CB_EXTERNAL_WORDS_MAX 64
#define CB_EXTERNAL_NAME      48

/* Counts that a program may tell; from these the books are made. */
enum cb_external_count {
	CB_EXTERNAL_RECEIVED, /* frames that it took out of its buffer */
	CB_EXTERNAL_DROPPED,  /* lost for want of room in its buffer */
	CB_EXTERNAL_UNREAD,   /* left in its buffer at the end */
	CB_EXTERNAL_STORED,   /* put into its buffer: received + unread */
	CB_EXTERNAL_MATCHED,  /* that came to its tap: received + unread + dropped */
	CB_EXTERNAL_COUNTS,
};

/* Patterns are POSIX extended regular expressions, tried on each line of stdout and stderr. */
struct cb_external_program {
	struct cb_member member;    /* name, help, probe; an own one: name only */
	const char *const *command; /* words with {placeholders} (external_words.h); NULL ends */
	const char *const *filter;  /* words to add when there is a capture filter; NULL: can't */
	const char *ready;          /* matches once the program captures */
	const char *counts[CB_EXTERNAL_COUNTS]; /* the number is the first group; NULL: not told */
	int stop_signal;                        /* ends it, with its counts */
	uint64_t linger_ns;         /* how long a frame may stay in a block that it does not see */
	const char *const *version; /* a command that prints the version; NULL: none known */
	unsigned version_lines;     /* of what that prints */
};

/* The shipped ones; NULL past the end. */
const struct cb_external_program *cb_external_shipped(size_t i);

/* A program as the user asked for it. Zero-initialise. */
struct cb_external_choice {
	const struct cb_external_program *program; /* shipped, or `own` */
	struct cb_external_program own;
	json_t *json; /* has the texts of `own` */
	char name[CB_EXTERNAL_NAME];
	const char *command[CB_EXTERNAL_WORDS_MAX + 1], *filter[CB_EXTERNAL_WORDS_MAX + 1];
};

/*
 * Read `text`: a shipped program's name, or a JSON object with the keys of cb_external_keys.
 * CB_ERR_USAGE with what would be right.
 */
int cb_external_choice_read(struct cb_external_choice *c, const char *text, struct cb_error *err);
void cb_external_choice_finish(struct cb_external_choice *c);

#endif
