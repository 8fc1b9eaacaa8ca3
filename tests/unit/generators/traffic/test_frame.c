/* The frame template, byte by byte, against an independent reading of the headers. */
#include "generators/traffic/frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_frame_spec spec_of(int64_t frame_size)
{
	struct cb_frame_spec spec = {
		.frame_size = frame_size,
		.destination_mac = {0x02, 0, 0, 0, 0, 0x02},
		.source_mac = {0x06, 0x11, 0x22, 0x33, 0x44, 0x55},
		.destination_port = 9,
		.source_port = 49184,
	};

	inet_pton(AF_INET, "198.18.0.1", &spec.source_ip);
	inet_pton(AF_INET, "198.19.255.254", &spec.destination_ip);
	return spec;
}

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* RFC 1071: a header with its right checksum in place sums up to 0xffff. */
static unsigned sum_of(const uint8_t *at, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += be16(at + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void assert_frame(int64_t frame_size)
{
	static struct cb_template frame;
	struct cb_frame_spec spec = spec_of(frame_size);
	const uint8_t *b = frame.bytes;
	struct cb_error err;

	memset(&frame, 0xee, sizeof(frame));
	assert_int_equal(cb_frame_build(&spec, &frame, &err), 0);
	assert_int_equal(frame.length, frame_size - 4);
	assert_int_equal(frame.stamp_offset, 42);
	assert_true(frame.stamp_offset + CB_STAMP_SIZE <= frame.length);
	assert_memory_equal(b, spec.destination_mac, 6);
	assert_memory_equal(b + 6, spec.source_mac, 6);
	assert_int_equal(be16(b + 12), 0x0800);
	assert_int_equal(b[14], 0x45);
	assert_int_equal(b[15], 0);
	assert_int_equal(be16(b + 16), frame_size - 18); /* total length */
	assert_int_equal(be16(b + 18), 0);               /* identification */
	assert_int_equal(be16(b + 20), 0x4000);          /* DF: never a fragment */
	assert_int_equal(b[22], 64);
	assert_int_equal(b[23], 17);
	assert_int_equal(sum_of(b + 14, 20), 0xffff);
	assert_memory_equal(b + 26, &spec.source_ip, 4);
	assert_memory_equal(b + 30, &spec.destination_ip, 4);
	assert_int_equal(be16(b + 34), 49184);
	assert_int_equal(be16(b + 36), 9);
	assert_int_equal(be16(b + 38), frame_size - 38); /* UDP length */
	assert_int_equal(be16(b + 40), 0);               /* no UDP checksum */
	for (uint32_t i = 42; i < frame.length; i++)
		assert_int_equal(b[i], 0);
}

static void every_size_class(void **state)
{
	static const int64_t sizes[] = {
		64, 65, 66, 67, 127, 128, 511, 512, 1024, 1280, 1517, 1518, 9000, 9017, 9018};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_frame(sizes[i]);
}

static void sizes_out_of_bounds(void **state)
{
	static const int64_t sizes[] = {
		-1, 0, 4, 60, 63, 9019, 16384, 65536 + 64, INT64_MAX, INT64_MIN};
	static struct cb_template frame;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cb_frame_spec spec = spec_of(sizes[i]);
		struct cb_error err;

		assert_int_equal(cb_frame_build(&spec, &frame, &err), CB_ERR_USAGE);
		assert_non_null(strstr(err.text, "64"));
		assert_non_null(strstr(err.text, "9018"));
		assert_int_equal(cb_frame_build(&spec, &frame, NULL), CB_ERR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_class),
		cmocka_unit_test(sizes_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
