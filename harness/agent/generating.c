/* The generator process: made ready, then started, then waited for. */
#include "generators/generate.h"
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/record/record.h"

#include <stdio.h>
#include <string.h>

#define PREPARE_NS (8 * CB_NS_PER_SEC)
#define EXIT_NS    (5 * CB_NS_PER_SEC)

int cb_agent_generate_prepare(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct cb_generate_job scratch = {0};
	struct cb_agent_child *c = &a->generator;
	char interface[16];
	json_t *options;
	int r = cb_agent_arg_interface(args, "interface", interface, err);

	if (!r)
		r = cb_json_object(args, "options", &options, err);
	if (r)
		return r;
	snprintf(c->name, sizeof(c->name), "generator process");
	r = cb_agent_child_start(
		c, "generate", interface, options, cb_generate_options, &scratch, err);
	if (!r)
		r = cb_agent_children_speak(a, c, 1, cb_deadline_in(PREPARE_NS), err);
	if (!r)
		r = cb_agent_child_ready(c, err);
	if (!r && cb_json_set_count(reply, "pid", c->process.pid))
		r = cb_error_memory(err, "the reply");
	if (r)
		cb_agent_end_generator(a);
	else
		a->state |= CB_AGENT_GENERATE;
	return r;
}

/* The process's own record, checked. */
static int take_record(struct cb_agent_child *c, json_t *reply, struct cb_error *err)
{
	struct cb_generator_record record;
	json_t *line = NULL;
	int r = cb_agent_child_take(c, &line, err);

	cb_generator_record_init(&record);
	if (!r && (r = cb_generator_record_read(&record, line, err)))
		cb_error_prepend(err, "%s: its record", c->name);
	if (!r && json_object_set_new(reply, "generator", cb_generator_record_json(&record)))
		r = cb_error_memory(err, "the generator's record");
	cb_generator_record_finish(&record);
	json_decref(line);
	return r;
}

int cb_agent_generate_go(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct cb_agent_child *c = &a->generator;
	char go[32] = "go\n";
	int64_t timeout_ns = 0, start_ns = 0;
	int r = cb_agent_arg_time(args, "timeout_ns", -1, &timeout_ns, err);

	if (!r && json_object_get(args, "start_ns"))
		r = cb_agent_arg_count(args, "start_ns", 1, INT64_MAX, &start_ns, err);
	if (r)
		return r;
	if (start_ns)
		snprintf(go, sizeof(go), "go %lld\n", (long long)start_ns);
	r = cb_file_write_all(c->process.stdin_fd, go, strlen(go), c->name, err);
	if (!r)
		r = cb_agent_children_speak(a, c, 1, cb_deadline_in((uint64_t)timeout_ns), err);
	if (!r)
		r = take_record(c, reply, err);
	if (!r)
		r = cb_agent_child_reap(c, cb_deadline_in(EXIT_NS), err);
	cb_agent_end_generator(a);
	return r;
}
