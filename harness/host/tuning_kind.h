/*
 * What each setting is made of; for the files harness/host/tuning*.c.
 */
#ifndef CB_HARNESS_HOST_TUNING_KIND_H
#define CB_HARNESS_HOST_TUNING_KIND_H

#include "harness/base/error.h"
#include "harness/host/tuning.h"

#include <stdbool.h>
#include <stddef.h>

#define CB_TUNING_INSTANCE_MAX 64
#define CB_TUNING_TARGETS_MAX  512

/* Where a setting is made. */
struct cb_tuning_site {
	const char *root;      /* before paths */
	const char *interface; /* "": the whole host */
	int *latency_fd;       /* of the setting that is held by an open file; -1: not held */
};

/* One thing to set: a queue, an interrupt, a feature. */
struct cb_tuning_target {
	char instance[CB_TUNING_INSTANCE_MAX];
	char value[CB_TUNING_VALUE_MAX];
};

struct cb_tuning_targets {
	struct cb_tuning_target list[CB_TUNING_TARGETS_MAX];
	size_t n;
};

struct cb_tuning_kind {
	struct cb_tuning_row row;
	/* `rest`: what stands behind the row's dot, "" where there is none. */
	int (*check)(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
		struct cb_error *err);
	/* The things that a setting is about. NULL: one, with the instance `rest`. */
	int (*targets)(const struct cb_tuning_site *site, const char *rest, const char *value,
		struct cb_tuning_targets *targets, struct cb_error *err);
	/* The value now, in the form of `check`. */
	int (*read)(const struct cb_tuning_site *site, const char *instance,
		char value[CB_TUNING_VALUE_MAX], struct cb_error *err);
	int (*write)(const struct cb_tuning_site *site, const char *instance, const char *value,
		struct cb_error *err);
	bool held;                     /* ends with the process: nothing to be put back */
	const char *(*name)(size_t i); /* what may stand behind the dot; NULL past the end */
};

/* NULL past the end. */
const struct cb_tuning_kind *cb_tuning_kind_at(size_t i);
/* The kind of a setting's whole name, and what stands behind its dot; NULL: there is none. */
const struct cb_tuning_kind *cb_tuning_kind_find(const char *name, const char **rest);

extern const struct cb_tuning_kind cb_tuning_mtu, cb_tuning_promiscuous, cb_tuning_offload,
	cb_tuning_ring, cb_tuning_coalesce, cb_tuning_channels, cb_tuning_rps, cb_tuning_threaded,
	cb_tuning_napi_cores, cb_tuning_irq_affinity, cb_tuning_governor, cb_tuning_cstate_latency,
	cb_tuning_sysctl;

/* ---- values ---- */

int cb_tuning_check_switch(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err);
/* A list of cores in the order given, "1,0"; with `may_be_off` also "off". */
int cb_tuning_check_cores(const char *value, bool may_be_off, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err);
int cb_tuning_check_number(const char *value, int64_t min, int64_t max,
	char canonical[CB_TUNING_VALUE_MAX], struct cb_error *err);
/* The core for the `i`-th of several things, in turn. */
int cb_tuning_core_of(const char *cores, size_t i);

/* ---- paths ---- */

/* root + what the format says. */
void cb_tuning_path(const struct cb_tuning_site *site, char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A write to /sys or /proc: CB_ERR_IMPOSSIBLE with the privilege that is missing. */
int cb_tuning_write_file(const char *path, const char *text, struct cb_error *err);
/* Room for one more; CB_ERR_IMPOSSIBLE when there is none. */
int cb_tuning_add_target(struct cb_tuning_targets *targets, const char *instance, const char *value,
	struct cb_error *err);

#endif
