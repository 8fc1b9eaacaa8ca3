/*
 * What softirqs are charged to, and what measuring them costs: found out by raising some. A thread
 * of its own sends frames over the loopback of a network namespace of its own; each raises one
 * NET_RX softirq, which runs on the sender's time when the send leaves the network code.
 */
#include "harness/base/clock.h"
#include "harness/host/bpf/softirq_maps.h"
#include "harness/host/softirq_state.h"
#include "harness/net/link.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "softirq.skel.h"

#define ROUNDS           7
#define FRAMES_PER_ROUND 1000

struct trial {
	struct cb_softirq *s;
	bool cost; /* also ask the kernel what the programs cost */
	struct cb_softirq_round rounds[ROUNDS];
	double cost_ns[ROUNDS];
	int socket; /* on the loopback of the thread's namespace */
	int result;
	struct cb_error err;
};

static int open_loopback(struct trial *t)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int r;

	if (unshare(CLONE_NEWNET))
		return cb_error_errno(&t->err, CB_ERR_IMPOSSIBLE, errno,
			"a network namespace to raise softirqs in needs root (CAP_SYS_ADMIN)");
	if ((r = cb_link_up("lo", &t->err)))
		return r;
	t->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex("lo");
	if (t->socket < 0 || bind(t->socket, (struct sockaddr *)&to, sizeof(to)))
		return cb_error_errno(&t->err, CB_ERR_IMPOSSIBLE, errno, "packet socket on lo");
	return 0;
}

static int send_frames(struct trial *t)
{
	/* Local experimental EtherType (IEEE 802): nobody listens. */
	static const uint8_t frame[60] = {[12] = 0x88, [13] = 0xb5};

	for (int i = 0; i < FRAMES_PER_ROUND; i++)
		if (send(t->socket, frame, sizeof(frame), 0) < 0)
			return cb_error_errno(&t->err, CB_ERR_HOST, errno, "sending on lo");
	return 0;
}

static int64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)cb_timespec_ns(&ts);
}

/* Run time and runs of both programs so far. */
struct runs {
	uint64_t ns[2], n[2];
};

static int read_runs(struct cb_softirq *s, struct runs *runs, struct cb_error *err)
{
	const int fds[2] = {bpf_program__fd(s->bpf->progs.softirq_enter),
		bpf_program__fd(s->bpf->progs.softirq_leave)};

	for (int i = 0; i < 2; i++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(fds[i], &info, &size))
			return cb_error_errno(
				err, CB_ERR_IMPOSSIBLE, errno, "statistics of the eBPF programs");
		runs->ns[i] = info.run_time_ns;
		runs->n[i] = info.run_cnt;
	}
	return 0;
}

static double cost_between(const struct runs *a, const struct runs *b)
{
	double sum = 0;

	for (int i = 0; i < 2; i++)
		if (b->n[i] > a->n[i])
			sum += (double)(b->ns[i] - a->ns[i]) / (double)(b->n[i] - a->n[i]);
	return sum;
}

static int run_round(struct trial *t, size_t i)
{
	struct cb_softirq_round *round = &t->rounds[i];
	struct runs before = {{0}, {0}}, after = {{0}, {0}};
	int64_t softirq_ns, wall_ns, cpu_ns;
	pid_t self = getpid();
	int r;

	if ((t->cost && (r = read_runs(t->s, &before, &t->err))) ||
		(r = cb_softirq_of(t->s, self, &softirq_ns, &t->err)))
		return r;
	wall_ns = (int64_t)cb_now_ns();
	cpu_ns = thread_cpu_ns();
	r = send_frames(t);
	round->cpu_ns = thread_cpu_ns() - cpu_ns;
	round->wall_ns = (int64_t)cb_now_ns() - wall_ns;
	if (r || (r = cb_softirq_of(t->s, self, &round->softirq_ns, &t->err)) ||
		(t->cost && (r = read_runs(t->s, &after, &t->err))))
		return r;
	round->softirq_ns -= softirq_ns;
	t->cost_ns[i] = cost_between(&before, &after);
	return 0;
}

static void *run_trial(void *arg)
{
	struct trial *t = arg;
	int r = open_loopback(t);

	for (size_t i = 0; i < ROUNDS && !r; i++)
		r = run_round(t, i);
	if (t->socket >= 0)
		close(t->socket);
	t->result = r;
	return NULL;
}

/* The process is watched meanwhile, unless it is already. */
static int watch_and_run(struct trial *t)
{
	pid_t self = getpid();
	int64_t ns;
	pthread_t thread;
	bool watched = !cb_softirq_of(t->s, self, &ns, NULL);
	int r;

	if (!watched && (r = cb_softirq_watch(t->s, self, &t->err)))
		return r;
	r = pthread_create(&thread, NULL, run_trial, t);
	if (r) {
		r = cb_error_errno(&t->err, CB_ERR_INTERNAL, r, "thread");
	} else {
		pthread_join(thread, NULL);
		r = t->result;
	}
	if (!watched)
		cb_softirq_unwatch(t->s, self, NULL);
	return r;
}

int cb_softirq_verdict(const struct cb_softirq_round *rounds, size_t n)
{
	double least = 2;

	for (size_t i = 0; i < n; i++) {
		double missing = (double)(rounds[i].wall_ns - rounds[i].cpu_ns);

		/* A share that could as well be an interrupt or a clock's error says nothing. */
		if (rounds[i].softirq_ns <= 0 || rounds[i].softirq_ns * 20 < rounds[i].wall_ns)
			continue;
		if (missing / (double)rounds[i].softirq_ns < least)
			least = missing / (double)rounds[i].softirq_ns;
	}
	if (least >= 2)
		return -1;
	return least > 0.5;
}

int cb_softirq_try_accounting(struct cb_softirq *s)
{
	struct trial t = {.s = s, .socket = -1};

	return watch_and_run(&t) ? -1 : cb_softirq_verdict(t.rounds, ROUNDS);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int cb_softirq_cost(struct cb_softirq *s, double *ns, struct cb_error *err)
{
	struct trial t = {.s = s, .cost = true, .socket = -1};
	int r, statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (statistics < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"run-time statistics of eBPF programs need root (CAP_SYS_ADMIN)");
	r = watch_and_run(&t);
	close(statistics);
	if (r) {
		if (err)
			*err = t.err;
		return r;
	}
	qsort(t.cost_ns, ROUNDS, sizeof(t.cost_ns[0]), compare);
	*ns = t.cost_ns[ROUNDS / 2];
	return 0;
}
