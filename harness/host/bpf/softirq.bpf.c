// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * How long softirqs take: per vector, and for watched processes the part that ran on their time.
 * Softirqs do not nest on a CPU (handle_softirqs in kernel/softirq.c runs with bottom halves off),
 * so one start time a CPU is enough, and all maps are per CPU: no atomics.
 */
#include "harness/host/bpf/softirq_maps.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* when the running softirq began; 0: none is running */
} began SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CB_SOFTIRQ_VECTORS);
	__type(key, __u32);
	__type(value, struct cb_softirq_total);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, CB_SOFTIRQ_WATCHED);
	__type(key, __u32);   /* process (thread group) */
	__type(value, __u64); /* ns */
} watched SEC(".maps");

/* The PID namespace that process numbers are meant in; 0, 0: the initial one. */
const volatile __u64 pid_namespace_dev = 0;
const volatile __u64 pid_namespace_ino = 0;

static __u32 current_process(void)
{
	struct bpf_pidns_info info = {};

	if (!pid_namespace_ino)
		return bpf_get_current_pid_tgid() >> 32;
	/* A process outside of that namespace has no number there. */
	if (bpf_get_ns_current_pid_tgid(pid_namespace_dev, pid_namespace_ino, &info, sizeof(info)))
		return 0;
	return info.tgid;
}

SEC("raw_tp/softirq_entry")
int softirq_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0;
	__u64 *start = bpf_map_lookup_elem(&began, &zero);

	(void)ctx;
	if (start)
		*start = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/softirq_exit")
int softirq_leave(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0, vector = ctx->args[0], process = current_process();
	__u64 *start = bpf_map_lookup_elem(&began, &zero);
	struct cb_softirq_total *total;
	__u64 *ns, spent;

	/* Attached in the middle of a softirq: its beginning was not seen. */
	if (!start || !*start)
		return 0;
	spent = bpf_ktime_get_ns() - *start;
	*start = 0;
	total = bpf_map_lookup_elem(&totals, &vector);
	if (total) {
		total->ns += spent;
		total->count++;
	}
	ns = bpf_map_lookup_elem(&watched, &process);
	if (ns)
		*ns += spent;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
