#include "harness/run/tune.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/run/directory.h"
#include "harness/run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TUNE_NS (30 * CB_NS_PER_SEC)

/* The hosts that there is something to set on. */
struct tuned {
	struct cb_testbed_end *ends[2 * CB_TESTBED_HOSTS_MAX];
	json_t *settings[2 * CB_TESTBED_HOSTS_MAX]; /* owned */
	struct cb_ask asks[2 * CB_TESTBED_HOSTS_MAX];
	size_t n;
};

static int add(const struct cb_tuning *r, struct tuned *t, struct cb_testbed_end *end, bool sensor,
	struct cb_error *err)
{
	json_t *settings =
		cb_host_for(&r->scenario->host, sensor, end->settings ? end->settings->all : NULL);

	if (!settings)
		return cb_error_memory(err, "settings of hosts");
	if (!end->host || cb_host_is_broken(end->host) || !json_object_size(settings)) {
		json_decref(settings);
		return 0;
	}
	t->ends[t->n] = end;
	t->settings[t->n] = settings;
	t->asks[t->n] = (struct cb_ask){.host = end->host};
	t->n++;
	return 0;
}

static int gather(const struct cb_tuning *r, struct tuned *t, struct cb_error *err)
{
	struct cb_testbed *bed = r->testbed;
	int rc = 0;

	t->n = 0;
	for (size_t i = 0; !rc && i < bed->n_generators; i++)
		rc = add(r, t, &bed->generators[i], false, err);
	for (size_t i = 0; !rc && i < bed->n_sensors; i++)
		rc = add(r, t, &bed->sensors[i], true, err);
	return rc;
}

static void finish(struct tuned *t)
{
	for (size_t i = 0; i < t->n; i++) {
		json_decref(t->settings[i]);
		json_decref(t->asks[i].reply);
	}
	t->n = 0;
}

/* On a veth trials make the NAPI that they want by GRO, each anew (cb_receive_set). */
static int check_veth(const struct cb_tuning *r, const struct tuned *t, struct cb_error *err)
{
	static const char *const names[] = {"offload.gro", "offload.rx-gro"};

	for (size_t i = 0; i < 2 * t->n; i++) {
		const char *name = names[i % 2], *place = cb_host_place(t->settings[i / 2], name);

		for (size_t k = 0; place && k < r->scenario->n_cells; k++)
			if (strcmp(t->ends[i / 2]->driver, "veth") == 0 &&
				r->scenario->cells[k].spec.receive != CB_RECEIVE_CHOICE_HOST)
				return cb_error_set(err, CB_ERR_USAGE,
					"%s: host.%s: on a veth each trial sets this itself, by "
					"receive: %s: leave it out here, or set trial.receive: "
					"host",
					place, name,
					cb_receive_names[r->scenario->cells[k].spec.receive]);
	}
	return 0;
}

/* hosts/<name>/undo.jsonl: a line for each setting that was made or undone. */
static int write_lines(const struct cb_tuning *r, const struct cb_testbed_end *end,
	const json_t *changes, struct cb_error *err)
{
	char dir[CB_RUN_PATH_MAX], path[CB_RUN_PATH_MAX], name[128];
	const json_t *line;
	int64_t bytes;
	int fd = -1, rc;
	size_t i;

	snprintf(name, sizeof(name), "hosts/%s", end->name);
	rc = cb_file_join(dir, sizeof(dir), r->path, name, err);
	if (!rc)
		rc = cb_file_make_dirs(dir, err);
	if (!rc)
		rc = cb_file_join(path, sizeof(path), dir, "undo.jsonl", err);
	if (rc)
		return rc;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s", path);
	json_array_foreach(changes, i, line)
	{
		rc = cb_lines_append(fd, path, line, &bytes, err);
		if (rc)
			break;
	}
	close(fd);
	return rc;
}

/* The setting that an error begins with. */
static const char *place_of(const json_t *settings, const char *text, const char **rest)
{
	const char *name;
	const json_t *setting;

	json_object_foreach((json_t *)settings, name, setting)
	{
		size_t n = strlen(name);

		if (strncmp(text, name, n) != 0 || text[n] != ':' || text[n + 1] != ' ')
			continue;
		*rest = text + n + 2;
		return name;
	}
	return NULL;
}

/* A required setting that can't be had. */
static int refuse(const struct tuned *t, size_t i, const json_t *refused, struct cb_error *err)
{
	char text[sizeof(err->text)] = "";
	const char *name, *rest = text, *place;
	int64_t code = CB_ERR_HOST;

	cb_json_text(refused, "text", text, sizeof(text), NULL);
	cb_json_count(refused, "code", &code, NULL);
	name = place_of(t->settings[i], text, &rest);
	place = name ? cb_host_place(t->settings[i], name) : NULL;
	if (!place)
		return cb_error_set(err, (int)code, "%s: %s", t->ends[i]->name, text);
	return cb_error_set(err, (int)code,
		"%s: host.%s: %s: %s; leave it out, or set required: false to go on without", place,
		name, t->ends[i]->name, rest);
}

static void warn_of(const struct cb_testbed_end *end, const json_t *line)
{
	char setting[128] = "?", why[512] = "";

	cb_json_text(line, "setting", setting, sizeof(setting), NULL);
	cb_json_text(line, "why", why, sizeof(why), NULL);
	cb_warn("%s: host.%s is not set: %s", end->name, setting, why);
}

/* Warnings about what is not required, unless the run ends because of another one. */
static int take_reply(const struct cb_tuning *r, const struct tuned *t, size_t i,
	const json_t *reply, struct cb_error *err)
{
	const json_t *refused = json_object_get(reply, "refused"), *line;
	json_t *changes;
	size_t k, n = 0;
	int rc = cb_json_array(reply, "changes", &changes, err);

	if (!rc)
		rc = write_lines(r, t->ends[i], changes, err);
	if (rc)
		return cb_error_prepend(err, "%s: tune", t->ends[i]->name);
	if (json_is_object(refused))
		return refuse(t, i, refused, err);
	json_array_foreach(changes, k, line)
	{
		const char *state = json_string_value(json_object_get(line, "state"));

		if (state && strcmp(state, "refused") == 0)
			warn_of(t->ends[i], line);
		n += state && strcmp(state, "set") == 0;
	}
	cb_debug("%s: %zu settings made", t->ends[i]->name, n);
	return 0;
}

int cb_run_tune(const struct cb_tuning *r, struct cb_error *err)
{
	struct tuned t = {.n = 0};
	int rc = gather(r, &t, err);

	if (!rc)
		rc = check_veth(r, &t, err);
	for (size_t i = 0; !rc && i < t.n; i++)
		t.asks[i].args = json_pack(
			"{s:s, s:O}", "interface", t.ends[i]->interface, "settings", t.settings[i]);
	if (!rc)
		rc = cb_hosts_ask(t.asks, t.n, "tune", cb_deadline_in(TUNE_NS), err);
	for (size_t i = 0; !rc && i < t.n; i++)
		rc = take_reply(r, &t, i, t.asks[i].reply, err);
	finish(&t);
	return rc;
}

static void warn_of_undo(const struct cb_testbed_end *end, const json_t *line)
{
	char state[32] = "", setting[128] = "?", was[300] = "?", why[512] = "";

	cb_json_text(line, "state", state, sizeof(state), NULL);
	if (strcmp(state, "left") != 0 && strcmp(state, "failed") != 0)
		return;
	cb_json_text(line, "setting", setting, sizeof(setting), NULL);
	cb_json_text(line, "was", was, sizeof(was), NULL);
	cb_json_text(line, "why", why, sizeof(why), NULL);
	cb_warn("%s: host.%s was %s before this run and is not put back: %s", end->name, setting,
		was, why);
}

void cb_run_untune(const struct cb_tuning *r)
{
	struct tuned t = {.n = 0};
	struct cb_error err = {0};
	sig_atomic_t stopped = cb_testbed_stop;

	/* Who has stopped the run wants to know what was put back; a second signal ends this, too.
	 */
	cb_testbed_stop = 0;

	if (gather(r, &t, &err))
		cb_warn("%s", err.text);
	for (size_t i = 0; i < t.n; i++) {
		struct cb_error why = {0};
		const json_t *changes, *line;
		size_t k;

		if (cb_host_is_broken(t.ends[i]->host))
			continue;
		if (cb_host_call(t.ends[i]->host, "untune", NULL, &t.asks[i].reply,
			    cb_deadline_in(TUNE_NS), &why)) {
			cb_debug("%s", why.text);
			continue;
		}
		changes = json_object_get(t.asks[i].reply, "changes");
		if (write_lines(r, t.ends[i], changes, &why))
			cb_warn("%s", why.text);
		json_array_foreach(changes, k, line) warn_of_undo(t.ends[i], line);
	}
	finish(&t);
	if (!cb_testbed_stop)
		cb_testbed_stop = stopped;
}
