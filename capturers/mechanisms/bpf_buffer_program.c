#include "capturers/mechanisms/bpf_buffer_program.h"

#include "capturers/share.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf_buffer.skel.h"

#define WHAT "mechanism bpf-buffer"

uint32_t cb_buffer_store_bytes(const struct cb_tap *tap)
{
	return (uint32_t)tap->buffer & ~7u;
}

/* A frame that is longer than the buffer is cut to it, as bpf(4) does. */
static uint32_t snaplen_of(const struct cb_tap *tap)
{
	uint32_t snaplen = cb_bpf_tap_snaplen(tap);
	uint32_t most = cb_buffer_store_bytes(tap) - CB_BUFFER_FRAME_HEADER;

	return snaplen < most ? snaplen : most;
}

/* Whole pages, so that a process can map its own; room for one frame more behind the last byte in
 * which a record may begin, which the verifier insists on. */
static uint32_t value_bytes(const struct cb_tap *tap)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	uint32_t bytes = CB_BUFFER_DATA + cb_buffer_store_bytes(tap) +
		(uint32_t)sizeof(struct cb_buffer_frame) + snaplen_of(tap);

	return (bytes + page - 1) & ~(page - 1);
}

static void size_maps(struct bpf_buffer_bpf *bpf, const struct cb_tap *tap, unsigned processes)
{
	bpf_map__set_max_entries(bpf->maps.controls, processes);
	bpf_map__set_max_entries(bpf->maps.counts, processes);
	bpf_map__set_max_entries(bpf->maps.timers, processes);
	bpf_map__set_max_entries(bpf->maps.wakeups, processes);
	bpf_map__set_max_entries(bpf->maps.buffers, 2 * processes);
	bpf_map__set_value_size(bpf->maps.buffers, value_bytes(tap));
}

static int load(struct cb_buffer_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err)
{
	struct bpf_buffer_bpf *bpf;

	if (tap->buffer > CB_BUFFER_BYTES_MAX) {
		cb_error_set(err, CB_ERR_USAGE,
			"buffer: bpf-buffer takes at most 256MiB for each of its two");
		return CB_ERR_USAGE;
	}
	cb_bpf_quiet();
	bpf = p->bpf = bpf_buffer_bpf__open();
	if (!bpf) {
		cb_bpf_refused(WHAT, errno, "", err);
		return CB_ERR_IMPOSSIBLE;
	}
	bpf->rodata->processes = processes;
	bpf->rodata->snaplen = snaplen_of(tap);
	bpf->rodata->store_bytes = cb_buffer_store_bytes(tap);
	bpf->rodata->xdp_verdict = o->point == CB_BPF_TAP_XDP_TAKE ? XDP_DROP : XDP_PASS;
	bpf_program__set_autoload(bpf->progs.buffer_socket, o->point == CB_BPF_TAP_SOCKET);
	bpf_program__set_autoload(bpf->progs.buffer_xdp, o->point != CB_BPF_TAP_SOCKET);
	size_maps(bpf, tap, processes);
	return cb_bpf_load(bpf->skeleton, WHAT, err);
}

static int add_process(struct cb_buffer_program *p, struct cb_error *err)
{
	int *fds = p->fds[p->processes];
	int fd = bpf_map_create(
		BPF_MAP_TYPE_RINGBUF, "cb_wakeups", 0, 0, (uint32_t)sysconf(_SC_PAGESIZE), NULL);

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, fd, WHAT ": a ring");
	fds[CB_BUFFER_FD_BUFFERS] = bpf_map__fd(p->bpf->maps.buffers);
	fds[CB_BUFFER_FD_WAKEUPS] = fd;
	fds[CB_BUFFER_FD_CONTROLS] = bpf_map__fd(p->bpf->maps.controls);
	fds[CB_BUFFER_FD_COUNTS] = bpf_map__fd(p->bpf->maps.counts);
	fds[CB_BUFFER_FD_ROTATE] = bpf_program__fd(p->bpf->progs.buffer_rotate);
	p->processes++;
	return 0;
}

static int fill_wakeups(struct cb_buffer_program *p, struct cb_error *err)
{
	int rings[CB_TAP_PROCESSES_MAX];

	for (unsigned i = 0; i < p->processes; i++)
		rings[i] = p->fds[i][CB_BUFFER_FD_WAKEUPS];
	return cb_bpf_tap_fill(bpf_map__fd(p->bpf->maps.wakeups), rings, p->processes, err);
}

void cb_buffer_program_close(struct cb_buffer_program *p)
{
	cb_bpf_tap_close(&p->tap);
	for (unsigned i = 0; i < p->processes; i++)
		close(p->fds[i][CB_BUFFER_FD_WAKEUPS]);
	bpf_buffer_bpf__destroy(p->bpf);
	*p = CB_BUFFER_PROGRAM_NONE;
}

int cb_buffer_program_make(struct cb_buffer_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, unsigned processes, struct cb_error *err)
{
	int rc;

	*p = CB_BUFFER_PROGRAM_NONE;
	rc = load(p, tap, o, processes, err);
	while (!rc && p->processes < processes)
		rc = add_process(p, err);
	return rc ? rc : fill_wakeups(p, err);
}

int cb_buffer_program_attach(struct cb_buffer_program *p, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, struct cb_error *err)
{
	return cb_bpf_tap_attach(&p->tap, tap, o, bpf_program__fd(p->bpf->progs.buffer_socket),
		bpf_program__fd(p->bpf->progs.buffer_xdp), err);
}

/* ---- shared by several processes ------------------------------------------------------------- */

struct shared_buffer {
	struct cb_shared_tap shared; /* first */
	struct cb_buffer_program program;
};

static void close_shared(struct cb_shared_tap *shared)
{
	struct shared_buffer *s = (struct shared_buffer *)shared;

	cb_buffer_program_close(&s->program);
	free(s);
}

/* Nothing is shared at a socket: each process has its own, with its own program. */
int cb_buffer_program_share(const struct cb_tap *tap, const struct cb_bpf_tap_options *o,
	unsigned processes, struct cb_shared_tap **shared, struct cb_error *err)
{
	struct shared_buffer *s;
	int rc;

	if (o->point == CB_BPF_TAP_SOCKET)
		return 0;
	if (processes > CB_TAP_PROCESSES_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"bpf-buffer: at most %d processes can share an XDP tap",
			CB_TAP_PROCESSES_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return cb_error_memory(err, "a shared tap");
	rc = cb_buffer_program_make(&s->program, tap, o, processes, err);
	if (!rc)
		rc = cb_buffer_program_attach(&s->program, tap, o, err);
	if (rc) {
		close_shared(&s->shared);
		return rc;
	}
	s->shared = (struct cb_shared_tap){
		.processes = processes, .n_fds = CB_BUFFER_FDS, .close = close_shared};
	for (unsigned i = 0; i < processes; i++)
		for (unsigned j = 0; j < CB_BUFFER_FDS; j++)
			s->shared.fds[i][j] = s->program.fds[i][j];
	*shared = &s->shared;
	return 0;
}
