/* `clean`: remove what killed runs left, here and on the hosts of a test-bed. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/cli/verb.h"
#include "harness/testbed/testbed.h"

#include <stdio.h>

#define CLEAN_NS (30 * CB_NS_PER_SEC)

struct args {
	char testbed[1024];
};

static const struct cb_option options[] = {
	{.name = "testbed",
		CB_OPTION_TEXT_AT(struct args, testbed),
		.fallback = "",
		.metavar = "FILE",
		.help = "On the hosts of this test-bed file, too"},
	CB_OPTION_END,
};

static json_t *removed;

static void tell(const char *line)
{
	if (removed)
		json_array_append_new(removed, json_string(line));
	else
		puts(line);
}

/* Agents that were killed there have ended with their connection; what they changed may not have
 * been put back. */
static int clean_host(struct cb_testbed_end *end, struct cb_error *err)
{
	json_t *reply = NULL, *lines;
	const json_t *line;
	int64_t count = 0;
	size_t i;
	int r = cb_host_call(end->host, "clean", NULL, &reply, cb_deadline_in(CLEAN_NS), err);

	if (!r)
		r = cb_json_array(reply, "lines", &lines, err);
	if (!r)
		r = cb_json_count(reply, "count", &count, err);
	for (i = 0; !r && i < json_array_size(lines); i++) {
		char text[1200];

		line = json_array_get(lines, i);
		snprintf(text, sizeof(text), "%s: %s", end->name,
			json_is_string(line) ? json_string_value(line) : "?");
		tell(text);
	}
	json_decref(reply);
	return r ? r : (int)count;
}

static int clean_testbed(const char *path, struct cb_error *err)
{
	struct cb_testbed_options o = {.look_only = true};
	struct cb_testbed *t = NULL;
	struct cb_bed *bed = NULL;
	int r = cb_bed_load(&bed, path, NULL, err), n = 0;

	o.bed = bed;
	if (!r)
		r = cb_testbed_open(&t, &o, err);
	for (size_t i = 0; r >= 0 && t && i < t->n_generators + t->n_sensors; i++) {
		r = clean_host(
			i < t->n_generators ? &t->generators[i] : &t->sensors[i - t->n_generators],
			err);
		n += r > 0 ? r : 0;
	}
	cb_testbed_close(t);
	cb_bed_destroy(bed);
	return r < 0 ? r : n;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	int n, there = 0;

	removed = call->common.json ? json_array() : NULL;
	n = cb_testbed_clean(tell, err);
	if (n >= 0 && *a->testbed)
		there = clean_testbed(a->testbed, err);
	if (n < 0 || there < 0) {
		json_decref(removed);
		return n < 0 ? n : there;
	}
	if (removed)
		return cb_cli_print_json(json_pack("{s:o}", "removed", removed), err);
	if (n + there == 0)
		puts("nothing to clean");
	return 0;
}

static const char *const examples[] = {
	"capbench clean", "capbench clean --testbed scenarios/testbeds/figure4.yaml", NULL};

const struct cb_verb cb_verb_clean = {
	.name = "clean",
	.help = "Remove what killed runs left behind, and put settings back",
	.description = "Ends agents whose controller is gone, removes their state files, and puts "
		       "back what killed processes had changed of this machine (host:, tc "
		       "filters). A value that somebody has changed since is left as it is, and "
		       "named. Namespaces and links go with their agents. Running measurements are "
		       "not touched.",
	.options = options,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
