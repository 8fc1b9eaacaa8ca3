#include "harness/net/bpf_attach.h"

#include "harness/base/log.h"
#include "harness/net/bpf.h"
#include "harness/net/netlink.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

/* Newer than Debian 12's headers: Linux 6.6, include/uapi/linux/bpf.h. */
#define TCX_INGRESS ((enum bpf_attach_type)46) /* BPF_TCX_INGRESS */
#define LINK_BEFORE (1u << 3)                  /* BPF_F_BEFORE: without a relative, before all */

static int refuse_xdp(int error, const char *interface, enum cb_xdp_mode mode, const char *generic,
	struct cb_error *err)
{
	switch (-error) {
	case EBUSY:
	case EEXIST:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" has an XDP program already (ip link show %s), and it can "
			"have only one: ip link set %s xdp off removes one that stands by itself",
			interface, interface, interface);
	case EPERM:
	case EACCES:
		return cb_bpf_refused("an XDP program", error, "", err);
	case EOPNOTSUPP:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the driver of interface \"%s\" has no %s XDP%s%s%s", interface,
			mode == CB_XDP_NATIVE ? "native" : "generic",
			mode == CB_XDP_NATIVE ? ": " : "", mode == CB_XDP_NATIVE ? generic : "",
			mode == CB_XDP_NATIVE ? " works on any" : "");
	case EINVAL:
	case ERANGE:
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, error,
			"the driver of interface \"%s\" refuses an XDP program as it is set up "
			"(a smaller MTU, offloads off or %s may do)",
			interface, generic);
	}
	return cb_error_errno(
		err, CB_ERR_HOST, error, "attaching an XDP program to \"%s\"", interface);
}

/* The descriptor of the link, or negative errno. */
static int link_xdp(int program, unsigned ifindex, enum cb_xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		.flags = mode == CB_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	return bpf_link_create(program, (int)ifindex, BPF_XDP, &options);
}

int cb_bpf_attach_xdp(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, enum cb_xdp_mode mode, const char *generic, struct cb_error *err)
{
	int fd;

	*a = CB_BPF_DETACHED;
	a->mode = mode == CB_XDP_AUTO ? CB_XDP_NATIVE : mode;
	fd = link_xdp(program, ifindex, a->mode);
	if (mode == CB_XDP_AUTO && fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM) {
		cb_debug("no native XDP on %s: %s", interface, strerror(-fd));
		a->mode = CB_XDP_GENERIC;
		fd = link_xdp(program, ifindex, a->mode);
	}
	if (fd < 0)
		return refuse_xdp(fd, interface, a->mode, generic, err);
	a->link_fd = fd;
	return 0;
}

int cb_bpf_attach_ingress_filter(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int rc;

	*a = CB_BPF_DETACHED;
	a->ifindex = ifindex;
	rc = bpf_tc_hook_create(&hook);
	if (rc && rc != -EEXIST)
		return rc == -EPERM
			? cb_bpf_refused("a tc filter", rc, "", err)
			: cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
				  "a clsact qdisc on \"%s\" (CONFIG_NET_SCH_INGRESS)", interface);
	a->made_qdisc = !rc;
	rc = bpf_tc_attach(&hook, &options);
	if (rc) {
		cb_bpf_detach(a);
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			"a tc filter on \"%s\" (CONFIG_NET_CLS_BPF)", interface);
	}
	a->filter = true;
	a->handle = options.handle;
	a->priority = options.priority;
	return 0;
}

int cb_bpf_attach_ingress(struct cb_bpf_attachment *a, int program, unsigned ifindex,
	const char *interface, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = LINK_BEFORE);
	int fd = bpf_link_create(program, (int)ifindex, TCX_INGRESS, &options);

	*a = CB_BPF_DETACHED;
	if (fd >= 0) {
		a->link_fd = fd;
		return 0;
	}
	if (fd == -EINVAL || fd == -EOPNOTSUPP)
		return cb_bpf_attach_ingress_filter(a, program, ifindex, interface, err);
	if (fd == -EPERM || fd == -EACCES)
		return cb_bpf_refused("a tc program", fd, "", err);
	return cb_error_errno(
		err, CB_ERR_HOST, fd, "attaching a program to tc ingress of \"%s\"", interface);
}

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

static void remove_filter(struct cb_bpf_attachment *a)
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

void cb_bpf_detach(struct cb_bpf_attachment *a)
{
	if (a->link_fd >= 0)
		close(a->link_fd);
	if (a->filter || a->made_qdisc)
		remove_filter(a);
	*a = CB_BPF_DETACHED;
}
