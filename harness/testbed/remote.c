/* The test-bed of a file: hosts over SSH, opened, mended, closed. */
#include "harness/testbed/remote.h"

#include "harness/base/log.h"
#include "harness/testbed/connection.h"
#include "harness/testbed/state_file.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void name_controller(char out[160])
{
	const struct passwd *user = getpwuid(geteuid());
	char host[64] = "?";

	gethostname(host, sizeof(host) - 1);
	snprintf(out, 160, "%.64s@%.64s, process %d", user ? user->pw_name : "?", host, getpid());
}

static void add_to_group(struct cb_remote_group *g, struct cb_testbed_end *end,
	const struct cb_bed_end *file, bool sensor, bool counts)
{
	const struct cb_bed_host *h = &g->remote->options->bed->hosts[file->host];

	g->ssh[g->n] = &g->remote->ssh[file->host];
	g->ends[g->n] = end;
	g->hosts[g->n] = h;
	g->ports[g->n] = counts ? NULL : &h->ports[file->port];
	g->sensor[g->n++] = sensor;
	cb_text_copy(end->name, sizeof(end->name), h->name);
	end->cores = h->cores;
	end->n_cores = h->n_cores;
	end->settings = &h->settings;
}

/* Hosts that count, once each; and who counts for whom. */
static void add_counters(struct cb_remote_group *g)
{
	const struct cb_bed *bed = g->remote->options->bed;
	struct cb_testbed *t = g->testbed;

	t->n_counters = 0;
	for (size_t i = 0; i < bed->n_counters; i++) {
		const struct cb_bed_counter *c = &bed->counters[i];
		size_t k = 0;

		while (k < t->n_counters &&
			strcmp(t->counters[k].name, bed->hosts[c->at.host].name) != 0)
			k++;
		if (k == t->n_counters)
			add_to_group(g, &t->counters[t->n_counters++], &c->at, false, true);
		t->sensors[c->sensor].wire.at = &t->counters[k];
	}
}

static void add_all(struct cb_remote_group *g)
{
	const struct cb_bed *bed = g->remote->options->bed;
	struct cb_testbed *t = g->testbed;

	for (size_t i = 0; i < t->n_generators; i++)
		add_to_group(g, &t->generators[i], &bed->generators[i], false, false);
	for (size_t i = 0; i < t->n_sensors; i++)
		add_to_group(g, &t->sensors[i], &bed->sensors[i], true, false);
	add_counters(g);
}

static int prepare(
	struct cb_remote *remote, const struct cb_testbed_options *options, struct cb_error *err)
{
	static unsigned serial;
	int r;

	remote->own = *options;
	if (options->log_dir) {
		snprintf(remote->log_dir, sizeof(remote->log_dir), "%s", options->log_dir);
		remote->own.log_dir = remote->log_dir;
	}
	remote->options = &remote->own;
	name_controller(remote->controller);
	cb_testbed_clean(NULL, NULL);
	r = cb_ssh_directory(remote->directory, serial++, err);
	for (size_t i = 0; !r && i < options->bed->n_hosts; i++) {
		r = cb_ssh_init(&remote->ssh[i], &options->bed->hosts[i], remote->directory,
			(unsigned)i, remote->own.log_dir, err);
		remote->n = i + 1;
	}
	return r;
}

static int open_remote(
	struct cb_testbed *t, const struct cb_testbed_options *options, struct cb_error *err)
{
	struct cb_remote *remote = calloc(1, sizeof(*remote));
	struct cb_remote_group *g = calloc(1, sizeof(*g));
	int r;

	if (!remote || !g) {
		free(remote);
		free(g);
		return cb_error_memory(err, "the test-bed");
	}
	t->state = remote;
	r = prepare(remote, options, err);
	*g = (struct cb_remote_group){.remote = remote, .testbed = t};
	cb_bed_shape(options->bed, &t->shape);
	t->n_generators = options->bed->n_generators;
	t->n_sensors = options->bed->n_sensors;
	add_all(g);
	if (!r)
		r = cb_remote_take_steps(g, err);
	free(g);
	return r;
}

static void close_remote(struct cb_testbed *t)
{
	struct cb_remote *remote = t->state;

	if (!remote)
		return;
	for (size_t i = 0; i < remote->n; i++)
		if (remote->ssh[i].master.pid)
			cb_process_signal(&remote->ssh[i].master, SIGTERM);
	for (size_t i = 0; i < remote->n; i++)
		cb_ssh_finish(&remote->ssh[i]);
	cb_bundle_finish(&remote->bundle);
	if (*remote->directory)
		cb_state_remove_directory(remote->directory);
	free(remote);
}

static struct cb_remote_group one_of(const struct cb_remote_group *all, size_t i)
{
	return (struct cb_remote_group){.remote = all->remote,
		.testbed = all->testbed,
		.ssh = {all->ssh[i]},
		.ends = {all->ends[i]},
		.hosts = {all->hosts[i]},
		.ports = {all->ports[i]},
		.sensor = {all->sensor[i]},
		.n = 1};
}

static void give_up(struct cb_testbed_end *end)
{
	cb_host_close(end->host);
	end->host = NULL;
}

/* Keep those of the group that were lost: their connection is broken, or their port is gone. */
static void keep_lost(struct cb_remote_group *all)
{
	struct cb_remote_group lost = {.remote = all->remote, .testbed = all->testbed};

	for (size_t i = 0; i < all->n; i++) {
		struct cb_remote_group one = one_of(all, i);
		struct cb_testbed_end *end = all->ends[i];

		if (end->host && !cb_host_is_broken(end->host) && !cb_remote_find_link(&one, NULL))
			continue;
		give_up(end);
		lost.ssh[lost.n] = all->ssh[i];
		lost.ends[lost.n] = end;
		lost.hosts[lost.n] = all->hosts[i];
		lost.ports[lost.n] = all->ports[i];
		lost.sensor[lost.n++] = all->sensor[i];
	}
	*all = lost;
}

static int mend_one(const struct cb_remote_group *all, size_t i, struct cb_error *err)
{
	struct cb_remote_group one = one_of(all, i);
	int r = cb_remote_take_steps(&one, err);

	if (r)
		give_up(all->ends[i]);
	else
		cb_info("%s is back", all->hosts[i]->name);
	return r;
}

/* What keeps one from coming back is no reason for the others. */
static int mend_remote(struct cb_testbed *t, struct cb_error *err)
{
	struct cb_remote_group all = {.remote = t->state, .testbed = t};
	int r = 0;

	add_all(&all);
	keep_lost(&all);
	/* Connections over which agents were lost are not to be trusted. New ones may take their
	 * time, so they are begun together. */
	for (size_t i = 0; i < all.n; i++)
		cb_ssh_begin(all.ssh[i], NULL);
	for (size_t i = 0; i < all.n && r != CB_ERR_INTERRUPTED; i++) {
		struct cb_error why = {0};
		int r2 = mend_one(&all, i, &why);

		if (!r2 || (r && r2 != CB_ERR_INTERRUPTED))
			continue;
		r = r2;
		if (err)
			*err = why;
	}
	return r;
}

const struct cb_testbed_backend cb_testbed_remote = {
	.open = open_remote, .mend = mend_remote, .close = close_remote};
