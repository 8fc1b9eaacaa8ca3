/* What a tally makes of the kernel's pktgen. */
#include "tests/unit/capturers/fed_tally.h"

static struct cb_frame pktgen_frame(
	uint8_t *at, uint16_t port, uint32_t sequence, uint32_t microseconds)
{
	const uint32_t words[4] = {htobe32(UINT32_C(0xbe9be955)), htobe32(sequence),
		htobe32(1700000000), htobe32(microseconds)};

	memset(at, 0, LENGTH);
	at[OFFSET - 6] = (uint8_t)(port >> 8); /* UDP destination port */
	at[OFFSET - 5] = (uint8_t)port;
	memcpy(at + OFFSET, words, sizeof(words));
	return (struct cb_frame){.data = at, .caplen = LENGTH, .len = LENGTH};
}

static void feed_pktgen(uint16_t port, const uint32_t *sequences, unsigned n)
{
	struct cb_frame frames[BATCH];

	for (unsigned i = 0; i < n; i++)
		frames[i] = pktgen_frame(bytes[i], port, sequences[i], 999999);
	cb_tally_add(tally, frames, n);
}

#define FEED_PKTGEN(port, ...)                                   \
	do {                                                     \
		const uint32_t s_[] = {__VA_ARGS__};             \
		feed_pktgen(port, s_, sizeof(s_) / sizeof(*s_)); \
	} while (0)

/* Sequence numbers from 1, threads by port, the window by number. */
static void pktgen_in_order(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	cb_tally_stamps(tally, CB_STAMPS_PKTGEN, 2);
	FEED_PKTGEN(9, 1, 2, 3, 4);
	FEED_PKTGEN(10, 1, 2, 5);
	r = finish();
	assert_int_equal(r.book.received, 7);
	assert_int_equal(r.book.unique, 7);
	assert_int_equal(r.book.window_unique, 3); /* 3 and 4; 5 */
	assert_int_equal(r.book.duplicate, 0);
	assert_int_equal(r.book.reordered, 0);
	assert_int_equal(r.book.foreign, 0);
	assert_int_equal(r.sequence_gaps, 2);
}

static void pktgen_exact(void **state)
{
	struct cb_view_record r;

	start(true);
	cb_tally_stamps(tally, CB_STAMPS_PKTGEN, 0);
	FEED_PKTGEN(9, 1, 3, 2, 3, 1, 4);
	r = finish();
	assert_int_equal(r.book.unique, 4);
	assert_int_equal(r.book.duplicate, 2);
	assert_int_equal(r.book.reordered, 1);
	assert_int_equal(r.book.window_unique, 4);
}

/* 32 bits are over after 289 s at 14.88 Mpps. */
static void pktgen_wraps(void **state)
{
	struct cb_view_record r;

	start(true);
	cb_tally_stamps(tally, CB_STAMPS_PKTGEN, UINT64_C(0x100000001));
	tally->streams[9].first = tally->streams[9].next = UINT64_C(0xfffffffe);
	FEED_PKTGEN(9, 0xffffffff, 0, 2, 1, 3);
	assert_int_equal(tally->streams[9].next, UINT64_C(0x100000003));
	r = finish();
	assert_int_equal(r.book.unique, 5);
	assert_int_equal(r.book.reordered, 1);
	assert_int_equal(r.book.window_unique, 2);
	assert_int_equal(r.sequence_gaps, 0);
}

/* No magic, no room, no possible time, before the first: and our own stamps are foreign then. */
static void pktgen_foreign_and_damaged(void **state)
{
	static uint8_t own[LENGTH];
	struct cb_view_record r;
	struct cb_frame frames[5];

	start(true);
	cb_tally_stamps(tally, CB_STAMPS_PKTGEN, 0);
	frames[0] = pktgen_frame(bytes[0], 9, 1, 1000000);
	frames[1] = pktgen_frame(bytes[1], 9, 0, 0);
	frames[2] = pktgen_frame(bytes[2], 9, 1, 0);
	frames[2].caplen = OFFSET + 15;
	frames[3] = stamped(own, KEY, 0, 0, 0);
	frames[4] = pktgen_frame(bytes[4], 9, 1, 0);
	frames[4].caplen = OFFSET + 16;
	cb_tally_add(tally, frames, 5);
	r = finish();
	assert_int_equal(r.book.damaged, 2);
	assert_int_equal(r.book.foreign, 2);
	assert_int_equal(r.book.unique, 1);
	assert_int_equal(r.truncated, 2);
}

/* Copies share a number: each is a frame of its own, and what tells them apart is unknown. */
static void pktgen_repeated(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	cb_tally_stamps(tally, CB_STAMPS_PKTGEN_REPEATED, 0);
	FEED_PKTGEN(9, 1, 1, 1, 4, 4, 1);
	r = finish();
	assert_int_equal(r.book.received, 6);
	assert_int_equal(r.book.unique, 6);
	assert_int_equal(r.book.window_unique, 6);
	assert_int_equal(r.book.duplicate, CB_UNKNOWN);
	assert_int_equal(r.book.reordered, CB_UNKNOWN);
	assert_int_equal(r.sequence_gaps, CB_UNKNOWN);
}

/* A capturer that expects our own takes pktgen's for foreign. */
static void pktgen_unasked(void **state)
{
	struct cb_view_record r;

	start(false);
	FEED_PKTGEN(9, 1, 2);
	r = finish();
	assert_int_equal(r.book.foreign, 2);
	assert_int_equal(r.book.unique, 0);
}

int main(void)
{
	static bool range = false, exact = true;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(pktgen_in_order, &range),
		cmocka_unit_test_prestate(pktgen_in_order, &exact),
		cmocka_unit_test(pktgen_exact),
		cmocka_unit_test(pktgen_wraps),
		cmocka_unit_test(pktgen_foreign_and_damaged),
		cmocka_unit_test_prestate(pktgen_repeated, &range),
		cmocka_unit_test_prestate(pktgen_repeated, &exact),
		cmocka_unit_test(pktgen_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
