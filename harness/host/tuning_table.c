/* The table of settings, and what is common to their values. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/base/units.h"
#include "harness/host/cpus.h"
#include "harness/host/tuning_kind.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 256

/* In the order in which they are made: queues before what is set on each queue, NAPI before its
 * threads, threads before their cores. */
static const struct cb_tuning_kind *const kinds[] = {
	&cb_tuning_governor,
	&cb_tuning_cstate_latency,
	&cb_tuning_sysctl,
	&cb_tuning_mtu,
	&cb_tuning_channels,
	&cb_tuning_ring,
	&cb_tuning_coalesce,
	&cb_tuning_offload,
	&cb_tuning_threaded,
	&cb_tuning_napi_cores,
	&cb_tuning_irq_affinity,
	&cb_tuning_rps,
	&cb_tuning_promiscuous,
};

const struct cb_tuning_kind *cb_tuning_kind_at(size_t i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i] : NULL;
}

static bool is_prefix(const struct cb_tuning_kind *kind)
{
	/* no row of kinds[] is NULL, which the analyzer does not know of addresses elsewhere */
	return kind->name != NULL; /* NOLINT(clang-analyzer-core.NullDereference) */
}

const struct cb_tuning_kind *cb_tuning_kind_find(const char *name, const char **rest)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *row = kinds[i]->row.name;

		*rest = "";
		if (!is_prefix(kinds[i]) && strcmp(row, name) == 0)
			return kinds[i];
		*rest = name + strlen(row);
		if (is_prefix(kinds[i]) && cb_text_starts_with(name, row))
			return kinds[i];
	}
	return NULL;
}

bool cb_tuning_row(size_t i, struct cb_tuning_row *row)
{
	const struct cb_tuning_kind *kind = cb_tuning_kind_at(i);

	if (kind)
		*row = kind->row;
	return kind;
}

/* The whole names of one kind; how many there are then. */
static size_t add_names(const struct cb_tuning_kind *kind, char names[NAMES_MAX][64], size_t n)
{
	const char *rest;

	if (!is_prefix(kind) && n < NAMES_MAX)
		snprintf(names[n++], 64, "%s", kind->row.name);
	for (size_t i = 0; is_prefix(kind) && n < NAMES_MAX && (rest = kind->name(i)); i++)
		snprintf(names[n++], 64, "%s%.40s", kind->row.name, rest);
	return n;
}

/* Made once; the program never changes them. */
const char *cb_tuning_name(size_t i)
{
	static char names[NAMES_MAX][64];
	static size_t n;

	if (!n) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
			n = add_names(kinds[k], names, n);
	}
	return i < n ? names[i] : NULL;
}

static int unknown(const char *name, struct cb_error *err)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	while (n < NAMES_MAX && (names[n] = cb_tuning_name(n)))
		n++;
	near = cb_text_nearest(name, names, n);
	if (near)
		return cb_error_set(err, CB_ERR_USAGE,
			"%.80s: there is no such setting; did you mean \"%s\"?", name, near);
	return cb_error_set(err, CB_ERR_USAGE,
		"%.80s: there is no such setting (capbench list settings)", name);
}

int cb_tuning_check(const char *name, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	const char *rest;
	const struct cb_tuning_kind *kind = cb_tuning_kind_find(name, &rest);
	bool known = kind && !is_prefix(kind);

	for (size_t i = 0; kind && is_prefix(kind) && !known && kind->name(i); i++)
		known = strcmp(kind->name(i), rest) == 0;
	if (!known)
		return unknown(name, err);
	if (value && kind->check(rest, value, canonical, err))
		return cb_error_prepend(err, "%s", name);
	return 0;
}

/* ---- values ---- */

int cb_tuning_check_switch(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	static const char *const words[] = {"off", "on", "no", "yes", "false", "true", "0", "1"};

	(void)rest;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], value) == 0) {
			cb_text_copy(canonical, CB_TUNING_VALUE_MAX, words[i % 2]);
			return 0;
		}
	return cb_error_set(err, CB_ERR_USAGE, "\"%.40s\" is neither on nor off", value);
}

static int not_cores(const char *value, bool may_be_off, struct cb_error *err)
{
	return cb_error_set(err, CB_ERR_USAGE,
		"\"%.60s\" is no list of cores from 0 to %d, as in [0, 2]%s", value,
		CB_HOST_CPUS_MAX - 1, may_be_off ? ", nor off" : "");
}

int cb_tuning_check_cores(const char *value, bool may_be_off, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	struct cb_text_split split = {.rest = value, .separator = ','};
	struct cb_text out = {0};
	char part[16];
	int r, end = 0;

	if (may_be_off && (!*value || strcmp(value, "off") == 0 || strcmp(value, "false") == 0)) {
		cb_text_copy(canonical, CB_TUNING_VALUE_MAX, "off");
		return 0;
	}
	while ((r = cb_text_split_next(&split, part, sizeof(part))) == 1) {
		int core = -1;

		end = 0;
		if (sscanf(part, "%d%n", &core, &end) != 1 || part[end] || core < 0 ||
			core >= CB_HOST_CPUS_MAX)
			break;
		cb_text_addf(&out, "%s%d", out.length ? "," : "", core);
	}
	if (!r && out.length && !out.failed &&
		cb_text_copy(canonical, CB_TUNING_VALUE_MAX, cb_text_get(&out)))
		r = 0;
	else
		r = not_cores(value, may_be_off, err);
	cb_text_finish(&out);
	return r;
}

int cb_tuning_check_number(const char *value, int64_t min, int64_t max,
	char canonical[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	const char *why = "";
	int64_t number = 0;

	if (cb_unit_parse(CB_UNIT_COUNT, value, &number, &why) || number < min || number > max)
		return cb_error_set(err, CB_ERR_USAGE, "\"%.40s\" is no number from %lld to %lld",
			value, (long long)min, (long long)max);
	snprintf(canonical, CB_TUNING_VALUE_MAX, "%lld", (long long)number);
	return 0;
}

int cb_tuning_core_of(const char *cores, size_t i)
{
	int list[CB_HOST_CPUS_MAX];
	size_t n = 0;

	for (const char *at = cores; at && *at && n < CB_HOST_CPUS_MAX;) {
		list[n++] = (int)strtol(at, NULL, 10);
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return n ? list[i % n] : 0;
}

/* ---- paths ---- */

void cb_tuning_path(const struct cb_tuning_site *site, char *out, size_t size, const char *fmt, ...)
{
	size_t n = (size_t)snprintf(out, size, "%s", site->root ? site->root : "");
	va_list args;

	va_start(args, fmt);
	if (n < size)
		vsnprintf(out + n, size - n, fmt, args);
	va_end(args);
}

int cb_tuning_write_file(const char *path, const char *text, struct cb_error *err)
{
	struct cb_error why = {0};
	const char *cure = "";

	if (!cb_file_write_line(path, text, &why))
		return 0;
	if (why.sys_errno == EROFS)
		cure = " (a container's /sys and /proc are often read-only: use the host)";
	else if (why.sys_errno == EPERM || why.sys_errno == EACCES)
		cure = " (needs real root, not that of a user namespace)";
	cb_error_set(err, CB_ERR_IMPOSSIBLE, "%s%s", why.text, cure);
	if (err)
		err->sys_errno = why.sys_errno;
	return CB_ERR_IMPOSSIBLE;
}

int cb_tuning_add_target(struct cb_tuning_targets *targets, const char *instance, const char *value,
	struct cb_error *err)
{
	struct cb_tuning_target *t = &targets->list[targets->n];

	if (targets->n == CB_TUNING_TARGETS_MAX)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "more than %d things to set",
			CB_TUNING_TARGETS_MAX);
	if (!cb_text_copy(t->instance, sizeof(t->instance), instance) ||
		!cb_text_copy(t->value, sizeof(t->value), value))
		return cb_error_set(err, CB_ERR_INTERNAL, "%.80s: too long", instance);
	targets->n++;
	return 0;
}
