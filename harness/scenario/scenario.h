/*
 * A scenario: a YAML file (scenarios/README says how one is written), read through option tables
 * into one struct, with overlays (profile, --set) applied. Everything wrong with a file is found
 * here, before anything starts, as "file:line:column: key: what is wrong; what would be right".
 */
#ifndef CB_HARNESS_SCENARIO_SCENARIO_H
#define CB_HARNESS_SCENARIO_SCENARIO_H

#include "harness/base/error.h"
#include "harness/base/member.h"

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
};
extern const char *const cb_receive_names[]; /* by enum cb_receive_choice */

/* Whether the receiving veth has a NAPI ring (256 frames) in place of the CPU's backlog (1000). */
enum cb_napi { CB_NAPI_AUTO, CB_NAPI_OFF, CB_NAPI_ON };

/* One combination: what a trial is, decoded from `trial:` with one value of each axis of `vary:`.
 */
struct cb_trial_spec {
	int64_t duration_ns, warmup_ns, drain_ns;
	struct {
		int64_t frame_size; /* RFC 2544: with FCS */
		int64_t rate;       /* pps, CB_RATE_MAX */
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
	char placement[128]; /* "A:A", "A:B", "auto" or "{generator: [0], receive: [1], capture: [1,
				1]}" */
	int receive;         /* enum cb_receive_choice */
	int napi;            /* enum cb_napi; in a cell never AUTO */
	int evidence;        /* 0 full, 1 light */
};

/* Dotted paths under `trial:` -> fields of struct cb_trial_spec. */
extern const struct cb_option cb_trial_options[];

extern const char *const cb_flow_order_names[], *const cb_flow_field_names[];

enum cb_order { CB_ORDER_SHUFFLE, CB_ORDER_INTERLEAVE, CB_ORDER_AS_WRITTEN };
extern const char *const cb_order_names[];

struct cb_figure {
	char id[64], title[256];
	char x[64];         /* a parameter's dotted path */
	char y[64];         /* a metric: one of cb_metric_names */
	char series[4][64]; /* parameters that tell series apart; "" past the last */
	int errors;         /* 0 minmax, 1 none */
	json_t *where;      /* only cells that cb_cell_matches; owned, NULL: all */
	char caption[512];
};
/* NULL-terminated: what y may be, every metric of harness/report/metric.h, in its order. */
extern const char *const cb_metric_names[];

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
	int placement_line, placement_column; /* where the file sets it, for errors of a plan; 0: it
						 does not */
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
 * Whether a cell's `params` have all that `where` asks for. `where` is an object: dotted path -> a
 * value in base units, or an array of values of which any will do. A member is asked for by an
 * object of its parameters: {"capture.load": {"name": "packzip", "level": 6}}. NULL: every cell.
 */
bool cb_cell_matches(const json_t *where, const json_t *params);

#endif
