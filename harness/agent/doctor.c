/* The request about what would disturb a measurement. */
#include "harness/host/doctor.h"

#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/clock.h"

#define WINDOW_MAX (60 * (int64_t)CB_NS_PER_SEC)

int cb_agent_doctor(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct cb_doctor_options options = {.n_interfaces = 1};
	int64_t window_ns = 0;
	json_t *findings;
	char name[16];
	int r = cb_agent_arg_interface(args, "interface", name, err);

	(void)a;
	if (!r)
		r = cb_agent_arg_count(args, "window_ns", 0, WINDOW_MAX, &window_ns, err);
	if (r)
		return r;
	options.interfaces[0] = name;
	options.window_ns = (uint64_t)window_ns;
	findings = cb_doctor(&options, err);
	if (!findings)
		return err->code;
	r = json_object_update(reply, findings) ? cb_error_memory(err, "the reply") : 0;
	json_decref(findings);
	return r;
}
