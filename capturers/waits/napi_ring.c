#include "capturers/waits/napi_ring.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's headers: include/uapi/linux/io_uring.h of Linux 6.13. */
#define REGISTER_NAPI 27
struct napi_register {
	uint32_t busy_poll_to; /* us */
	uint8_t prefer_busy_poll;
	uint8_t opcode;
	uint8_t pad[2];
	uint32_t op_param;
	uint32_t resv;
};
enum { NAPI_REGISTER_OP = 0, NAPI_STATIC_ADD_ID = 1 };
enum { NAPI_TRACKING_STATIC = 1 };

static int set_up(struct cb_napi_ring *r, struct io_uring_params *p, unsigned entries)
{
	/* completions are made by the waiting task itself, in its own system call */
	*p = (struct io_uring_params){.flags = IORING_SETUP_SINGLE_ISSUER |
			IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CLAMP};
	r->fd = (int)syscall(SYS_io_uring_setup, entries, p);
	if (r->fd < 0)
		return -errno;
	return p->features & IORING_FEAT_SINGLE_MMAP ? 0 : -EINVAL;
}

static void *map(int fd, size_t bytes, uint64_t offset)
{
	void *at = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)offset);

	return at == MAP_FAILED ? NULL : at;
}

static int map_rings(struct cb_napi_ring *r, const struct io_uring_params *p)
{
	size_t submissions = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t completions = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	uint32_t *order;

	r->rings_bytes = submissions > completions ? submissions : completions;
	r->entries_bytes = p->sq_entries * sizeof(struct io_uring_sqe);
	r->rings = map(r->fd, r->rings_bytes, IORING_OFF_SQ_RING);
	r->entries = map(r->fd, r->entries_bytes, IORING_OFF_SQES);
	if (!r->rings || !r->entries)
		return -ENOMEM;
	r->submitted = (uint32_t *)(r->rings + p->sq_off.tail);
	r->submission_mask = p->sq_entries - 1;
	r->head = (uint32_t *)(r->rings + p->cq_off.head);
	r->tail = (uint32_t *)(r->rings + p->cq_off.tail);
	r->completions = (struct io_uring_cqe *)(r->rings + p->cq_off.cqes);
	r->mask = p->cq_entries - 1;
	order = (uint32_t *)(r->rings + p->sq_off.array);
	for (uint32_t i = 0; i < p->sq_entries; i++)
		order[i] = i;
	return 0;
}

static int register_napi(const struct cb_napi_ring *r, struct napi_register *napi)
{
	return syscall(SYS_io_uring_register, r->fd, REGISTER_NAPI, napi, 1) < 0 ? -errno : 0;
}

/* The instances to poll will be named, not learned from the sockets. */
static int name_napis(const struct cb_napi_ring *r, const struct cb_napi_ring_spec *spec)
{
	struct napi_register napi = {.busy_poll_to = spec->time_us,
		.prefer_busy_poll = spec->prefer,
		.opcode = NAPI_REGISTER_OP,
		.op_param = NAPI_TRACKING_STATIC};

	return register_napi(r, &napi);
}

int cb_napi_ring_add(const struct cb_napi_ring *r, uint32_t napi)
{
	struct napi_register add = {.opcode = NAPI_STATIC_ADD_ID, .op_param = napi};

	return register_napi(r, &add);
}

/* Ask to be told, again and again, when the socket becomes readable. There are as many places as
 * sockets, and each has one request at most. */
static void ask(struct cb_napi_ring *r, uint32_t socket)
{
	uint32_t at = *r->submitted;

	r->entries[at & r->submission_mask] = (struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD,
		.fd = r->sockets[socket],
		.poll32_events = POLLIN,
		.len = IORING_POLL_ADD_MULTI,
		.user_data = socket};
	__atomic_store_n(r->submitted, at + 1, __ATOMIC_RELEASE);
	r->to_submit++;
}

int cb_napi_ring_open(struct cb_napi_ring *r, const struct cb_napi_ring_spec *spec)
{
	struct io_uring_params p;
	int rc;

	*r = (struct cb_napi_ring){.fd = -1, .sockets = spec->sockets};
	rc = set_up(r, &p, spec->n_sockets);
	if (!rc)
		rc = map_rings(r, &p);
	if (!rc)
		rc = name_napis(r, spec);
	if (rc) {
		cb_napi_ring_close(r);
		return rc;
	}
	for (uint32_t i = 0; i < spec->n_sockets; i++)
		ask(r, i);
	return 0;
}

void cb_napi_ring_close(struct cb_napi_ring *r)
{
	if (r->rings)
		munmap(r->rings, r->rings_bytes);
	if (r->entries)
		munmap(r->entries, r->entries_bytes);
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct cb_napi_ring){.fd = -1};
}

/* Which of them it is does not matter; a request that has ended is made anew. */
static void reap(struct cb_napi_ring *r)
{
	uint32_t head = *r->head, tail = __atomic_load_n(r->tail, __ATOMIC_ACQUIRE);

	for (; head != tail; head++) {
		const struct io_uring_cqe *c = &r->completions[head & r->mask];

		if (!(c->flags & IORING_CQE_F_MORE))
			ask(r, (uint32_t)c->user_data);
	}
	__atomic_store_n(r->head, head, __ATOMIC_RELEASE);
}

int cb_napi_ring_poll(struct cb_napi_ring *r, uint64_t ns)
{
	struct __kernel_timespec time = {
		.tv_sec = (int64_t)(ns / CB_NS_PER_SEC), .tv_nsec = (int64_t)(ns % CB_NS_PER_SEC)};
	struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&time};
	long n = syscall(SYS_io_uring_enter, r->fd, r->to_submit, 1,
		IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg));
	int error = n < 0 ? errno : 0;

	if (n > 0)
		r->to_submit -= (uint32_t)n;
	reap(r);
	return error && error != ETIME && error != EINTR ? -error : 0;
}
