/* Which keys of RSS give both directions of a connection the same hash: against the hash itself. */
#include "harness/net/rss.h"

#include <string.h>

#include "tests/unit/cmocka.h"

/* Microsoft's, which most drivers have had ("Verifying the RSS Hash Calculation"). */
static const uint8_t usual[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25,
	0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
	0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

/* Of each input bit that is set, 32 bits of the key from its place on. */
static uint32_t hash(const uint8_t *key, const uint8_t *input, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 8 * n; i++) {
		uint32_t window = 0;

		if (!(input[i / 8] >> (7 - i % 8) & 1))
			continue;
		for (size_t k = i; k < i + 32; k++)
			window = window << 1 | (key[k / 8] >> (7 - k % 8) & 1);
		sum ^= window;
	}
	return sum;
}

/* Addresses of `size` bytes, and ports. */
static bool both_directions(const uint8_t *key, size_t size)
{
	uint8_t there[36], back[36];

	for (size_t i = 0; i < 2 * size + 4; i++)
		there[i] = (uint8_t)(17 * i + 1);
	memcpy(back, there + size, size);
	memcpy(back + size, there, size);
	memcpy(back + 2 * size, there + 2 * size + 2, 2);
	memcpy(back + 2 * size + 2, there + 2 * size, 2);
	return hash(key, there, 2 * size + 4) == hash(key, back, 2 * size + 4);
}

/* The documented hash of 66.9.149.187:2794 -> 161.142.100.80:1766. */
static void the_hash_of_this_test_is_the_standard_one(void **state)
{
	static const uint8_t input[12] = {
		66, 9, 149, 187, 161, 142, 100, 80, 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255};

	assert_int_equal(hash(usual, input, sizeof(input)), 0x51ccc178);
}

static void the_usual_key_is_not_symmetric(void **state)
{
	assert_false(both_directions(usual, 4));
	assert_false(both_directions(usual, 16));
	assert_false(cb_rss_key_is_symmetric(usual, sizeof(usual)));
}

static void two_bytes_again_and_again_are_symmetric(void **state)
{
	uint8_t key[52];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
	assert_true(both_directions(key, 4));
	assert_true(both_directions(key, 16));
	assert_true(cb_rss_key_is_symmetric(key, 40));
	assert_true(cb_rss_key_is_symmetric(key, sizeof(key)));
	/* too short for IPv6 */
	assert_false(cb_rss_key_is_symmetric(key, 37));
	assert_false(cb_rss_key_is_symmetric(key, 0));
}

/* One bit that either kind of connection needs. */
static void one_bit_is_enough(void **state)
{
	for (size_t i = 0; i < 39; i++) {
		uint8_t key[40];

		for (size_t k = 0; k < sizeof(key); k++)
			key[k] = k % 2 ? 0x5a : 0x6d;
		key[i] ^= 0x10;
		assert_false(cb_rss_key_is_symmetric(key, sizeof(key)));
	}
}

static void a_device_without_a_table_says_so(void **state)
{
	struct cb_error err = {0};
	struct cb_rss rss;

	assert_int_equal(cb_rss_read("lo", &rss, &err), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "lo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_of_this_test_is_the_standard_one),
		cmocka_unit_test(the_usual_key_is_not_symmetric),
		cmocka_unit_test(two_bytes_again_and_again_are_symmetric),
		cmocka_unit_test(one_bit_is_enough),
		cmocka_unit_test(a_device_without_a_table_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
