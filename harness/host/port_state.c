#include "harness/host/port_state.h"

#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/host.h"
#include "harness/net/link.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 160

/*
 * What is noted, in the order in which it is made; put back the other way round. Of the features
 * each stands before those without which the kernel drops it (net/core/dev.c,
 * netdev_fix_features).
 */
enum kind { FLAGS, FILE_OF_PORT, FEATURE };

struct thing {
	const char *name; /* with FILE_OF_PORT a path, %s is the interface */
	enum kind kind;
};

static const struct thing things[] = {
	{"state", FLAGS},
	{"/proc/sys/net/ipv6/conf/%s/addr_gen_mode", FILE_OF_PORT},
	{"/sys/class/net/%s/threaded", FILE_OF_PORT},
	{"tx-tcp-mangleid-segmentation", FEATURE},
	{"tx-tcp-ecn-segmentation", FEATURE},
	{"tx-tcp6-segmentation", FEATURE},
	{"tx-tcp-segmentation", FEATURE},
	{"tx-generic-segmentation", FEATURE},
	{"rx-gro", FEATURE},
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- one thing ---- */

/* From what is noted: a path, the state, or the name of a feature. */
static enum kind kind_of(const char *what)
{
	return what[0] == '/' ? FILE_OF_PORT : strcmp(what, "state") == 0 ? FLAGS : FEATURE;
}

static int read_state(const char *interface, char value[VALUE_MAX], struct cb_error *err)
{
	struct cb_link_info info;
	int r = cb_link_info(interface, &info, err);

	if (!r)
		snprintf(value, VALUE_MAX, "%s, %s", info.up ? "up" : "down",
			info.arp ? "ARP" : "no ARP");
	return r;
}

static int read_feature(
	const char *interface, const char *what, char value[VALUE_MAX], struct cb_error *err)
{
	bool on = false;
	int r = cb_link_feature_read(interface, what, &on, err);

	if (!r)
		snprintf(value, VALUE_MAX, "%s", on ? "on" : "off");
	return r;
}

static int read_thing(
	const char *interface, const char *what, char value[VALUE_MAX], struct cb_error *err)
{
	switch (kind_of(what)) {
	case FLAGS:
		return read_state(interface, value, err);
	case FEATURE:
		return read_feature(interface, what, value, err);
	case FILE_OF_PORT:
		break;
	}
	return cb_file_read_line(what, value, VALUE_MAX, err);
}

static int write_thing(
	const char *interface, const char *what, const char *value, struct cb_error *err)
{
	switch (kind_of(what)) {
	case FLAGS:
		return cb_link_set_state(interface, cb_text_starts_with(value, "up"),
			strstr(value, "no ARP") == NULL, err);
	case FEATURE:
		return cb_link_feature(interface, what, strcmp(value, "on") == 0, err);
	case FILE_OF_PORT:
		break;
	}
	return cb_file_write_line(what, value, err);
}

/* ---- noting ---- */

/* What isn't there has nothing to be put back. */
static int note(json_t *notes, const char *interface, const char *what)
{
	char value[VALUE_MAX];

	if (read_thing(interface, what, value, NULL))
		return 0;
	return json_array_append_new(
		notes, json_pack("{s:s, s:s, s:n}", "what", what, "was", value, "now"));
}

static int note_queues(json_t *notes, const char *interface)
{
	char path[400];
	const struct dirent *entry;
	DIR *queues;
	int r = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", interface);
	queues = opendir(path);
	while (queues && !r && (entry = readdir(queues))) {
		if (!cb_text_starts_with(entry->d_name, "rx-"))
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/%s/rps_cpus", interface,
			entry->d_name);
		r = note(notes, interface, path);
	}
	if (queues)
		closedir(queues);
	return r;
}

static int note_all(json_t *notes, const char *interface)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(things) / sizeof(*things); i++) {
		char path[128];
		const char *at = strstr(things[i].name, "%s");

		if (things[i].kind == FILE_OF_PORT)
			snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - things[i].name),
				things[i].name, interface, at + 2);
		else
			snprintf(path, sizeof(path), "%s", things[i].name);
		r = note(notes, interface, path);
	}
	return r ? r : note_queues(notes, interface);
}

json_t *cb_port_state_read(const char *interface, struct cb_error *err)
{
	struct cb_link_info info;
	json_t *entry, *notes;

	if (cb_link_info(interface, &info, err))
		return NULL;
	notes = json_array();
	entry = json_pack("{s:s, s:s, s:I, s:o}", "kind", CB_PORT_STATE_KIND, "interface",
		interface, "ifindex", (json_int_t)info.ifindex, "notes", notes);
	if (!entry || note_all(notes, interface)) {
		json_decref(entry);
		cb_error_memory(err, "what is to be put back");
		return NULL;
	}
	return entry;
}

void cb_port_state_changing(json_t *entry)
{
	json_t *n;
	size_t i;

	json_array_foreach(json_object_get(entry, "notes"), i, n)
		json_object_set_new(n, "now", json_null());
}

void cb_port_state_changed(json_t *entry)
{
	char value[VALUE_MAX];
	json_t *n;
	size_t i;

	json_array_foreach(json_object_get(entry, "notes"), i, n)
	{
		if (!read_thing(text_of(entry, "interface"), text_of(n, "what"), value, NULL))
			json_object_set_new(n, "now", json_string(value));
	}
}

/* ---- putting back ---- */

struct putting {
	const json_t *entry;
	const char *interface;
	void (*line)(void *arg, const char *text);
	void *arg;
	bool leave_others;
	int n;
	bool failed;
};

static void say(const struct putting *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct putting *p, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (!p->line)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->line(p->arg, text);
}

/* The value that a thing is to have, if it is to be changed: what it was, unless somebody else has
 * set it since. */
static const char *aim(const struct putting *p, const json_t *n, char value[VALUE_MAX])
{
	const char *was = text_of(n, "was"), *now = json_string_value(json_object_get(n, "now"));

	if (read_thing(p->interface, text_of(n, "what"), value, NULL) || strcmp(value, was) == 0)
		return NULL;
	return p->leave_others && now && strcmp(value, now) != 0 ? NULL : was;
}

/* Threads go while there is a NAPI, so they go first of all, and what that changes is put back with
 * the rest. */
static void end_threads(struct putting *p)
{
	const struct cb_receive plain = {.mode = CB_RECEIVE_SOFTIRQ, .cpu = -1};
	struct cb_error why = {0};
	char value[VALUE_MAX];
	const json_t *n;
	size_t i;

	json_array_foreach(json_object_get(p->entry, "notes"), i, n)
	{
		const char *what = text_of(n, "what"), *slash = strrchr(what, '/'), *to;

		if (!slash || strcmp(slash, "/threaded") != 0)
			continue;
		to = aim(p, n, value);
		if (to && strcmp(to, "0") == 0 && cb_receive_set(p->interface, &plain, &why))
			say(p, "%s", why.text);
	}
}

static void put_back_one(struct putting *p, const char *what, const char *to, bool tell)
{
	struct cb_error why = {0};
	char value[VALUE_MAX];

	/* Another thing may have brought this back with it. */
	if ((read_thing(p->interface, what, value, &why) || strcmp(value, to) != 0) &&
		write_thing(p->interface, what, to, &why)) {
		say(p, "%s of %s can't be put back to %s: %s", what, p->interface, to, why.text);
		p->failed = true;
	} else if (tell) {
		p->n++;
		say(p, "%s of %s put back to %s", what, p->interface, to);
	}
}

/* Where a thing is to go; NULL: it is to stay. */
struct aim {
	char now[VALUE_MAX];
	const char *to;
};

/* What is as somebody else wants it, is so again after the threads have ended. */
static void take_aim(const struct putting *p, const json_t *n, struct aim *a)
{
	a->to = aim(p, n, a->now);
	if (a->to || !*a->now || strcmp(a->now, text_of(n, "was")) == 0)
		return;
	a->to = a->now;
	say(p, "%s of %s is left %s; it was %s: somebody has changed it since", text_of(n, "what"),
		p->interface, a->now, text_of(n, "was"));
}

static void put_back_all(struct putting *p)
{
	const json_t *notes = json_object_get(p->entry, "notes");
	size_t n = json_array_size(notes);
	struct aim *aims = calloc(n + 1, sizeof(*aims));

	p->failed = !aims;
	for (size_t i = 0; aims && i < n; i++)
		take_aim(p, json_array_get(notes, i), &aims[i]);
	if (aims)
		end_threads(p);
	for (size_t i = n; aims && i-- > 0;) {
		const char *what = text_of(json_array_get(notes, i), "what");

		if (aims[i].to)
			put_back_one(p, what, aims[i].to, aims[i].to != aims[i].now);
	}
	free(aims);
}

int cb_port_state_put_back(const json_t *entry, bool leave_others,
	void (*line)(void *arg, const char *text), void *arg, bool *done)
{
	struct putting p = {.entry = entry,
		.interface = text_of(entry, "interface"),
		.line = line,
		.arg = arg,
		.leave_others = leave_others};
	struct cb_link_info info;

	/* Another may have got the name of one that is gone. */
	if (!cb_link_info(p.interface, &info, NULL) &&
		(json_int_t)info.ifindex == json_integer_value(json_object_get(entry, "ifindex")))
		put_back_all(&p);
	if (done)
		*done = !p.failed;
	return p.n;
}
