#include "harness/net/bpf_attach_filter.h"

#include "harness/base/log.h"
#include "harness/net/bpf.h"
#include "harness/net/netlink.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_filter(const struct nlmsghdr *nlh, void *arg)
{
	unsigned *n = arg;

	*n += nlh->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/* Has the clsact qdisc a filter, at either end? When it can't be told, yes. */
static bool has_filters(unsigned ifindex)
{
	static const uint32_t ends[] = {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS};
	struct cb_netlink n;
	unsigned filters = 0;
	int rc = cb_netlink_open(&n, NETLINK_ROUTE, 0, NULL);

	if (rc)
		return true;
	for (size_t i = 0; !rc && i < 2; i++) {
		struct nlmsghdr *nlh = cb_netlink_request(&n, RTM_GETTFILTER, NLM_F_DUMP);
		struct tcmsg *tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));

		tc->tcm_ifindex = (int)ifindex;
		tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ends[i]);
		rc = cb_netlink_talk(&n, nlh, count_filter, &filters, "tc filters", NULL);
	}
	cb_netlink_close(&n);
	return rc || filters;
}

static void remove_filter(const struct cb_bpf_attachment *a)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = a->handle, .priority = a->priority);
	int rc = a->filter ? bpf_tc_detach(&hook, &options) : 0;

	if (rc && rc != -ENODEV && rc != -ENOENT)
		cb_warn("a tc filter stays on interface %u: %s", a->ifindex, strerror(-rc));
	/* The qdisc goes if it was not there before, and others don't use it now. */
	if (a->made_qdisc && !has_filters(a->ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
}

/* ---- the guard ------------------------------------------------------------------------------- */

/*
 * Out of the reach of what may end the owner: signals, those to its process group, its terminal. It
 * holds none of the owner's descriptors, so that nobody takes them for still open.
 */
static void go_apart(int fd)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "cb-tc-guard");
	dup2(nothing, STDOUT_FILENO);
	dup2(nothing, STDERR_FILENO);
	dup2(fd, STDIN_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, 0);
}

/* Each message is what there is to remove from now on; the end of them is the end of the owner. */
static _Noreturn void guard(int fd)
{
	struct cb_bpf_attachment a = CB_BPF_DETACHED, next;
	ssize_t n;

	go_apart(fd);
	do {
		n = recv(STDIN_FILENO, &next, sizeof(next), 0);
		if (n == (ssize_t)sizeof(next))
			a = next;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (a.filter || a.made_qdisc)
		remove_filter(&a);
	_exit(0);
}

static int start_guard(struct cb_bpf_attachment *a, struct cb_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return cb_error_errno(err, CB_ERR_HOST, errno, "a tc filter's guard");
	a->guard = fork();
	if (!a->guard)
		guard(ends[0]);
	close(ends[0]);
	if (a->guard < 0) {
		close(ends[1]);
		return cb_error_errno(err, CB_ERR_HOST, errno, "a tc filter's guard");
	}
	a->guard_fd = ends[1];
	return 0;
}

/* A guard that is gone can't be told. */
static void tell_guard(const struct cb_bpf_attachment *a)
{
	if (send(a->guard_fd, a, sizeof(*a), MSG_NOSIGNAL) != (ssize_t)sizeof(*a))
		cb_warn("if this process is killed, a tc filter stays on interface %u: its guard "
			"is gone",
			a->ifindex);
}

static void end_guard(struct cb_bpf_attachment *a)
{
	close(a->guard_fd);
	while (waitpid(a->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---------------------------------------------------------------------------------------------- */

static int add_filter(
	struct cb_bpf_attachment *a, int program, const char *interface, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int rc = bpf_tc_hook_create(&hook);

	if (rc == -EPERM)
		return cb_bpf_refused("a tc filter", rc, "", err);
	if (rc && rc != -EEXIST)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			"a clsact qdisc on \"%s\" (CONFIG_NET_SCH_INGRESS)", interface);
	a->made_qdisc = !rc;
	tell_guard(a);
	rc = bpf_tc_attach(&hook, &options);
	if (rc)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			"a tc filter on \"%s\" (CONFIG_NET_CLS_BPF)", interface);
	a->filter = true;
	a->handle = options.handle;
	a->priority = options.priority;
	tell_guard(a);
	return 0;
}

int cb_bpf_attach_ingress_filter(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, struct cb_error *err)
{
	int rc;

	*a = CB_BPF_DETACHED;
	a->ifindex = ifindex;
	rc = start_guard(a, err);
	if (!rc)
		rc = add_filter(a, program, interface, err);
	if (rc)
		cb_bpf_detach(a);
	return rc;
}

void cb_bpf_filter_remove(struct cb_bpf_attachment *a)
{
	if (a->filter || a->made_qdisc)
		remove_filter(a);
	a->filter = a->made_qdisc = false;
	if (a->guard_fd < 0)
		return;
	tell_guard(a);
	end_guard(a);
}
