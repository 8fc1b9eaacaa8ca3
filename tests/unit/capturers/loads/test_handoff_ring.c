/* The ring between two threads: order and bytes, what it holds, and both threads at once. */
#include "capturers/loads/handoff_ring.h"
#include "harness/base/random.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define LONGEST 65535u

static uint8_t bytes[LONGEST];

/* A frame of `length` bytes that says which it is. */
static struct cb_frame make_frame(uint64_t i, uint32_t length)
{
	memset(bytes, (int)(i & 0xff), length);
	return (struct cb_frame){
		.data = bytes, .caplen = length, .len = length + 4, .time_ns = i + 1};
}

static void check_frame(const struct cb_frame *f, uint64_t i, uint32_t length)
{
	assert_int_equal(f->caplen, length);
	assert_int_equal(f->len, length + 4);
	assert_int_equal(f->time_ns, i + 1);
	for (uint32_t k = 0; k < length; k++)
		assert_int_equal(f->data[k], i & 0xff);
}

static unsigned put(struct cb_handoff_ring *r, uint64_t i, uint32_t length)
{
	struct cb_frame frame = make_frame(i, length);

	return cb_handoff_ring_put(r, &frame, 1);
}

static void take(struct cb_handoff_ring *r, uint64_t i, uint32_t length)
{
	struct cb_frame frame;

	assert_int_equal(cb_handoff_ring_get(r, &frame, 1), 1);
	check_frame(&frame, i, length);
	cb_handoff_ring_release(r, 1);
}

static void holds_as_many_slots_as_asked(void **state)
{
	static const unsigned slots[] = {1, 2, 5, 8, 1000};

	for (size_t k = 0; k < sizeof(slots) / sizeof(*slots); k++) {
		struct cb_handoff_ring *r = cb_handoff_ring_create(slots[k], 4 << 20);
		unsigned n = 0;

		assert_non_null(r);
		while (n <= slots[k] && put(r, n, 60))
			n++;
		assert_int_equal(n, slots[k]);
		assert_int_equal(cb_handoff_ring_used(r), n);
		for (unsigned i = 0; i < n; i++)
			take(r, i, 60);
		assert_int_equal(cb_handoff_ring_used(r), 0);
		assert_true(put(r, 0, 60));
		cb_handoff_ring_destroy(r);
	}
	cb_handoff_ring_destroy(NULL);
}

/* 128 KiB: two of the longest, or as many small ones as fit. */
static void its_bytes_limit_it_too(void **state)
{
	struct cb_handoff_ring *r = cb_handoff_ring_create(100000, 100000);

	assert_non_null(r);
	assert_true(put(r, 0, LONGEST));
	assert_true(put(r, 1, LONGEST));
	assert_false(put(r, 2, 1));
	take(r, 0, LONGEST);
	assert_true(put(r, 2, 1));
	take(r, 1, LONGEST);
	take(r, 2, 1);
	for (uint64_t i = 0; i < 2048; i++)
		assert_true(put(r, i, 64));
	assert_false(put(r, 0, 64));
	cb_handoff_ring_destroy(r);
}

/* Wherever the ring stands when it is empty, the longest frame goes in. */
static void an_empty_ring_takes_any_frame(void **state)
{
	struct cb_handoff_ring *r = cb_handoff_ring_create(4, 1);

	assert_non_null(r);
	for (uint64_t i = 0; i < 200; i++) {
		uint32_t length = i % 2 ? LONGEST : (uint32_t)(i * 300);

		assert_true(put(r, i, length));
		take(r, i, length);
	}
	cb_handoff_ring_destroy(r);
}

/* As many in and out as chance has it, for long; a queue of numbers says what must come. */
static void keeps_order_and_bytes(void **state)
{
	struct cb_handoff_ring *r = cb_handoff_ring_create(37, 64 << 10);
	struct cb_random random = {11};
	uint64_t in = 0, out = 0, refused = 0;
	uint32_t lengths[64];

	assert_non_null(r);
	while (out < 20000) {
		uint32_t length = (uint32_t)cb_random_below(&random, 4) ? 64 : 9000;

		if (cb_random_below(&random, 2)) {
			lengths[in % 64] = length;
			if (put(r, in, length))
				in++;
			else
				refused++;
		} else if (in > out) {
			take(r, out, lengths[out % 64]);
			out++;
		}
		assert_int_equal(cb_handoff_ring_used(r), in - out);
	}
	assert_true(refused > 0);
	cb_handoff_ring_destroy(r);
}

#define BATCH 16u
#define TOTAL 200000u

static void *produce(void *arg)
{
	struct cb_frame frames[BATCH];
	uint8_t copies[BATCH][200];

	for (uint64_t i = 0; i < TOTAL;) {
		unsigned n = 0;

		for (; n < BATCH && i + n < TOTAL; n++) {
			memset(copies[n], (int)((i + n) & 0xff), sizeof(copies[n]));
			frames[n] = (struct cb_frame){.data = copies[n],
				.caplen = 1 + (uint32_t)((i + n) % 200),
				.len = 5 + (uint32_t)((i + n) % 200),
				.time_ns = i + n + 1};
		}
		n = cb_handoff_ring_put(arg, frames, n);
		if (!n)
			sched_yield();
		i += n;
	}
	return NULL;
}

static void two_threads(void **state)
{
	struct cb_handoff_ring *r = cb_handoff_ring_create(100, 1);
	struct cb_frame frames[BATCH];
	pthread_t producer;
	uint64_t seen = 0;

	assert_non_null(r);
	assert_int_equal(pthread_create(&producer, NULL, produce, r), 0);
	while (seen < TOTAL) {
		unsigned n = cb_handoff_ring_get(r, frames, BATCH);

		if (!n)
			sched_yield();
		for (unsigned i = 0; i < n; i++)
			check_frame(&frames[i], seen + i, 1 + (uint32_t)((seen + i) % 200));
		cb_handoff_ring_release(r, n);
		seen += n;
	}
	assert_int_equal(pthread_join(producer, NULL), 0);
	assert_int_equal(cb_handoff_ring_used(r), 0);
	cb_handoff_ring_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_as_many_slots_as_asked),
		cmocka_unit_test(its_bytes_limit_it_too),
		cmocka_unit_test(an_empty_ring_takes_any_frame),
		cmocka_unit_test(keeps_order_and_bytes),
		cmocka_unit_test(two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
