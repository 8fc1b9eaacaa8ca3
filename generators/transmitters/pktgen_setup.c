#include "generators/transmitters/pktgen_setup.h"

#include "harness/base/log.h"
#include "harness/base/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KERNEL_ENOTSUPP 524 /* include/linux/errno.h: not one of user space's */

/* ---- one command ---- */

static bool is_unsupported(int code)
{
	return code == -KERNEL_ENOTSUPP || code == -EOPNOTSUPP;
}

static int refused(const struct cb_pktgen *p, const char *name, const char *value, int code,
	struct cb_error *err)
{
	if (is_unsupported(code) && (!strcmp(name, "clone_skb") || !strcmp(name, "burst")))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s can't send a frame more than once: its driver changes frames while it "
			"sends them (veth, tap, bridge and tunnels do), so pktgen refuses %s %s: "
			"leave clone at 0 and burst at 1",
			p->interface, name, value);
	return cb_error_errno(err, code == -EINVAL ? CB_ERR_USAGE : CB_ERR_HOST, code,
		"pktgen refuses \"%s %s\" for %s", name, value, p->interface);
}

static int read_file(struct cb_pktgen *p, const char *file, struct cb_error *err)
{
	int r = p->io->read(p->io_arg, file, p->text, sizeof(p->text));

	if (r < 0)
		return cb_error_errno(err, CB_ERR_HOST, r, "pktgen's file %s can't be read%s", file,
			r == -ENOENT ? " (was the interface removed or renamed?)" : "");
	return 0;
}

int cb_pktgen_look(struct cb_pktgen *p, struct cb_pktgen_lane *lane, struct cb_error *err)
{
	int r = read_file(p, lane->file, err);

	if (!r && cb_pktgen_read_device(p->text, &lane->now))
		r = cb_error_set(
			err, CB_ERR_HOST, "pktgen's file %s can't be understood", lane->file);
	return r;
}

static int check_shown(struct cb_pktgen *p, const char *name, const char *value, const char *key,
	struct cb_error *err)
{
	char shown[64];

	if (!key || !cb_pktgen_field(p->text, key, shown, sizeof(shown)) || !strcmp(shown, value))
		return 0;
	return cb_error_set(err, CB_ERR_HOST, "pktgen made %s %s of \"%s %s\" for %s", key, shown,
		name, value, p->interface);
}

int cb_pktgen_set(struct cb_pktgen *p, struct cb_pktgen_lane *lane, const char *name,
	const char *value, const char *key, struct cb_error *err)
{
	char command[512];
	int r;

	if ((size_t)snprintf(command, sizeof(command), "%s %s\n", name, value) >= sizeof(command))
		return cb_error_set(
			err, CB_ERR_INTERNAL, "a command for pktgen is too long: %s", name);
	r = p->io->write(p->io_arg, lane->file, command);
	if (r)
		return refused(p, name, value, r, err);
	r = cb_pktgen_look(p, lane, err);
	if (r)
		return r;
	/* Some commands fail, and the write succeeds: an unknown flag or mode. Others leave the
	 * result as it was. */
	if (lane->now.result != CB_PKTGEN_DONE && lane->now.result != CB_PKTGEN_IDLE)
		return cb_error_set(err, CB_ERR_HOST, "pktgen says \"%s\" to \"%s %s\" for %s",
			lane->now.text, name, value, p->interface);
	return check_shown(p, name, value, key, err);
}

static int set_number(struct cb_pktgen *p, struct cb_pktgen_lane *lane, const char *name,
	uint64_t value, struct cb_error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return cb_pktgen_set(p, lane, name, text, name, err);
}

/* ---- threads and devices ---- */

static void thread_file(char file[CB_PKTGEN_FILE], int cpu)
{
	snprintf(file, CB_PKTGEN_FILE, "kpktgend_%d", cpu);
}

/* Is anything set up in this namespace, by whomever? "start" would start that, too. */
static int look_for_others(struct cb_pktgen *p, bool *there, struct cb_error *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char file[CB_PKTGEN_FILE];
	unsigned running, devices;

	*there = false;
	for (int cpu = 0; cpu < cpus; cpu++) {
		thread_file(file, cpu);
		if (p->io->read(p->io_arg, file, p->text, sizeof(p->text)) < 0 ||
			cb_pktgen_read_thread(p->text, &running, &devices))
			continue;
		if (running)
			return cb_error_set(err, CB_ERR_HOST,
				"pktgen is sending already in this network namespace (%s): end it "
				"first, with \"echo stop > /proc/net/pktgen/pgctrl\"",
				file);
		*there = *there || devices;
	}
	return 0;
}

static int clear_others(struct cb_pktgen *p, struct cb_error *err)
{
	bool there;
	int r = look_for_others(p, &there, err);

	if (r || !there)
		return r;
	cb_warn("pktgen's devices in this network namespace, set up before, are taken away");
	r = p->io->write(p->io_arg, CB_PKTGEN_CONTROL, "reset\n");
	return r ? cb_error_errno(err, CB_ERR_HOST, r, "pktgen refuses \"reset\"") : 0;
}

static bool has_thread(struct cb_pktgen *p, int cpu)
{
	char file[CB_PKTGEN_FILE];

	thread_file(file, cpu);
	return p->io->read(p->io_arg, file, p->text, sizeof(p->text)) >= 0;
}

/* Of the cores with a thread, those first that this process may run on: number `i` of that order;
 * -1: there are not so many. */
static int core_at(struct cb_pktgen *p, unsigned i)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		CPU_ZERO(&allowed);
	for (int first = 1; first >= 0; first--) {
		for (int cpu = 0; cpu < cpus && cpu < CPU_SETSIZE; cpu++) {
			int is_allowed = CPU_ISSET(cpu, &allowed) ? 1 : 0;

			if (is_allowed == first && has_thread(p, cpu) && i-- == 0)
				return cpu;
		}
	}
	return -1;
}

static int add_failed(const struct cb_pktgen *p, const char *thread, const char *device, int code,
	struct cb_error *err)
{
	static const struct {
		int code;
		const char *cure;
	} known[] = {
		{ENODEV, " (there is no such interface in this network namespace)"},
		{ENETDOWN, " (bring the interface up)"},
		{EINVAL, " (it must be Ethernet or loopback)"},
		{EBUSY, " (another of pktgen's threads has it)"},
		{ENOENT, " (there is no thread for this core: is it online?)"},
	};
	const char *cure = "";

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].code == -code)
			cure = known[i].cure;
	}
	return cb_error_errno(
		err, CB_ERR_HOST, code, "pktgen's %s does not take %s%s", thread, device, cure);
}

static int add_device(
	struct cb_pktgen *p, unsigned i, const struct cb_link *link, struct cb_error *err)
{
	char thread[CB_PKTGEN_FILE], command[CB_PKTGEN_FILE + 16];
	struct cb_pktgen_lane *lane = &p->lanes[i];
	int cpu = link->n_cpus ? link->cpus[i % link->n_cpus] : core_at(p, i), r;

	if (cpu < 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"threads: pktgen has a thread for each core that is online: fewer than %u",
			p->n);
	thread_file(thread, cpu);
	snprintf(lane->file, sizeof(lane->file), "%s@%u", p->interface, i);
	snprintf(command, sizeof(command), "add_device %s\n", lane->file);
	r = p->io->write(p->io_arg, thread, command);
	if (r)
		return add_failed(p, thread, lane->file, r, err);
	p->added = true;
	return cb_pktgen_look(p, lane, err);
}

/* ---- what is to be sent, and where ---- */

static void mac_text(const uint8_t *mac, char *text, size_t size)
{
	snprintf(text, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
}

static int set_addresses(struct cb_pktgen *p, struct cb_pktgen_lane *lane,
	const struct cb_template *frame, struct cb_error *err)
{
	char text[32];
	int r;

	mac_text(frame->bytes, text, sizeof(text));
	r = cb_pktgen_set(p, lane, "dst_mac", text, "dst_mac", err);
	mac_text(frame->bytes + 6, text, sizeof(text));
	if (!r)
		r = cb_pktgen_set(p, lane, "src_mac", text, "src_mac", err);
	inet_ntop(AF_INET, frame->bytes + CB_PKTGEN_DESTINATION_IP, text, sizeof(text));
	if (!r)
		r = cb_pktgen_set(p, lane, "dst_min", text, "dst_min", err);
	if (!r)
		r = cb_pktgen_set(p, lane, "dst_max", text, "dst_max", err);
	return r;
}

static int set_queues(struct cb_pktgen *p, unsigned i, struct cb_error *err)
{
	struct cb_pktgen_lane *lane = &p->lanes[i];
	unsigned n = (unsigned)p->options.queues, first = i * n / p->n, past = (i + 1) * n / p->n;
	int r;

	lane->queue_first = (unsigned)p->options.queue + first;
	lane->queue_last = (unsigned)p->options.queue + (past > first ? past - 1 : first);
	r = set_number(p, lane, "queue_map_min", lane->queue_first, err);
	return r ? r : set_number(p, lane, "queue_map_max", lane->queue_last, err);
}

static int set_sending(struct cb_pktgen *p, struct cb_pktgen_lane *lane, struct cb_error *err)
{
	const struct cb_pktgen_options *o = &p->options;
	char burst[24];
	int r = 0;

	if (o->mode == CB_PKTGEN_QUEUE_XMIT)
		r = cb_pktgen_set(p, lane, "xmit_mode", "queue_xmit", NULL, err);
	if (!r)
		r = set_number(p, lane, "clone_skb", (uint64_t)o->clone, err);
	snprintf(burst, sizeof(burst), "%" PRId64, o->burst);
	if (!r && o->burst > 1)
		r = cb_pktgen_set(p, lane, "burst", burst, NULL, err);
	return r;
}

/* The low byte of the destination port tells threads and streams apart (pktgen_stamp.h). */
static int set_port(
	struct cb_pktgen *p, unsigned i, const struct cb_link *link, struct cb_error *err)
{
	const uint8_t *at = link->frame->bytes + CB_PKTGEN_DESTINATION_PORT;
	unsigned port = (unsigned)at[0] << 8 | at[1];
	int r;

	port += link->stream * p->n + i;
	if (port > UINT16_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"destination-port: %u threads need as many ports from there on", p->n);
	r = set_number(p, &p->lanes[i], "udp_dst_min", port, err);
	return r ? r : set_number(p, &p->lanes[i], "udp_dst_max", port, err);
}

static int set_up_lane(
	struct cb_pktgen *p, unsigned i, const struct cb_link *link, struct cb_error *err)
{
	struct cb_pktgen_lane *lane = &p->lanes[i];
	int r = add_device(p, i, link, err);

	if (!r)
		r = set_addresses(p, lane, link->frame, err);
	if (!r)
		r = set_port(p, i, link, err);
	if (!r)
		r = set_queues(p, i, err);
	if (!r)
		r = set_sending(p, lane, err);
	return r ? r : cb_pktgen_set_shape(p, i, link, err);
}

int cb_pktgen_set_up(struct cb_pktgen *p, const struct cb_link *link,
	const struct cb_pktgen_options *options, struct cb_error *err)
{
	int r;

	p->interface = link->interface;
	p->options = *options;
	p->shape = link->shape;
	p->n = (unsigned)options->threads;
	if (strlen(link->interface) + sizeof("@63") > CB_PKTGEN_FILE)
		return cb_error_set(err, CB_ERR_USAGE, "%s is too long a name", link->interface);
	r = clear_others(p, err);
	for (unsigned i = 0; !r && i < p->n; i++)
		r = set_up_lane(p, i, link, err);
	if (!r && (options->clone || options->burst > 1))
		cb_warn("pktgen sends each frame several times (clone %" PRId64 ", burst %" PRId64
			"): copies can't be told apart, so duplicates and reordering are not known",
			options->clone, options->burst);
	return r;
}

void cb_pktgen_take_down(struct cb_pktgen *p)
{
	if (p->added && p->io->write(p->io_arg, CB_PKTGEN_CONTROL, "reset\n"))
		cb_warn("pktgen's devices can't be taken away");
	p->added = false;
}
