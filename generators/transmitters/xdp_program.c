#include "generators/transmitters/xdp_program.h"

#include "generators/traffic/frame.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "xdp_generate.skel.h"

#define WHAT             "transmitter xdp"
#define LOOPBACK_IFINDEX 1
#define OWN_NAMESPACE    "/proc/thread-self/ns/net"

/* Linux 5.18; the first distributions to have it have it in their headers, too, but not all that
 * build programs for them. */
#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

static int load(struct cb_xdp_program *p, const struct cb_link *link, struct cb_error *err)
{
	int rc;

	cb_bpf_quiet();
	p->skeleton = xdp_generate_bpf__open();
	if (!p->skeleton)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, WHAT ": its eBPF object");
	p->skeleton->rodata->target_ifindex = link->ifindex;
	p->skeleton->rodata->stamp_offset = link->frame->stamp_offset;
	p->skeleton->rodata->checksum = link->frame->checksum;
	p->skeleton->rodata->checksum_sum = link->frame->checksum_sum;
	p->skeleton->rodata->tagged = link->frame->ip_offset > CB_FRAME_HEADER;
	memcpy((void *)p->skeleton->rodata->head, link->frame->bytes,
		sizeof(p->skeleton->rodata->head));
	p->skeleton->rodata->stamp_key = link->key;
	p->skeleton->rodata->stamp_stream = link->stream;
	rc = cb_bpf_load(p->skeleton->skeleton, WHAT, err);
	if (rc)
		return rc;
	p->call = &p->skeleton->bss->call;
	p->make_frame_fd = bpf_program__fd(p->skeleton->progs.make_frame);
	rc = xdp_generate_bpf__attach(p->skeleton);
	if (!rc)
		return 0;
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
		WHAT ": the tracepoints xdp:xdp_devmap_xmit and xdp:xdp_redirect_err can't be had, "
		     "and without them refused frames are not known%s",
		rc == -EPERM ? ": run as root" : "");
}

static int attach_elsewhere(struct cb_xdp_program *p)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_SKB_MODE);

	p->namespace_fd = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
	p->hold_fd = bpf_link_create(p->make_frame_fd, LOOPBACK_IFINDEX, BPF_XDP, &options);
	return p->hold_fd < 0 ? p->hold_fd : 0;
}

/*
 * A call that runs a program more than once enters it into the XDP dispatcher and takes it out
 * again (net/bpf/test_run.c bpf_prog_change_xdp), each time rewriting code and waiting for a grace
 * period: some 30 ms. A program that is attached to a device is in the dispatcher already. So it is
 * attached to the loopback device of a network namespace of its own, which never sees a packet and
 * lives as long as the descriptors.
 */
static int hold_dispatcher(struct cb_xdp_program *p, struct cb_error *err)
{
	int home = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC), rc;

	if (home < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, OWN_NAMESPACE);
	if (unshare(CLONE_NEWNET)) {
		rc = cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			WHAT " needs a network namespace of its own: run as root");
		goto out;
	}
	rc = attach_elsewhere(p);
	if (rc)
		rc = cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			WHAT ": attaching the eBPF program to a loopback device");
	if (setns(home, CLONE_NEWNET))
		rc = cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "going back to one's network namespace");
out:
	close(home);
	return rc;
}

int cb_xdp_program_run(struct cb_xdp_program *p, uint32_t n, uint32_t batch)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = p->frame->bytes,
		.data_size_in = p->frame->length, .repeat = (int)n,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = batch);

	return bpf_prog_test_run_opts(p->make_frame_fd, &options);
}

/* A run in which no frame may be made. What live frames don't fit into is found by trying: a page
 * less what the kernel keeps in it, which differs between kernels. */
static int rehearse(struct cb_xdp_program *p, struct cb_error *err)
{
	static const struct cb_template small = {.length = 64};
	int rc = cb_xdp_program_run(p, 1, 1);

	if (!rc)
		return 0;
	p->frame = &small;
	if (rc == -EINVAL && !cb_xdp_program_run(p, 1, 1))
		return cb_error_set(err, CB_ERR_USAGE,
			WHAT " makes frames within a page of memory, and the kernel keeps some "
			     "700 bytes of it: take a smaller frame size or the transmitter "
			     "packet");
	if (rc == -EINVAL)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			WHAT " needs live frames in BPF_PROG_RUN, which Linux 5.18 and newer have");
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc, WHAT ": BPF_PROG_RUN");
}

int cb_xdp_program_open(struct cb_xdp_program *p, const struct cb_link *link, struct cb_error *err)
{
	int rc;

	*p = (struct cb_xdp_program){.frame = link->frame, .namespace_fd = -1, .hold_fd = -1};
	rc = load(p, link, err);
	if (!rc)
		rc = hold_dispatcher(p, err);
	if (!rc)
		rc = rehearse(p, err);
	if (rc)
		cb_xdp_program_close(p);
	return rc;
}

void cb_xdp_program_close(struct cb_xdp_program *p)
{
	if (!p->skeleton)
		return;
	if (p->hold_fd >= 0)
		close(p->hold_fd);
	if (p->namespace_fd >= 0)
		close(p->namespace_fd);
	xdp_generate_bpf__destroy(p->skeleton);
	*p = (struct cb_xdp_program){.namespace_fd = -1, .hold_fd = -1};
}
