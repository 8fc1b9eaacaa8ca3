/* Requests about the settings of the host. */
#include "harness/host/tuning.h"

#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/json.h"

static int open_tuning(struct cb_agent *a, struct cb_error *err)
{
	const struct cb_tuning_options options = {
		.private_interfaces = a->options->namespaces == CB_AGENT_NAMESPACES_NEW};

	return a->tuning ? 0 : cb_tuning_open(&a->tuning, &options, err);
}

/* A refusal is a result, too: the controller knows where the setting was asked for. */
static int put_refusal(json_t *reply, const struct cb_error *refusal)
{
	json_t *json = refusal->code
		? json_pack("{s:s, s:i}", "text", refusal->text, "code", refusal->code)
		: json_null();

	return json ? json_object_set_new(reply, "refused", json) : -1;
}

int cb_agent_tune(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	struct cb_error refusal = {0};
	json_t *settings = NULL, *changes;
	char name[16];
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_json_object(args, "settings", &settings, err);
	if (!r)
		r = open_tuning(a, err);
	if (r)
		return r;
	changes = json_array();
	if (!changes || json_object_set_new(reply, "changes", changes))
		return cb_error_memory(err, "the reply");
	if (!cb_tuning_apply(a->tuning, name, settings, changes, &refusal))
		refusal.code = 0;
	return put_refusal(reply, &refusal) ? cb_error_memory(err, "the reply") : 0;
}

static json_t *clean_lines;

static void take_line(const char *line)
{
	json_array_append_new(clean_lines, json_string(line));
}

int cb_agent_clean(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	int n;

	(void)a;
	(void)args;
	clean_lines = json_array();
	if (!clean_lines || json_object_set_new(reply, "lines", clean_lines))
		return cb_error_memory(err, "the reply");
	n = cb_tuning_recover(NULL, take_line, err);
	clean_lines = NULL;
	if (n < 0)
		return n;
	return cb_json_set_count(reply, "count", n) ? cb_error_memory(err, "the reply") : 0;
}

int cb_agent_untune(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	json_t *changes = json_array();

	(void)args;
	if (!changes || json_object_set_new(reply, "changes", changes))
		return cb_error_memory(err, "the reply");
	if (a->tuning)
		cb_tuning_undo(a->tuning, changes);
	return 0;
}
