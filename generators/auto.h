/* The transmitter "auto" of a generator by itself: chosen by the job and the link. */
#ifndef CB_GENERATORS_AUTO_H
#define CB_GENERATORS_AUTO_H

#include "generators/generate.h"

bool cb_generate_is_auto(const struct cb_generate_job *job);

/*
 * Replace job->transmitter by the best that can send this job on its interface, and say why. One
 * that sends through XDP is taken only where the link takes such frames as it is: nothing about the
 * receiving end is changed. Blocks for some tens of milliseconds. CB_ERR_USAGE when none can, or
 * the job is wrong.
 */
int cb_generate_choose(struct cb_generate_job *job, char *why, size_t size, struct cb_error *err);

#endif
