#include "capturers/mechanisms/bpf_buffer_pair.h"

#include "capturers/mechanisms/bpf_buffer_program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define WHAT           "mechanism bpf-buffer"
#define PREFETCH_AHEAD 16u /* records */

static int map_buffers(struct cb_buffer_pair *p, struct cb_error *err)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(p->fds[CB_BUFFER_FD_BUFFERS], &info, &size) ||
		2 * p->index + 1 >= info.max_entries)
		return cb_error_set(err, CB_ERR_USAGE, WHAT ": this is no part of its tap");
	p->buffer_bytes = info.value_size;
	p->buffers = cb_bpf_tap_map(p->fds[CB_BUFFER_FD_BUFFERS], 2 * p->buffer_bytes,
		(size_t)2 * p->index * p->buffer_bytes, err);
	return p->buffers ? 0 : CB_ERR_HOST;
}

/* The system call that stands in for read(2); negative errno. */
static int copy_bytes(pid_t pid, void *to, const void *from, size_t n)
{
	struct iovec local = {to, n}, remote = {(void *)(uintptr_t)from, n};
	ssize_t done = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (done < 0)
		return -errno;
	return (size_t)done == n ? 0 : -EIO;
}

/* Touched now, so that no page fault falls into the capture. */
static int make_copy(struct cb_buffer_pair *p, struct cb_error *err)
{
	size_t n = (p->buffer_bytes + 63) & ~(size_t)63;
	int rc;

	p->pid = getpid();
	p->copy = aligned_alloc(64, n);
	if (!p->copy)
		return cb_error_memory(err, "a copy of the buffer");
	rc = copy_bytes(p->pid, p->copy, p->buffers, p->buffer_bytes);
	if (rc)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, rc,
			WHAT ": access=copy needs process_vm_readv(2), which this kernel lacks "
			     "(CONFIG_CROSS_MEMORY_ATTACH) or a seccomp filter forbids; "
			     "access=mmap does without");
	return 0;
}

static struct cb_buffer_header *header_at(const struct cb_buffer_pair *p, unsigned i)
{
	return (struct cb_buffer_header *)(p->buffers + i * p->buffer_bytes);
}

/* The buffer that is to be handed over next, if it is. */
static struct cb_buffer_header *find_hold(const struct cb_buffer_pair *p)
{
	struct cb_buffer_header *h = header_at(p, p->next);

	return __atomic_load_n(&h->kernel_gen, __ATOMIC_ACQUIRE) != h->user_gen ? h : NULL;
}

static void give_back(struct cb_buffer_pair *p, struct cb_buffer_header *h)
{
	cb_bpf_tap_set(&h->user_gen, h->kernel_gen);
	p->next ^= 1;
}

/* Has the STORE as much as should have been handed over, had the other buffer been free? */
static bool is_due(const struct cb_buffer_pair *p)
{
	uint32_t frames = p->control->frames;

	if (p->down)
		return (uint32_t)__atomic_load_n(&p->control->store, __ATOMIC_ACQUIRE) != 0;
	return frames && __atomic_load_n(&p->control->pending, __ATOMIC_ACQUIRE) >= frames;
}

static int rotate(const struct cb_buffer_pair *p)
{
	struct cb_buffer_rotate args = {.index = p->index};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &args, .ctx_size_in = sizeof(args));

	return bpf_prog_test_run_opts(p->fds[CB_BUFFER_FD_ROTATE], &run) ? -errno : 0;
}

/*
 * Begin to read the HOLD: 1, 0 when there is none, or a negative errno. Wake-ups are taken away
 * before the look, so that the next one is for a buffer that this look has not seen.
 */
static int begin_hold(struct cb_buffer_pair *p, int64_t *syscalls)
{
	struct cb_buffer_header *h;
	int rc = 0;

	cb_bpf_ring_clear(&p->wakeups);
	h = find_hold(p);
	if (!h && is_due(p)) {
		++*syscalls;
		rc = rotate(p);
		h = find_hold(p);
	}
	if (rc || !h)
		return rc;
	p->left = h->kernel_len;
	p->position = (const uint8_t *)h + CB_BUFFER_DATA;
	if (!p->copy) {
		p->held = h;
		return 1;
	}
	++*syscalls;
	rc = copy_bytes(p->pid, p->copy, p->position, p->left);
	p->position = p->copy;
	give_back(p, h);
	return rc ? rc : 1;
}

static unsigned take(struct cb_buffer_pair *p, struct cb_frame *frames, unsigned max)
{
	unsigned n = 0;

	while (n < max && p->left) {
		const struct cb_buffer_frame *f = (const struct cb_buffer_frame *)p->position;
		uint32_t cost = CB_BUFFER_COST(f->caplen);

		if (cost > p->left) { /* not by our program's hand */
			p->left = 0;
			break;
		}
		/* frames of a stream are mostly of one size */
		__builtin_prefetch(p->position + (size_t)PREFETCH_AHEAD * cost);
		frames[n] = (struct cb_frame){.data = p->position + f->hdrlen,
			.caplen = f->caplen,
			.len = f->len,
			.time_ns = f->time_ns + p->real_offset_ns};
		n += f->len != 0;
		p->position += cost;
		p->left -= cost;
	}
	return n;
}

void cb_buffer_pair_release(struct cb_buffer_pair *p)
{
	if (!p->held || p->left)
		return;
	give_back(p, p->held);
	p->held = NULL;
}

int cb_buffer_pair_take(
	struct cb_buffer_pair *p, struct cb_frame *frames, unsigned max, int64_t *syscalls)
{
	int n = p->left ? 1 : begin_hold(p, syscalls);

	if (n > 0)
		n = (int)take(p, frames, max);
	if (!n)
		cb_buffer_pair_release(p); /* of a buffer without a frame in it */
	return n;
}

int cb_buffer_pair_open(
	struct cb_buffer_pair *p, const int *fds, unsigned index, bool copy, struct cb_error *err)
{
	int rc;

	*p = (struct cb_buffer_pair){.fds = fds, .index = index};
	rc = cb_bpf_tap_map_controls(
		&p->controls, fds[CB_BUFFER_FD_CONTROLS], sizeof(*p->control), index, err);
	if (!rc) {
		p->control = (struct cb_buffer_control *)p->controls.all + index;
		rc = map_buffers(p, err);
	}
	if (!rc)
		rc = cb_bpf_ring_open(&p->wakeups, fds[CB_BUFFER_FD_WAKEUPS], err);
	if (!rc && copy)
		rc = make_copy(p, err);
	if (!rc)
		p->real_offset_ns = cb_bpf_tap_real_offset_ns();
	else
		cb_buffer_pair_close(p);
	return rc;
}

void cb_buffer_pair_close(struct cb_buffer_pair *p)
{
	cb_bpf_tap_unmap_controls(&p->controls);
	if (p->buffers)
		munmap(p->buffers, 2 * p->buffer_bytes);
	free(p->copy);
	cb_bpf_ring_close(&p->wakeups);
	*p = (struct cb_buffer_pair){0};
}
