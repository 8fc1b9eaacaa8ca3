/* What is wrong with a generator's job, as far as its own words tell. Internal to generate.c. */
#ifndef CB_GENERATORS_GENERATE_CHECKS_H
#define CB_GENERATORS_GENERATE_CHECKS_H

#include "generators/generate.h"

/* The bounds of the options table, for jobs that did not come through it. CB_ERR_USAGE. */
int cb_generate_bounds(const struct cb_generate_job *job, struct cb_error *err);

/* "0,1" into cores[0 .. *n), at most `max`; "-1": *n is 0. CB_ERR_USAGE. */
int cb_generate_cores(
	const char *text, int *cores, unsigned max, unsigned *n, struct cb_error *err);

/* Threads and parts make streams that are told apart by their stamps; `stampless`: the
 * transmitter's name when it makes none, else NULL. CB_ERR_USAGE. */
int cb_generate_streams(
	const struct cb_generate_job *job, const char *stampless, struct cb_error *err);

/* The members' canonical short forms into the record. CB_ERR_USAGE where there is none of a name.
 */
int cb_generate_names(const struct cb_generate_job *job, struct cb_generator_record *record,
	struct cb_error *err);

#endif
