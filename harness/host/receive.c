#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/cpus.h"
#include "harness/host/host.h"
#include "harness/host/napi_threads.h"
#include "harness/net/link.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const cb_receive_mode_names[] = {"softirq", "rps", "threaded", NULL};

/* What one call of cb_receive_set works on. */
struct setting {
	const char *interface;
	const struct cb_receive *want;
	struct cb_link_info link;
	bool veth;
};

static void sys_path(char *out, size_t size, const char *interface, const char *rest)
{
	snprintf(out, size, "/sys/class/net/%s/%s", interface, rest);
}

static bool is_refusal(const struct cb_error *why)
{
	return why->sys_errno == EPERM || why->sys_errno == EACCES || why->sys_errno == EROFS;
}

static int check(struct setting *s, struct cb_error *err)
{
	struct cb_cpus online;
	char path[128];
	int r = cb_link_info(s->interface, &s->link, err);

	if (r)
		return r;
	s->veth = !strcmp(s->link.driver, "veth");
	sys_path(path, sizeof(path), s->interface, "queues");
	if (access(path, F_OK))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s is not there; /sys must be mounted anew in this network namespace",
			path);
	if (s->want->mode == CB_RECEIVE_THREADED && !s->link.up)
		return cb_error_set(
			err, CB_ERR_USAGE, "%s is down; bring it up first", s->interface);
	if (s->want->mode == CB_RECEIVE_SOFTIRQ || s->want->cpu < 0)
		return 0;
	if ((r = cb_cpus_online(&online, err)))
		return r;
	if (!cb_cpus_has(&online, s->want->cpu))
		return cb_error_set(
			err, CB_ERR_USAGE, "there is no CPU %d online here", s->want->cpu);
	return 0;
}

/* ---- threads ---- */

static int write_threaded(const struct setting *s, const char *path, bool on, struct cb_error *err)
{
	struct cb_error why = {0};
	char line[16] = "";

	if (cb_file_write_line(path, on ? "1" : "0", &why)) {
		if (why.sys_errno == EOPNOTSUPP)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"%s has no NAPI that could have a thread", s->interface);
		return cb_error_set(err, is_refusal(&why) ? CB_ERR_IMPOSSIBLE : CB_ERR_HOST,
			"threaded NAPI can't be switched: %s", why.text);
	}
	if (cb_file_read_line(path, line, sizeof(line), err))
		return CB_ERR_HOST;
	if (strcmp(line, on ? "1" : "0") != 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s was written to %s, but it reads \"%s\"", on ? "1" : "0", path, line);
	return 0;
}

/* The file came with Linux 5.12. Without it nothing is threaded. */
static int set_threaded(const struct setting *s, bool on, struct cb_error *err)
{
	struct cb_error why = {0};
	char path[128], line[16] = "";

	sys_path(path, sizeof(path), s->interface, "threaded");
	if (cb_file_read_line(path, line, sizeof(line), &why)) {
		if (!on && why.sys_errno == ENOENT)
			return 0;
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "threaded NAPI needs Linux 5.12: %s", why.text);
	}
	if (!strcmp(line, on ? "1" : "0"))
		return 0;
	/* With its last NAPI gone a device takes no new value, but keeps the old one for the next
	 * NAPI: there must be one when it is changed. */
	if (!on && s->veth && s->link.up) {
		int r = cb_link_feature(s->interface, "rx-gro", true, err);

		if (r)
			return r;
	}
	return write_threaded(s, path, on, err);
}

/* ---- receive packet steering ---- */

static int write_rps(const char *path, const struct cb_cpus *want, struct cb_error *err)
{
	char mask[CB_CPUS_TEXT], line[1024];
	struct cb_error why = {0};
	struct cb_cpus now;

	cb_cpus_print_mask(want, mask);
	if (cb_file_write_line(path, mask, &why))
		return cb_error_set(err, is_refusal(&why) ? CB_ERR_IMPOSSIBLE : CB_ERR_HOST,
			"RPS can't be set%s: %s",
			is_refusal(&why)
				? " without real root (CAP_NET_ADMIN outside of user namespaces)"
				: "",
			why.text);
	if (cb_file_read_line(path, line, sizeof(line), err))
		return CB_ERR_HOST;
	if (!cb_cpus_parse_mask(line, &now) || !cb_cpus_equal(&now, want))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s was written to %s, but it reads %.64s", mask, path, line);
	return 0;
}

/* A kernel without CONFIG_RPS has no such file: it never steers. */
static int set_queue_rps(const char *path, const struct cb_cpus *want, struct cb_error *err)
{
	struct cb_error why = {0};
	struct cb_cpus now;
	char line[1024];

	if (cb_file_read_line(path, line, sizeof(line), &why)) {
		if (!cb_cpus_count(want) && why.sys_errno == ENOENT)
			return 0;
		return cb_error_set(err, CB_ERR_IMPOSSIBLE, "this kernel has no RPS: %s", why.text);
	}
	if (cb_cpus_parse_mask(line, &now) && cb_cpus_equal(&now, want))
		return 0;
	return write_rps(path, want, err);
}

static int set_rps(const struct setting *s, struct cb_error *err)
{
	struct cb_cpus want = {0};
	struct dirent *entry;
	char path[512];
	int r = 0;
	DIR *d;

	if (s->want->mode == CB_RECEIVE_RPS && s->want->cpu >= 0)
		cb_cpus_add(&want, s->want->cpu);
	sys_path(path, sizeof(path), s->interface, "queues");
	d = opendir(path);
	if (!d)
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s", path);
	while (!r && (entry = readdir(d))) {
		if (!cb_text_starts_with(entry->d_name, "rx-"))
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/%.32s/rps_cpus",
			s->interface, entry->d_name);
		r = set_queue_rps(path, &want, err);
	}
	closedir(d);
	return r;
}

/* ---- all of it ---- */

/* What takes the NAPI away goes before it, what needs it comes after. */
static int apply(const struct setting *s, struct cb_error *err)
{
	bool threaded = s->want->mode == CB_RECEIVE_THREADED;
	int r = 0;

	if (!threaded)
		r = set_threaded(s, false, err);
	if (!r && s->veth)
		r = cb_link_feature(s->interface, "rx-gro", threaded || s->want->napi, err);
	if (!r && threaded)
		r = set_threaded(s, true, err);
	if (!r)
		r = set_rps(s, err);
	if (!r && threaded)
		r = cb_napi_threads_pin(s->interface, s->want->cpu, err);
	return r;
}

int cb_receive_set(const char *interface, const struct cb_receive *want, struct cb_error *err)
{
	struct setting s = {.interface = interface, .want = want};
	int r = check(&s, err);

	if (!r)
		r = apply(&s, err);
	if (r)
		cb_error_prepend(
			err, "receive: %s on %s", cb_receive_mode_names[want->mode], interface);
	return r;
}
