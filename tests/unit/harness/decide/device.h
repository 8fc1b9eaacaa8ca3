/*
 * A simulated device under test, with a generator before it: its throughput is known, and so what a
 * search should find. Loads in frames a second.
 */
#ifndef CB_TESTS_DECIDE_DEVICE_H
#define CB_TESTS_DECIDE_DEVICE_H

#include "harness/base/random.h"
#include "harness/decide/search.h"

#include <math.h>

struct device {
	double capacity;  /* frames a second that it gets through */
	double buffer;    /* frames that it holds beside */
	double noise;     /* standard deviation of the capacity from trial to trial, relative */
	double hiccups;   /* share of the trials that lose a few frames at any load */
	double tired;     /* after an overload the next trial has so much less capacity */
	double faults;    /* share of the trials that are invalid */
	double generator; /* the most that can be offered */
	double stalls;    /* share of the trials in which the generator is late */
	double overhead;  /* seconds that a trial takes beside its length */
	struct cb_random random;
	/* What it went through. */
	bool overloaded;
	double seconds;
	size_t trials;
};

static inline double device_uniform(struct device *d)
{
	return (double)(cb_random_next(&d->random) >> 11) / 9007199254740992.0;
}

/* Box and Muller. */
static inline double device_normal(struct device *d)
{
	double u = 1 - device_uniform(d), w = device_uniform(d);

	return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979 * w);
}

static inline struct cb_search_trial device_try(struct device *d, double load, double length)
{
	double capacity = d->capacity * (1 + d->noise * device_normal(d)),
	       offered = fmin(load, d->generator), frames, lost;
	struct cb_search_trial t = {.load = load, .length = length};

	if (d->overloaded)
		capacity *= 1 - d->tired;
	if (device_uniform(d) < d->stalls)
		offered *= 0.95;
	frames = offered * length;
	lost = fmax(0, frames - capacity * length - d->buffer);
	if (device_uniform(d) < d->hiccups)
		lost = fmax(lost, 1 + floor(frames * 0.001 * device_uniform(d)));
	d->overloaded = lost > 0.05 * frames;
	t.loss = floor(lost) / frames;
	t.offered = offered;
	t.limited = offered < 0.995 * load;
	t.invalid = device_uniform(d) < d->faults;
	d->seconds += length + d->overhead;
	d->trials++;
	return t;
}

/* The highest load with no more than `loss` in trials of `length`. */
static inline double device_truth(const struct device *d, double loss, double length)
{
	return (d->capacity + d->buffer / length) / (1 - loss);
}

#endif
