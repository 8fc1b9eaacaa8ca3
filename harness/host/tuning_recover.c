/* What killed processes left changed. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/host/port_state.h"
#include "harness/host/tuning_change.h"
#include "harness/net/bpf_attach_filter.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct recovery {
	const char *directory, *root;
	void (*line)(const char *text);
	char net[32]; /* ours */
	int n;        /* things put back or removed */
};

static void say(const struct recovery *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct recovery *r, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (!r->line)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->line(text);
}

/* A process in that network namespace, 0: none; then the namespace's devices are gone, unless
 * somebody has given it a name. */
static pid_t process_in(const char *net)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (d && !found && (entry = readdir(d))) {
		char path[300], inode[32];
		struct stat st;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		if (stat(path, &st))
			continue;
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)st.st_ino);
		if (strcmp(inode, net) == 0)
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (d)
		closedir(d);
	return found;
}

/* Namespaces that have a name (ip netns) outlive their processes. "" none. */
static void named(const char *net, char name[256])
{
	static const char *const directory = "/run/netns";
	DIR *d = opendir(directory);
	const struct dirent *entry;

	name[0] = '\0';
	while (d && !*name && (entry = readdir(d))) {
		char path[300], inode[32];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (entry->d_name[0] == '.' || stat(path, &st))
			continue;
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)st.st_ino);
		if (strcmp(inode, net) == 0)
			snprintf(name, 256, "%s", entry->d_name);
	}
	if (d)
		closedir(d);
}

/* Is this entry's interface in a network namespace that lives, but is not ours? Says how to get at
 * it. */
static bool is_elsewhere(struct recovery *r, const struct cb_undo_found *found, const json_t *entry)
{
	const char *interface = json_string_value(json_object_get(entry, "interface"));
	char name[256];
	pid_t pid;

	if (!interface || strcmp(found->net, r->net) == 0)
		return false;
	named(found->net, name);
	pid = process_in(found->net);
	if (*name)
		say(r, "%s is in the network namespace %s: ip netns exec %s capbench clean",
			interface, name, name);
	else if (pid)
		say(r,
			"%s is in the network namespace of process %d: nsenter -t %d -n -m "
			"capbench "
			"clean",
			interface, (int)pid, (int)pid);
	return *name || pid;
}

static void tell(struct recovery *r, const struct cb_undo_found *found, const json_t *line)
{
	static const struct {
		const char *state, *words;
		bool counts;
	} rows[] = {
		{"undone", "put back to", true},
		{"left", "is left as it is; it was", false},
		{"failed", "can't be put back to", false},
	};
	const char *state = json_string_value(json_object_get(line, "state")),
		   *interface = json_string_value(json_object_get(line, "interface")),
		   *instance = json_string_value(json_object_get(line, "instance")),
		   *why = json_string_value(json_object_get(line, "why"));

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].state, state) != 0)
			continue;
		say(r, "%s%s%s%s%s %s %s (changed by process %d)%s%s",
			json_string_value(json_object_get(line, "setting")), *instance ? " " : "",
			instance, interface ? " of " : "", interface ? interface : "",
			rows[i].words, json_string_value(json_object_get(line, "was")),
			(int)found->pid, why ? ": " : "", why ? why : "");
		r->n += rows[i].counts;
	}
}

static void port_line(void *arg, const char *text)
{
	say(arg, "%s", text);
}

static bool recover_entry(
	struct recovery *r, const struct cb_undo_found *found, const json_t *entry)
{
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	json_t *line = NULL;
	bool done;

	if (is_elsewhere(r, found, entry))
		return false;
	/* That of a namespace that is gone is gone with it. */
	if (json_is_string(json_object_get(entry, "interface")) && strcmp(found->net, r->net) != 0)
		return true;
	if (kind && strcmp(kind, CB_BPF_FILTER_UNDO) == 0) {
		char text[256] = "";

		if (cb_bpf_filter_undo(entry, text, sizeof(text))) {
			say(r, "%s", text);
			r->n++;
		}
		return true;
	}
	if (kind && strcmp(kind, CB_PORT_STATE_KIND) == 0) {
		r->n += cb_port_state_put_back(entry, true, port_line, r, &done);
		return done;
	}
	done = cb_tuning_put_back(r->directory, found->path, found->net, r->root, entry, &line);
	tell(r, found, line);
	json_decref(line);
	return done;
}

static int recover_file(const struct cb_undo_found *found, void *arg, struct cb_error *err)
{
	struct recovery *r = arg;
	bool all = true;

	(void)err;
	if (found->alive)
		return 0;
	for (size_t i = json_array_size(found->entries); i-- > 0;)
		all &= recover_entry(r, found, json_array_get(found->entries, i));
	if (all)
		unlink(found->path);
	return 0;
}

int cb_tuning_recover(const struct cb_tuning_options *options, void (*line)(const char *text),
	struct cb_error *err)
{
	struct recovery r = {.directory = options ? options->directory : NULL,
		.root = options ? options->root : NULL,
		.line = line};
	int lock = -1;
	int rc = cb_undo_lock(r.directory, cb_deadline_in(CB_TUNING_LOCK_NS), &lock, err);

	cb_undo_net(r.net);
	if (!rc)
		rc = cb_undo_files(r.directory, recover_file, &r, err);
	if (lock >= 0)
		close(lock);
	return rc < 0 ? rc : r.n;
}
