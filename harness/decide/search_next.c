/* Which load a search tries next. */
#include "harness/decide/search.h"

#include <math.h>

#define EXPANSION 3   /* an interval that does not hold the answer grows so much a step */
#define SLACK     1.5 /* after an overload: start so many widths below what was captured */

/* What a step is made of; one goal at a time. */
struct view {
	const struct cb_search *s;
	const struct cb_search_trial *trials;
	size_t n;
	double ceiling; /* of the generator, or the most to try */
	bool limited;   /* it is the generator's */
	const struct cb_search_goal *goal;
};

/* Bounds of a phase, and what the phase before it thought. */
struct phase {
	struct cb_search_target target;
	struct cb_search_bounds now, before;
};

static bool narrow(const struct cb_search_bounds *b, double width)
{
	return b->high <= b->low * (1 + width) || b->high - b->low <= 1;
}

/* How far a goal is, by bounds of one of its phases. */
static enum cb_search_state state_of(
	const struct view *v, const struct cb_search_bounds *b, double width)
{
	if (b->low >= v->ceiling)
		return v->limited ? CB_SEARCH_LIMITED : CB_SEARCH_AT_MOST;
	if (narrow(b, width))
		return CB_SEARCH_FOUND;
	return b->high <= v->s->least ? CB_SEARCH_NOTHING : CB_SEARCH_UNFINISHED;
}

/* Where a goal begins: what was captured when as much as possible was offered is about what the
 * device sustains. */
static double first_guess(const struct view *v, double width)
{
	double captured = NAN;

	for (size_t i = 0; i < v->n && isnan(captured); i++) {
		if (!v->trials[i].invalid && isfinite(v->trials[i].loss))
			captured = v->trials[i].loss <= v->goal->loss
				? v->ceiling
				: v->trials[i].offered * (1 - v->trials[i].loss) /
					(1 - v->goal->loss) / (1 + SLACK * width);
	}
	return captured;
}

/* An interval that has grown by `gone` (on a logarithmic scale) without holding the answer grows
 * further. */
static double further(double gone, double width)
{
	gone = fmax(gone, 0);
	return fmax(gone * EXPANSION, gone + log1p(width));
}

static double expand_up(const struct view *v, const struct phase *p)
{
	double start =
		p->before.high <= p->now.low ? p->before.high : first_guess(v, p->target.width);

	if (start > p->now.low)
		return start;
	return start * exp(further(log(p->now.low / start), p->target.width));
}

static double expand_down(const struct view *v, const struct phase *p)
{
	double start =
		p->before.low >= p->now.high ? p->before.low : first_guess(v, p->target.width);

	if (start < p->now.high)
		return start;
	return start * exp(-further(log(start / p->now.high), p->target.width));
}

static double between(double low, double high)
{
	return sqrt(low * high);
}

/* Comparisons with NaN are false, so what is not there is never inside. */
static bool inside(double load, const struct cb_search_bounds *b)
{
	return isfinite(load) && !(load <= b->low) && !(load >= b->high);
}

static double pick(const struct view *v, const struct phase *p)
{
	const struct cb_search_bounds *now = &p->now;
	double high = inside(p->before.high, now) ? p->before.high : now->high;

	if (inside(p->before.low, now))
		return p->before.low;
	if (isnan(now->low) && isnan(now->high))
		return isnan(high) ? first_guess(v, p->target.width) : high;
	if (isnan(now->low))
		return expand_down(v, p);
	if (isnan(high))
		return expand_up(v, p);
	if (narrow(&(struct cb_search_bounds){now->low, high}, p->target.width))
		return high;
	return between(now->low, high);
}

/* A whole number inside of the bounds and of what may be tried. */
static double settle(const struct view *v, const struct phase *p, double load)
{
	double low = isnan(p->now.low) ? v->s->least : p->now.low + 1,
	       high = isnan(p->now.high) ? v->ceiling : fmin(p->now.high - 1, v->ceiling);

	return fmin(fmax(round(load), low), fmax(high, v->s->least));
}

/* The next load for the goal; false: it needs none. */
static bool propose(const struct view *v, size_t goal, struct cb_search_step *step)
{
	struct phase p = {.before = {NAN, NAN}};

	for (int i = 0; i < CB_SEARCH_PHASES; i++, p.before = p.now) {
		p.target = cb_search_target(v->goal, i);
		p.now = cb_search_bounds(&p.target, v->trials, v->n);
		if (state_of(v, &p.now, p.target.width) != CB_SEARCH_UNFINISHED)
			continue;
		*step = (struct cb_search_step){
			.load = settle(v, &p, pick(v, &p)),
			.length = p.target.length,
			.goal = goal,
			.phase = i,
		};
		return true;
	}
	return false;
}

static void tell(const struct view *v, struct cb_search_result *r)
{
	struct cb_search_target last = cb_search_target(v->goal, CB_SEARCH_PHASES - 1);
	struct cb_search_bounds b = cb_search_bounds(&last, v->trials, v->n);

	*r = (struct cb_search_result){
		.state = state_of(v, &b, last.width), .low = b.low, .high = b.high};
	for (size_t i = 0; i < v->n; i++) {
		const struct cb_search_trial *t = &v->trials[i];
		bool first = true;

		if (t->load == b.low && t->length >= last.length && !t->invalid) {
			r->low_trials++;
			r->low_good += t->loss <= last.loss;
		}
		for (size_t k = 0; k < i && first; k++)
			first = v->trials[k].load != t->load;
		r->inconsistent += first && isfinite(t->load) && t->load > b.high &&
			cb_search_classify(&last, v->trials, v->n, t->load) == CB_LOAD_LOW;
	}
}

static size_t invalid_trials(const struct view *v, const struct cb_search_step *step)
{
	size_t count = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct cb_search_trial *t = &v->trials[i];

		count += t->load == step->load && t->length == step->length &&
			(t->invalid || isnan(t->loss) || (t->limited && isfinite(t->load)));
	}
	return count;
}

static struct view look(const struct cb_search *s, const struct cb_search_trial *trials, size_t n)
{
	struct view v = {.s = s, .trials = trials, .n = n};
	double generator = cb_search_ceiling(trials, n);

	v.limited = generator < s->most;
	v.ceiling = fmax(fmin(generator, s->most), s->least);
	return v;
}

/* Without a trial that says something there is nothing to go by: the most, at the shortest length
 * that any goal begins with. */
static bool must_begin(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (!v->trials[i].invalid && isfinite(v->trials[i].loss))
			return false;
	}
	return true;
}

static struct cb_search_step begin(const struct cb_search *s)
{
	struct cb_search_step step = {.load = s->most, .length = s->goals[0].initial};

	for (size_t g = 1; g < s->n_goals; g++)
		step.length = fmin(step.length, s->goals[g].initial);
	return step;
}

/* Of what the goals want next the lowest load; of that the longest trial, which tells most. */
static struct cb_search_step choose(
	const struct cb_search *s, const struct cb_search_trial *trials, size_t n)
{
	struct view v = look(s, trials, n);
	struct cb_search_step step = {.done = true}, wish;

	if (must_begin(&v))
		return begin(s);
	for (size_t g = 0; g < s->n_goals; g++) {
		v.goal = &s->goals[g];
		if (propose(&v, g, &wish) &&
			(step.done || wish.load < step.load ||
				(wish.load == step.load && wish.length > step.length)))
			step = wish;
	}
	return step;
}

/*
 * A load that was begun is decided before anything else: half of its trials would make earlier
 * phases think anew, and send the search away from it. True: `step` is to go on.
 */
static bool go_on(const struct cb_search *s, const struct cb_search_trial *trials, size_t n,
	struct cb_search_step *step)
{
	struct cb_search_target target;
	size_t start = n;

	while (start && trials[start - 1].load == trials[n - 1].load &&
		trials[start - 1].length == trials[n - 1].length)
		start--;
	if (start == n || isinf(trials[n - 1].load) ||
		trials[n - 1].load > look(s, trials, n).ceiling)
		return false;
	*step = choose(s, trials, start);
	if (step->done || step->load != trials[n - 1].load || step->length != trials[n - 1].length)
		return false;
	target = cb_search_target(&s->goals[step->goal], step->phase);
	return cb_search_classify(&target, trials, n, step->load) == CB_LOAD_UNDECIDED;
}

void cb_search_next(const struct cb_search *s, const struct cb_search_trial *trials, size_t n,
	struct cb_search_step *step, struct cb_search_result *results)
{
	struct view v = look(s, trials, n);

	for (size_t g = 0; g < s->n_goals; g++) {
		v.goal = &s->goals[g];
		tell(&v, &results[g]);
	}
	if (!go_on(s, trials, n, step))
		*step = choose(s, trials, n);
	if (!step->done && (n >= s->trials_max || invalid_trials(&v, step) > s->invalid_max))
		step->done = step->gave_up = true;
}
