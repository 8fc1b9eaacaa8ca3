#include "capturers/mechanisms/bpf_ring_program.h"

#include "capturers/share.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf_ring.skel.h"

#define WHAT "mechanism bpf-ring"
/* The kernel's limit is on 4 GiB - 1, in a 32-bit number. */
#define RING_MAX (INT64_C(1) << 31)

static int load(struct cb_ring_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err)
{
	struct bpf_ring_bpf *bpf;

	cb_bpf_quiet();
	bpf = p->bpf = bpf_ring_bpf__open();
	if (!bpf) {
		cb_bpf_refused(WHAT, errno, "", err);
		return CB_ERR_IMPOSSIBLE;
	}
	bpf->rodata->processes = processes;
	bpf->rodata->snaplen = cb_bpf_tap_snaplen(tap);
	bpf->rodata->xdp_verdict = o->point == CB_BPF_TAP_XDP_TAKE ? XDP_DROP : XDP_PASS;
	bpf_program__set_autoload(bpf->progs.ring_socket, o->point == CB_BPF_TAP_SOCKET);
	bpf_program__set_autoload(bpf->progs.ring_xdp, o->point != CB_BPF_TAP_SOCKET);
	bpf_map__set_max_entries(bpf->maps.controls, processes);
	bpf_map__set_max_entries(bpf->maps.counts, processes);
	bpf_map__set_max_entries(bpf->maps.timers, processes);
	bpf_map__set_max_entries(bpf->maps.rings, 2 * processes);
	return cb_bpf_load(bpf->skeleton, WHAT, err);
}

/* A ring buffer's size is a power of two, and a page at least. */
static uint32_t ring_bytes(const struct cb_tap *tap)
{
	int64_t bytes = sysconf(_SC_PAGESIZE);

	while (bytes * 2 <= tap->buffer && bytes < RING_MAX)
		bytes *= 2;
	return (uint32_t)bytes;
}

static int make_ring(int *fd, uint32_t bytes, struct cb_error *err)
{
	*fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cb_ring", 0, 0, bytes, NULL);
	if (*fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, *fd,
			WHAT ": a ring of %u bytes (a smaller buffer may do)", bytes);
	return 0;
}

static int add_process(struct cb_ring_program *p, const struct cb_tap *tap, struct cb_error *err)
{
	int *fds = p->fds[p->processes++], rc;

	fds[CB_RING_FD_WAKEUPS] = -1;
	fds[CB_RING_FD_CONTROLS] = bpf_map__fd(p->bpf->maps.controls);
	fds[CB_RING_FD_COUNTS] = bpf_map__fd(p->bpf->maps.counts);
	rc = make_ring(&fds[CB_RING_FD_RING], ring_bytes(tap), err);
	if (rc)
		return rc;
	return make_ring(&fds[CB_RING_FD_WAKEUPS], (uint32_t)sysconf(_SC_PAGESIZE), err);
}

static int fill_rings(struct cb_ring_program *p, struct cb_error *err)
{
	int rings[2 * CB_TAP_PROCESSES_MAX];

	for (size_t i = 0; i < p->processes; i++) {
		rings[2 * i] = p->fds[i][CB_RING_FD_RING];
		rings[2 * i + 1] = p->fds[i][CB_RING_FD_WAKEUPS];
	}
	return cb_bpf_tap_fill(bpf_map__fd(p->bpf->maps.rings), rings, 2 * p->processes, err);
}

void cb_ring_program_close(struct cb_ring_program *p)
{
	cb_bpf_tap_close(&p->tap);
	for (unsigned i = 0; i < p->processes; i++) {
		if (p->fds[i][CB_RING_FD_RING] >= 0)
			close(p->fds[i][CB_RING_FD_RING]);
		if (p->fds[i][CB_RING_FD_WAKEUPS] >= 0)
			close(p->fds[i][CB_RING_FD_WAKEUPS]);
	}
	bpf_ring_bpf__destroy(p->bpf);
	*p = CB_RING_PROGRAM_NONE;
}

int cb_ring_program_make(struct cb_ring_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err)
{
	int rc;

	*p = CB_RING_PROGRAM_NONE;
	rc = load(p, tap, o, processes, err);
	while (!rc && p->processes < processes)
		rc = add_process(p, tap, err);
	return rc ? rc : fill_rings(p, err);
}

int cb_ring_program_attach(struct cb_ring_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, struct cb_error *err)
{
	return cb_bpf_tap_attach(&p->tap, tap, o, bpf_program__fd(p->bpf->progs.ring_socket),
		bpf_program__fd(p->bpf->progs.ring_xdp), err);
}

struct shared_ring {
	struct cb_shared_tap shared; /* first */
	struct cb_ring_program program;
};

static void close_shared(struct cb_shared_tap *shared)
{
	struct shared_ring *s = (struct shared_ring *)shared;

	cb_ring_program_close(&s->program);
	free(s);
}

/* Nothing is shared at a socket: each process has its own, with its own program. */
int cb_ring_program_share(const struct cb_tap *tap, const struct cb_bpf_tap_options *o,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err)
{
	struct shared_ring *s;
	int rc;

	if (o->point == CB_BPF_TAP_SOCKET)
		return 0;
	if (processes > CB_TAP_PROCESSES_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"bpf-ring: at most %d processes can share an XDP tap",
			CB_TAP_PROCESSES_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return cb_error_memory(err, "a shared tap");
	rc = cb_ring_program_make(&s->program, tap, o, processes, err);
	if (!rc)
		rc = cb_ring_program_attach(&s->program, tap, o, err);
	if (rc) {
		close_shared(&s->shared);
		return rc;
	}
	s->shared = (struct cb_shared_tap){
		.processes = processes, .n_fds = CB_RING_FDS, .close = close_shared};
	for (unsigned i = 0; i < processes; i++)
		for (unsigned j = 0; j < CB_RING_FDS; j++)
			s->shared.fds[i][j] = s->program.fds[i][j];
	*shared = &s->shared;
	return 0;
}
