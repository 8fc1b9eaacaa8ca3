/* Headers other than the usual ones: what is understood, and frames with them as a receiver reads
 * them. */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "harness/net/stamp_place.h"

#include <arpa/inet.h>

#include "tests/unit/cmocka.h"

#define KEY UINT32_C(0x12345678)

static const struct {
	const char *text;
	uint32_t stamp_offset, smallest;
	bool checksum, right; /* UDP's */
} cases[] = {
	{"udp", 42, 64, false, false},
	{"udp:vlan=1", 46, 68, false, false},
	{"udp:vlan=100/4094", 50, 72, false, false},
	{"udp:mpls=0", 46, 68, false, false},
	{"udp:vlan=7,mpls=16/17/1048575", 58, 80, false, false},
	{"udp:mpls=1/2/3/4/5/6/7/8", 74, 96, false, false},
	{"udp:ip=6", 62, 84, true, true},
	{"udp:ip=6,checksum=udp", 62, 84, true, true},
	{"udp:ip=6,checksum=bad-udp", 62, 84, true, false},
	{"udp:vlan=1/2,mpls=3,ip=6", 74, 96, true, true},
	{"udp:checksum=udp", 42, 64, true, true},
	{"udp:checksum=bad-udp", 42, 64, true, false},
	{"udp:checksum=none", 42, 64, false, false},
	{"udp:checksum=bad-ip", 42, 64, false, false},
	{"udp:fragment=first", 42, 70, false, false},
	{"udp:fragment=first,checksum=udp", 42, 70, true, true},
	{"udp:fragment=middle", 34, 64, false, false},
	{"udp:fragment=last,checksum=bad-ip", 34, 64, false, false},
	{"udp:ip=6,fragment=first", 70, 98, true, true},
	{"udp:ip=6,fragment=middle", 62, 90, false, false},
	{"udp:ip=6,fragment=last", 62, 84, false, false},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct cb_template frame;

static struct cb_frame_spec spec_of(const char *text, int64_t size)
{
	struct cb_frame_spec spec = {.frame_size = size,
		.destination_mac = {2, 0, 0, 0, 0, 2},
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_port = 9,
		.source_port = 1000};
	struct cb_error err;

	inet_pton(AF_INET, "198.18.0.1", &spec.source_ip);
	inet_pton(AF_INET, "198.18.0.2", &spec.destination_ip);
	if (cb_headers_make(&spec.headers, text, &err))
		fail_msg("%s", err.text);
	return spec;
}

/* ---- as a receiver reads it, in network byte order ---- */

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t add(uint32_t sum, const uint8_t *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

struct packet {
	const uint8_t *ip, *udp; /* udp NULL: a later fragment */
	uint32_t length;         /* of UDP, by IP's length */
	bool ipv6, ip_right, udp_right, has_checksum;
};

static const uint8_t *find_ip(const uint8_t *b)
{
	const uint8_t *at = b + 12;

	while (get16(at) == 0x8100 || get16(at) == 0x88a8)
		at += 4;
	if (get16(at) != 0x8847)
		return at + 2;
	for (at += 2; !(at[2] & 1); at += 4)
		;
	return at + 4;
}

static struct packet read_packet(const uint8_t *b)
{
	struct packet p = {.ip = find_ip(b)};
	uint32_t header = 20, sum;
	bool later;

	p.ipv6 = p.ip[0] >> 4 == 6;
	if (p.ipv6) {
		header = p.ip[6] == 44 ? 48 : 40;
		later = p.ip[6] == 44 && get16(p.ip + 42) & 0xfff8;
		assert_int_equal(p.ip[6] == 44 ? p.ip[40] : p.ip[6], 17);
		p.length = 40 + get16(p.ip + 4) - header;
		p.ip_right = true;
		sum = add(17 + p.length, p.ip + 8, 32);
	} else {
		later = get16(p.ip + 6) & 0x1fff;
		assert_int_equal(p.ip[9], 17);
		p.length = get16(p.ip + 2) - header;
		p.ip_right = add(0, p.ip, 20) == 0xffff;
		sum = add(17 + p.length, p.ip + 12, 8);
	}
	if (later)
		return p;
	p.udp = p.ip + header;
	assert_int_equal(get16(p.udp + 4), p.length);
	p.has_checksum = get16(p.udp + 6) != 0;
	p.udp_right = p.has_checksum && add(sum, p.udp, p.length) == 0xffff;
	return p;
}

/* ---- tests ---- */

static void short_forms(void **state)
{
	struct cb_headers h;
	struct cb_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(cb_headers_make(&h, cases[i].text, &err), 0);
		assert_int_equal(cb_headers_stamp_offset(&h), cases[i].stamp_offset);
		assert_int_equal(cb_headers_smallest(&h), cases[i].smallest);
		assert_int_equal(cb_headers_smallest_of(cases[i].text), cases[i].smallest);
		assert_int_equal(cb_headers_have_checksum(&h), cases[i].checksum);
		assert_int_equal(cb_headers_are_plain(&h), i == 0);
	}
	assert_int_equal(cb_headers_make(&h, "udp:vlan=100/200,mpls=16/17", &err), 0);
	assert_int_equal(h.vlans[0], 100);
	assert_int_equal(h.vlans[1], 200);
	assert_int_equal(h.labels[1], 17);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"tcp", "not known"},
		{"udp:vlan=0", "between 1 and 4094"},
		{"udp:vlan=4095", "between 1 and 4094"},
		{"udp:vlan=1/2/3", "two as 100/200"},
		{"udp:vlan=1/", "not understood"},
		{"udp:vlan=/1", "not understood"},
		{"udp:vlan=+1", "not understood"},
		{"udp:vlan=999999999999999", "not understood"},
		{"udp:mpls=1048576", "1048575"},
		{"udp:mpls=1/2/3/4/5/6/7/8/9", "at most 8"},
		{"udp:ip=5", "4, 6"},
		{"udp:ip=6,checksum=bad-ip", "no checksum"},
		{"udp:ip=6,checksum=none", "RFC 8200"},
		{"udp:fragment=last,checksum=udp", "no UDP header"},
		{"udp:fragment=middle,checksum=bad-udp", "no UDP header"},
		{"udp:vlna=1", "did you mean \"vlan\""},
	};
	struct cb_headers h;
	struct cb_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		print_message("%s\n", bad[i].text);
		assert_int_equal(cb_headers_make(&h, bad[i].text, &err), CB_ERR_USAGE);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s", err.text);
		assert_int_equal(cb_headers_smallest_of(bad[i].text), 0);
	}
}

/* From the smallest size on, stamped again and again. */
static void frames_are_well_formed(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool bad_ip = strstr(cases[i].text, "bad-ip");

		for (uint32_t size = cases[i].smallest; size < cases[i].smallest + 20; size++) {
			struct cb_frame_spec spec = spec_of(cases[i].text, size);
			struct cb_stamp stamp = {.sequence = size * 77777, .time_ns = size}, got;
			struct packet p;

			assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
			assert_int_equal(frame.length, size - 4);
			for (int again = 0; again < 2; again++, stamp.sequence++)
				cb_frame_stamp(&frame, false, frame.bytes, KEY, &stamp);
			assert_int_equal(
				cb_stamp_place(frame.bytes, frame.length), cases[i].stamp_offset);
			assert_int_equal(
				cb_stamp_read(frame.bytes + cases[i].stamp_offset, KEY, &got),
				CB_STAMP_OWN);
			p = read_packet(frame.bytes);
			assert_int_equal(p.ip_right, !bad_ip);
			assert_int_equal(p.has_checksum, cases[i].checksum);
			assert_int_equal(p.udp_right, cases[i].right);
			assert_true(p.length >= 18 && p.length <= size);
			if (strstr(cases[i].text, "first") || strstr(cases[i].text, "middle"))
				assert_int_equal(p.length % 8, 0);
		}
	}
}

static void smaller_frames_are_refused(void **state)
{
	struct cb_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_frame_spec spec = spec_of(cases[i].text, cases[i].smallest - 1);

		assert_int_equal(cb_frame_build(&spec, &frame, &err), CB_ERR_USAGE);
	}
	assert_non_null(strstr(err.text, "at least 84"));
}

static void the_bytes_of_tags_and_labels(void **state)
{
	static const uint8_t qinq[] = {0x88, 0xa8, 0, 100, 0x81, 0, 0, 200, 0x88, 0x47, 0, 1, 0, 64,
		0xff, 0xff, 0xf1, 64, 0x45};
	static const uint8_t ipv6[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0, 26 + 8, 44, 64, 0x20, 1, 0, 2,
		0, 0, 0, 0, 0, 0, 0, 0, 198, 18, 0, 1, 0x20, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 198,
		18, 0, 2, 17, 0, 1480 >> 8, 1480 & 0xff, 0, 0, 0, 0};
	struct cb_frame_spec spec = spec_of("udp:vlan=100/200,mpls=16/1048575", 200);

	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	assert_memory_equal(frame.bytes + 12, qinq, sizeof(qinq));
	spec = spec_of("udp:ip=6,fragment=last", 14 + 48 + 26 + 4);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	assert_memory_equal(frame.bytes + 12, ipv6, sizeof(ipv6));
	spec = spec_of("udp:fragment=middle", 100);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	assert_int_equal(get16(frame.bytes + 20), 0x2000 | 185);
	spec = spec_of("udp:fragment=first", 100);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	assert_int_equal(get16(frame.bytes + 20), 0x2000);
	spec = spec_of("udp:fragment=last", 100);
	assert_int_equal(cb_frame_build(&spec, &frame, NULL), 0);
	assert_int_equal(get16(frame.bytes + 20), 185);
}

/* Whatever frame stood there before, sizes, flows and payload leave everything right. */
static void shapes_of_every_kind(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cb_frame_spec spec = spec_of(cases[i].text, 1518);
		struct cb_shape s = {
			.frame = &frame, .flows = {.n = 1000, .field = CB_FLOW_SOURCE_IP}};
		uint8_t bytes[sizeof(frame.bytes)];
		struct cb_error err;
		char sizes[40];

		snprintf(sizes, sizeof(sizes), "uniform:from=%u,to=1518", cases[i].smallest);
		assert_int_equal(cb_sizes_make(&s.sizes, sizes, 64, 1518, &err), 0);
		assert_int_equal(cb_payload_make(&s.payload, "random", &err), 0);
		assert_int_equal(cb_shape_check(&s, &spec.headers, &err), 0);
		assert_int_equal(cb_frame_build(&spec, &frame, &err), 0);
		memcpy(bytes, frame.bytes, sizeof(bytes));
		for (uint64_t n = 0; n < 2000; n++) {
			struct cb_stamp stamp = {.sequence = n * 7919};
			uint32_t length = cb_shape_apply(&s, bytes, n * 7919);
			struct packet p;

			cb_frame_stamp(&frame, true, bytes, KEY, &stamp);
			p = read_packet(bytes);
			assert_int_equal(p.ip_right, !strstr(cases[i].text, "bad-ip"));
			assert_int_equal(p.udp_right, cases[i].right);
			assert_int_equal(p.has_checksum, cases[i].checksum);
			assert_int_equal(length, cb_sizes_of(&s.sizes, n * 7919) - 4);
			for (const uint8_t *pad = p.ip + frame.ip_length + p.length;
				pad < bytes + length; pad++)
				assert_int_equal(*pad, 0);
		}
		cb_sizes_finish(&s.sizes);
		cb_payload_finish(&s.payload);
	}
}

static void shapes_that_do_not_go_with_headers(void **state)
{
	struct cb_frame_spec spec = spec_of("udp:vlan=1", 1518);
	struct cb_shape s = {.sizes = {.largest = 1518, .smallest = 67}, .flows = {.n = 2}};
	struct cb_error err;

	assert_int_equal(cb_shape_check(&s, &spec.headers, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "at least 68"));
	s.sizes.smallest = 68;
	assert_int_equal(cb_shape_check(&s, &spec.headers, &err), 0);
	spec = spec_of("udp:fragment=last", 1518);
	assert_int_equal(cb_shape_check(&s, &spec.headers, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "source-ip"));
	s.flows.field = CB_FLOW_SOURCE_IP;
	assert_int_equal(cb_shape_check(&s, &spec.headers, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_forms),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(frames_are_well_formed),
		cmocka_unit_test(smaller_frames_are_refused),
		cmocka_unit_test(the_bytes_of_tags_and_labels),
		cmocka_unit_test(shapes_of_every_kind),
		cmocka_unit_test(shapes_that_do_not_go_with_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
