/* `tune`: what should be used on this machine. */
#include "harness/base/clock.h"
#include "harness/base/units.h"
#include "harness/cli/answer.h"
#include "harness/decide/tune_run.h"

struct args {
	struct cb_answer_args answer;
	struct cb_tune_wish wish;
	int64_t budget_ns, seed;
};

static const struct cb_option options[] = {
	{.name = "rate",
		.type = CB_OPT_RATE,
		.offset = offsetof(struct args, wish.rate),
		.fallback = "0",
		.min = 0,
		.max = 1000000000,
		.help = "Frames a second that are to be captured; needed, but for --resume"},
	{.name = "frame-size",
		.type = CB_OPT_BYTES,
		.offset = offsetof(struct args, wish.frame_size),
		.fallback = "64",
		.min = 64,
		.max = 9018,
		.help = "Size of a frame with its FCS, as in RFC 2544"},
	{.name = "load",
		CB_OPTION_TEXT_AT(struct args, wish.load),
		.fallback = "discard",
		.metavar = "LOAD",
		.help = "What the capture process does with a frame, as in packzip:3 (capbench "
			"list loads)"},
	{.name = "interface",
		CB_OPTION_TEXT_AT(struct args, wish.interface),
		.fallback = "",
		.metavar = "IFACE",
		.help = "Tune for the frames that come to this interface from elsewhere, instead "
			"of "
			"making any; takes root"},
	{.name = "budget",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct args, budget_ns),
		.fallback = "10min",
		.min = (int64_t)(20 * CB_NS_PER_SEC),
		.max = (int64_t)(86400 * CB_NS_PER_SEC),
		.help = "How long its trials may take, all together: none begins that would go "
			"beyond. More time means more candidates"},
	{.name = "seed",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct args, seed),
		.fallback = "0",
		.min = 0,
		.max = INT64_MAX,
		.help = "Seed of the candidates and their order; 0: one from the clock"},
	CB_ANSWER_OPTION_ROWS(struct args, answer),
	CB_OPTION_END,
};

/* What every JSON reader keeps exactly, and never 0. */
static uint64_t seed_of(const struct args *a)
{
	return a->seed ? (uint64_t)a->seed : (cb_real_ns() & ((UINT64_C(1) << 53) - 1)) | 1;
}

static int make(struct cb_scenario **s, const struct args *a, uint64_t seed,
	const struct cb_bed *bed, struct cb_error *err)
{
	struct cb_testbed_shape shape;
	const struct cb_tune_place place = {&shape, &cb_cli_registry};
	struct cb_text yaml = {0};
	struct cb_scenario_source source = {.path = "tune"};
	int rc;

	if (!a->wish.rate)
		return cb_error_set(err, CB_ERR_USAGE,
			"--rate is missing: how many frames a second are to be captured, as in "
			"--rate 1M (capbench tune --help)");
	rc = cb_testbed_shape(&shape, bed, err);
	if (!rc)
		rc = cb_tune_space(
			&yaml, &a->wish, cb_tune_candidates(a->budget_ns), seed, &place, err);
	source.text = cb_text_get(&yaml);
	if (!rc)
		rc = cb_scenario_load(s, &source, &cb_cli_registry, err);
	cb_text_finish(&yaml);
	return rc;
}

/* On resuming, the interface that it was begun on. */
static int choose_testbed(const struct args *a, struct cb_stepwise_options *o, struct cb_bed **bed,
	struct cb_error *err)
{
	json_t *request = o->resume ? cb_run_request(o->resume) : NULL;
	const char *begun = json_string_value(json_object_get(request, "interface")),
		   *interface = begun ? begun : a->wish.interface;
	int rc = 0;

	if (o->bed && *interface)
		rc = cb_error_set(
			err, CB_ERR_USAGE, "--interface and --testbed exclude each other");
	else if (*interface)
		rc = cb_bed_here(bed, interface, err);
	o->bed = *bed;
	json_decref(request);
	return rc;
}

/* A tuning without an end has trials that tell something all the same. */
static int answer(
	const struct cb_invocation *call, const char *directory, int rc, struct cb_error *err)
{
	struct cb_error why = *err;
	int told;

	if (rc && rc != CB_ERR_INCONCLUSIVE)
		return rc;
	told = cb_cli_answer(cb_tune_report, directory, false, call->common.json, err);
	if (!rc || (told && told != CB_ERR_INCONCLUSIVE))
		return told;
	*err = why;
	return rc;
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	const struct args *a = call->args;
	struct cb_stepwise_options o = {
		.kind = "tune", .command_line = call->command_line, .seed = seed_of(a)};
	char directory[CB_RUN_PATH_MAX] = "";
	struct cb_scenario *s = NULL;
	struct cb_bed *bed = NULL;
	json_t *request = cb_tune_request(&a->wish, a->budget_ns);
	int rc = cb_answer_options(&a->answer, &o, &bed, err);

	o.request = request;
	if (!rc)
		rc = choose_testbed(a, &o, &bed, err);
	if (!rc && o.resume)
		rc = cb_answer_resume(&s, &a->answer, &(struct cb_scenario_args){0}, NULL, err);
	else if (!rc)
		rc = make(&s, a, o.seed, bed, err);
	if (!rc) {
		cb_scenario_probe(s, &cb_cli_registry);
		rc = cb_tune_run(s, &o, directory, err);
	}
	json_decref(request);
	cb_scenario_destroy(s);
	cb_bed_destroy(bed);
	return answer(call, directory, rc, err);
}

static const char *const examples[] = {
	"capbench tune --rate 1M --frame-size 64",
	"capbench tune --rate 200k --frame-size 512 --load packzip:3 --budget 3min",
	"capbench tune --rate 1M --testbed scenarios/testbeds/figure4.yaml",
	"capbench tune --rate 1M --interface eth1",
	"capbench tune --resume results/tune/20261121T214005Z-1a2b",
	NULL,
};

const struct cb_verb cb_verb_tune = {
	.name = "tune",
	.help = "Find out what should be used on this machine",
	.description =
		"Tries mechanisms, waits, placements, receive modes, buffers and numbers of "
		"processes for the traffic you name: short trials for many, long ones for the "
		"best (successive halving). The best then meets the default (libpcap with poll, "
		"2 MiB) in fresh trials, in turn. Tells the ranking, whether the default is "
		"already best, and the settings in words for tcpdump, Suricata and programs of "
		"your own. The same seed tries the same candidates. Frames are made by this "
		"machine, or by a host of --testbed; with --interface they come from elsewhere, at "
		"about --rate, and what is told is the share captured of those that came.",
	.options = options,
	.args_size = sizeof(struct args),
	.examples = examples,
	.run = run,
};
