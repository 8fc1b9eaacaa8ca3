/* One change of a setting: its entry in an undo file, made and put back. For
 * harness/host/tuning*.c.
 */
#ifndef CB_HARNESS_HOST_TUNING_CHANGE_H
#define CB_HARNESS_HOST_TUNING_CHANGE_H

#include "harness/base/undo_file.h"
#include "harness/host/tuning_kind.h"

#define CB_TUNING_LOCK_NS (10 * UINT64_C(1000000000))

/* An entry: {"kind": "setting", "setting", "interface" (or null), "ifindex", "instance", "was",
 * "wanted"}. */
json_t *cb_tuning_entry(const struct cb_tuning_kind *kind, const char *interface, unsigned ifindex,
	const char *instance, const char *was, const char *wanted);

/* Both are of the same thing, by the network namespaces of their files. */
bool cb_tuning_same_thing(const json_t *a, const char *net_a, const json_t *b, const char *net_b);

/* What another process that lives has noted about the same thing. */
struct cb_tuning_other {
	pid_t pid; /* 0: nobody */
	char was[CB_TUNING_VALUE_MAX], wanted[CB_TUNING_VALUE_MAX];
};
int cb_tuning_find_other(const char *directory, const char *own_path, const json_t *entry,
	const char *net, struct cb_tuning_other *other, struct cb_error *err);

/*
 * Put one back. `site` has the root. What became of it goes to `told` as in tuning.h (a new
 * object); true when nothing of it is left to be done.
 */
bool cb_tuning_put_back(const char *directory, const char *own_path, const char *net,
	const char *root, const json_t *entry, json_t **told);

/* The line of `told` for an entry. */
json_t *cb_tuning_line(const json_t *entry, const char *now, const char *state, const char *why);

#endif
