#include "harness/net/bpf_attach_filter.h"

#include "harness/base/json.h"
#include "harness/base/log.h"
#include "harness/base/undo_file.h"
#include "harness/net/bpf.h"
#include "harness/net/netlink.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 4

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

/* Each message is what there is to remove from now on; the end of them is the end of the owner,
 * whose undo file `undo` is. */
static _Noreturn void guard(int fd, struct cb_undo_file *undo)
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
	if (undo)
		cb_undo_file_remove(undo);
	_exit(0);
}

static int start_guard(struct cb_bpf_attachment *a, struct cb_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return cb_error_errno(err, CB_ERR_HOST, errno, "a tc filter's guard");
	a->guard = fork();
	if (!a->guard)
		guard(ends[0], a->undo);
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

/* ---- for `clean` ----------------------------------------------------------------------------- */

/* Not having one costs only what `clean` could do if both processes were killed. */
static void open_undo(struct cb_bpf_attachment *a)
{
	struct cb_error why = {0};

	a->undo = calloc(1, sizeof(*a->undo));
	if (!a->undo || !cb_undo_file_open(a->undo, NULL, &why))
		return;
	cb_debug("%s", why.text);
	free(a->undo);
	a->undo = NULL;
}

/* Before the filter is there, so by its program: the kernel chooses its handle. */
static int note_undo(
	const struct cb_bpf_attachment *a, int program, const char *interface, struct cb_error *err)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	struct cb_error why = {0};

	if (!a->undo)
		return 0;
	if (bpf_obj_get_info_by_fd(program, &info, &size))
		return cb_error_errno(err, CB_ERR_HOST, errno, "a tc filter's program");
	if (cb_undo_file_add(a->undo,
		    json_pack("{s:s, s:s, s:I, s:I, s:b}", "kind", CB_BPF_FILTER_UNDO, "interface",
			    interface, "ifindex", (json_int_t)a->ifindex, "program",
			    (json_int_t)info.id, "made_qdisc", a->made_qdisc),
		    &why))
		cb_debug("%s", why.text);
	return 0;
}

static void close_undo(struct cb_bpf_attachment *a)
{
	if (a->undo)
		cb_undo_file_remove(a->undo);
	free(a->undo);
	a->undo = NULL;
}

struct wanted_filter {
	uint32_t program;
	struct cb_bpf_attachment *found;
};

static int find_program(const struct nlattr *attr, void *arg)
{
	uint32_t *program = arg;

	if (mnl_attr_get_type(attr) == TCA_BPF_ID && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*program = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_filter(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(nlh);
	struct wanted_filter *w = arg;
	const struct nlattr *attr;
	uint32_t program = 0;

	if (nlh->nlmsg_type != RTM_NEWTFILTER)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*tc))
	{
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			mnl_attr_parse_nested(attr, find_program, &program);
	}
	if (program && program == w->program) {
		w->found->filter = true;
		w->found->handle = tc->tcm_handle;
		w->found->priority = TC_H_MAJ(tc->tcm_info) >> 16;
	}
	return MNL_CB_OK;
}

/* Fills a->filter, handle and priority when a filter with this program stands at tc ingress. */
static void find_filter(struct cb_bpf_attachment *a, uint32_t program)
{
	struct wanted_filter w = {program, a};
	struct nlmsghdr *nlh;
	struct tcmsg *tc;
	struct cb_netlink n;

	if (cb_netlink_open(&n, NETLINK_ROUTE, 0, NULL))
		return;
	nlh = cb_netlink_request(&n, RTM_GETTFILTER, NLM_F_DUMP);
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_ifindex = (int)a->ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	cb_netlink_talk(&n, nlh, on_filter, &w, "tc filters", NULL);
	cb_netlink_close(&n);
}

bool cb_bpf_filter_undo(const json_t *entry, char *text, size_t size)
{
	struct cb_bpf_attachment a = CB_BPF_DETACHED;
	int64_t ifindex = 0, program = 0;
	char interface[IFNAMSIZ] = "";
	bool there;

	if (cb_json_text(entry, "interface", interface, sizeof(interface), NULL) ||
		cb_json_count(entry, "ifindex", &ifindex, NULL) ||
		cb_json_count(entry, "program", &program, NULL) ||
		cb_json_bool(entry, "made_qdisc", &a.made_qdisc, NULL) ||
		if_nametoindex(interface) != (unsigned)ifindex)
		return false;
	a.ifindex = (unsigned)ifindex;
	find_filter(&a, (uint32_t)program);
	there = a.filter;
	remove_filter(&a);
	snprintf(text, size, "removed a tc filter of capbench from %s", interface);
	return there;
}

/* ---------------------------------------------------------------------------------------------- */

static int make_qdisc(
	struct cb_bpf_attachment *a, int program, const char *interface, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex, .attach_point = BPF_TC_INGRESS);
	int rc = bpf_tc_hook_create(&hook);

	if (rc == -EPERM)
		return cb_bpf_refused("a tc filter", rc, "", err);
	if (rc && rc != -EEXIST)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			"a clsact qdisc on \"%s\" (CONFIG_NET_SCH_INGRESS)", interface);
	a->made_qdisc = !rc;
	tell_guard(a);
	return note_undo(a, program, interface, err);
}

/* The qdisc of another process may go with its last filter before ours is there: made anew. */
static int add_filter(
	struct cb_bpf_attachment *a, int program, const char *interface, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int tries = 0, rc;

	do {
		rc = make_qdisc(a, program, interface, err);
		if (rc)
			return rc;
		rc = bpf_tc_attach(&hook, &options);
	} while ((rc == -ENOENT || rc == -EINVAL) && !a->made_qdisc && ++tries < TRIES);
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
	open_undo(a);
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
	close_undo(a);
	if (a->guard_fd < 0)
		return;
	tell_guard(a);
	end_guard(a);
}
