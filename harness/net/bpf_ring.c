#include "harness/net/bpf_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int map_pages(struct cb_bpf_ring *r, struct cb_error *err)
{
	void *map = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);

	if (map == MAP_FAILED)
		return cb_error_errno(err, CB_ERR_HOST, errno, "mapping a BPF ring buffer");
	r->consumer = map;
	map = mmap(NULL, r->page + 2 * r->size, PROT_READ, MAP_SHARED, r->fd, (off_t)r->page);
	if (map == MAP_FAILED)
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "mapping a BPF ring buffer of %zu bytes", r->size);
	r->producer = map;
	r->data = (const uint8_t *)map + r->page;
	return 0;
}

int cb_bpf_ring_open(struct cb_bpf_ring *r, int fd, struct cb_error *err)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int rc;

	*r = (struct cb_bpf_ring){.fd = fd, .page = (size_t)sysconf(_SC_PAGESIZE)};
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "a BPF ring buffer's size");
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return cb_error_set(err, CB_ERR_INTERNAL, "this is no BPF ring buffer");
	r->size = info.max_entries;
	rc = map_pages(r, err);
	if (rc) {
		cb_bpf_ring_close(r);
		return rc;
	}
	r->position = r->end = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);
	return 0;
}

void cb_bpf_ring_close(struct cb_bpf_ring *r)
{
	if (r->consumer)
		munmap(r->consumer, r->page);
	if (r->producer)
		munmap((void *)(uintptr_t)r->producer, r->page + 2 * r->size);
	*r = (struct cb_bpf_ring){.fd = -1};
}

void cb_bpf_ring_clear(struct cb_bpf_ring *r)
{
	while (cb_bpf_ring_next(r))
		;
	cb_bpf_ring_release(r);
}
