#include "capturers/mechanisms/af_xdp_program.h"

#include "capturers/share.h"
#include "harness/net/bpf.h"
#include "harness/net/xsk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "af_xdp.skel.h"

#define WHAT "mechanism af-xdp"

int cb_af_xdp_program_probe(struct cb_error *err)
{
	int rc = cb_xsk_probe(err);

	return rc ? rc : cb_bpf_probe(WHAT, err);
}

/* What outlives the object. */
static int keep(int *kept, int fd, struct cb_error *err)
{
	*kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *kept < 0 ? cb_error_errno(err, CB_ERR_HOST, errno, WHAT) : 0;
}

static int load(struct cb_af_xdp_program *p, uint32_t queues, struct cb_error *err)
{
	struct af_xdp_bpf *bpf;
	int rc;

	cb_bpf_quiet();
	bpf = af_xdp_bpf__open();
	if (!bpf)
		return cb_bpf_refused(WHAT, errno, "", err);
	bpf_map__set_max_entries(bpf->maps.sockets, queues);
	rc = cb_bpf_load(bpf->skeleton, WHAT, err);
	if (!rc)
		rc = keep(&p->program, bpf_program__fd(bpf->progs.af_xdp), err);
	if (!rc)
		rc = keep(&p->sockets, bpf_map__fd(bpf->maps.sockets), err);
	af_xdp_bpf__destroy(bpf);
	return rc;
}

int cb_af_xdp_program_open(struct cb_af_xdp_program *p, const struct cb_tap *tap,
	enum cb_xdp_mode mode, uint32_t queues, struct cb_error *err)
{
	int rc;

	*p = CB_AF_XDP_PROGRAM_NONE;
	rc = load(p, queues, err);
	if (!rc)
		rc = cb_filter_program_compile(
			&p->filter, tap->filter, CB_FILTER_AT_XDP, p->program, err);
	if (!rc)
		rc = cb_bpf_attach_xdp(&p->attachment,
			p->filter.program >= 0 ? p->filter.program : p->program, tap->ifindex,
			tap->interface, mode, "af-xdp:mode=skb", err);
	if (rc)
		cb_af_xdp_program_close(p);
	return rc;
}

void cb_af_xdp_program_close(struct cb_af_xdp_program *p)
{
	cb_bpf_detach(&p->attachment);
	cb_filter_program_close(&p->filter);
	if (p->sockets >= 0)
		close(p->sockets);
	if (p->program >= 0)
		close(p->program);
	*p = CB_AF_XDP_PROGRAM_NONE;
}

struct shared_program {
	struct cb_shared_tap shared; /* first */
	struct cb_af_xdp_program program;
};

static void close_shared(struct cb_shared_tap *shared)
{
	struct shared_program *s = (struct shared_program *)shared;

	cb_af_xdp_program_close(&s->program);
	free(s);
}

int cb_af_xdp_program_share(const struct cb_tap *tap, enum cb_xdp_mode mode, uint32_t queues,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err)
{
	struct shared_program *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return cb_error_memory(err, "a shared tap");
	rc = cb_af_xdp_program_open(&s->program, tap, mode, queues, err);
	if (rc) {
		free(s);
		return rc;
	}
	s->shared =
		(struct cb_shared_tap){.processes = processes, .n_fds = 1, .close = close_shared};
	for (unsigned i = 0; i < processes; i++)
		s->shared.fds[i][0] = s->program.sockets;
	*shared = &s->shared;
	return 0;
}
