/*
 * AF_XDP sockets. The rings are tried on memory of the test's own; what needs the kernel is skipped
 * where no network namespace or no AF_XDP socket is to be had.
 */
#include "harness/net/link.h"
#include "harness/net/xsk.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

static struct cb_error err;

/* ---- rings ---- */

#define SIZE 4u

struct fake {
	uint32_t producer, consumer, flags;
	uint64_t entries[SIZE];
	struct cb_xsk_ring ring;
};

/* Both indices begin at `at`. */
static void make_fake(struct fake *f, uint32_t at)
{
	*f = (struct fake){.producer = at, .consumer = at};
	f->ring = (struct cb_xsk_ring){.producer = &f->producer,
		.consumer = &f->consumer,
		.flags = &f->flags,
		.entries = f->entries,
		.mask = SIZE - 1,
		.ours = at,
		.theirs = at};
}

static void consumes_in_order_and_wraps(void **state)
{
	struct fake f;
	uint64_t next = 0;

	/* the 32-bit indices wrap in mid-test */
	make_fake(&f, UINT32_MAX - 5);
	assert_int_equal(cb_xsk_ready(&f.ring, 10), 0);
	for (unsigned round = 1; round <= 20; round++) {
		unsigned n = round % SIZE + 1;

		for (unsigned i = 0; i < n; i++)
			f.entries[f.producer++ % SIZE] = next + i;
		assert_int_equal(cb_xsk_ready(&f.ring, 1), 1);
		assert_int_equal(cb_xsk_ready(&f.ring, 10), n);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(*cb_xsk_address(&f.ring, i), next + i);
		cb_xsk_consumed(&f.ring, n);
		assert_int_equal(f.consumer, f.producer);
		next += n;
	}
	assert_int_equal(cb_xsk_ready(&f.ring, UINT32_MAX), 0);
}

static void consumes_a_part(void **state)
{
	struct fake f;

	make_fake(&f, 0);
	f.producer = 3;
	assert_int_equal(cb_xsk_ready(&f.ring, 2), 2);
	cb_xsk_consumed(&f.ring, 2);
	assert_int_equal(f.consumer, 2);
	assert_int_equal(cb_xsk_ready(&f.ring, UINT32_MAX), 1);
}

static void produces_up_to_its_size(void **state)
{
	struct fake f;
	uint64_t next = 0;

	make_fake(&f, UINT32_MAX - 5);
	for (unsigned round = 1; round <= 20; round++) {
		unsigned n = round % SIZE + 1;

		assert_int_equal(cb_xsk_room(&f.ring, 10), SIZE);
		for (unsigned i = 0; i < n; i++)
			*cb_xsk_address(&f.ring, i) = next + i;
		cb_xsk_produced(&f.ring, n);
		assert_int_equal(cb_xsk_room(&f.ring, 10), SIZE - n);
		while (f.consumer != f.producer)
			assert_int_equal(f.entries[f.consumer++ % SIZE], next++);
	}
	cb_xsk_produced(&f.ring, SIZE);
	assert_int_equal(cb_xsk_room(&f.ring, 1), 0);
	f.consumer++;
	assert_int_equal(cb_xsk_room(&f.ring, 10), 1);
}

static void says_when_to_wake(void **state)
{
	struct fake f;

	make_fake(&f, 0);
	assert_false(cb_xsk_must_wake(&f.ring));
	f.flags = XDP_RING_NEED_WAKEUP;
	assert_true(cb_xsk_must_wake(&f.ring));
}

/* ---- sockets ---- */

static bool have_namespace;

static void need(void)
{
	if (!have_namespace || cb_xsk_probe(&err))
		skip();
}

static struct cb_xsk_spec make_spec(void)
{
	return (struct cb_xsk_spec){.interface = "lo",
		.ifindex = if_nametoindex("lo"),
		.frame_bytes = CB_XSK_FRAME_SMALL,
		.rx_frames = 100,
		.mode = CB_XSK_COPY,
		.need_wakeup = true};
}

static void gives_all_frames_to_the_kernel(void **state)
{
	struct cb_xsk_spec spec = make_spec();
	struct cb_xsk x;
	int64_t lost;

	need();
	assert_int_equal(cb_xsk_open(&x, &spec, &err), 0);
	assert_int_equal(*x.fill.producer, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(((uint64_t *)x.fill.entries)[i], i * CB_XSK_FRAME_SMALL);
	/* rings are powers of two with room for all frames */
	assert_int_equal(x.rx.mask, 127);
	assert_int_equal(x.fill.mask, 127);
	assert_null(x.tx.map);
	assert_false(x.zero_copy);
	assert_int_equal(cb_xsk_ready(&x.rx, 10), 0);
	assert_int_equal(cb_xsk_lost(&x, &lost), 0);
	assert_int_equal(lost, 0);
	assert_int_equal(cb_xsk_napi(&x), 0); /* lo has none */
	cb_xsk_close(&x);
	assert_int_equal(x.fd, -1);
	cb_xsk_close(&x);
}

/* What is put into TX comes out of the device, and its frame comes back. */
static void sends(void **state)
{
	struct cb_xsk_spec spec = make_spec();
	int witness = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b5));
	struct pollfd readable = {.fd = witness, .events = POLLIN};
	char frame[100] = {[12] = (char)0x88, [13] = (char)0xb5, [20] = 42}, got[200];
	struct cb_xsk x;

	need();
	assert_true(witness >= 0);
	assert_int_equal(cb_link_up("lo", &err), 0);
	spec.tx_frames = 2;
	assert_int_equal(cb_xsk_open(&x, &spec, &err), 0);
	memcpy(x.umem + 100 * (size_t)CB_XSK_FRAME_SMALL, frame, sizeof(frame));
	assert_int_equal(cb_xsk_room(&x.tx, 10), 2);
	*cb_xsk_descriptor(&x.tx, 0) =
		(struct xdp_desc){.addr = UINT64_C(100) * CB_XSK_FRAME_SMALL, .len = sizeof(frame)};
	cb_xsk_produced(&x.tx, 1);
	assert_true(cb_xsk_must_wake(&x.tx));
	assert_int_equal(sendto(x.fd, NULL, 0, MSG_DONTWAIT, NULL, 0), 0);
	assert_int_equal(poll(&readable, 1, 5000), 1);
	assert_int_equal(recv(witness, got, sizeof(got), 0), sizeof(frame));
	assert_memory_equal(got, frame, sizeof(frame));
	for (int i = 0; i < 1000 && !cb_xsk_ready(&x.completion, 1); i++)
		usleep(1000);
	assert_int_equal(cb_xsk_ready(&x.completion, 10), 1);
	assert_int_equal(*cb_xsk_address(&x.completion, 0), 100 * CB_XSK_FRAME_SMALL);
	cb_xsk_consumed(&x.completion, 1);
	cb_xsk_close(&x);
	close(witness);
}

static void refuses_a_queue_that_is_not_there(void **state)
{
	struct cb_xsk_spec spec = make_spec();
	struct cb_xsk x;

	need();
	spec.queue = 7;
	assert_int_equal(cb_xsk_open(&x, &spec, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no queue 7"));
	assert_int_equal(x.fd, -1);
}

static void refuses_zero_copy_without_a_driver_for_it(void **state)
{
	struct cb_xsk_spec spec = make_spec();
	struct cb_xsk x;

	need();
	spec.mode = CB_XSK_ZERO_COPY;
	assert_int_equal(cb_xsk_open(&x, &spec, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "zero-copy"));
	assert_non_null(strstr(err.text, "lo"));
}

/* The kernel frees a queue some time after close(); one that stays taken is named. */
static void a_queue_has_one_socket(void **state)
{
	struct cb_xsk_spec spec = make_spec();
	struct cb_xsk x, other;

	need();
	for (int i = 0; i < 5; i++) {
		assert_int_equal(cb_xsk_open(&x, &spec, &err), 0);
		cb_xsk_close(&x);
	}
	assert_int_equal(cb_xsk_open(&x, &spec, &err), 0);
	assert_int_equal(cb_xsk_open(&other, &spec, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "queue 0 of lo has an AF_XDP socket"));
	cb_xsk_close(&x);
}

static void counts_queues(void **state)
{
	uint32_t n = 0;

	assert_int_equal(cb_xsk_queues("lo", &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(cb_xsk_queues("nosuchdevice", &n, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "nosuchdevice"));
	assert_int_equal(cb_xsk_queues("a-name-much-too-long", &n, &err), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumes_in_order_and_wraps),
		cmocka_unit_test(consumes_a_part),
		cmocka_unit_test(produces_up_to_its_size),
		cmocka_unit_test(says_when_to_wake),
		cmocka_unit_test(gives_all_frames_to_the_kernel),
		cmocka_unit_test(sends),
		cmocka_unit_test(refuses_a_queue_that_is_not_there),
		cmocka_unit_test(refuses_zero_copy_without_a_driver_for_it),
		cmocka_unit_test(a_queue_has_one_socket),
		cmocka_unit_test(counts_queues),
	};

	have_namespace = !netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
