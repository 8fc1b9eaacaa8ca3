/*
 * Settings of a host that a measurement may change, and how they come back.
 *
 * Every setting has a name and a value that are texts ("mtu" "9000", "offload.gro" "off"), is read,
 * written and read back in the same form, and is noted in an undo file (harness/base/undo_file.h)
 * before it is changed. What was changed is undone in reverse order by cb_tuning_undo, or after a
 * crash by cb_tuning_recover. A value that somebody else has changed meanwhile is left as it is. Of
 * several processes that want the same value the last one to end puts the old one back; who wants
 * another value while one of them runs is refused.
 *
 * By netlink, sysfs and procfs; no other program is run.
 */
#ifndef CB_HARNESS_HOST_TUNING_H
#define CB_HARNESS_HOST_TUNING_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CB_TUNING_VALUE_MAX 256

/* One row of the table, in the order in which settings are made. */
struct cb_tuning_row {
	const char *name;    /* ends with a dot where a name follows ("sysctl.") */
	const char *metavar; /* "CORES", "on|off", "N" */
	const char *help;
	bool of_interface; /* of the measured port, not of the whole host */
};
/* False past the end. */
bool cb_tuning_row(size_t i, struct cb_tuning_row *row);
/* Whole names of settings: what the prefixes stand for written out. NULL past the end. */
const char *cb_tuning_name(size_t i);

/* Can this be set, as far as one can say without the host? The value in its one form goes to
 * `canonical`. `value` NULL: is there such a setting? CB_ERR_USAGE, beginning with the name, with
 * what would be right. */
int cb_tuning_check(const char *name, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err);

/* How all of them are now, as far as the host tells: {"mtu": "1500", "rps rx-0": "off", ...};
 * without `interface` (NULL) those of the whole host. A new reference; NULL out of memory. */
json_t *cb_tuning_snapshot(const char *root, const char *interface);

struct cb_tuning_options {
	const char *directory;   /* of undo files; NULL: the state directory */
	const char *root;        /* before every path in /sys, /proc and /dev; NULL: "" */
	bool private_interfaces; /* they go with their namespace: not in the undo file */
};

struct cb_tuning;
/* What was left by processes that are gone is put back first. Changes nothing else. */
int cb_tuning_open(
	struct cb_tuning **t, const struct cb_tuning_options *options, struct cb_error *err);

/*
 * Make settings: {name: {"value": text, "required": bool}}; `interface` is the port that those of
 * an interface are for. A line for each thing set is appended to `told` (an array): {"setting",
 * "interface" (or null), "instance" ("rx-0", "policy0", ""), "was", "wanted", "now", "state",
 * "why"}. state: "set", "as-wanted" (it was so already), "refused" (why says why; nothing was
 * changed). Ends at the first that is required and refused: CB_ERR_IMPOSSIBLE, or CB_ERR_USAGE when
 * there is no such thing to set. What was set until then is undone by cb_tuning_undo.
 */
int cb_tuning_apply(struct cb_tuning *t, const char *interface, const json_t *settings,
	json_t *told, struct cb_error *err);

/*
 * Put everything back, the last change first; lines as above go to `told` (may be NULL). state:
 * "undone", "left" (somebody has changed it since), "shared" (another process still needs it),
 * "gone" (what it was a setting of), "failed". Again does no harm.
 */
void cb_tuning_undo(struct cb_tuning *t, json_t *told);
/* Undo what is left to be undone, with warnings in the log for what could not be; accepts NULL. */
void cb_tuning_close(struct cb_tuning *t);

/*
 * Put back what killed processes left (`options` NULL: all of it its defaults). Returns how many
 * things were put back or removed, or negative. `line` (may be NULL) is called with a sentence for
 * each, and for what was left as it is.
 */
int cb_tuning_recover(const struct cb_tuning_options *options, void (*line)(const char *text),
	struct cb_error *err);

#endif
