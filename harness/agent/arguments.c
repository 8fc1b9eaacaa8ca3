/* Arguments of requests: they come from outside, so each one is checked here. */
#include "harness/agent/requests.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"

#include <ctype.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define TIME_MAX_NS (INT64_C(24) * 3600 * (int64_t)CB_NS_PER_SEC)

int cb_agent_arg_count(const json_t *args, const char *key, int64_t min, int64_t max,
	int64_t *value, struct cb_error *err)
{
	const json_t *member = json_object_get(args, key);

	if (!json_is_integer(member))
		return cb_error_set(err, CB_ERR_USAGE, "%s must be a whole number", key);
	*value = json_integer_value(member);
	if (*value < min || *value > max)
		return cb_error_set(err, CB_ERR_USAGE, "%s: %lld is not between %lld and %lld", key,
			(long long)*value, (long long)min, (long long)max);
	return 0;
}

int cb_agent_arg_bool(
	const json_t *args, const char *key, bool fallback, bool *value, struct cb_error *err)
{
	const json_t *member = json_object_get(args, key);

	*value = fallback;
	if (!member)
		return 0;
	if (!json_is_boolean(member))
		return cb_error_set(err, CB_ERR_USAGE, "%s must be true or false", key);
	*value = json_is_true(member);
	return 0;
}

int cb_agent_arg_time(
	const json_t *args, const char *key, int64_t fallback_ns, int64_t *ns, struct cb_error *err)
{
	*ns = fallback_ns;
	if (fallback_ns >= 0 && !json_object_get(args, key))
		return 0;
	return cb_agent_arg_count(args, key, 0, TIME_MAX_NS, ns, err);
}

/* What the kernel takes (net/core/dev.c, dev_valid_name), less the characters that no one uses. */
static bool name_is_valid(const char *name)
{
	if (!*name || *name == '-' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (!isgraph((unsigned char)*name) || *name == '/' || *name == ':' || *name == '%')
			return false;
	return true;
}

int cb_agent_arg_interface(const json_t *args, const char *key, char name[16], struct cb_error *err)
{
	int r = cb_json_text(args, key, name, IFNAMSIZ, err);

	if (r)
		return r;
	if (!name_is_valid(name))
		return cb_error_set(
			err, CB_ERR_USAGE, "%s: this is no name of a network interface", key);
	return 0;
}

int cb_agent_arg_mac(const json_t *args, const char *key, uint8_t mac[6], struct cb_error *err)
{
	char text[18];
	unsigned b[6];
	int length = 0;
	int r = cb_json_text(args, key, text, sizeof(text), err);

	if (r)
		return r;
	if (strspn(text, "0123456789abcdefABCDEF:") != 17 ||
		sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
			&length) != 6 ||
		length != 17)
		return cb_error_set(
			err, CB_ERR_USAGE, "%s: a MAC address looks like 02:00:00:00:00:01", key);
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	if (mac[0] & 1)
		return cb_error_set(err, CB_ERR_USAGE, "%s: %s is a group address", key, text);
	return 0;
}

int cb_agent_arg_pids(const json_t *args, const char *key, pid_t *pids, size_t max, size_t *n,
	struct cb_error *err)
{
	const json_t *array = json_object_get(args, key), *item;
	size_t i;

	if (!json_is_array(array))
		return cb_error_set(err, CB_ERR_USAGE, "%s must be a list of process ids", key);
	if (json_array_size(array) > max)
		return cb_error_set(err, CB_ERR_USAGE, "%s: more than %zu processes", key, max);
	json_array_foreach(array, i, item)
	{
		json_int_t pid = json_integer_value(item);

		if (!json_is_integer(item) || pid < 1 || pid > INT_MAX)
			return cb_error_set(
				err, CB_ERR_USAGE, "%s[%zu] must be a process id", key, i);
		pids[i] = (pid_t)pid;
	}
	*n = json_array_size(array);
	return 0;
}
