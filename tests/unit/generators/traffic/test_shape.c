/* Frames that differ: lengths, checksums and flows are right in each, and follow from its number.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_template frame;

static struct cb_shape make(const char *sizes, const char *payload, struct cb_flows flows)
{
	struct cb_frame_spec spec = {.destination_mac = {2, 0, 0, 0, 0, 2},
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_port = 9,
		.source_port = 65530};
	struct cb_shape s = {.frame = &frame, .flows = flows};
	struct cb_error err = {0};

	inet_pton(AF_INET, "198.18.0.250", &spec.source_ip);
	inet_pton(AF_INET, "198.18.0.2", &spec.destination_ip);
	if (cb_sizes_make(&s.sizes, sizes, 128, 1518, &err) ||
		cb_payload_make(&s.payload, payload, &err))
		fail_msg("%s", err.text);
	spec.frame_size = s.sizes.largest;
	assert_int_equal(cb_frame_build(&spec, &frame, &err), 0);
	return s;
}

static void finish(struct cb_shape *s)
{
	cb_sizes_finish(&s->sizes);
	cb_payload_finish(&s->payload);
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* What a receiver checks: RFC 791's sum over the whole header, and both lengths. */
static void assert_well_formed(const uint8_t *bytes, uint32_t length)
{
	uint32_t sum = 0;

	for (int i = 14; i < 34; i += 2)
		sum += get16(bytes + i);
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	assert_int_equal(get16(bytes + 16), length - 14);
	assert_int_equal(get16(bytes + 38), length - 34);
	assert_int_equal(get16(bytes + 40), 0);
}

static void plain_is_the_template(void **state)
{
	struct cb_shape s = make("fixed", "zeros", (struct cb_flows){.n = 1});

	assert_true(cb_shape_is_plain(&s));
	finish(&s);
	s = make("fixed", "pattern:00", (struct cb_flows){.n = 1});
	assert_false(cb_shape_is_plain(&s));
	finish(&s);
	s = make("imix", "zeros", (struct cb_flows){.n = 1});
	assert_false(cb_shape_is_plain(&s));
	finish(&s);
	s = make("fixed", "zeros", (struct cb_flows){.n = 2});
	assert_false(cb_shape_is_plain(&s));
	finish(&s);
}

/* Whatever frame stood there before. */
static void sizes_and_checksums(void **state)
{
	struct cb_shape s = make("uniform", "random",
		(struct cb_flows){.n = 65536, .order = CB_FLOW_RANDOM, .field = CB_FLOW_SOURCE_IP});
	uint8_t bytes[sizeof(frame.bytes)];

	memcpy(bytes, frame.bytes, sizeof(bytes));
	for (uint64_t i = 0; i < 20000; i++) {
		uint32_t length = cb_shape_apply(&s, bytes, i * 7919);

		assert_int_equal(length, cb_sizes_of(&s.sizes, i * 7919) - 4);
		assert_well_formed(bytes, length);
		assert_memory_equal(bytes, frame.bytes, 14);
	}
	finish(&s);
}

static void flows_take_turns(void **state)
{
	struct cb_shape s = make("fixed", "zeros", (struct cb_flows){.n = 10});
	uint8_t bytes[sizeof(frame.bytes)];

	memcpy(bytes, frame.bytes, sizeof(bytes));
	for (uint64_t i = 0; i < 30; i++) {
		uint32_t length = cb_shape_apply(&s, bytes, i);

		assert_int_equal(get16(bytes + 34), (65530 + i % 10) % 65536);
		assert_memory_equal(bytes + 26, frame.bytes + 26, 8);
		assert_well_formed(bytes, length);
	}
	finish(&s);
	s = make("fixed", "zeros", (struct cb_flows){.n = 10, .field = CB_FLOW_SOURCE_IP});
	memcpy(bytes, frame.bytes, sizeof(bytes));
	assert_well_formed(bytes, cb_shape_apply(&s, bytes, 9));
	/* 198.18.0.250 + 9 */
	assert_int_equal(get16(bytes + 28), 1 << 8 | 3);
	assert_int_equal(get16(bytes + 34), 65530);
	finish(&s);
}

/* As many different flows as were asked for, each about as often as the others. */
static void every_flow_is_used(void **state)
{
	static const enum cb_flow_field fields[] = {
		CB_FLOW_SOURCE_PORT, CB_FLOW_SOURCE_IP, CB_FLOW_BOTH};
	enum { N = 1000, FRAMES = 100000 };

	for (int f = 0; f < 3; f++) {
		struct cb_shape s = make("fixed", "zeros",
			(struct cb_flows){.n = N, .order = CB_FLOW_RANDOM, .field = fields[f]});
		static uint16_t seen[1 << 16];
		uint8_t bytes[sizeof(frame.bytes)];
		int flows = 0;

		memset(seen, 0, sizeof(seen));
		memcpy(bytes, frame.bytes, sizeof(bytes));
		for (uint64_t i = 0; i < FRAMES; i++) {
			cb_shape_apply(&s, bytes, i);
			seen[(uint16_t)(get16(bytes + 28) - get16(frame.bytes + 28) +
				(f == 2 ? 256 : 1) *
					(get16(bytes + 34) - get16(frame.bytes + 34)))]++;
		}
		for (int i = 0; i < 1 << 16; i++) {
			flows += seen[i] > 0;
			if (seen[i])
				assert_in_range(seen[i], 50, 160);
		}
		assert_int_equal(flows, N);
		finish(&s);
	}
}

/* ---- payload ---- */

/* What a compressor can use: zeros, and what stood there in the frame before. */
struct found {
	double zeros, repeated;
};

static struct found look(const char *payload)
{
	struct cb_shape s = make("list:1518x1", payload, (struct cb_flows){.n = 1});
	enum { FRAMES = 500, BEGIN = 60, END = 1514 };
	uint8_t now[sizeof(frame.bytes)], before[sizeof(frame.bytes)];
	struct found f = {0};

	memcpy(now, frame.bytes, sizeof(now));
	cb_shape_apply(&s, now, 0);
	for (uint64_t i = 1; i <= FRAMES; i++) {
		memcpy(before, now, sizeof(before));
		cb_shape_apply(&s, now, i);
		for (int at = BEGIN; at < END; at++) {
			f.zeros += now[at] == 0;
			f.repeated += now[at] == before[at];
		}
	}
	finish(&s);
	f.zeros /= FRAMES * (END - BEGIN);
	f.repeated /= FRAMES * (END - BEGIN);
	return f;
}

static bool near(double x, double expected)
{
	return x > expected - 0.01 && x < expected + 0.01;
}

static void payloads_are_as_random_as_asked(void **state)
{
	struct found f = look("random");

	assert_true(near(f.zeros, 1 / 256.0) && near(f.repeated, 1 / 256.0));
	f = look("random:compressible=50%");
	assert_true(near(f.zeros, 0.5) && near(f.repeated, 0.5));
	f = look("random:compressible=90%");
	assert_true(near(f.zeros, 0.9) && near(f.repeated, 0.9));
	f = look("random:compressible=100%");
	assert_true(f.zeros == 1);
	f = look("zeros");
	assert_true(f.zeros == 1);
	f = look("pattern:deadbeef");
	assert_true(f.zeros == 0 && f.repeated == 1);
}

static void a_pattern_is_repeated(void **state)
{
	static const uint8_t expected[] = {1, 2, 0xff};
	struct cb_shape s = make("fixed", "pattern:0102ff", (struct cb_flows){.n = 1});
	uint8_t bytes[sizeof(frame.bytes)];

	memcpy(bytes, frame.bytes, sizeof(bytes));
	assert_int_equal(cb_shape_apply(&s, bytes, 5), 124);
	for (int i = 60; i < 124; i++)
		assert_int_equal(bytes[i], expected[(i - 60) % 3]);
	assert_memory_equal(bytes, frame.bytes, 60);
	finish(&s);
}

static void wrong_payloads_are_refused(void **state)
{
	static const char *const bad[] = {"", "zero", "zeros:1", "pattern:", "pattern:abc",
		"pattern:xy", "pattern:AB", "random:compressible=101%", "random:seed=-1"};
	struct cb_payload p;
	struct cb_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i]);
		assert_int_equal(cb_payload_make(&p, bad[i], &err), CB_ERR_USAGE);
		cb_payload_finish(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_is_the_template),
		cmocka_unit_test(sizes_and_checksums),
		cmocka_unit_test(flows_take_turns),
		cmocka_unit_test(every_flow_is_used),
		cmocka_unit_test(payloads_are_as_random_as_asked),
		cmocka_unit_test(a_pattern_is_repeated),
		cmocka_unit_test(wrong_payloads_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
