/*
 * A kernel with pktgen, as far as its files go: what Linux 6.1's say and refuse, in real time. Two
 * threads; devices send on their own clock from "start" on.
 */
#ifndef CB_TESTS_FAKE_KERNEL_H
#define CB_TESTS_FAKE_KERNEL_H

#include "generators/transmitters/pktgen_setup.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_THREADS 2
#define FAKE_DEVICES 4
#define FAKE_PARAMS  24

struct fake_param {
	char name[16], value[128];
};

struct fake_device {
	char name[32];
	int thread;
	struct fake_param params[FAKE_PARAMS];
	char result[160];
	bool running, finished;
	uint64_t started_ns, stopped_ns, sofar, errors;
};

struct fake_kernel {
	struct fake_device devices[FAKE_DEVICES];
	unsigned n, real_queues;
	/* how it misbehaves */
	bool no_sharing; /* frames can't be sent twice: a veth */
	bool no_imix;    /* before Linux 5.15 */
	int add_error, start_error, stop_error, read_error;
	const char *fails_quietly; /* a command whose write succeeds and whose result is an error */
	const char *ignores;       /* a command that says OK, and does nothing */
	uint64_t down_after;       /* the link goes down after so many frames; 0: never */
	uint64_t refuse_every;     /* the link refuses every n-th frame; 0: none */
	uint64_t skew_ns;          /* from one thread's start to the next */
	bool never_starts, never_stops;
	/* what was asked */
	char log[16384];
	unsigned starts, stops, resets, ended;
};

static inline struct fake_device *fake_find(struct fake_kernel *k, const char *name)
{
	for (unsigned i = 0; i < k->n; i++) {
		if (!strcmp(k->devices[i].name, name))
			return &k->devices[i];
	}
	return NULL;
}

static inline const char *fake_param(const struct fake_device *d, const char *name)
{
	for (unsigned i = 0; i < FAKE_PARAMS; i++) {
		if (!strcmp(d->params[i].name, name))
			return d->params[i].value;
	}
	return NULL;
}

static inline uint64_t fake_number(const struct fake_device *d, const char *name)
{
	const char *text = fake_param(d, name);

	return text ? strtoull(text, NULL, 10) : 0;
}

static inline void fake_keep(struct fake_device *d, const char *name, const char *value)
{
	for (unsigned i = 0; i < FAKE_PARAMS; i++) {
		struct fake_param *p = &d->params[i];

		if (p->name[0] && strcmp(p->name, name) != 0)
			continue;
		snprintf(p->name, sizeof(p->name), "%s", name);
		snprintf(p->value, sizeof(p->value), "%s", value);
		return;
	}
	abort();
}

/* ---- time ---- */

static inline void fake_finish(struct fake_device *d, uint64_t at_ns)
{
	uint64_t us = (at_ns - d->started_ns) / 1000;

	d->running = false;
	d->finished = true;
	d->stopped_ns = at_ns;
	snprintf(d->result, sizeof(d->result),
		"OK: %" PRIu64 "(c%" PRIu64 "+d%u) usec, %" PRIu64 " (60byte,0frags)\n  %" PRIu64
		"pps 0Mb/sec (0bps) errors: %" PRIu64,
		us, us, 0, d->sofar, us ? d->sofar * 1000000 / us : 0, d->errors);
}

static inline void fake_advance(struct fake_kernel *k, struct fake_device *d)
{
	uint64_t now_ns = cb_now_ns(), delay = fake_number(d, "delay"), burst, count, tries;

	if (!d->running || now_ns < d->started_ns)
		return;
	burst = fake_number(d, "burst") ? fake_number(d, "burst") : 1;
	count = fake_number(d, "count");
	/* the first two leave together */
	tries = delay ? ((now_ns - d->started_ns) / delay + 2) * burst
		      : (now_ns - d->started_ns) / 1000;
	d->errors = k->refuse_every ? tries / k->refuse_every : 0;
	d->sofar = tries - d->errors;
	if (k->down_after && d->sofar >= k->down_after) {
		d->sofar = k->down_after;
		fake_finish(d, now_ns);
	} else if (count && d->sofar >= count) {
		d->errors = k->refuse_every ? count / (k->refuse_every - 1) : 0;
		d->sofar = (count + burst - 1) / burst * burst;
		fake_finish(d,
			delay && !d->errors ? d->started_ns +
					(d->sofar / burst < 2 ? 0 : d->sofar / burst - 2) * delay
					    : now_ns);
	}
}

/* ---- files ---- */

static inline int fake_device_write(
	struct fake_kernel *k, struct fake_device *d, const char *command)
{
	static const char *const known[] = {"count", "delay", "min_pkt_size", "max_pkt_size",
		"dst_mac", "src_mac", "dst_min", "dst_max", "src_min", "src_max", "udp_src_min",
		"udp_src_max", "udp_dst_min", "udp_dst_max", "queue_map_min", "queue_map_max",
		"clone_skb", "burst", "xmit_mode", "flag", "imix_weights"};
	char name[16], value[128];
	bool found = false;

	if (sscanf(command, "%15s %127[^\n]", name, value) != 2)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		found = found || !strcmp(known[i], name);
	if (!found) {
		snprintf(d->result, sizeof(d->result), "No such parameter \"%s\"", name);
		return -EINVAL;
	}
	/* the result stays as it was */
	if (k->no_sharing &&
		((!strcmp(name, "clone_skb") && strcmp(value, "0") != 0) ||
			(!strcmp(name, "burst") && strcmp(value, "1") != 0)))
		return -524;
	if (k->fails_quietly && !strcmp(name, k->fails_quietly)) {
		snprintf(d->result, sizeof(d->result), "Flag -:%s:- unknown", value);
		return 0;
	}
	if (!strcmp(name, "imix_weights")) {
		if (k->no_imix)
			return 0;
	} else {
		snprintf(d->result, sizeof(d->result), "OK: %s=%s", name, value);
	}
	if (!k->ignores || strcmp(name, k->ignores) != 0)
		fake_keep(d, name, value);
	return 0;
}

static inline void fake_reset(struct fake_kernel *k)
{
	k->resets++;
	k->n = 0;
}

static inline int fake_stop(struct fake_kernel *k)
{
	k->stops++;
	if (k->stop_error)
		return k->stop_error;
	for (unsigned i = 0; i < k->n && !k->never_stops; i++) {
		fake_advance(k, &k->devices[i]);
		if (k->devices[i].running)
			fake_finish(&k->devices[i], cb_now_ns());
	}
	return 0;
}

static inline int fake_add(struct fake_kernel *k, int thread, const char *name)
{
	if (k->add_error)
		return k->add_error;
	if (thread >= FAKE_THREADS || k->n == FAKE_DEVICES)
		return -ENOENT;
	if (fake_find(k, name))
		return -EBUSY;
	k->devices[k->n] = (struct fake_device){.thread = thread};
	snprintf(k->devices[k->n].name, sizeof(k->devices[k->n].name), "%s", name);
	snprintf(k->devices[k->n].result, sizeof(k->devices[k->n].result), "Idle");
	k->n++;
	return 0;
}

static inline int fake_write(void *arg, const char *file, const char *command)
{
	struct fake_kernel *k = arg;
	struct fake_device *d = fake_find(k, file);
	size_t used = strlen(k->log);
	char name[32];
	int thread;

	snprintf(k->log + used, sizeof(k->log) - used, "%s: %s", file, command);
	if (d)
		return fake_device_write(k, d, command);
	if (sscanf(file, "kpktgend_%d", &thread) == 1)
		return sscanf(command, "add_device %31s", name) == 1 ? fake_add(k, thread, name)
								     : -EINVAL;
	if (strcmp(file, "pgctrl") != 0)
		return -ENOENT;
	if (!strcmp(command, "reset\n"))
		fake_reset(k);
	else if (!strcmp(command, "stop\n"))
		return fake_stop(k);
	else
		return -EINVAL;
	return 0;
}

static inline const char *fake_or(const struct fake_device *d, const char *name, const char *other)
{
	const char *value = fake_param(d, name);

	return value ? value : other;
}

/* As if sizes were drawn in exact proportion to their weights, which add up to 100. */
static inline void fake_show_mix(const struct fake_device *d, char *text, size_t size)
{
	const char *at = fake_param(d, "imix_weights");
	unsigned bytes, weight;
	int used;

	text[0] = '\0';
	if (!at)
		return;
	snprintf(text, size, "     imix_size_counts: ");
	for (; sscanf(at, " %u,%u%n", &bytes, &weight, &used) == 2; at += used)
		snprintf(text + strlen(text), size - strlen(text), "%u,%" PRIu64 " ", bytes,
			d->sofar * weight / 100);
	snprintf(text + strlen(text), size - strlen(text), "\n");
}

static inline int fake_show(struct fake_kernel *k, struct fake_device *d, char *text, size_t size)
{
	const char *imix = fake_param(d, "imix_weights");
	uint64_t last = fake_number(d, "queue_map_max");
	char mix[200] = "", counts[200] = "";

	fake_advance(k, d);
	if ((d->running || d->finished) && last >= k->real_queues)
		last = k->real_queues - 1;
	if (imix)
		snprintf(mix, sizeof(mix), "     imix_weights: %s \n", imix);
	fake_show_mix(d, counts, sizeof(counts));
	return snprintf(text, size,
		"Params: count %s  min_pkt_size: %s  max_pkt_size: %s\n%s"
		"     frags: 0  delay: %s  clone_skb: %s  ifname: %s\n"
		"     flows: 0 flowlen: 0\n"
		"     queue_map_min: %s  queue_map_max: %" PRIu64 "\n"
		"     dst_min: %s  dst_max: %s\n     src_min: %s  src_max: %s\n"
		"     src_mac: %s dst_mac: %s\n"
		"     udp_src_min: %s  udp_src_max: %s  udp_dst_min: %s  udp_dst_max: %s\n"
		"     src_mac_count: 0  dst_mac_count: 0\n     Flags: \n"
		"Current:\n     pkts-sofar: %" PRIu64 "  errors: %" PRIu64 "\n%s"
		"     started: %" PRIu64 "us  stopped: %" PRIu64 "us idle: 0us\n"
		"     seq_num: 1  cur_dst_mac_offset: 0  cur_src_mac_offset: 0\n"
		"     cur_queue_map: 0\n     flows: 0\nResult: %s\n",
		fake_or(d, "count", "1000"), fake_or(d, "min_pkt_size", "0"),
		fake_or(d, "max_pkt_size", "0"), mix, fake_or(d, "delay", "0"),
		fake_or(d, "clone_skb", "0"), d->name, fake_or(d, "queue_map_min", "0"), last,
		fake_or(d, "dst_min", ""), fake_or(d, "dst_max", ""), fake_or(d, "src_min", ""),
		fake_or(d, "src_max", ""), fake_or(d, "src_mac", "00:00:00:00:00:00"),
		fake_or(d, "dst_mac", "00:00:00:00:00:00"), fake_or(d, "udp_src_min", "9"),
		fake_or(d, "udp_src_max", "9"), fake_or(d, "udp_dst_min", "9"),
		fake_or(d, "udp_dst_max", "9"), d->sofar, d->errors, counts, d->started_ns / 1000,
		(d->running ? cb_now_ns() : d->stopped_ns) / 1000, d->result);
}

static inline int fake_show_thread(struct fake_kernel *k, int thread, char *text, size_t size)
{
	char running[128] = "", stopped[128] = "";

	for (unsigned i = 0; i < k->n; i++) {
		char *list = k->devices[i].running ? running : stopped;

		if (k->devices[i].thread == thread)
			snprintf(
				list + strlen(list), 128 - strlen(list), "%s ", k->devices[i].name);
	}
	return snprintf(text, size, "Running: %s\nStopped: %s\nResult: NA\n", running, stopped);
}

static inline int fake_read(void *arg, const char *file, char *text, size_t size)
{
	struct fake_kernel *k = arg;
	struct fake_device *d = fake_find(k, file);
	int thread;

	if (d)
		return k->read_error && d->running ? k->read_error : fake_show(k, d, text, size);
	if (sscanf(file, "kpktgend_%d", &thread) == 1 && thread < FAKE_THREADS)
		return fake_show_thread(k, thread, text, size);
	return -ENOENT;
}

static inline int fake_start(void *arg)
{
	struct fake_kernel *k = arg;

	k->starts++;
	for (unsigned i = 0; i < k->n && !k->never_starts && !k->start_error; i++) {
		struct fake_device *d = &k->devices[i];

		d->running = true;
		d->started_ns = cb_now_ns() + i * k->skew_ns;
		snprintf(d->result, sizeof(d->result), "Starting");
	}
	return 0;
}

static inline int fake_starting(void *arg)
{
	struct fake_kernel *k = arg;

	return k->start_error ? k->start_error : 1;
}

static inline void fake_end_start(void *arg)
{
	struct fake_kernel *k = arg;

	k->ended++;
}

static const struct cb_pktgen_io fake_io = {
	.write = fake_write,
	.read = fake_read,
	.start = fake_start,
	.starting = fake_starting,
	.end_start = fake_end_start,
};

#endif
