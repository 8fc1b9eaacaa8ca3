#include "generators/pacing/ahead.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of a constant rate the times between first and last need no division each; they are right to a
 * nanosecond. */
static unsigned take_constant(
	const struct cb_schedule *s, uint64_t now_ns, uint64_t most, uint64_t *due_ns)
{
	uint64_t due = cb_schedule_slots_due(s, now_ns + CB_AHEAD_NS);
	uint64_t n = due > s->next ? smaller(most, due - s->next) : 0;
	uint64_t step, fraction = 0;

	if (!n)
		return 0;
	due_ns[0] = cb_schedule_due_ns(s, s->next);
	due_ns[n - 1] = cb_schedule_due_ns(s, s->next + n - 1);
	if (n < 3)
		return (unsigned)n;
	/* 32 bits behind the point: a batch is shorter than 2^32 ns, but for a stall. */
	step = (uint64_t)(((cb_wide)(due_ns[n - 1] - due_ns[0]) << 32) / (n - 1));
	for (uint64_t i = 1; i < n - 1; i++) {
		fraction += step & UINT32_MAX;
		due_ns[i] = due_ns[i - 1] + (step >> 32) + (fraction >> 32);
		fraction &= UINT32_MAX;
	}
	return (unsigned)n;
}

static unsigned take(const struct cb_schedule *s, uint64_t now_ns, uint64_t most, uint64_t *due_ns)
{
	uint64_t before_ns = now_ns, at_ns;
	unsigned n;

	for (n = 0; n < most; n++) {
		at_ns = cb_schedule_due_ns(s, s->next + n);
		if (at_ns > now_ns + CB_AHEAD_NS ||
			(at_ns > before_ns && at_ns - before_ns > CB_AHEAD_WAIT_NS))
			break;
		due_ns[n] = at_ns;
		if (at_ns > before_ns)
			before_ns = at_ns;
	}
	return n;
}

struct cb_turn cb_schedule_ahead(
	struct cb_schedule *s, uint64_t now_ns, unsigned max, uint64_t *due_ns)
{
	struct cb_turn turn = cb_schedule_turn(s, now_ns, max); /* gives slots up after a stall */
	bool dense = s->arrival.shape == &cb_arrival_constant &&
		s->arrival.rate_pps >=
			UINT64_C(1000000000) / CB_AHEAD_WAIT_NS * (s->lanes > 1 ? s->lanes : 1);
	bool warmup = s->next < s->warmup_slots;
	uint64_t most;

	if (turn.over || s->next >= s->end_slot)
		return turn;
	most = smaller(max, (warmup ? s->warmup_slots : s->end_slot) - s->next);
	turn.phase = warmup ? CB_PHASE_WARMUP : CB_PHASE_WINDOW;
	turn.due_ns = cb_schedule_due_ns(s, s->next);
	if (turn.due_ns > now_ns + CB_AHEAD_WAIT_NS)
		turn.n = 0;
	else if (dense)
		turn.n = take_constant(s, now_ns, most, due_ns);
	else
		turn.n = take(s, now_ns, most, due_ns);
	if (!turn.n)
		turn.due_ns -= CB_AHEAD_WAIT_NS;
	return turn;
}
