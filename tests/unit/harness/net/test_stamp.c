/* The stamp: both halves, what they refuse, and its place on the wire. */
#include "harness/base/random.h"
#include "harness/net/stamp.h"

#include "tests/unit/cmocka.h"

#define KEY UINT32_C(0x12345678)

static void assert_round_trip(struct cb_stamp in, uint32_t key)
{
	uint8_t bytes[CB_STAMP_SIZE + 2];
	struct cb_stamp out;

	memset(bytes, 0xee, sizeof(bytes));
	memset(&out, 0xff, sizeof(out));
	cb_stamp_write(bytes + 1, key, &in); /* unaligned on purpose: a payload starts at 42 */
	assert_int_equal(cb_stamp_read(bytes + 1, key, &out), CB_STAMP_OWN);
	assert_int_equal(out.stream, in.stream);
	assert_int_equal(out.phase, in.phase);
	assert_true(out.sequence == in.sequence);
	assert_int_equal(out.time_ns, in.time_ns);
	assert_int_equal(bytes[0], 0xee);
	assert_int_equal(bytes[CB_STAMP_SIZE + 1], 0xee);
}

static void reads_what_was_written(void **state)
{
	static const uint64_t sequences[] = {0, 1, 0xffff, UINT64_C(1) << 31, UINT32_MAX,
		UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(0xa1b2c3d4e5f6),
		CB_STAMP_SEQUENCES - 1};
	struct cb_random random = {.state = 1};

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		for (unsigned k = 0; k < 64; k++) {
			struct cb_stamp s = {.stream = (uint8_t)cb_random_next(&random),
				.phase = (uint8_t)(k & 1 ? CB_PHASE_WINDOW : CB_PHASE_WARMUP),
				.sequence = sequences[i],
				.time_ns = (uint32_t)cb_random_next(&random)};

			assert_round_trip(s, (uint32_t)cb_random_next(&random));
		}
	assert_round_trip((struct cb_stamp){.stream = 255, .phase = 1, .time_ns = UINT32_MAX}, 0);
	assert_round_trip((struct cb_stamp){.sequence = 1}, UINT32_MAX);
}

static void is_big_endian_on_the_wire(void **state)
{
	static const uint8_t expected[16] = {0xca ^ 0x12, 0xb5 ^ 0x34, 0xe1 ^ 0x56, 0x1d ^ 0x78, 7,
		1, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x01, 0x02, 0x03, 0x04};
	struct cb_stamp s = {.stream = 7,
		.phase = CB_PHASE_WINDOW,
		.sequence = UINT64_C(0xa1b2c3d4e5f6),
		.time_ns = 0x01020304};
	uint8_t bytes[CB_STAMP_SIZE];

	cb_stamp_write(bytes, KEY, &s);
	assert_memory_equal(bytes, expected, sizeof(expected));
}

/* A sequence number of more than 48 bits must not spill into phase or stream. */
static void keeps_48_bits(void **state)
{
	struct cb_stamp in = {.stream = 3, .phase = 1, .sequence = CB_STAMP_SEQUENCES | 5},
			out = {0};
	uint8_t bytes[CB_STAMP_SIZE];

	cb_stamp_write(bytes, KEY, &in);
	assert_int_equal(cb_stamp_read(bytes, KEY, &out), CB_STAMP_OWN);
	assert_true(out.sequence == 5);
	assert_int_equal(out.stream, 3);
	assert_int_equal(out.phase, 1);
}

static void another_key_is_foreign(void **state)
{
	struct cb_stamp s = {.sequence = 42}, out;
	uint8_t bytes[CB_STAMP_SIZE] = {0};

	assert_int_equal(cb_stamp_read(bytes, KEY, &out), CB_STAMP_FOREIGN);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(cb_stamp_read(bytes, KEY, &out), CB_STAMP_FOREIGN);
	cb_stamp_write(bytes, KEY, &s);
	for (unsigned bit = 0; bit < 32; bit++)
		assert_int_equal(
			cb_stamp_read(bytes, KEY ^ UINT32_C(1) << bit, &out), CB_STAMP_FOREIGN);
}

/* Every single flipped bit behind the magic is seen, whatever the stamp. */
static void one_flipped_bit_is_damage(void **state)
{
	struct cb_random random = {.state = 7};

	for (unsigned k = 0; k < 200; k++) {
		struct cb_stamp s = {.stream = (uint8_t)k,
			.phase = k & 1,
			.sequence = cb_random_next(&random) & (CB_STAMP_SEQUENCES - 1),
			.time_ns = (uint32_t)cb_random_next(&random)};
		uint8_t bytes[CB_STAMP_SIZE];
		unsigned unseen = 0;

		cb_stamp_write(bytes, KEY, &s);
		for (unsigned bit = 32; bit < 8 * CB_STAMP_SIZE; bit++) {
			struct cb_stamp out;

			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			unseen += cb_stamp_read(bytes, KEY, &out) != CB_STAMP_DAMAGED;
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		/* 16 bits of check: one of 65536 patterns may pass, 112 of them are tried. */
		assert_true(unseen <= 1);
	}
}

/* Garbage behind a right magic passes once in 65536; a check that is constant would show here. */
static void garbage_rarely_passes(void **state)
{
	struct cb_random random = {.state = 99};
	unsigned passed = 0;

	for (unsigned k = 0; k < 200000; k++) {
		struct cb_stamp s = {0};
		uint8_t bytes[CB_STAMP_SIZE];
		uint64_t noise = cb_random_next(&random), more = cb_random_next(&random);

		cb_stamp_write(bytes, KEY, &s);
		memcpy(bytes + 4, &noise, 8);
		memcpy(bytes + 10, &more, 8);
		passed += cb_stamp_read(bytes, KEY, &s) == CB_STAMP_OWN;
	}
	assert_true(passed < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(is_big_endian_on_the_wire),
		cmocka_unit_test(keeps_48_bits),
		cmocka_unit_test(another_key_is_foreign),
		cmocka_unit_test(one_flipped_bit_is_damage),
		cmocka_unit_test(garbage_rarely_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
