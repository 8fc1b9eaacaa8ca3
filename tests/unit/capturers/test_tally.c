/* What a tally makes of frames with our own stamp. */
#include "tests/unit/capturers/fed_tally.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
