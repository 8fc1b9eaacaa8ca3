#include "harness/report/changes.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 6

/* Readings of a moment. */
static const char *const fleeting[] = {"cpu.mhz"};

static bool is_fleeting(const char *path)
{
	for (size_t i = 0; i < sizeof(fleeting) / sizeof(*fleeting); i++)
		if (strcmp(fleeting[i], path) == 0)
			return true;
	return false;
}

static json_t *as_text(const json_t *value)
{
	char *text = NULL;
	json_t *json;

	if (!value || json_is_null(value))
		return json_string("not available");
	if (json_is_string(value))
		return json_string(json_string_value(value));
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
	json = json_string(text ? text : "?");
	free(text);
	return json;
}

static void compare(const char *host, const char *prefix, const json_t *before, const json_t *after,
	int depth, json_t *list);

static void compare_one(const char *host, const char *prefix, const char *key, const json_t *before,
	const json_t *after, int depth, json_t *list)
{
	struct cb_text path = {0};

	cb_text_addf(&path, "%s%s%s", prefix, *prefix ? "." : "", key);
	if (json_is_object(before) && json_is_object(after) && depth < DEPTH_MAX)
		compare(host, cb_text_get(&path), before, after, depth + 1, list);
	else if (!is_fleeting(cb_text_get(&path)))
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:o}", "host", host, "fact", cb_text_get(&path),
				"before", as_text(before), "after", as_text(after)));
	cb_text_finish(&path);
}

static void compare(const char *host, const char *prefix, const json_t *before, const json_t *after,
	int depth, json_t *list)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)before, key, value)
	{
		if (!json_equal(value, json_object_get(after, key)))
			compare_one(
				host, prefix, key, value, json_object_get(after, key), depth, list);
	}
	json_object_foreach((json_t *)after, key, value)
	{
		if (!json_object_get(before, key))
			compare_one(host, prefix, key, NULL, value, depth, list);
	}
}

json_t *cb_host_changes(const struct cb_report_data *d)
{
	json_t *list = json_array();
	const char *host;
	json_t *before;

	json_object_foreach(d->hosts, host, before)
	{
		const json_t *after = json_object_get(d->hosts_after, host);

		if (list && after)
			compare(host, "", before, after, 0, list);
	}
	return list;
}
