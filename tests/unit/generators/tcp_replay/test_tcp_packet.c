/* Frames, options, messages of neighbours: written and read back; and what is malformed. */
#include "generators/tcp_replay/neighbour.h"
#include "generators/tcp_replay/packet.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static const struct cb_tcp_options all = {.has_mss = true,
	.mss = 1460,
	.has_scale = true,
	.scale = 9,
	.sack_permitted = true,
	.has_times = true,
	.time = 0x01020304,
	.echo = 0xfffffffe};

static void test_options(void **state)
{
	uint8_t bytes[CB_TCP_OPTIONS_MAX];
	struct cb_tcp_options o;

	(void)state;
	/* as Linux orders them: MSS, SACK permitted, timestamps, NOP, scale */
	assert_int_equal(cb_tcp_options_write(&all, bytes), 20);
	assert_int_equal(bytes[0], 2);
	assert_int_equal(bytes[4], 4);
	assert_int_equal(bytes[6], 8);
	assert_int_equal(bytes[17], 3);
	assert_true(cb_tcp_options_read(&o, bytes, 20));
	assert_memory_equal(&o, &all, sizeof(o));
}

static void test_sacks(void **state)
{
	struct cb_tcp_options o = {.has_times = true, .n_sacks = 4}, back;
	uint8_t bytes[CB_TCP_OPTIONS_MAX];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		o.sacks[i] = (struct cb_tcp_sack){100 * i, 100 * i + 50};
	assert_int_equal(
		cb_tcp_options_write(&o, bytes), 40); /* three find room beside the times */
	assert_true(cb_tcp_options_read(&back, bytes, 40));
	assert_int_equal(back.n_sacks, 3);
	assert_memory_equal(back.sacks, o.sacks, 3 * sizeof(o.sacks[0]));
	o.has_times = false;
	assert_int_equal(cb_tcp_options_write(&o, bytes), 36);
	assert_true(cb_tcp_options_read(&back, bytes, 36));
	assert_int_equal(back.n_sacks, 4);
}

static void test_malformed_options(void **state)
{
	static const uint8_t cases[][8] = {
		{2},                   /* no length */
		{2, 0},                /* a length of nothing */
		{2, 1},                /* less than its own head */
		{8, 10, 1, 2},         /* goes beyond the end */
		{1, 1, 1, 1, 1, 1, 3}, /* the same, behind NOPs */
	};
	static const uint8_t sizes[] = {1, 2, 2, 4, 7};
	struct cb_tcp_options o;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes); i++)
		assert_false(cb_tcp_options_read(&o, cases[i], sizes[i]));
	/* a wrong length of a known one is passed over; the scale is cut to what it may be */
	assert_true(cb_tcp_options_read(&o, (const uint8_t[]){2, 3, 9, 3, 3, 200, 0, 2}, 8));
	assert_false(o.has_mss);
	assert_int_equal(o.scale, 14);
}

static void test_places(void **state)
{
	(void)state;
	assert_int_equal(cb_tcp_place(0, 0xffffffff, 0), 1);
	assert_int_equal(cb_tcp_place(INT64_C(0x1ffffffff), 5, 5), INT64_C(0x200000000));
	assert_int_equal(cb_tcp_place(10, 100, 90), -10);
	assert_int_equal(cb_tcp_place(INT64_C(5000000000), 7, 7 + (uint32_t)INT64_C(5000000100)),
		INT64_C(5000000100));
}

static struct cb_packet_head head_of(bool ipv6, unsigned vlans)
{
	return (struct cb_packet_head){.ipv6 = ipv6,
		.n_vlans = vlans,
		.vlans = {{0x88a8, 5}, {0x8100, 6}},
		.source = {.ip = {10, 0, 0, 1}, .port = 4000},
		.destination = {.ip = {10, 0, 0, 2}, .port = 80},
		.ttl = 33,
		.tos = 0x28};
}

static void test_frames(void **state)
{
	static const char payload[] = "odd number of it";
	uint8_t frame[CB_PACKET_HEADERS_MAX + 32];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct cb_packet_head head = head_of(i & 1, i / 2);
		struct cb_tcp_segment s = {.seq = 1,
			.ack = 2,
			.window = 3,
			.flags = CB_TCP_ACK,
			.options = all,
			.payload = (const uint8_t *)payload,
			.length = 15 + (i & 1)};
		uint32_t n = cb_packet_write(&head, &s, 77, frame);
		struct cb_packet p;

		memcpy(frame + n, payload, s.length);
		assert_int_equal(
			cb_packet_read(&p, CB_PCAP_ETHERNET, frame, n + s.length), CB_PACKET_TCP);
		assert_int_equal(p.ipv6, head.ipv6);
		assert_int_equal(p.n_vlans, head.n_vlans);
		assert_int_equal(p.ttl, 33);
		assert_int_equal(p.tos, 0x28);
		assert_memory_equal(&p.source, &head.source, sizeof(p.source));
		assert_memory_equal(&p.destination, &head.destination, sizeof(p.source));
		assert_int_equal(p.segment.seq, 1);
		assert_int_equal(p.segment.window, 3);
		assert_int_equal(p.segment.length, s.length);
		assert_true(cb_packet_checksum_holds(&p));
		frame[n] ^= 1;
		assert_false(cb_packet_checksum_holds(&p));
		frame[n] ^= 1;
		/* padding behind the packet is none of it; a cut packet lacks some */
		assert_int_equal(cb_packet_read(&p, CB_PCAP_ETHERNET, frame, n + s.length + 3),
			CB_PACKET_TCP);
		assert_int_equal(p.segment.length, s.length);
		assert_int_equal(cb_packet_read(&p, CB_PCAP_ETHERNET, frame, n + 5), CB_PACKET_TCP);
		assert_int_equal(p.missing, s.length - 5);
		for (uint32_t k = 0; k < n; k++)
			assert_int_not_equal(
				cb_packet_read(&p, CB_PCAP_ETHERNET, frame, k), CB_PACKET_TCP);
	}
}

/* A sum that is known: RFC 1071, section 3. */
static void test_sum(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint64_t sum = cb_packet_sum(bytes, 8);
	uint16_t folded;

	(void)state;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)sum;
	assert_memory_equal(&folded, ((const uint8_t[]){0xdd, 0xf2}), 2);
}

static void test_neighbours(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct cb_neighbour_message m = {.ipv6 = i & 1,
			.request = i & 2,
			.target = {10, 9, 0, 2, [15] = 7},
			.sender = {10, 9, 0, 1},
			.sender_mac = {2, 0, 0, 0, 0, 1},
			.asker = {10, 9, 0, 1},
			.asker_mac = {2, 0, 0, 0, 0, 9}};
		struct cb_neighbour_message back;
		uint8_t frame[CB_NEIGHBOUR_FRAME_MAX];
		uint32_t n;

		if (!m.ipv6)
			m.target[15] = 0;
		n = cb_neighbour_write(&m, NULL, 0, frame);
		assert_true(cb_neighbour_read(&back, frame, n));
		assert_int_equal(back.request, m.request);
		assert_memory_equal(back.target, m.target, 16);
		assert_memory_equal(back.sender_mac, m.sender_mac, 6);
		for (uint32_t k = 0; k < n; k++)
			assert_false(cb_neighbour_read(&back, frame, k) && !m.ipv6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_sacks),
		cmocka_unit_test(test_malformed_options),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
