/* Other addresses in frames of all kinds: checksums that were right stay right. */
#include "generators/traffic/readdress.h"
#include "harness/base/random.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static uint32_t sum_of(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	if (n % 2)
		sum += (uint32_t)at[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct made {
	uint8_t bytes[256];
	uint32_t length, ip, transport, checksum; /* offsets */
	uint8_t version, protocol;
};

/* The sum that a receiver makes over pseudo header and segment: 0xffff when it is right. */
static uint32_t transport_sum(const struct made *m)
{
	uint32_t n = m->length - m->transport, addresses = m->version == 4 ? 12 : 8;
	uint32_t sum = sum_of(m->bytes + m->ip + addresses, m->version == 4 ? 8 : 32, 0);

	return sum_of(m->bytes + m->transport, n, sum + n + m->protocol);
}

/* Random content, `tags` VLAN tags, right checksums. */
static struct made make(struct cb_random *random, int tags, uint8_t version, uint8_t protocol)
{
	struct made m = {.length = (uint32_t)(14 + 4 * tags + 40 + 20 + 20 +
				 (int)cb_random_below(random, 100)),
		.ip = (uint32_t)(14 + 4 * tags),
		.version = version,
		.protocol = protocol};

	for (uint32_t i = 0; i < sizeof(m.bytes); i++)
		m.bytes[i] = (uint8_t)cb_random_next(random);
	for (int i = 0; i < tags; i++)
		put16(m.bytes + 12 + (size_t)4 * (size_t)i, i + 1 < tags ? 0x88a8 : 0x8100);
	put16(m.bytes + m.ip - 2, version == 4 ? 0x0800 : 0x86dd);
	m.bytes[m.ip] = version == 4 ? 0x46 : 0x60;
	m.transport = m.ip + (version == 4 ? 24 : 40);
	m.bytes[m.ip + (version == 4 ? 9 : 6)] = protocol;
	m.checksum = m.transport + (protocol == 6 ? 16 : protocol == 17 ? 6 : 2);
	put16(m.bytes + m.checksum, 0);
	if (version == 4) {
		put16(m.bytes + m.ip + 6, 0x4000);
		put16(m.bytes + m.ip + 10, 0);
		put16(m.bytes + m.ip + 10, ~sum_of(m.bytes + m.ip, 24, 0));
	}
	put16(m.bytes + m.checksum, ~transport_sum(&m));
	if (protocol == 17 && !m.bytes[m.checksum] && !m.bytes[m.checksum + 1])
		put16(m.bytes + m.checksum, 0xffff);
	return m;
}

static void checksums_stay_right(void **state)
{
	static const struct {
		uint8_t version, protocol;
	} kinds[] = {{4, 6}, {4, 17}, {6, 6}, {6, 17}, {6, 58}};
	struct cb_random random = {.state = 1};

	for (int i = 0; i < 20000; i++) {
		int tags = i % 3;
		struct made m = make(&random, tags, kinds[i % 5].version, kinds[i % 5].protocol),
			    before = m;
		uint32_t add = (uint32_t)cb_random_next(&random);
		uint32_t source = m.ip + (m.version == 4 ? 12 : 20), old, now;

		assert_int_equal(transport_sum(&m), 0xffff);
		cb_readdress(m.bytes, m.length, add);
		assert_int_equal(transport_sum(&m), 0xffff);
		if (m.version == 4)
			assert_int_equal(sum_of(m.bytes + m.ip, 24, 0), 0xffff);
		memcpy(&old, before.bytes + source, 4);
		memcpy(&now, m.bytes + source, 4);
		assert_true(__builtin_bswap32(now) == (uint32_t)(__builtin_bswap32(old) + add));
		assert_memory_equal(m.bytes, before.bytes, m.ip);
		cb_readdress(m.bytes, m.length, -add);
		assert_memory_equal(m.bytes + source, before.bytes + source, 4);
	}
}

static void udp_without_a_checksum_keeps_none(void **state)
{
	struct cb_random random = {.state = 2};
	struct made m = make(&random, 0, 4, 17);

	put16(m.bytes + m.checksum, 0);
	cb_readdress(m.bytes, m.length, 5);
	assert_int_equal(m.bytes[m.checksum] + m.bytes[m.checksum + 1], 0);
}

static void a_later_fragment_keeps_its_payload(void **state)
{
	struct cb_random random = {.state = 3};
	struct made m = make(&random, 0, 4, 6), before;

	put16(m.bytes + m.ip + 6, 100);
	before = m;
	cb_readdress(m.bytes, m.length, 5);
	assert_memory_equal(m.bytes + m.transport, before.bytes + m.transport, 60);
	assert_memory_not_equal(m.bytes + m.ip, before.bytes + m.ip, 20);
}

/* Cut off at any length, and rubbish: nothing is written or read behind the end. */
static void hostile_frames(void **state)
{
	struct cb_random random = {.state = 4};

	for (int i = 0; i < 20000; i++) {
		struct made m = make(&random, i % 3, i % 2 ? 4 : 6, i % 5 ? 6 : 17), before;
		uint32_t length = (uint32_t)cb_random_below(&random, m.length);

		if (i % 7 == 0)
			m.bytes[m.ip] = (uint8_t)cb_random_next(&random);
		before = m;
		cb_readdress(m.bytes, length, 77);
		assert_memory_equal(
			m.bytes + length, before.bytes + length, sizeof(m.bytes) - length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_stay_right),
		cmocka_unit_test(udp_without_a_checksum_keeps_none),
		cmocka_unit_test(a_later_fragment_keeps_its_payload),
		cmocka_unit_test(hostile_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
