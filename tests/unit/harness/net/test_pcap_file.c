/* Files of packets, good and bad; all of them made here, byte by byte. */
#include "harness/net/pcap_file.h"

#include <string.h>

#include "tests/unit/cmocka.h"

struct bytes {
	uint8_t at[4096];
	size_t n;
};

static void put32(struct bytes *b, uint32_t value)
{
	memcpy(b->at + b->n, &value, 4); /* pcap is in the byte order of who wrote it */
	b->n += 4;
}

static void put16(struct bytes *b, uint16_t value)
{
	memcpy(b->at + b->n, &value, 2);
	b->n += 2;
}

static void put_header(struct bytes *b, uint32_t magic, uint32_t snaplen, uint32_t link_type)
{
	put32(b, magic);
	put16(b, 2);
	put16(b, 4);
	put32(b, 0);
	put32(b, 0);
	put32(b, snaplen);
	put32(b, link_type);
}

static void put_packet(
	struct bytes *b, uint32_t s, uint32_t fraction, uint32_t captured, uint32_t length)
{
	put32(b, s);
	put32(b, fraction);
	put32(b, captured);
	put32(b, length);
	memset(b->at + b->n, 0x5a, captured);
	b->n += captured;
}

/* A pcapng block around `n` bytes of body, a multiple of 4. */
static void put_block(struct bytes *b, uint32_t type, const uint32_t *body, uint32_t n)
{
	put32(b, type);
	put32(b, n + 12);
	memcpy(b->at + b->n, body, n);
	b->n += n;
	put32(b, n + 12);
}

static struct cb_pcap_file *file;
static struct cb_error err;

static int open_bytes(struct bytes *b, size_t n)
{
	FILE *stream = fmemopen(b->at, n, "rb");

	assert_non_null(stream);
	return cb_pcap_file_open_stream(&file, stream, "t.pcap", &err);
}

static int no_libpcap(void **state)
{
	struct bytes b = {.n = 0};

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	if (open_bytes(&b, b.n) == CB_ERR_IMPOSSIBLE)
		skip();
	cb_pcap_file_close(file);
	return 0;
}

static void microseconds_and_nanoseconds(void **state)
{
	static const struct {
		uint32_t magic;
		uint64_t time_ns;
	} cases[] = {{0xa1b2c3d4, UINT64_C(1700000000000123000)},
		{0xa1b23c4d, UINT64_C(1700000000000000123)}};

	for (size_t i = 0; i < 2; i++) {
		struct cb_pcap_packet p;
		struct bytes b = {.n = 0};

		put_header(&b, cases[i].magic, 65535, 1);
		put_packet(&b, 1700000000, 123, 60, 60);
		put_packet(&b, 1700000001, 0, 60, 1514);
		assert_int_equal(open_bytes(&b, b.n), 0);
		assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
		assert_true(p.time_ns == cases[i].time_ns);
		assert_true(p.captured == 60 && p.length == 60 && p.bytes[59] == 0x5a);
		assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
		assert_true(p.captured == 60 && p.length == 1514);
		assert_int_equal(cb_pcap_file_next(file, &p, &err), 0);
		cb_pcap_file_close(file);
	}
}

/* A section, an interface with times in ns, a block of a type that nobody knows, a packet. */
static void pcapng_with_odd_blocks(void **state)
{
	static const uint32_t section[] = {0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX};
	static const uint32_t interface[] = {1, 65535, 9 | 1 << 16, 9, 0};
	static const uint32_t odd[] = {1, 2, 3};
	static const uint32_t packet[] = {0, 1, 5, 8, 64, 0x5a5a5a5a, 0x5a5a5a5a};
	struct cb_pcap_packet p;
	struct bytes b = {.n = 0};

	put_block(&b, 0x0a0d0d0a, section, sizeof(section));
	put_block(&b, 1, interface, sizeof(interface));
	put_block(&b, 0x7fffffff, odd, sizeof(odd));
	put_block(&b, 6, packet, sizeof(packet));
	put_block(&b, 0x0bad, odd, sizeof(odd));
	assert_int_equal(open_bytes(&b, b.n), 0);
	assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
	assert_true(p.time_ns == (UINT64_C(1) << 32) + 5);
	assert_true(p.captured == 8 && p.length == 64);
	assert_int_equal(cb_pcap_file_next(file, &p, &err), 0);
	cb_pcap_file_close(file);
}

/* Cut off at every byte: an error at once or later, or the true end at a packet's end. */
static void cut_off_anywhere(void **state)
{
	struct cb_pcap_packet p;
	struct bytes b = {.n = 0};

	put_header(&b, 0xa1b2c3d4, 65535, 1);
	put_packet(&b, 1, 0, 60, 60);
	put_packet(&b, 2, 0, 61, 61);
	for (size_t n = 1; n < b.n; n++) {
		int r = open_bytes(&b, n), packets = 0;

		assert_int_equal(r, n < 24 ? CB_ERR_USAGE : 0);
		if (r)
			continue;
		while ((r = cb_pcap_file_next(file, &p, &err)) > 0)
			packets++;
		assert_int_equal(packets, n >= 100);
		assert_int_equal(r, n == 24 || n == 100 ? 0 : CB_ERR_USAGE);
		cb_pcap_file_close(file);
	}
}

static void bad_files(void **state)
{
	struct cb_pcap_packet p;
	struct bytes b = {.n = 0};
	int r;

	assert_int_equal(cb_pcap_file_open(&file, "/nonexistent.pcap", &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "/nonexistent.pcap"));
	assert_int_equal(cb_pcap_file_open(&file, "/dev/null", &err), CB_ERR_USAGE);
	put_header(&b, 0xdeadbeef, 65535, 1);
	assert_int_equal(open_bytes(&b, b.n), CB_ERR_USAGE);
	b.n = 0;
	put_header(&b, 0xa1b2c3d4, 65535, 113); /* Linux cooked */
	assert_int_equal(open_bytes(&b, b.n), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no Ethernet frames"));
	/* 2 GB snaplen, and a packet that claims as much */
	b.n = 0;
	put_header(&b, 0xa1b2c3d4, 0x7fffffff, 1);
	put_packet(&b, 1, 0, 60, 60);
	put32(&b, 1);
	put32(&b, 0);
	put32(&b, 0x7fffffff);
	put32(&b, 0x7fffffff);
	assert_int_equal(open_bytes(&b, b.n), 0);
	assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
	r = cb_pcap_file_next(file, &p, &err);
	assert_int_equal(r, CB_ERR_USAGE);
	cb_pcap_file_close(file);
	/* a packet of nothing, and one that is longer than the wire says */
	b.n = 0;
	put_header(&b, 0xa1b2c3d4, 65535, 1);
	put_packet(&b, 1, 0, 0, 0);
	put_packet(&b, UINT32_MAX, UINT32_MAX, 60, 0);
	assert_int_equal(open_bytes(&b, b.n), 0);
	assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
	assert_true(p.captured == 0 && p.length == 0);
	assert_int_equal(cb_pcap_file_next(file, &p, &err), 1);
	assert_true(p.captured == 60 && p.length == 60);
	cb_pcap_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(microseconds_and_nanoseconds, no_libpcap),
		cmocka_unit_test_setup(pcapng_with_odd_blocks, no_libpcap),
		cmocka_unit_test_setup(cut_off_anywhere, no_libpcap),
		cmocka_unit_test_setup(bad_files, no_libpcap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
