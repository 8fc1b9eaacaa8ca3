#include "generators/pacing/schedule.h"

#include <math.h>

static uint64_t add(uint64_t a, uint64_t b)
{
	return cb_wide_saturate((cb_wide)a + b);
}

uint64_t cb_schedule_slots_in(uint64_t rate_pps, uint64_t ns)
{
	const struct cb_arrival a = {.rate_pps = rate_pps};

	return cb_arrival_constant.slots(&a, ns, false);
}

/* Of the first `all` slots, those of one lane. */
static uint64_t own(uint32_t lane, uint32_t lanes, uint64_t all)
{
	if (lanes < 2)
		return all;
	return all > lane ? (all - lane - 1) / lanes + 1 : 0;
}

uint64_t cb_pace_own(const struct cb_pace *pace, uint64_t slots)
{
	return own(pace->lane, pace->lanes, slots);
}

static uint64_t slots(const struct cb_schedule *s, uint64_t ns, bool now)
{
	return own(s->lane, s->lanes, s->arrival.shape->slots(&s->arrival, ns, now));
}

void cb_schedule_init(struct cb_schedule *s, const struct cb_pace *pace, uint64_t start_ns)
{
	uint64_t whole_ns = add(pace->warmup_ns, pace->duration_ns), warmup, end = UINT64_MAX;

	*s = (struct cb_schedule){
		.arrival = {.shape = &cb_arrival_constant, .rate_pps = pace->rate_pps},
		.lane = pace->lane,
		.lanes = pace->lanes,
		.catch_up_ns = pace->catch_up_ns,
		.start_ns = start_ns,
	};
	if (pace->arrival)
		s->arrival = *pace->arrival;
	warmup = s->arrival.shape->slots(&s->arrival, pace->warmup_ns, false);
	if (pace->duration_ns) {
		end = s->arrival.shape->slots(&s->arrival, whole_ns, false);
		s->end_ns = add(start_ns, whole_ns);
	}
	if (pace->count && add(warmup, pace->count) < end) {
		end = warmup + pace->count;
		s->end_ns = 0;
	}
	s->warmup_slots = cb_pace_own(pace, warmup);
	s->end_slot = end == UINT64_MAX ? end : cb_pace_own(pace, end);
}

uint64_t cb_schedule_due_ns(const struct cb_schedule *s, uint64_t slot)
{
	if (s->lanes > 1)
		slot = cb_wide_saturate((cb_wide)slot * s->lanes + s->lane);
	return add(s->start_ns, s->arrival.shape->due_ns(&s->arrival, slot));
}

uint64_t cb_schedule_slots_due(const struct cb_schedule *s, uint64_t now_ns)
{
	uint64_t due;

	if (now_ns < s->start_ns)
		return 0;
	due = slots(s, now_ns - s->start_ns, true);
	return due < s->end_slot ? due : s->end_slot;
}

/* After a stall: only the latest of the slots that are due is still used. */
static void give_up(struct cb_schedule *s, uint64_t due)
{
	if (due - s->next < 2)
		return;
	s->missed += due - 1 - s->next;
	s->rebased++;
	s->next = due - 1;
}

struct cb_turn cb_schedule_turn(struct cb_schedule *s, uint64_t now_ns, unsigned max)
{
	struct cb_turn turn = {.due_ns = cb_schedule_due_ns(s, s->next)};
	uint64_t due = cb_schedule_slots_due(s, now_ns), n, border;

	if (s->next >= s->end_slot) {
		turn.over = now_ns >= s->end_ns;
		turn.due_ns = s->end_ns;
		return turn;
	}
	if (due <= s->next)
		return turn;
	if (now_ns - turn.due_ns > s->catch_up_ns) {
		give_up(s, due);
		turn.due_ns = cb_schedule_due_ns(s, s->next);
	}
	border = s->next < s->warmup_slots && s->warmup_slots < due ? s->warmup_slots : due;
	n = border - s->next;
	turn.n = n < max ? (unsigned)n : max;
	turn.phase = s->next < s->warmup_slots ? CB_PHASE_WARMUP : CB_PHASE_WINDOW;
	return turn;
}

void cb_schedule_use(struct cb_schedule *s, unsigned n)
{
	s->next += n;
}

uint64_t cb_schedule_intended(const struct cb_schedule *s, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns > s->start_ns ? now_ns - s->start_ns : 0;
	uint64_t asked = slots(s, elapsed_ns, false);

	if (asked > s->end_slot)
		asked = s->end_slot;
	return asked > s->next ? asked : s->next;
}

uint64_t cb_schedule_end_ns(const struct cb_schedule *s, uint64_t intended)
{
	uint64_t due_ns = cb_schedule_due_ns(s, intended);

	if (s->arrival.shape == &cb_arrival_constant || !s->end_ns || due_ns < s->end_ns)
		return due_ns;
	return s->end_ns;
}

double cb_schedule_intended_pps(const struct cb_schedule *s, uint64_t intended)
{
	uint64_t begin_ns = cb_schedule_due_ns(s, s->warmup_slots), end_ns;

	if (s->arrival.shape == &cb_arrival_constant)
		return (double)s->arrival.rate_pps / (s->lanes > 1 ? s->lanes : 1);
	if (intended <= s->warmup_slots)
		return (double)NAN;
	end_ns = cb_schedule_end_ns(s, intended);
	return (double)(intended - s->warmup_slots) * 1e9 / (double)(end_ns - begin_ns);
}
