#include "capturers/mechanisms/uring.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64u
#define SQ_ENTRIES 4 /* there is one request */
#define SPARE      16
#define RING_FLAGS                                                                             \
	(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | \
		IORING_SETUP_CQSIZE)

/* Newer than the headers of some systems (linux/io_uring.h). */
#define FEATURE_MIN_TIMEOUT (1U << 15)
struct wait_argument {
	uint64_t sigmask;
	uint32_t sigmask_size;
	uint32_t min_wait_usec;
	uint64_t timeout;
};

static int refuse_disabled(struct cb_error *err)
{
	char value[16] = "";

	cb_file_read_line("/proc/sys/kernel/io_uring_disabled", value, sizeof(value), NULL);
	if (*value && strcmp(value, "0") != 0)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"io_uring is switched off here: sysctl -w kernel.io_uring_disabled=0");
	return cb_error_set(err, CB_ERR_IMPOSSIBLE,
		"io_uring is not allowed here: a seccomp filter (of a container, say) refuses it");
}

static int refuse_ring(int error, struct cb_error *err)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return refuse_disabled(err);
	case ENOSYS:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no io_uring: it needs CONFIG_IO_URING");
	case EINVAL:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel's io_uring can't defer its work: it needs Linux 6.1");
	case ENOMEM:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"no memory may be locked for an io_uring: raise the limit (ulimit -l)");
	default:
		return cb_error_errno(err, CB_ERR_HOST, error, "making an io_uring");
	}
}

static int open_ring(struct io_uring *ring, unsigned completions, struct cb_error *err)
{
	struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = completions};
	int rc = io_uring_queue_init_params(SQ_ENTRIES, ring, &params);

	if (!rc)
		return 0;
	ring->ring_fd = -1;
	return refuse_ring(-rc, err);
}

int cb_uring_probe(struct cb_error *err)
{
	struct io_uring ring;
	int rc = open_ring(&ring, SPARE, err);

	if (!rc)
		io_uring_queue_exit(&ring);
	return rc;
}

static void *map_pages(size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void provide(struct cb_uring *u, unsigned id, unsigned offset)
{
	io_uring_buf_ring_add(u->provided, cb_uring_buffer(u, id), (unsigned)u->room,
		(unsigned short)id, io_uring_buf_ring_mask(u->entries), (int)offset);
}

void cb_uring_provide(struct cb_uring *u, const uint16_t *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		provide(u, ids[i], i);
	io_uring_buf_ring_advance(u->provided, (int)n);
}

/* A line more than needed between buffers, so that the stamps of frames don't all fall into the
 * same sets of the cache when the room is a power of two. */
static int make_buffers(struct cb_uring *u, struct cb_error *err)
{
	u->stride = ((u->room + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1)) + CACHE_LINE;
	for (u->entries = 1; u->entries < u->n_buffers;)
		u->entries *= 2;
	u->buffers = map_pages((u->n_buffers + 1) * u->stride);
	u->provided = map_pages(u->entries * sizeof(struct io_uring_buf));
	return u->buffers && u->provided ? 0 : cb_error_memory(err, "receive buffers");
}

static int register_buffers(struct cb_uring *u, struct cb_error *err)
{
	struct io_uring_buf_reg request = {.ring_addr = (uintptr_t)u->provided,
		.ring_entries = u->entries,
		.bgid = CB_URING_GROUP};
	int rc = io_uring_register_buf_ring(&u->ring, &request, 0);

	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "providing %u buffers", u->n_buffers);
	io_uring_buf_ring_init(u->provided);
	for (unsigned i = 0; i < u->n_buffers; i++)
		provide(u, i, i);
	io_uring_buf_ring_advance(u->provided, (int)u->n_buffers);
	return 0;
}

/* Completions for twice as many frames as there are buffers: they can't overflow. */
int cb_uring_open(struct cb_uring *u, unsigned n_buffers, size_t room, struct cb_error *err)
{
	int rc;

	*u = (struct cb_uring){.n_buffers = n_buffers, .room = room};
	rc = make_buffers(u, err);
	if (!rc)
		rc = open_ring(&u->ring, 2 * n_buffers + SPARE, err);
	if (!rc)
		rc = register_buffers(u, err);
	if (rc)
		cb_uring_close(u);
	return rc;
}

void cb_uring_close(struct cb_uring *u)
{
	if (u->ring.ring_fd > 0)
		io_uring_queue_exit(&u->ring);
	if (u->buffers)
		munmap(u->buffers, (u->n_buffers + 1) * u->stride);
	if (u->provided)
		munmap(u->provided, u->entries * sizeof(struct io_uring_buf));
	*u = (struct cb_uring){0};
}

bool cb_uring_has_min_wait(const struct cb_uring *u)
{
	return u->ring.features & FEATURE_MIN_TIMEOUT;
}

int cb_uring_min_wait(struct cb_uring *u, unsigned n, uint64_t least_ns, uint64_t most_ns)
{
	struct __kernel_timespec timeout = {.tv_sec = (int64_t)(most_ns / CB_NS_PER_SEC),
		.tv_nsec = (long long)(most_ns % CB_NS_PER_SEC)};
	/* the kernel would wait for its min-wait even beyond the timeout */
	uint64_t least = least_ns < most_ns ? least_ns : most_ns;
	struct wait_argument argument = {
		.min_wait_usec = (uint32_t)((least + CB_NS_PER_US - 1) / CB_NS_PER_US),
		.timeout = (uintptr_t)&timeout};
	int rc = io_uring_enter2(u->ring.ring_fd, 0, n,
		IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, (sigset_t *)&argument,
		sizeof(argument));

	return rc >= 0 || rc == -ETIME || rc == -EINTR || rc == -EAGAIN ? 0 : rc;
}
