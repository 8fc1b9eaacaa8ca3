#include "harness/run/interrupted.h"

static bool has(const int *cores, int n, int core)
{
	for (int i = 0; i < n; i++) {
		if (cores[i] == core || cores[i] < 0)
			return true;
	}
	return false;
}

bool cb_layout_is_apart(const struct cb_layout *layout, const struct cb_testbed_shape *shape)
{
	bool by_sender = shape->inline_receive && layout->receive_mode == CB_RECEIVE_CHOICE_SOFTIRQ,
	     apart = layout->n_capture > 0 && (by_sender || layout->receive >= 0);

	for (int i = 0; i < layout->n_capture && apart; i++) {
		int core = layout->capture[i];

		apart = core >= 0 && !has(layout->capture, i, core) &&
			(by_sender || core != layout->receive) &&
			!(shape->shared && has(layout->generators, layout->n_generators, core));
	}
	return apart;
}

static int64_t interrupted(const struct cb_view_record *v)
{
	const json_t *load = json_object_get(v->load_result, "interrupted_ns");
	int64_t ns = json_is_integer(load) ? json_integer_value(load) : CB_UNKNOWN;

	return v->run_delay_ns > ns ? v->run_delay_ns : ns;
}

void cb_trial_interrupted(struct cb_trial_record *r, const struct cb_layout *layout,
	const struct cb_testbed_shape *shape)
{
	bool apart = cb_layout_is_apart(layout, shape);

	for (size_t i = 0; i < r->n_views; i++)
		r->views[i].interrupted_ns = apart ? interrupted(&r->views[i]) : CB_UNKNOWN;
}
