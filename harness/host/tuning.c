#include "harness/host/tuning.h"

#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/host/tuning_change.h"
#include "harness/net/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cb_tuning {
	char directory[PATH_MAX], root[PATH_MAX];
	bool has_directory, private_interfaces;
	char net[32];
	struct cb_undo_file file;
	json_t *changes; /* entries, in the order in which they were made */
	int latency_fd;
	struct cb_tuning_targets targets; /* large for a stack */
};

/* One thing being set. */
struct making {
	struct cb_tuning *t;
	const struct cb_tuning_kind *kind;
	struct cb_tuning_site site;
	unsigned ifindex;
	const struct cb_tuning_target *target;
	json_t *entry, *told;
	struct cb_error why; /* of a refusal */
};

static const char *directory_of(const struct cb_tuning *t)
{
	return t->has_directory ? t->directory : NULL;
}

int cb_tuning_open(
	struct cb_tuning **tuning, const struct cb_tuning_options *options, struct cb_error *err)
{
	struct cb_tuning *t = calloc(1, sizeof(*t));
	int r = 0;

	*tuning = NULL;
	if (t)
		t->changes = json_array();
	if (!t || !t->changes) {
		free(t);
		return cb_error_memory(err, "settings");
	}
	t->latency_fd = -1;
	t->private_interfaces = options->private_interfaces;
	t->has_directory = options->directory != NULL;
	if (!cb_text_copy(t->directory, sizeof(t->directory),
		    options->directory ? options->directory : "") ||
		!cb_text_copy(t->root, sizeof(t->root), options->root ? options->root : ""))
		r = cb_error_set(err, CB_ERR_USAGE, "too long a path");
	cb_undo_net(t->net);
	if (!r)
		r = cb_tuning_recover(options, NULL, err);
	if (r >= 0)
		r = cb_undo_file_open(&t->file, directory_of(t), err);
	if (r)
		cb_tuning_close(t);
	else
		*tuning = t;
	return r;
}

/* ---- making a setting ---- */

static int note(struct making *m)
{
	bool journalled = !m->kind->row.of_interface || !m->t->private_interfaces;

	if (journalled && cb_undo_file_add(&m->t->file, json_incref(m->entry), &m->why))
		return CB_ERR_IMPOSSIBLE;
	return json_array_append(m->t->changes, m->entry)
		? cb_error_memory(&m->why, "what is to be put back")
		: 0;
}

/* Somebody else's value is in force: the same may be shared, another can't be had. */
static int share(struct making *m, const char *now, const struct cb_tuning_other *other)
{
	if (strcmp(now, m->target->value) != 0)
		return cb_error_set(&m->why, CB_ERR_IMPOSSIBLE,
			"process %d has set it to %s for a measurement that is under way: wait for "
			"its end",
			(int)other->pid, other->wanted);
	/* Whoever ends last puts back what was before the first. */
	json_object_set_new(m->entry, "was", json_string(other->was));
	return note(m);
}

/* Write, and read what came of it. What did not come out as wanted is taken back. */
static int change(struct making *m, const char *was, char now[CB_TUNING_VALUE_MAX])
{
	const char *instance = m->target->instance, *wanted = m->target->value;
	int r = note(m);

	if (r)
		return r;
	r = m->kind->write(&m->site, instance, wanted, &m->why);
	if (!r)
		r = m->kind->read(&m->site, instance, now, &m->why);
	if (!r && strcmp(now, wanted) != 0) {
		r = cb_error_set(&m->why, CB_ERR_IMPOSSIBLE,
			"%s was written, but it reads %s: the host does not take this value",
			wanted, now);
		m->kind->write(&m->site, instance, was, NULL);
	}
	return r;
}

/* In force while a file is open: made anew whatever the value is, for it may be somebody else's. */
static int hold(struct making *m, char now[CB_TUNING_VALUE_MAX])
{
	int r = m->kind->write(&m->site, m->target->instance, m->target->value, &m->why);

	if (!r)
		r = m->kind->read(&m->site, m->target->instance, now, &m->why);
	if (!r && strtol(now, NULL, 10) > strtol(m->target->value, NULL, 10))
		r = cb_error_set(&m->why, CB_ERR_IMPOSSIBLE, "%s was asked for, but it reads %s",
			m->target->value, now);
	return r;
}

static void tell(struct making *m, const char *now, const char *state)
{
	json_array_append_new(
		m->told, cb_tuning_line(m->entry, now, state, m->why.code ? m->why.text : NULL));
}

static int make(struct making *m)
{
	char was[CB_TUNING_VALUE_MAX] = "", now[CB_TUNING_VALUE_MAX] = "";
	struct cb_tuning_other other = {.pid = 0};
	const char *state = "set";
	int r = m->kind->read(&m->site, m->target->instance, was, &m->why);

	m->entry = cb_tuning_entry(
		m->kind, m->site.interface, m->ifindex, m->target->instance, was, m->target->value);
	if (!m->entry)
		return cb_error_memory(&m->why, "settings");
	snprintf(now, sizeof(now), "%s", was);
	if (!r)
		r = cb_tuning_find_other(
			directory_of(m->t), m->t->file.path, m->entry, m->t->net, &other, &m->why);
	if (!r && m->kind->held) {
		r = hold(m, now);
	} else if (!r && other.pid && strcmp(other.wanted, was) == 0) {
		r = share(m, now, &other);
		state = "as-wanted";
	} else if (!r && strcmp(was, m->target->value) == 0) {
		state = "as-wanted";
	} else if (!r) {
		r = change(m, was, now);
	}
	tell(m, *now ? now : NULL, r ? "refused" : state);
	json_decref(m->entry);
	m->entry = NULL;
	return r;
}

/* All things that a setting is about. A refusal of the whole has a line, too. */
static int make_all(struct making *m, const char *rest, const char *value)
{
	struct cb_tuning_targets *targets = &m->t->targets;
	int r;

	targets->n = 0;
	r = m->kind->targets ? m->kind->targets(&m->site, rest, value, targets, &m->why)
			     : cb_tuning_add_target(targets, rest, value, &m->why);
	if (r) {
		m->entry = cb_tuning_entry(m->kind, m->site.interface, m->ifindex,
			m->kind->name ? rest : "", "", value);
		tell(m, NULL, "refused");
		json_decref(m->entry);
		return r;
	}
	for (size_t i = 0; !r && i < targets->n; i++) {
		m->target = &targets->list[i];
		r = make(m);
	}
	return r;
}

/* ---- what a caller asks for ---- */

static int apply_one(struct cb_tuning *t, const struct cb_tuning_kind *kind, const char *name,
	const char *rest, const char *interface, const json_t *setting, json_t *told,
	struct cb_error *err)
{
	struct making m = {.t = t,
		.kind = kind,
		.told = told,
		.site = {.root = t->root,
			.interface = kind->row.of_interface ? interface : "",
			.latency_fd = &t->latency_fd}};
	const char *value = json_string_value(json_object_get(setting, "value"));
	bool required = !json_is_false(json_object_get(setting, "required"));
	char canonical[CB_TUNING_VALUE_MAX];
	struct cb_link_info info = {0};
	int r = cb_tuning_check(name, value ? value : "", canonical, err);

	if (!r && kind->row.of_interface)
		r = cb_link_info(interface, &info, err);
	if (r)
		return r;
	m.ifindex = info.ifindex;
	r = make_all(&m, rest, canonical);
	if (!r || !required)
		return 0;
	if (err) {
		*err = m.why;
		/* Whatever stood in its way, it is this host that does not do it. */
		err->code = r == CB_ERR_INTERNAL ? r : CB_ERR_IMPOSSIBLE;
	}
	return cb_error_prepend(err, "%s", name);
}

static int apply_locked(struct cb_tuning *t, const char *interface, const json_t *settings,
	json_t *told, struct cb_error *err)
{
	const struct cb_tuning_kind *kind;
	const char *name, *rest;
	const json_t *setting;
	int r = 0;

	for (size_t i = 0; !r && (kind = cb_tuning_kind_at(i)); i++)
		json_object_foreach((json_t *)settings, name, setting)
		{
			if (!r && cb_tuning_kind_find(name, &rest) == kind)
				r = apply_one(t, kind, name, rest, interface, setting, told, err);
		}
	return r;
}

int cb_tuning_apply(struct cb_tuning *t, const char *interface, const json_t *settings,
	json_t *told, struct cb_error *err)
{
	char canonical[CB_TUNING_VALUE_MAX];
	const json_t *setting;
	const char *name;
	int lock = -1, r = 0;

	/* Names first, so that nothing is changed for a list that can't be made. */
	json_object_foreach((json_t *)settings, name, setting)
	{
		const char *value = json_string_value(json_object_get(setting, "value"));

		r = cb_tuning_check(name, value ? value : "", canonical, err);
		if (r)
			return r;
	}
	r = cb_undo_lock(directory_of(t), cb_deadline_in(CB_TUNING_LOCK_NS), &lock, err);
	if (!r)
		r = apply_locked(t, interface, settings, told, err);
	if (lock >= 0)
		close(lock);
	return r;
}

void cb_tuning_undo(struct cb_tuning *t, json_t *told)
{
	struct cb_error err = {0};
	size_t n = json_array_size(t->changes);
	bool all = true;
	int lock = -1;

	if (t->latency_fd >= 0)
		close(t->latency_fd);
	t->latency_fd = -1;
	if (n && cb_undo_lock(directory_of(t), cb_deadline_in(CB_TUNING_LOCK_NS), &lock, &err))
		cb_warn("%s", err.text); /* better without the lock than not at all */
	while (n--) {
		json_t *line = NULL;

		all &= cb_tuning_put_back(directory_of(t), t->file.path, t->net, t->root,
			json_array_get(t->changes, n), &line);
		if (told)
			json_array_append(told, line);
		json_decref(line);
	}
	json_array_clear(t->changes);
	/* What could not be put back stays in the file, for `clean`. */
	if (all)
		cb_undo_file_remove(&t->file);
	else
		cb_undo_file_leave(&t->file);
	if (lock >= 0)
		close(lock);
}

static void warn_of(const json_t *line)
{
	const char *state = json_string_value(json_object_get(line, "state")),
		   *interface = json_string_value(json_object_get(line, "interface")),
		   *why = json_string_value(json_object_get(line, "why"));

	if (strcmp(state, "left") != 0 && strcmp(state, "failed") != 0)
		return;
	cb_warn("not put back: %s%s%s %s, which was %s before: %s",
		json_string_value(json_object_get(line, "setting")), interface ? " of " : "",
		interface ? interface : "", json_string_value(json_object_get(line, "instance")),
		json_string_value(json_object_get(line, "was")), why ? why : "");
}

void cb_tuning_close(struct cb_tuning *t)
{
	json_t *told;
	const json_t *line;
	size_t i;

	if (!t)
		return;
	told = json_array();
	cb_tuning_undo(t, told);
	json_array_foreach(told, i, line) warn_of(line);
	json_decref(told);
	json_decref(t->changes);
	free(t);
}
