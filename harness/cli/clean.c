/* `clean`: remove what killed runs left. */
#include "harness/cli/verb.h"
#include "harness/testbed/testbed.h"

#include <stdio.h>

static json_t *removed;

static void tell(const char *line)
{
	if (removed)
		json_array_append_new(removed, json_string(line));
	else
		puts(line);
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	int n;

	removed = call->common.json ? json_array() : NULL;
	n = cb_testbed_clean(tell, err);
	if (n < 0) {
		json_decref(removed);
		return n;
	}
	if (removed)
		return cb_cli_print_json(json_pack("{s:o}", "removed", removed), err);
	if (n == 0)
		puts("nothing to clean");
	return 0;
}

const struct cb_verb cb_verb_clean = {
	.name = "clean",
	.help = "Remove what killed runs left behind",
	.description = "Ends agents whose controller is gone and removes their state files. "
		       "Namespaces and "
		       "links go with their agents. Running measurements are not touched.",
	.run = run,
};
