#include "capturers/tally.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define KEY    0x1234u
#define OFFSET 42u
#define LENGTH 60u
#define BATCH  64u

static struct cb_tally *tally;
static uint8_t bytes[BATCH][LENGTH];

static void start(bool exact)
{
	tally = malloc(sizeof(*tally));
	assert_non_null(tally);
	cb_tally_init(tally, KEY, OFFSET, exact);
}

static struct cb_view_record finish(void)
{
	struct cb_view_record record;

	cb_view_record_init(&record);
	cb_tally_report(tally, &record);
	cb_tally_finish(tally);
	free(tally);
	return record;
}

static struct cb_frame stamped(
	uint8_t *at, uint32_t key, uint8_t stream, uint64_t sequence, uint8_t phase)
{
	struct cb_stamp stamp = {.stream = stream, .phase = phase, .sequence = sequence};

	memset(at, 0, LENGTH);
	cb_stamp_write(at + OFFSET, key, &stamp);
	return (struct cb_frame){.data = at, .caplen = LENGTH, .len = LENGTH};
}

/* Sequence numbers of one stream in one batch, in the window from `window` on. */
static void feed(uint8_t stream, const uint64_t *sequences, unsigned n, uint64_t window)
{
	struct cb_frame frames[BATCH];

	for (unsigned i = 0; i < n; i++)
		frames[i] = stamped(bytes[i], KEY, stream, sequences[i], sequences[i] >= window);
	cb_tally_add(tally, frames, n);
}

#define FEED(stream, window, ...)                                   \
	do {                                                        \
		const uint64_t s_[] = {__VA_ARGS__};                \
		feed(stream, s_, sizeof(s_) / sizeof(*s_), window); \
	} while (0)

static void in_order(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	FEED(0, 3, 0, 1, 2, 3, 4, 5);
	FEED(0, 3, 6);
	r = finish();
	assert_int_equal(r.book.received, 7);
	assert_int_equal(r.book.unique, 7);
	assert_int_equal(r.book.window_unique, 4);
	assert_int_equal(r.book.reordered, 0);
	assert_int_equal(r.book.duplicate, 0);
	assert_int_equal(r.book.damaged, 0);
	assert_int_equal(r.book.foreign, 0);
	assert_int_equal(r.sequence_gaps, 0);
	assert_int_equal(r.bytes, 7 * LENGTH);
	assert_int_equal(r.truncated, 0);
}

static void gaps_between_first_and_last(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	/* what is missing before the first is no gap that the tally can see */
	FEED(0, 0, 10, 11, 14, 20);
	r = finish();
	assert_int_equal(r.book.unique, 4);
	assert_int_equal(r.sequence_gaps, 2 + 5);
}

static void streams_apart(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	FEED(0, 0, 0, 1, 2);
	FEED(255, 0, 0, 1, 4);
	FEED(7, 100, 5);
	FEED(0, 0, 3);
	r = finish();
	assert_int_equal(r.book.unique, 8);
	assert_int_equal(r.book.window_unique, 7);
	assert_int_equal(r.book.duplicate, 0);
	assert_int_equal(r.sequence_gaps, 2);
}

static void nothing_seen(void **state)
{
	struct cb_view_record r;

	start(*(bool *)*state);
	cb_tally_add(tally, NULL, 0);
	r = finish();
	assert_int_equal(r.book.received, 0);
	assert_int_equal(r.book.unique, 0);
	assert_int_equal(r.sequence_gaps, 0);
}

static void foreign_and_damaged(void **state)
{
	struct cb_frame f[6];
	struct cb_view_record r;

	start(*(bool *)*state);
	f[0] = stamped(bytes[0], KEY, 0, 0, 1);
	f[1] = stamped(bytes[1], KEY + 1, 0, 1, 1); /* another run */
	f[2] = stamped(bytes[2], KEY, 0, 1, 1);
	bytes[2][OFFSET + 11] ^= 1; /* own, but a bit flipped on the way */
	f[3] = stamped(bytes[3], KEY, 0, 2, 1);
	f[3].caplen = OFFSET + CB_STAMP_SIZE - 1; /* the stamp is cut off */
	f[4] = (struct cb_frame){.data = bytes[4], .caplen = 0, .len = 0};
	f[5] = stamped(bytes[5], KEY, 0, 1, 1);
	cb_tally_add(tally, f, 6);
	r = finish();
	assert_int_equal(r.book.received, 6);
	assert_int_equal(r.book.unique, 2);
	assert_int_equal(r.book.damaged, 1);
	assert_int_equal(r.book.foreign, 3);
	assert_int_equal(r.truncated, 1);
	assert_int_equal(r.book.received,
		r.book.unique + r.book.duplicate + r.book.damaged + r.book.foreign);
}

/* Behind a VLAN tag, which some taps show and others do not. */
static void stamps_behind_other_headers(void **state)
{
	static const uint8_t tagged[] = {0x81, 0, 0, 100, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17};
	static uint8_t frames[4][LENGTH + 4];
	struct cb_frame f[4];
	struct cb_view_record r;

	start(*(bool *)*state);
	for (uint64_t i = 0; i < 3; i++) {
		struct cb_stamp stamp = {.sequence = i};

		memset(frames[i], 0, sizeof(frames[i]));
		memcpy(frames[i] + 12, tagged, sizeof(tagged));
		cb_stamp_write(frames[i] + OFFSET + 4, KEY, &stamp);
		f[i] = (struct cb_frame){
			.data = frames[i], .caplen = sizeof(frames[i]), .len = sizeof(frames[i])};
	}
	frames[1][OFFSET + 4 + 9] ^= 4; /* a bit flipped */
	f[3] = stamped(frames[3], KEY, 0, 3, 1);
	memcpy(frames[3] + 12, tagged + 4, sizeof(tagged) - 4);
	cb_tally_add(tally, f, 4);
	r = finish();
	assert_int_equal(r.book.unique, 3);
	assert_int_equal(r.book.damaged, 1);
	assert_int_equal(r.book.foreign, 0);
}

static void late_is_unknown_in_range_mode(void **state)
{
	struct cb_view_record r;

	start(false);
	FEED(0, 0, 0, 1, 3, 2, 4);
	r = finish();
	assert_int_equal(r.book.received, 5);
	assert_int_equal(r.book.unique, CB_UNKNOWN);
	assert_int_equal(r.book.duplicate, CB_UNKNOWN);
	assert_int_equal(r.book.reordered, CB_UNKNOWN);
	assert_int_equal(r.book.window_unique, CB_UNKNOWN);
	assert_int_equal(r.sequence_gaps, CB_UNKNOWN);
	assert_int_equal(r.book.damaged, 0);
	assert_int_equal(r.book.foreign, 0);
}

static void exact_tells_late_frames_apart(void **state)
{
	struct cb_view_record r;

	start(true);
	/* 2 reordered, 3 twice, 9 before the first was seen, 11 missing */
	FEED(3, 13, 10, 12, 13, 13, 14, 9, 13);
	r = finish();
	assert_int_equal(r.book.received, 7);
	assert_int_equal(r.book.unique, 5);
	assert_int_equal(r.book.reordered, 1);
	assert_int_equal(r.book.duplicate, 2);
	assert_int_equal(r.book.window_unique, 2);
	assert_int_equal(r.sequence_gaps, 1); /* 11, of 9..14 */
}

static void exact_over_many_chunks(void **state)
{
	const uint64_t step = UINT64_C(1) << 19, n = 40;
	struct cb_view_record r;

	start(true);
	for (uint64_t i = 0; i < n; i++)
		FEED(0, 0, i * step);
	for (uint64_t i = n; i-- > 0;)
		FEED(0, 0, i * step, i * step + 1);
	r = finish();
	assert_int_equal(r.book.unique, 2 * n);
	assert_int_equal(r.book.duplicate, n);
	assert_int_equal(r.book.reordered, n - 1);
	assert_int_equal(r.sequence_gaps, (int64_t)((n - 1) * step + 2 - 2 * n));
}

/* Frames with valid stamps all over the 48 bits, on all streams: memory stays under the budget, and
 * what could not be noted makes the counts unknown instead of wrong. */
static void hostile_sequences(void **state)
{
	const uint64_t last = CB_STAMP_SEQUENCES - 1;
	struct cb_view_record r;

	start(true);
	FEED(0, 0, last, 0);
	assert_int_equal(tally->unnoted, 0);
	tally->budget.left = 4 << 20;
	for (uint64_t i = 1; i < 2000; i++)
		FEED((uint8_t)i, 0, (i * UINT64_C(0x9e3779b97f4a7c15)) & last);
	assert_true(tally->unnoted > 0);
	assert_true(tally->budget.left <= 4 << 20);
	r = finish();
	assert_int_equal(r.book.received, 2001);
	assert_int_equal(r.book.unique, CB_UNKNOWN);
	assert_int_equal(r.book.duplicate, CB_UNKNOWN);
	assert_int_equal(r.sequence_gaps, CB_UNKNOWN);
}

static void highest_sequence_in_range_mode(void **state)
{
	struct cb_view_record r;

	start(false);
	FEED(0, 0, 0, CB_STAMP_SEQUENCES - 1);
	r = finish();
	assert_int_equal(r.book.unique, 2);
	assert_int_equal(r.sequence_gaps, (int64_t)CB_STAMP_SEQUENCES - 2);
}

/* ---- the kernel's pktgen ---- */

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
		cmocka_unit_test_prestate(in_order, &range),
		cmocka_unit_test_prestate(in_order, &exact),
		cmocka_unit_test_prestate(gaps_between_first_and_last, &range),
		cmocka_unit_test_prestate(gaps_between_first_and_last, &exact),
		cmocka_unit_test_prestate(streams_apart, &range),
		cmocka_unit_test_prestate(streams_apart, &exact),
		cmocka_unit_test_prestate(nothing_seen, &range),
		cmocka_unit_test_prestate(nothing_seen, &exact),
		cmocka_unit_test_prestate(foreign_and_damaged, &range),
		cmocka_unit_test_prestate(foreign_and_damaged, &exact),
		cmocka_unit_test_prestate(stamps_behind_other_headers, &range),
		cmocka_unit_test_prestate(stamps_behind_other_headers, &exact),
		cmocka_unit_test(late_is_unknown_in_range_mode),
		cmocka_unit_test(exact_tells_late_frames_apart),
		cmocka_unit_test(exact_over_many_chunks),
		cmocka_unit_test(hostile_sequences),
		cmocka_unit_test(highest_sequence_in_range_mode),
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
