#include "harness/host/tuning_change.h"

#include "harness/base/json.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <string.h>

json_t *cb_tuning_entry(const struct cb_tuning_kind *kind, const char *interface, unsigned ifindex,
	const char *instance, const char *was, const char *wanted)
{
	char setting[CB_TUNING_INSTANCE_MAX + 32];

	/* Of a prefix the instance is what a user wrote, or what that stands for. */
	snprintf(setting, sizeof(setting), "%s%s", kind->row.name, kind->name ? instance : "");
	return json_pack("{s:s, s:s, s:s?, s:I, s:s, s:s, s:s}", "kind", "setting", "setting",
		setting, "interface", kind->row.of_interface ? interface : NULL, "ifindex",
		(json_int_t)ifindex, "instance", kind->name ? "" : instance, "was", was, "wanted",
		wanted);
}

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));

	return text ? text : "";
}

json_t *cb_tuning_line(const json_t *entry, const char *now, const char *state, const char *why)
{
	return json_pack("{s:s, s:O?, s:s, s:s, s:s, s:s?, s:s, s:s?}", "setting",
		text_of(entry, "setting"), "interface", json_object_get(entry, "interface"),
		"instance", text_of(entry, "instance"), "was", text_of(entry, "was"), "wanted",
		text_of(entry, "wanted"), "now", now, "state", state, "why", why);
}

bool cb_tuning_same_thing(const json_t *a, const char *net_a, const json_t *b, const char *net_b)
{
	bool of_interface = json_is_string(json_object_get(a, "interface"));

	return strcmp(text_of(a, "kind"), "setting") == 0 &&
		strcmp(text_of(b, "kind"), "setting") == 0 &&
		strcmp(text_of(a, "setting"), text_of(b, "setting")) == 0 &&
		strcmp(text_of(a, "instance"), text_of(b, "instance")) == 0 &&
		(!of_interface ||
			(json_equal(json_object_get(a, "ifindex"), json_object_get(b, "ifindex")) &&
				strcmp(net_a, net_b) == 0));
}

struct search {
	const char *own_path, *net;
	const json_t *entry;
	struct cb_tuning_other *other;
};

static int look(const struct cb_undo_found *found, void *arg, struct cb_error *err)
{
	const struct search *s = arg;
	const json_t *entry;
	size_t i;

	(void)err;
	if (!found->alive || strcmp(found->path, s->own_path) == 0)
		return 0;
	json_array_foreach(found->entries, i, entry)
	{
		if (!cb_tuning_same_thing(entry, found->net, s->entry, s->net))
			continue;
		s->other->pid = found->pid;
		snprintf(s->other->was, sizeof(s->other->was), "%s", text_of(entry, "was"));
		snprintf(
			s->other->wanted, sizeof(s->other->wanted), "%s", text_of(entry, "wanted"));
	}
	return 0;
}

int cb_tuning_find_other(const char *directory, const char *own_path, const json_t *entry,
	const char *net, struct cb_tuning_other *other, struct cb_error *err)
{
	struct search s = {own_path, net, entry, other};

	*other = (struct cb_tuning_other){.pid = 0};
	return cb_undo_files(directory, look, &s, err);
}

/* ---- putting back ---- */

/* The interface is the one that was changed, not another that got its name. */
static bool is_there(const json_t *entry)
{
	struct cb_link_info info;

	if (!json_is_string(json_object_get(entry, "interface")))
		return true;
	return !cb_link_info(text_of(entry, "interface"), &info, NULL) &&
		(json_int_t)info.ifindex == json_integer_value(json_object_get(entry, "ifindex"));
}

static bool write_back(const struct cb_tuning_kind *kind, const struct cb_tuning_site *site,
	const char *instance, const json_t *entry, json_t **told)
{
	char now[CB_TUNING_VALUE_MAX] = "";
	struct cb_error why = {0};
	int r = kind->write(site, instance, text_of(entry, "was"), &why);

	if (!r)
		r = kind->read(site, instance, now, &why);
	if (!r && strcmp(now, text_of(entry, "was")) != 0)
		r = cb_error_set(&why, CB_ERR_IMPOSSIBLE, "it stays %s", now);
	*told = cb_tuning_line(
		entry, *now ? now : NULL, r ? "failed" : "undone", r ? why.text : NULL);
	return !r;
}

bool cb_tuning_put_back(const char *directory, const char *own_path, const char *net,
	const char *root, const json_t *entry, json_t **told)
{
	int no_fd = -1;
	const char *setting = text_of(entry, "setting"), *rest = "", *instance;
	const struct cb_tuning_kind *kind = cb_tuning_kind_find(setting, &rest);
	const struct cb_tuning_site site = {
		.root = root, .interface = text_of(entry, "interface"), .latency_fd = &no_fd};
	char now[CB_TUNING_VALUE_MAX];
	struct cb_tuning_other other;
	struct cb_error why = {0};

	if (!kind) {
		*told = cb_tuning_line(entry, NULL, "failed", "this build knows no such setting");
		return false;
	}
	instance = kind->name ? rest : text_of(entry, "instance");
	if (!is_there(entry) || kind->read(&site, instance, now, &why)) {
		*told = cb_tuning_line(entry, NULL, "gone", why.code ? why.text : NULL);
		return true;
	}
	if (!cb_tuning_find_other(directory, own_path, entry, net, &other, NULL) && other.pid &&
		strcmp(other.wanted, now) == 0) {
		snprintf(why.text, sizeof(why.text), "process %d needs it, too", (int)other.pid);
		*told = cb_tuning_line(entry, now, "shared", why.text);
		return true;
	}
	if (strcmp(now, text_of(entry, "was")) == 0) {
		*told = cb_tuning_line(entry, now, "undone", NULL);
		return true;
	}
	if (strcmp(now, text_of(entry, "wanted")) != 0) {
		*told = cb_tuning_line(
			entry, now, "left", "somebody has changed it since: it is not touched");
		return true;
	}
	return write_back(kind, &site, instance, entry, told);
}
