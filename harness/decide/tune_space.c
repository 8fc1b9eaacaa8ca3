#include "harness/decide/tune_space.h"

#include "harness/base/random.h"
#include "harness/base/units.h"
#include "harness/decide/tune.h"

#include <stdio.h>
#include <string.h>

static const char *const mechanisms[] = {"tpacket3", "tpacket2", "recv", "io-uring", "pcap",
	"tpacket1", "bpf-ring", "bpf-buffer", "af-xdp"};
static const char *const waits[] = {"poll", "batch:64,1ms", "batch:512,1ms", "batch:512,5ms",
	"spin", "adaptive-sleep", "yield", "busy-poll"};
static const char *const placements[] = {"auto", "A:B", "A:A"};
static const char *const receives[] = {"auto", "softirq", "rps", "threaded"};
static const char *const buffers[] = {"2MiB", "512KiB", "16MiB", "64MiB"};
static const char *const processes[] = {"1", "2"};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define DRAWS_MAX   4000 /* of combinations, most of which make no sense */

struct choice {
	const char *mechanism, *wait, *placement, *receive, *buffer, *processes;
};

static const struct choice usual = {"pcap", "poll", "auto", "auto", "2MiB", "1"};

static void add_head(
	const struct cb_tune_wish *wish, const char *name, const char *title, struct cb_text *out)
{
	char rate[64], size[64];

	cb_text_addf(out,
		"name: %s\ntitle: %s\ntrial:\n  duration: 1s\n  warmup: 50ms\n"
		"  traffic: {frame_size: %s, rate: %s}\n"
		"  capture: {mechanism: pcap, load: \"%s\"}\n",
		name, title, cb_unit_format(CB_UNIT_BYTES, wish->frame_size, size, sizeof(size)),
		cb_unit_format(CB_UNIT_RATE, wish->rate, rate, sizeof(rate)), wish->load);
}

static void add_choice(const struct choice *c, struct cb_text *out)
{
	cb_text_addf(out,
		"  - {capture.mechanism: \"%s\", capture.wait: \"%s\", placement: \"%s\", "
		"receive: %s, capture.buffer: %s, capture.processes: %s}\n",
		c->mechanism, c->wait, c->placement, c->receive, c->buffer, c->processes);
}

/* Whether the scenario reader takes this combination, and its layout makes sense on this test-bed.
 */
static bool makes_sense(const struct cb_tune_wish *wish, const struct choice *c,
	const struct cb_tune_place *place, struct cb_error *err)
{
	struct cb_text text = {0};
	struct cb_scenario_source source = {.path = "tune"};
	struct cb_scenario *s = NULL;
	const struct cb_axis *axis = cb_registry_axis(place->registry, "mechanism");
	struct cb_layout layout;
	bool fanout = cb_member_text_provides(axis, c->mechanism) & CB_TRAIT_FANOUT;
	int rc;

	/* copies would each do all of the work */
	if (strcmp(c->processes, "1") != 0 && !fanout)
		return false;
	add_head(wish, "tune", "tune", &text);
	cb_text_add(&text, "vary:\n");
	add_choice(c, &text);
	source.text = cb_text_get(&text);
	rc = cb_scenario_load(&s, &source, place->registry, err);
	if (!rc && cb_layout_resolve(&s->cells[0].spec, place->shape, &layout, err) == CB_ERR_USAGE)
		rc = CB_ERR_USAGE;
	cb_scenario_destroy(s);
	cb_text_finish(&text);
	return !rc;
}

static struct choice draw(struct cb_random *random, const char *mechanism)
{
	return (struct choice){
		.mechanism = mechanism,
		.wait = waits[cb_random_below(random, COUNT(waits))],
		.placement = placements[cb_random_below(random, COUNT(placements))],
		.receive = receives[cb_random_below(random, COUNT(receives))],
		.buffer = buffers[cb_random_below(random, COUNT(buffers))],
		.processes = processes[cb_random_below(random, COUNT(processes))],
	};
}

static bool same(const struct choice *a, const struct choice *b)
{
	return !strcmp(a->mechanism, b->mechanism) && !strcmp(a->wait, b->wait) &&
		!strcmp(a->placement, b->placement) && !strcmp(a->receive, b->receive) &&
		!strcmp(a->buffer, b->buffer) && !strcmp(a->processes, b->processes);
}

static bool known(const struct choice *list, size_t n, const struct choice *c)
{
	for (size_t i = 0; i < n; i++) {
		if (same(&list[i], c))
			return true;
	}
	return false;
}

int cb_tune_space(struct cb_text *yaml, const struct cb_tune_wish *wish, size_t most, uint64_t seed,
	const struct cb_tune_place *place, struct cb_error *err)
{
	struct choice list[CB_TUNE_CANDIDATES_MAX];
	struct cb_random random = {seed};
	size_t n = 0;

	/* the wish itself is wrong where not even the default goes with it */
	if (!makes_sense(wish, &usual, place, err))
		return CB_ERR_USAGE;
	if (most > CB_TUNE_CANDIDATES_MAX)
		most = CB_TUNE_CANDIDATES_MAX;
	list[n++] = usual;
	for (size_t i = 0; i < DRAWS_MAX && n < most; i++) {
		const char *mechanism = mechanisms[i % COUNT(mechanisms)];
		struct choice c = draw(&random, mechanism);

		/* each mechanism once as most programs would use it */
		if (i < COUNT(mechanisms))
			c = (struct choice){mechanism, "poll", "A:B", "auto", "2MiB", "1"};
		if (!known(list, n, &c) && makes_sense(wish, &c, place, NULL))
			list[n++] = c;
	}
	add_head(wish, "tune", "What should be used on this machine?", yaml);
	cb_text_add(yaml, "impossible: leave-out\nrepetitions: 1\nvary:\n");
	for (size_t i = 0; i < n; i++)
		add_choice(&list[i], yaml);
	return yaml->failed ? cb_error_memory(err, "the candidates") : 0;
}

/* The paths that tell candidates apart, and how their values are written. */
static const struct {
	const char *path;
	enum cb_unit unit;
	bool text;
} paths[] = {
	{"capture.mechanism", CB_UNIT_COUNT, true},
	{"capture.wait", CB_UNIT_COUNT, true},
	{"placement", CB_UNIT_COUNT, true},
	{"receive", CB_UNIT_COUNT, true},
	{"capture.buffer", CB_UNIT_BYTES, false},
	{"capture.processes", CB_UNIT_COUNT, false},
};

static void add_cell(const json_t *params, struct cb_text *out)
{
	char number[64];

	cb_text_add(out, "{");
	for (size_t i = 0; i < COUNT(paths); i++) {
		const json_t *value = json_object_get(params, paths[i].path);

		cb_text_addf(out, "%s%s: ", i ? ", " : "", paths[i].path);
		if (paths[i].text)
			cb_text_addf(out, "\"%s\"", json_string_value(value));
		else
			cb_text_add(out,
				cb_unit_format(paths[i].unit, json_integer_value(value), number,
					sizeof(number)));
	}
	cb_text_add(out, "}");
}

void cb_tune_comparison(const struct cb_tune_wish *wish, const json_t *base, const json_t *best,
	struct cb_text *yaml)
{
	cb_text_add(yaml,
		"# The default against the best that `capbench tune` found:\n"
		"#   capbench run default-vs-best.yaml\n");
	add_head(wish, "default-vs-best", "The default against the best found", yaml);
	cb_text_add(yaml, "repetitions: 7\norder: interleave\nvary:\n  - ");
	add_cell(base, yaml);
	cb_text_add(yaml, "\n  - ");
	add_cell(best, yaml);
	cb_text_add(yaml,
		"\nfigures:\n  - {id: share, x: capture.mechanism, y: captured_share, series: "
		"[capture.wait, placement, receive, capture.buffer]}\n"
		"  - {id: cost, x: capture.mechanism, y: cpu_ns_per_frame, series: [capture.wait, "
		"placement, receive, capture.buffer]}\n"
		"claims:\n  - id: c29\n    says: The configuration that tune ends at captures at "
		"least as much as the default\n    section: \"5.2\"\n    expect:\n      at_least:\n"
		"        - ");
	add_cell(best, yaml);
	cb_text_add(yaml, "\n        - ");
	add_cell(base, yaml);
	cb_text_add(yaml, "\n      within: 0.5%\n");
}
