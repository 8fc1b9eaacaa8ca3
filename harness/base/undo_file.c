#include "harness/base/undo_file.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/process.h"
#include "harness/base/state_directory.h"
#include "harness/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (4u << 20)
#define AGAIN_NS (5 * CB_NS_PER_MS)

void cb_undo_net(char net[32])
{
	struct stat st;

	net[0] = '\0';
	if (!stat("/proc/self/ns/net", &st))
		snprintf(net, 32, "%llu", (unsigned long long)st.st_ino);
}

static void read_boot(char boot[64])
{
	if (cb_file_read_line("/proc/sys/kernel/random/boot_id", boot, 64, NULL))
		boot[0] = '\0';
}

static int settle_directory(const char *dir, char out[PATH_MAX], struct cb_error *err)
{
	if (!dir)
		return cb_state_directory(out, err);
	return cb_text_copy(out, PATH_MAX, dir)
		? 0
		: cb_error_set(err, CB_ERR_USAGE, "%.60s...: too long a path", dir);
}

int cb_undo_file_open(struct cb_undo_file *f, const char *dir, struct cb_error *err)
{
	static unsigned serial;
	char where[PATH_MAX], name[80], boot[64], net[32];
	int r = settle_directory(dir, where, err);

	*f = (struct cb_undo_file){.path = ""};
	if (r)
		return r;
	snprintf(name, sizeof(name), "%d-%llu-%u.undo", (int)getpid(),
		(unsigned long long)cb_process_start_time(getpid()), serial++);
	r = cb_file_join(f->path, sizeof(f->path), where, name, err);
	if (r)
		return r;
	read_boot(boot);
	cb_undo_net(net);
	f->root = json_pack("{s:s, s:s, s:[]}", "boot", boot, "net", net, "entries");
	if (f->root)
		return 0;
	f->path[0] = '\0';
	return cb_error_memory(err, "the undo journal");
}

static int write_file(const struct cb_undo_file *f, struct cb_error *err)
{
	char *text = json_dumps(f->root, JSON_COMPACT | JSON_ENSURE_ASCII);
	int r = text ? cb_file_replace(f->path, text, strlen(text), err)
		     : cb_error_memory(err, "the undo journal");

	free(text);
	return r;
}

int cb_undo_file_update(struct cb_undo_file *f, struct cb_error *err)
{
	if (!write_file(f, err))
		return 0;
	if (err)
		err->code = CB_ERR_IMPOSSIBLE;
	cb_error_prepend(err, "what is to be put back can't be noted");
	return CB_ERR_IMPOSSIBLE;
}

int cb_undo_file_add(struct cb_undo_file *f, json_t *entry, struct cb_error *err)
{
	json_t *entries = json_object_get(f->root, "entries");
	int r;

	if (!entry || json_array_append_new(entries, entry))
		return cb_error_memory(err, "the undo journal");
	r = cb_undo_file_update(f, err);
	if (r)
		json_array_remove(entries, json_array_size(entries) - 1);
	return r;
}

json_t *cb_undo_file_entries(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	json_t *root = NULL, *entries;

	if (!cb_file_read(path, FILE_MAX, &text, &size, NULL))
		root = cb_json_parse(text, size, NULL);
	free(text);
	entries = json_incref(json_object_get(root, "entries"));
	json_decref(root);
	return entries ? entries : json_array();
}

void cb_undo_file_leave(struct cb_undo_file *f)
{
	json_decref(f->root);
	*f = (struct cb_undo_file){.path = ""};
}

void cb_undo_file_remove(struct cb_undo_file *f)
{
	if (f->path[0])
		unlink(f->path);
	cb_undo_file_leave(f);
}

/* ---- what others left ---- */

/* PID-START-SERIAL.undo, or with .tmp behind it: a write that was broken off. */
static bool parse_name(const char *name, pid_t *pid, uint64_t *start, bool *broken)
{
	unsigned long long ticks;
	unsigned serial;
	int number, length = 0;

	if (sscanf(name, "%d-%llu-%u%n", &number, &ticks, &serial, &length) != 3 || number < 1)
		return false;
	*pid = (pid_t)number;
	*start = ticks;
	*broken = strcmp(name + length, ".undo.tmp") == 0;
	return *broken || strcmp(name + length, ".undo") == 0;
}

/* As cb_process_start_time, but an ended process that nobody has waited for yet has ended. */
static bool lives(pid_t pid, uint64_t start)
{
	char path[64], line[1024];
	const char *state;

	if (cb_process_start_time(pid) != start)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (cb_file_read_line(path, line, sizeof(line), NULL))
		return false;
	state = strrchr(line, ')');
	return state && state[1] && state[2] != 'Z' && state[2] != 'X';
}

static int see_file(
	struct cb_undo_found *found, cb_undo_seen *seen, void *arg, struct cb_error *err)
{
	char boot[64], now[64], *text = NULL;
	size_t size = 0;
	json_t *root = NULL;
	int r = 0;

	if (cb_file_read(found->path, FILE_MAX, &text, &size, NULL))
		return 0; /* it went meanwhile */
	root = cb_json_parse(text, size, NULL);
	free(text);
	read_boot(now);
	if (!cb_json_text(root, "boot", boot, sizeof(boot), NULL) && strcmp(boot, now) == 0) {
		found->entries = json_object_get(root, "entries");
		cb_json_text(root, "net", found->net, sizeof(found->net), NULL);
		r = seen(found, arg, err);
	} else {
		unlink(found->path);
	}
	json_decref(root);
	return r;
}

/* Of one process the file begun last, by the serial number at the end of its name. */
static int later_first(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*b)->d_name, (*a)->d_name);
}

static int is_ours(const struct dirent *entry)
{
	uint64_t start;
	bool broken;
	pid_t pid;

	return parse_name(entry->d_name, &pid, &start, &broken);
}

static int see_name(
	const char *dir, const char *name, cb_undo_seen *seen, void *arg, struct cb_error *err)
{
	struct cb_undo_found found = {.net = ""};
	uint64_t start;
	bool broken;

	if (!parse_name(name, &found.pid, &start, &broken) ||
		cb_file_join(found.path, sizeof(found.path), dir, name, NULL))
		return 0;
	found.alive = lives(found.pid, start);
	found.own = found.alive && found.pid == getpid();
	if (!broken)
		return see_file(&found, seen, arg, err);
	if (!found.alive)
		unlink(found.path);
	return 0;
}

int cb_undo_files(const char *dir, cb_undo_seen *seen, void *arg, struct cb_error *err)
{
	char where[PATH_MAX];
	struct dirent **files = NULL;
	int r = settle_directory(dir, where, err), n;

	if (r)
		return r;
	n = scandir(where, &files, is_ours, later_first);
	if (n < 0)
		return errno == ENOENT ? 0 : cb_error_errno(err, CB_ERR_HOST, errno, "%s", where);
	for (int i = 0; i < n; i++) {
		if (!r)
			r = see_name(where, files[i]->d_name, seen, arg, err);
		free(files[i]);
	}
	free(files);
	return r;
}

int cb_undo_lock(const char *dir, uint64_t deadline_ns, int *fd, struct cb_error *err)
{
	char where[PATH_MAX];
	int r = settle_directory(dir, where, err);

	*fd = -1;
	if (r)
		return r;
	/* The directory itself, so that no file is left. */
	*fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "%s", where);
	while (flock(*fd, LOCK_EX | LOCK_NB)) {
		if ((errno == EWOULDBLOCK || errno == EINTR) && cb_now_ns() < deadline_ns) {
			cb_sleep_until(cb_deadline_in(AGAIN_NS));
			continue;
		}
		close(*fd);
		*fd = -1;
		return cb_error_set(err, CB_ERR_HOST,
			"another capbench is changing settings of this host and doesn't end: %s is "
			"locked",
			where);
	}
	return 0;
}
