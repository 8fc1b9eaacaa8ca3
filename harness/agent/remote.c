/* What an agent does on a host that is not the controller's: the lock, the clock, the dead-man
 * timer, the user's commands. */
#include "harness/agent/remote.h"

#include "harness/agent/lock.h"
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/agent/undo.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/log.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK_NS      (5 * CB_NS_PER_SEC) /* another agent may be about to end */
#define DEAD_MAN_MIN ((int64_t)CB_NS_PER_SEC)
#define DEAD_MAN_MAX ((int64_t)(3600 * CB_NS_PER_SEC))
#define WINDOW_MAX   (INT64_C(48) * 3600 * (int64_t)CB_NS_PER_SEC)
#define COMMANDS_MAX 64

uint64_t cb_agent_dead_at(const struct cb_agent *a)
{
	if (!a->dead_man_ns)
		return CB_FOREVER;
	return (a->quiet_until_ns > a->heard_ns ? a->quiet_until_ns : a->heard_ns) + a->dead_man_ns;
}

void cb_agent_hear_nothing(struct cb_agent *a)
{
	cb_error_log("the controller has been silent for %llu s: it is gone",
		(unsigned long long)(a->dead_man_ns / CB_NS_PER_SEC));
	a->ending = true;
}

static int check_privileges(struct cb_error *err)
{
	if (cb_agent_has_capability(CAP_NET_ADMIN) && cb_agent_has_capability(CAP_NET_RAW))
		return 0;
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"user %u may neither send nor capture frames here (CAP_NET_RAW and CAP_NET_ADMIN): "
		"set `become: sudo` for this host in the test-bed file, or log in as root",
		geteuid());
}

int cb_agent_remote_hello(struct cb_agent *a, const json_t *args, struct cb_error *err)
{
	char controller[200];
	int64_t dead_man_ns = 0;
	int r;

	if (!a->options->remote)
		return 0;
	r = check_privileges(err);
	if (!r)
		r = cb_json_text(args, "controller", controller, sizeof(controller), err);
	if (!r)
		r = cb_agent_arg_count(
			args, "dead_man_ns", DEAD_MAN_MIN, DEAD_MAN_MAX, &dead_man_ns, err);
	if (!r)
		r = cb_host_lock(controller, cb_deadline_in(LOCK_NS), &a->lock, err);
	/* After the lock: the guardian keeps it until it has put everything back. */
	if (!r)
		r = cb_undo_open(&a->undo, a->lock, err);
	if (r)
		return r;
	a->dead_man_ns = (uint64_t)dead_man_ns;
	a->heard_ns = cb_now_ns();
	return 0;
}

void cb_agent_remote_finish(struct cb_agent *a)
{
	cb_undo_close(a->undo);
	a->undo = NULL;
	if (a->lock >= 0)
		close(a->lock);
	a->lock = -1;
}

json_t *cb_agent_cores(void)
{
	json_t *cores = json_array();
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			json_array_append_new(cores, json_integer(i));
	return cores;
}

int cb_agent_clock(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	int r = cb_json_set_count(reply, "monotonic_ns", (int64_t)cb_now_ns());

	r |= cb_json_set_count(reply, "real_ns", (int64_t)cb_real_ns());
	return r ? cb_error_memory(err, "the reply") : 0;
}

int cb_agent_window(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	int64_t ns = 0;
	int r = cb_agent_arg_count(args, "ns", 0, WINDOW_MAX, &ns, err);

	if (!r)
		a->quiet_until_ns = cb_now_ns() + (uint64_t)ns;
	return r;
}

static int check_commands(const json_t *list, const char *key, struct cb_error *err)
{
	const json_t *command, *word;
	size_t i, k;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > COMMANDS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "%s must be a list of at most %d commands",
			key, COMMANDS_MAX);
	json_array_foreach(list, i, command)
	{
		if (!json_array_size(command))
			return cb_error_set(
				err, CB_ERR_USAGE, "%s[%zu] must be a list of words", key, i);
		json_array_foreach(command, k, word) if (!json_is_string(word)) return cb_error_set(
			err, CB_ERR_USAGE, "%s[%zu] must be a list of words", key, i);
	}
	return 0;
}

int cb_agent_commands(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	const json_t *pre = json_object_get(args, "pre"), *post = json_object_get(args, "post");
	const json_t *command;
	int64_t timeout_ns = 0;
	size_t i;
	int r = cb_agent_arg_time(args, "timeout_ns", -1, &timeout_ns, err);

	if (!r && !a->undo)
		r = cb_error_set(err, CB_ERR_USAGE, "commands are for agents on hosts");
	if (!r)
		r = check_commands(pre, "pre", err);
	if (!r)
		r = check_commands(post, "post", err);
	if (!r && post)
		r = cb_undo_note_commands(a->undo, post, (uint64_t)timeout_ns, err);
	if (r)
		return r;
	json_array_foreach(pre, i, command)
	{
		r = cb_command_run(command, (uint64_t)timeout_ns, err);
		if (r)
			return cb_error_prepend(err, "pre");
	}
	return 0;
}
