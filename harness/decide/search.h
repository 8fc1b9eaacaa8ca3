/*
 * The strategy of a search: from the trials so far to the next one, or to the result. Pure
 * functions on values: who carries trials out, and how a run is resumed, is no matter of it.
 *
 * In the manner of RFC 2544 26.1 and of MLRsearch (draft-ietf-bmwg-mlrsearch): several goals share
 * the trials of one search; short trials come first, and long ones only where the answer must lie;
 * of what the goals want next, the lowest load is tried first, so that a device that takes time to
 * get over an overload is not asked meanwhile.
 *
 * A load is what varies: frames a second, or, for back-to-back frames (RFC 9004), the frames of one
 * burst. Every load is a whole number.
 */
#ifndef CB_HARNESS_DECIDE_SEARCH_H
#define CB_HARNESS_DECIDE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#define CB_SEARCH_PHASES 3 /* trials grow from the goal's `initial` length to its `final` */

/* The highest load is looked for at which, of `sum` seconds of trials, at most the share `exceed`
 * lost more than the share `loss` of its frames. */
struct cb_search_goal {
	double loss, exceed;
	double width; /* of the interval that is asked for: high / low - 1 */
	/* Lengths in seconds; of bursts in trials. 0 < initial <= final <= sum */
	double initial, final, sum;
};

struct cb_search_trial {
	double load;    /* as it was asked for; INFINITY: as much as the generator can */
	double length;  /* in seconds; a burst has 1 */
	double loss;    /* share of the frames offered; NaN: not known, the trial is invalid */
	double offered; /* the load that was really offered */
	bool limited;   /* the generator could not keep up with `load` */
	bool invalid;   /* says nothing */
};

struct cb_search {
	const struct cb_search_goal *goals; /* borrowed */
	size_t n_goals;
	double least, most; /* loads; most INFINITY: what the generator can */
	/* Trials of one load and length that may be invalid, or too slow for no lasting reason,
	 * before giving up. */
	size_t invalid_max;
	size_t trials_max;
};

enum cb_search_state {
	CB_SEARCH_UNFINISHED, /* more trials are needed, or were not allowed */
	CB_SEARCH_FOUND,      /* the interval is as narrow as it was asked for */
	CB_SEARCH_LIMITED,    /* more than the generator can offer: `low` is what it could */
	CB_SEARCH_AT_MOST,    /* `low` is the most that was to be tried */
	CB_SEARCH_NOTHING,    /* even the least load has too much loss: `high` is it */
};
extern const char *const cb_search_state_names[];

/* What is known of one goal: the device keeps it at `low`, and does not at `high`. */
struct cb_search_result {
	enum cb_search_state state;
	double low, high; /* NaN: there is none */
	/* Trials of full length at `low`, and of these those that kept the goal. */
	size_t low_trials, low_good;
	size_t inconsistent; /* loads above `high` that would have kept the goal */
};

/* What to do next. */
struct cb_search_step {
	bool done;     /* nothing: the results say how it ended */
	bool gave_up;  /* done, because too many trials were invalid, or there were too many */
	double load;   /* INFINITY: as much as the generator can */
	double length; /* in seconds; of a burst 1 */
	size_t goal;   /* that wants it */
	int phase;     /* 0 to CB_SEARCH_PHASES - 1: how far that goal is */
};

/*
 * `results` has one entry a goal, and is what the trials so far say. The same trials give the same
 * step, always: a search is resumed by asking again.
 */
void cb_search_next(const struct cb_search *s, const struct cb_search_trial *trials, size_t n,
	struct cb_search_step *step, struct cb_search_result *results);

/* One phase of a goal. */
struct cb_search_target {
	double loss, exceed, width, length, sum;
};
struct cb_search_target cb_search_target(const struct cb_search_goal *goal, int phase);

enum cb_search_class { CB_LOAD_UNDECIDED, CB_LOAD_LOW, CB_LOAD_HIGH };

/*
 * Whether `load` keeps the target, judged as MLRsearch does: time of trials that are long enough
 * counts for what it showed; of shorter ones only the loss counts, and only as far as their own
 * good time does not make up for it. LOW (HIGH) when it would stay so if all the time that is still
 * missing to `sum` turned out bad (good). A trial that the generator limited counts only if it lost
 * too much all the same.
 */
enum cb_search_class cb_search_classify(const struct cb_search_target *target,
	const struct cb_search_trial *trials, size_t n, double load);

/* The lowest load that is HIGH, and the highest LOW one below it: where trials contradict each
 * other the lower load is believed. NaN: there is none. */
struct cb_search_bounds {
	double low, high;
};
struct cb_search_bounds cb_search_bounds(
	const struct cb_search_target *target, const struct cb_search_trial *trials, size_t n);

/*
 * The most that the generator offers, by what the trials show: what it offered when it was asked
 * for as much as it can, or for a load that it failed twice and never kept; but not less than it
 * ever offered. INFINITY: no trial shows it.
 */
double cb_search_ceiling(const struct cb_search_trial *trials, size_t n);

#endif
