/*
 * A scenario: a YAML file (scenarios/README says how one is written), read through option tables
 * into one struct, with overlays (profile, --set) applied. Everything wrong with a file is found
 * here, before anything starts, as "file:line:column: key: what is wrong; what would be right".
 */
#ifndef CB_HARNESS_SCENARIO_SCENARIO_H
#define CB_HARNESS_SCENARIO_SCENARIO_H

#include "harness/base/error.h"
#include "harness/base/member.h"
#include "harness/base/text.h"
#include "harness/scenario/host.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_MEMBER_TEXT_MAX   256
#define CB_EXTERNAL_TEXT_MAX 2048
#define CB_FILTER_TEXT_MAX   1024
#define CB_THREADS_MAX       64 /* of a generator */
#define CB_CELLS_MAX         10000
#define CB_TRIALS_MAX        100000

enum cb_receive_choice {
	CB_RECEIVE_CHOICE_AUTO,
	CB_RECEIVE_CHOICE_SOFTIRQ,
	CB_RECEIVE_CHOICE_RPS,
	CB_RECEIVE_CHOICE_THREADED,
	CB_RECEIVE_CHOICE_HOST, /* as the host is set, by `host:` or by itself */
};
extern const char *const cb_receive_names[]; /* by enum cb_receive_choice */

/* Whether the receiving veth has a NAPI ring (256 frames) in place of the CPU's backlog (1000). */
enum cb_napi { CB_NAPI_AUTO, CB_NAPI_OFF, CB_NAPI_ON };

/* One combination: what a trial is, decoded from `trial:` with one value of each axis of `vary:`.
 */
struct cb_trial_spec {
	int64_t duration_ns, warmup_ns, drain_ns;
	struct {
		int64_t frame_size;   /* RFC 2544: with FCS */
		int64_t rate;         /* pps, CB_RATE_MAX; nominal while capacity_ppm is not 0 */
		int64_t capacity_ppm; /* the rate is this share of the cell's capacity, which
					 the run finds; 0: it is `rate` */
		char arrival[CB_MEMBER_TEXT_MAX], sizes[CB_MEMBER_TEXT_MAX],
			payload[CB_MEMBER_TEXT_MAX], frame[CB_MEMBER_TEXT_MAX];
		int64_t flows;
		int flow_order, flow_field; /* of cb_flow_order_names, cb_flow_field_names */
		bool mixed;                 /* frames are not all of `frame_size` */
	} traffic;
	struct {
		char transmitter[CB_MEMBER_TEXT_MAX];
		int64_t threads;
		bool automatic; /* "auto": chosen by cb_expand, one for all such cells, because: */
		char why[CB_MEMBER_TEXT_MAX];
	} generator;
	struct {
		char mechanism[CB_MEMBER_TEXT_MAX], wait[CB_MEMBER_TEXT_MAX],
			load[CB_MEMBER_TEXT_MAX];    /* "" with an external program */
		char external[CB_EXTERNAL_TEXT_MAX]; /* a program in their place: its name, or JSON
							that describes it; "none" */
		int64_t processes, buffer, snaplen;
		char filter[CB_FILTER_TEXT_MAX]; /* pcap expression, "": everything */
		bool promiscuous;
	} capture;
	struct {
		int64_t queues; /* RX queues of the sensor's end */
	} link;
	char variant[64];    /* which of the scenario's variants; "" it has none */
	char placement[128]; /* "A:A", "A:B", "auto" or "{generator: [0], receive: [1], capture: [1,
				1]}" */
	char sensor[64];     /* the host that captures; "all": every sensor of the test-bed */
	int receive;         /* enum cb_receive_choice */
	int napi;            /* enum cb_napi; in a cell never AUTO */
	bool host_threaded;  /* receive HOST: `host:` makes NAPI threaded */
	int evidence;        /* 0 full, 1 light */
};

/* Dotted paths under `trial:` -> fields of struct cb_trial_spec. */
extern const struct cb_option cb_trial_options[];

extern const char *const cb_flow_order_names[], *const cb_flow_field_names[];

enum cb_order { CB_ORDER_SHUFFLE, CB_ORDER_INTERLEAVE, CB_ORDER_AS_WRITTEN };
extern const char *const cb_order_names[];

enum cb_figure_kind {
	CB_FIGURE_AUTO,     /* lines; bars where x are names */
	CB_FIGURE_HEAT_MAP, /* a column an x, a row a series */
};

struct cb_figure {
	char id[64], title[256];
	char x[64];         /* a parameter's dotted path */
	char y[64];         /* a metric: one of cb_metric_names */
	char series[4][64]; /* parameters that tell series apart; "" past the last */
	int kind;           /* enum cb_figure_kind */
	int errors;         /* 0 minmax, 1 none */
	json_t *where;      /* only cells that cb_cell_matches; owned, NULL: all */
	char caption[512];
	uint64_t parts; /* only cells of these */
};
/* NULL-terminated: what y may be, every metric of harness/report/metric.h, in its order. */
extern const char *const cb_metric_names[];

#define CB_CLAIM_ARMS_MAX         8
#define CB_CLAIM_EXPECTATIONS_MAX 4

/* What a claim expects of the cells that it names; see scenarios/README.md. */
enum cb_expect {
	CB_EXPECT_GREATER,    /* each arm more than the next */
	CB_EXPECT_LESS,       /* each arm less than the next */
	CB_EXPECT_AT_LEAST,   /* each arm no less than the next by `within` */
	CB_EXPECT_EQUIVALENT, /* all arms alike but for `within` */
	CB_EXPECT_MOST,       /* the first arm more than each other */
	CB_EXPECT_LEAST,      /* the first arm less than each other */
	CB_EXPECT_SPREADS,    /* the first arm's repetitions differ more than each other's */
	CB_EXPECT_RISES,      /* with the parameter `along` */
	CB_EXPECT_FALLS,
	CB_EXPECT_RISES_WITH, /* with the metric `with` */
	CB_EXPECT_FALLS_WITH,
};
extern const char *const cb_expect_names[]; /* by enum cb_expect */

struct cb_claim_arm {
	json_t *pattern; /* as a figure's `where`; owned */
	char label[64];  /* "": what the pattern says */
	bool best;       /* of several cells at one point the best, not all together */
};

struct cb_expectation {
	int kind;            /* enum cb_expect */
	char metric[64];     /* one of cb_metric_names */
	char at_ceiling[64]; /* a cost that decides where everything is captured on all sides; "" */
	char with[64];       /* RISES_WITH, FALLS_WITH: the other metric */
	char along[64]; /* RISES, FALLS: a parameter's path; ..._WITH: it differs within a curve */
	int64_t by;     /* ppm: a smaller effect does not count: of a share in points, of a
			   correlation as its coefficient, else relative */
	int64_t within; /* ppm: the same, of what counts as no difference */
	json_t *where;  /* for all arms; owned, NULL: all cells */
	struct cb_claim_arm arms[CB_CLAIM_ARMS_MAX];
	size_t n_arms; /* 0: the cells that `where` names */
};

struct cb_claim {
	char id[64], says[512], section[32];
	char figure[64];     /* id of the figure that shows it; "" none */
	char analogue[256];  /* what stands in for what; "": the system itself was measured */
	char otherwise[512]; /* what a reader should know when it is not reproduced */
	int64_t needs_cores, needs_sensors;                            /* of the test-bed */
	bool needs_nic;                                                /* a link that is no veth */
	struct cb_expectation expectations[CB_CLAIM_EXPECTATIONS_MAX]; /* all must hold */
	size_t n_expectations; /* 0: nothing here can decide it */
	uint64_t parts;        /* it is about cells of these */
};

enum cb_goal_kind { CB_GOAL_RATE, CB_GOAL_BURST };
extern const char *const cb_goal_kind_names[];

/* What `search` looks for. */
struct cb_goal {
	char name[32];
	int kind;                     /* enum cb_goal_kind */
	int64_t loss, exceed, width;  /* ppm */
	int64_t initial_ns, final_ns; /* lengths of trials; 0: a fifth of final; the trial's */
	int64_t trials;               /* of final length that decide over a load, at most */
	int64_t rate, longest_ns;     /* of a burst: of its frames, CB_RATE_MAX; at most so long */
};

/* One combination of `vary:` that is not excluded. */
struct cb_cell {
	struct cb_trial_spec spec;
	/*
	 * Dotted path -> value in base units; owned. A member has its canonical short form
	 * ("capture.load": "packzip:level=6"), its name ("capture.load.name": "packzip") and all
	 * its options, defaults included ("capture.load.level": 6, "capture.load.stream": ...).
	 */
	json_t *params;
	char id[17]; /* hash of the canonical params: the same cell has the same id in every run */
	char capacity[17]; /* id of cb_scenario.capacities; "" where the rate is not relative */
	uint64_t parts;    /* bit i: it belongs to cb_scenario.parts[i] */
	char why_not[256]; /* why this machine can't do it, by cb_scenario_probe; "" it can */
	int placement_line, placement_column; /* where the file sets it, for errors of a plan; 0: it
						 does not */
};

/* What relative rates are a share of: how much the reference mechanism sustains (capacity.h). */
struct cb_capacity {
	char id[17];
	struct cb_trial_spec reference; /* its rate means nothing */
};

/* One of two ways to do the same, to be compared (variant.h): what it sets stands in its cells. */
struct cb_variant {
	char name[64];
};

#define CB_PARTS_MAX 64

/* A scenario of its own, or one of those that `include:` names. */
struct cb_part {
	char name[64], title[256], question[1024];
	int paper_figure;
	char paper_section[16];
};

struct cb_scenario {
	char *path; /* for errors; owned */
	char name[64], title[256], question[1024];
	int64_t repetitions, retries;
	int order;        /* enum cb_order */
	uint64_t seed;    /* as asked; 0: to be drawn */
	int paper_figure; /* of Braun et al.; 0: none */
	char paper_section[16];
	struct cb_cell *cells;
	size_t n_cells;
	char (*axes)[64]; /* dotted paths that vary, in the file's order */
	size_t n_axes;
	struct cb_figure *figures;
	size_t n_figures;
	struct cb_claim *claims;
	size_t n_claims;
	struct cb_capacity *capacities;
	size_t n_capacities;
	struct cb_variant variants[2]; /* the base, the candidate */
	size_t n_variants;             /* 2, or 0: there are none */
	char (*variant_paths)[64];     /* rows of the trial that differ between them */
	size_t n_variant_paths;
	struct cb_goal *goals; /* of a search; never none */
	size_t n_goals;
	struct cb_host_settings host; /* of the machines, for the whole run */
	bool leave_out;        /* cells that are impossible here, instead of refusing to start */
	struct cb_part *parts; /* one, unless it includes others */
	size_t n_parts;
	char *source;   /* the file as it was read */
	char *resolved; /* YAML with profile, --set and --only applied: reads back to the same cells
			 */
};

/* Where the scenario comes from. */
struct cb_scenario_source {
	const char *path;
	const char
		*text; /* instead of reading `path` (tests, fuzzing): NUL-terminated; NULL: read */
	const char *profile;     /* NULL: none */
	const char *const *sets; /* "key=value", n_sets */
	size_t n_sets;
	const char *const *only; /* "path=value": keep only cells that have it (several values of
				    one path: any) */
	size_t n_only;
};

/* CB_ERR_USAGE for anything wrong with the file; CB_ERR_INTERNAL out of memory. On error *s is
 * NULL. */
int cb_scenario_load(struct cb_scenario **s, const struct cb_scenario_source *source,
	const struct cb_registry *registry, struct cb_error *err);
void cb_scenario_destroy(struct cb_scenario *s);

/*
 * Where the scenario leaves out what is impossible: ask every member that its cells name whether it
 * can run on this machine, and fill their why_not.
 */
void cb_scenario_probe(struct cb_scenario *s, const struct cb_registry *registry);

/*
 * Whether a cell's `params` have all that `where` asks for. `where` is an object: dotted path -> a
 * value in base units, or an array of values of which any will do. A member is asked for by an
 * object of its parameters: {"capture.load": {"name": "packzip", "level": 6}}. NULL: every cell.
 */
bool cb_cell_matches(const json_t *where, const json_t *params);

/*
 * Append what a cell is beside what the expectation's arms (and `along`) name: cells of different
 * arms are compared where this is the same. `out` may fail.
 */
void cb_expectation_stratum(
	const struct cb_expectation *e, const json_t *params, struct cb_text *out);

/* A parameter as a place on a scale: numbers, "max" above all of them, shares of the capacity; NaN:
 * it has none. */
double cb_param_order(const json_t *value);

#endif
