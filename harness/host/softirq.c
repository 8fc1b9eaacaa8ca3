#include "harness/host/softirq.h"

#include "harness/base/log.h"
#include "harness/base/text.h"
#include "harness/host/bpf/softirq_maps.h"
#include "harness/host/kconfig.h"
#include "harness/host/procfs.h"
#include "harness/host/softirq_state.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "softirq.skel.h"

#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO (include/linux/proc_ns.h) */
#define VERIFIER_LOG          (64u << 10)

static int refused_load(int sys_errno, const char *log, struct cb_error *err)
{
	char why[256];

	cb_bpf_refusal(log, why, sizeof(why));
	if (sys_errno == EPERM || sys_errno == EACCES) {
		if (!why[0])
			return cb_error_errno(err, CB_ERR_IMPOSSIBLE, sys_errno,
				"softirq time: eBPF needs root or CAP_BPF and CAP_PERFMON");
	}
	if (sys_errno == ENOSYS)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, sys_errno,
			"softirq time: this kernel has no eBPF (CONFIG_BPF_SYSCALL)");
	if (why[0])
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, sys_errno,
			"softirq time: the kernel refuses the eBPF program: %s", why);
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, sys_errno,
		"softirq time: the eBPF programs can't be loaded");
}

/* In a PID namespace of its own a process has another number than the kernel's. */
static void set_pid_namespace(struct softirq_bpf *bpf)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == INITIAL_PID_NAMESPACE)
		return;
	bpf->rodata->pid_namespace_dev = st.st_dev;
	bpf->rodata->pid_namespace_ino = st.st_ino;
}

static int load(struct softirq_bpf *bpf, struct cb_error *err)
{
	struct bpf_program *programs[] = {bpf->progs.softirq_enter, bpf->progs.softirq_leave};
	char *log = calloc(2, VERIFIER_LOG), *said;
	int r;

	if (!log)
		return cb_error_memory(err, "the verifier's log");
	for (size_t i = 0; i < 2; i++)
		bpf_program__set_log_buf(programs[i], log + i * VERIFIER_LOG, VERIFIER_LOG);
	set_pid_namespace(bpf);
	r = softirq_bpf__load(bpf);
	if (r) {
		said = log[0] ? log : log + VERIFIER_LOG;
		said[VERIFIER_LOG - 1] = 0;
		r = refused_load(-r, said, err);
	}
	/* The programs keep the pointers, but write there only while they are loaded. */
	for (size_t i = 0; i < 2; i++)
		bpf_program__set_log_buf(programs[i], NULL, 0);
	free(log);
	return r;
}

static int attach(struct softirq_bpf *bpf, struct cb_error *err)
{
	int r = softirq_bpf__attach(bpf);

	if (!r)
		return 0;
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, -r,
		"softirq time: the tracepoints irq:softirq_entry and irq:softirq_exit can't be "
		"had%s",
		r == -ENOENT ? "; this kernel has none (CONFIG_TRACEPOINTS)" : "");
}

/* A configuration without the option decides; with it, only a trial does. */
static int find_kernel_accounts(struct cb_softirq *s)
{
	char *config = cb_kconfig_read(), value[16] = "";
	bool never = config &&
		(!cb_proc_config(config, "CONFIG_IRQ_TIME_ACCOUNTING", value, sizeof(value)) ||
			strcmp(value, "y") != 0);

	free(config);
	return never ? 0 : cb_softirq_try_accounting(s);
}

int cb_softirq_open(struct cb_softirq **opened, struct cb_error *err)
{
	struct cb_softirq *s = calloc(1, sizeof(*s));
	int r = 0;

	*opened = NULL;
	if (!s)
		return cb_error_memory(err, "softirq time");
	cb_bpf_quiet();
	s->bpf = softirq_bpf__open();
	if (!s->bpf) {
		r = refused_load(errno, "", err);
		goto out;
	}
	s->cpus = libbpf_num_possible_cpus();
	if (s->cpus < 1) {
		r = cb_error_errno(err, CB_ERR_HOST, -s->cpus, "number of possible CPUs");
		goto out;
	}
	if ((r = load(s->bpf, err)) || (r = attach(s->bpf, err)))
		goto out;
	s->kernel_accounts = find_kernel_accounts(s);
out:
	if (r)
		cb_softirq_close(s);
	else
		*opened = s;
	return r;
}

void cb_softirq_close(struct cb_softirq *s)
{
	if (!s)
		return;
	softirq_bpf__destroy(s->bpf);
	free(s);
}

int cb_softirq_watch(struct cb_softirq *s, pid_t pid, struct cb_error *err)
{
	int fd = bpf_map__fd(s->bpf->maps.watched);
	uint64_t *zero = calloc((size_t)s->cpus, sizeof(*zero));
	uint32_t key = (uint32_t)pid;
	int r = 0;

	if (!zero)
		return cb_error_memory(err, "softirq time");
	if (bpf_map_update_elem(fd, &key, zero, BPF_ANY))
		r = errno == E2BIG
			? cb_error_set(err, CB_ERR_INTERNAL,
				  "softirq time: process %d is one too many; %d can be watched",
				  (int)pid, CB_SOFTIRQ_WATCHED)
			: cb_error_errno(err, CB_ERR_INTERNAL, errno,
				  "softirq time: process %d can't be watched", (int)pid);
	free(zero);
	return r;
}

static int not_watched(pid_t pid, int sys_errno, struct cb_error *err)
{
	if (sys_errno == ENOENT)
		return cb_error_set(
			err, CB_ERR_INTERNAL, "softirq time: process %d is not watched", (int)pid);
	return cb_error_errno(
		err, CB_ERR_INTERNAL, sys_errno, "softirq time of process %d", (int)pid);
}

int cb_softirq_unwatch(struct cb_softirq *s, pid_t pid, struct cb_error *err)
{
	uint32_t key = (uint32_t)pid;

	if (bpf_map_delete_elem(bpf_map__fd(s->bpf->maps.watched), &key))
		return not_watched(pid, errno, err);
	return 0;
}

int cb_softirq_of(struct cb_softirq *s, pid_t pid, int64_t *ns, struct cb_error *err)
{
	uint64_t *values = calloc((size_t)s->cpus, sizeof(*values));
	uint32_t key = (uint32_t)pid;
	int r = 0;

	*ns = 0;
	if (!values)
		return cb_error_memory(err, "softirq time");
	if (bpf_map_lookup_elem(bpf_map__fd(s->bpf->maps.watched), &key, values))
		r = not_watched(pid, errno, err);
	for (int cpu = 0; cpu < s->cpus && !r; cpu++)
		*ns += (int64_t)values[cpu];
	free(values);
	return r;
}

int cb_softirq_total(
	struct cb_softirq *s, uint32_t vector, struct cb_softirq_total *total, struct cb_error *err)
{
	struct cb_softirq_total *values = calloc((size_t)s->cpus, sizeof(*values));
	int r = 0;

	*total = (struct cb_softirq_total){0};
	if (!values)
		return cb_error_memory(err, "softirq time");
	if (bpf_map_lookup_elem(bpf_map__fd(s->bpf->maps.totals), &vector, values))
		r = cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "softirq time of vector %u", vector);
	for (int cpu = 0; cpu < s->cpus && !r; cpu++) {
		total->ns += values[cpu].ns;
		total->count += values[cpu].count;
	}
	free(values);
	return r;
}

int cb_softirq_net_rx(struct cb_softirq *s, int64_t *ns, struct cb_error *err)
{
	struct cb_softirq_total total;
	int r = cb_softirq_total(s, CB_SOFTIRQ_NET_RX, &total, err);

	*ns = (int64_t)total.ns;
	return r;
}

int cb_softirq_kernel_accounts(const struct cb_softirq *s)
{
	return s->kernel_accounts;
}
