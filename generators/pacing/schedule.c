#include "generators/pacing/schedule.h"

#include "harness/base/clock.h"

typedef unsigned __int128 wide; /* slot numbers times nanoseconds */

static uint64_t saturate(wide x)
{
	return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return saturate((wide)a + b);
}

uint64_t cb_schedule_slots_in(uint64_t rate_pps, uint64_t ns)
{
	return saturate(((wide)ns * rate_pps + (CB_NS_PER_SEC - 1)) / CB_NS_PER_SEC);
}

void cb_schedule_init(struct cb_schedule *s, const struct cb_pace *pace, uint64_t start_ns)
{
	uint64_t whole_ns = add(pace->warmup_ns, pace->duration_ns);

	*s = (struct cb_schedule){
		.rate_pps = pace->rate_pps,
		.catch_up_ns = pace->catch_up_ns,
		.start_ns = start_ns,
		.warmup_slots = cb_schedule_slots_in(pace->rate_pps, pace->warmup_ns),
		.end_slot = UINT64_MAX,
	};
	if (pace->duration_ns) {
		s->end_slot = cb_schedule_slots_in(pace->rate_pps, whole_ns);
		s->end_ns = add(start_ns, whole_ns);
	}
	if (pace->count && add(s->warmup_slots, pace->count) < s->end_slot) {
		s->end_slot = s->warmup_slots + pace->count;
		s->end_ns = 0;
	}
}

uint64_t cb_schedule_due_ns(const struct cb_schedule *s, uint64_t slot)
{
	wide offset = ((wide)slot * CB_NS_PER_SEC + (s->rate_pps - 1)) / s->rate_pps;

	return saturate(offset + s->start_ns);
}

uint64_t cb_schedule_slots_due(const struct cb_schedule *s, uint64_t now_ns)
{
	uint64_t due;

	if (now_ns < s->start_ns)
		return 0;
	due = saturate((wide)(now_ns - s->start_ns) * s->rate_pps / CB_NS_PER_SEC + 1);
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
	uint64_t asked = cb_schedule_slots_in(s->rate_pps, elapsed_ns);

	if (asked > s->end_slot)
		asked = s->end_slot;
	return asked > s->next ? asked : s->next;
}
