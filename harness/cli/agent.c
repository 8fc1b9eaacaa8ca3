/* `agent`: the process on a host that a controller drives (internal). */
#include "harness/agent/agent.h"

#include "harness/base/log.h"
#include "harness/cli/verb.h"

#include <stdio.h>

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct cb_agent_options *options = call->args;
	char name[96];

	snprintf(name, sizeof(name), "agent %s", options->host);
	cb_log_set_name(name);
	return cb_agent_main_loop(options, err);
}

const struct cb_verb cb_verb_agent = {
	.name = "agent",
	.help = "Serve a controller's requests on stdin and stdout",
	.description = "Started by `capbench run` on every host; not meant to be typed.",
	.internal = true,
	.options = cb_agent_option_table,
	.args_size = sizeof(struct cb_agent_options),
	.run = run,
};
