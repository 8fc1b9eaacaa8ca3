#include "harness/net/bpf_attach.h"

#include "harness/base/log.h"
#include "harness/net/bpf.h"
#include "harness/net/bpf_attach_filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
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

void cb_bpf_detach(struct cb_bpf_attachment *a)
{
	if (a->link_fd >= 0)
		close(a->link_fd);
	cb_bpf_filter_remove(a);
	*a = CB_BPF_DETACHED;
}
