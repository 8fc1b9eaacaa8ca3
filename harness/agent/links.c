/* Requests about the link and its counters. */
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/agent/undo.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/host/host.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <string.h>

#define LINK_UP_NS (3 * CB_NS_PER_SEC)
#define QUEUES_MAX 4096 /* as rtnetlink has it (rtnl_create_link, net/core/rtnetlink.c) */
/* A NAPI thread that shares its core with a spinning capture process gets its turn within a few
 * scheduler slices of 3 ms (kernel/sched/fair.c, sysctl_sched_base_slice). */
#define QUIET_NS (12 * CB_NS_PER_MS)

int cb_agent_link_create(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16], peer[16];
	struct cb_veth_spec spec = {.name = name, .peer = peer};
	int64_t pid = 0, queues = 0;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_agent_arg_interface(args, "peer", peer, err);
	if (!r && json_object_get(args, "queues"))
		r = cb_agent_arg_count(args, "queues", 1, QUEUES_MAX, &queues, err);
	if (!r)
		r = cb_agent_arg_count(args, "peer_pid", 1, INT32_MAX, &pid, err);
	if (!r)
		r = cb_agent_arg_mac(args, "mac", spec.mac, err);
	if (!r)
		r = cb_agent_arg_mac(args, "peer_mac", spec.peer_mac, err);
	spec.peer_pid = (pid_t)pid;
	spec.queues = (uint32_t)queues;
	return r ? r : cb_link_create_veth(&spec, err);
}

int cb_agent_link_queues(
	struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16];
	int64_t queues = 0;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_agent_arg_count(args, "queues", 1, QUEUES_MAX, &queues, err);
	return r ? r : cb_link_queues(name, (uint32_t)queues, cb_deadline_in(LINK_UP_NS), err);
}

/*
 * Frames are to be one skb each from end to end, and threaded NAPI needs TSO off on the sending end
 * (see cb_link_tso).
 */
static int offloads_off(const char *name, struct cb_error *err)
{
	int r = cb_link_tso(name, false, err);

	return r ? r : cb_link_feature(name, "tx-generic-segmentation", false, err);
}

static int make_ready(struct cb_agent *a, const char *name, struct cb_error *err)
{
	int r = a->undo ? cb_undo_begin_change(a->undo, name, err) : 0;

	if (r)
		return r;
	r = offloads_off(name, err);
	if (!r)
		r = cb_link_up(name, err);
	if (a->undo)
		cb_undo_end_change(a->undo);
	return r;
}

int cb_agent_link_up(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16], mac[18];
	int64_t timeout_ns;
	struct cb_link_info info;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_agent_arg_time(args, "timeout_ns", LINK_UP_NS, &timeout_ns, err);
	if (!r)
		r = make_ready(a, name, err);
	if (!r)
		r = cb_link_wait_running(name, cb_deadline_in((uint64_t)timeout_ns), err);
	if (!r)
		r = cb_link_info(name, &info, err);
	if (r)
		return r;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
		info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
	r = cb_json_set_text(reply, "mac", mac);
	r |= cb_json_set_count(reply, "ifindex", info.ifindex);
	r |= cb_json_set_count(reply, "mtu", info.mtu);
	r |= cb_json_set_text(reply, "driver", info.driver);
	return r ? cb_error_memory(err, "the reply") : 0;
}

int cb_agent_receive(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16], mode[16];
	struct cb_receive want = {.mode = CB_RECEIVE_SOFTIRQ};
	int64_t cpu = -1;
	int m = 0;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_json_text(args, "mode", mode, sizeof(mode), err);
	if (!r)
		r = cb_agent_arg_count(args, "cpu", -1, CB_HOST_CPUS_MAX - 1, &cpu, err);
	if (!r)
		r = cb_agent_arg_bool(args, "napi", false, &want.napi, err);
	if (r)
		return r;
	while (cb_receive_mode_names[m] && strcmp(cb_receive_mode_names[m], mode) != 0)
		m++;
	if (!cb_receive_mode_names[m])
		return cb_error_set(err, CB_ERR_USAGE, "mode \"%s\" is not known", mode);
	want.mode = (enum cb_receive_mode)m;
	want.cpu = (int)cpu;
	r = a->undo ? cb_undo_begin_change(a->undo, name, err) : 0;
	if (r)
		return r;
	r = cb_receive_set(name, &want, err);
	if (a->undo)
		cb_undo_end_change(a->undo);
	return r;
}

static json_t *link_json(const struct cb_link_counters *c)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{"rx_packets", c->rx_packets},
		{"tx_packets", c->tx_packets},
		{"rx_dropped", c->rx_dropped},
		{"tx_dropped", c->tx_dropped},
		{"rx_errors", c->rx_errors},
		{"tx_errors", c->tx_errors},
		{"rx_missed", c->rx_missed},
		{"nic_ring_dropped", c->nic_ring_dropped},
		{"xdp_refused", c->xdp_refused},
	};
	json_t *json = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		cb_json_set_count(json, rows[i].name, rows[i].value);
	return json;
}

static json_t *cpus_json(const struct cb_host_counters *c)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < c->n_cpus && i < CB_HOST_CPUS_MAX; i++) {
		json_t *cpu;

		if (!c->cpu[i].online)
			continue;
		cpu = json_object();
		cb_json_set_count(cpu, "cpu", i);
		cb_json_set_count(cpu, "processed", c->cpu[i].processed);
		cb_json_set_count(cpu, "dropped", c->cpu[i].dropped);
		cb_json_set_count(cpu, "squeezed", c->cpu[i].squeezed);
		cb_json_set_count(cpu, "rps", c->cpu[i].rps);
		cb_json_set_count(cpu, "backlog", c->cpu[i].backlog);
		cb_json_set_count(cpu, "steal_ns", c->cpu[i].steal_ns);
		json_array_append_new(array, cpu);
	}
	return array;
}

int cb_agent_counters(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16];
	struct cb_link_counters link;
	struct cb_host_counters host;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_link_counters(name, &link, err);
	if (!r)
		r = cb_host_counters_read(&host, err);
	if (r)
		return r;
	r = cb_json_set_count(reply, "time_ns", (int64_t)host.time_ns);
	r |= cb_json_set_count(reply, "real_ns", (int64_t)cb_real_ns());
	r |= cb_json_set_count(reply, "napi_thread_ns", cb_receive_thread_ns(name));
	r |= cb_json_set_count(reply, "interrupts", host.interrupts);
	r |= json_object_set_new(reply, "link", link_json(&link));
	r |= json_object_set_new(reply, "cpus", cpus_json(&host));
	return r ? cb_error_memory(err, "the reply") : 0;
}

/* Frames that have left the link, in whichever way. */
static int moved(const char *name, int64_t *n, struct cb_error *err)
{
	struct cb_link_counters c;
	int r = cb_link_counters(name, &c, err);

	if (r)
		return r;
	*n = c.rx_packets + c.tx_packets + c.rx_dropped + c.tx_dropped;
	if (c.nic_ring_dropped != CB_UNKNOWN)
		*n += c.nic_ring_dropped;
	return 0;
}

/* Nothing to do for a moment, but the controller is heard. */
static int rest(struct cb_agent *a, uint64_t ns, struct cb_error *err)
{
	int r = cb_agent_wait(a, NULL, 0, cb_deadline_in(ns), err);

	return r == CB_ERR_HOST ? 0 : r;
}

/*
 * The backlog of every CPU is empty, and the device's counters stand still for a while: the ring
 * of a veth's NAPI can't be looked into.
 */
static int wait_still(struct cb_agent *a, const char *name, uint64_t deadline, struct cb_error *err)
{
	int64_t before = -1, now;
	uint64_t since = 0;

	for (;;) {
		int r = cb_host_wait_quiet(deadline, err);

		if (!r)
			r = moved(name, &now, err);
		if (r)
			return r;
		if (now != before) {
			before = now;
			since = cb_now_ns();
		} else if (cb_now_ns() - since >= QUIET_NS) {
			return 0;
		}
		if (cb_now_ns() >= deadline)
			return cb_error_set(err, CB_ERR_HOST, "frames still move on %s", name);
		r = rest(a, 2 * CB_NS_PER_MS, err);
		if (r)
			return r;
	}
}

int cb_agent_quiet(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char name[16];
	int64_t timeout_ns = 0;
	int r = cb_agent_arg_interface(args, "interface", name, err);

	if (!r)
		r = cb_agent_arg_time(args, "timeout_ns", -1, &timeout_ns, err);
	return r ? r : wait_still(a, name, cb_deadline_in((uint64_t)timeout_ns), err);
}
