/* Headers of all kinds, and every way in which they can end too early. */
#include "harness/net/stamp.h"
#include "harness/net/stamp_place.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define MACS   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
#define VLAN   0x81, 0, 0, 100
#define SVLAN  0x88, 0xa8, 0, 200
#define MPLS   0x88, 0x47
#define LABEL  0, 1, 0, 64
#define BOTTOM 0, 1, 1, 64
#define IPV4(first, fragment, protocol)                                                          \
	first, 0, 0, 46, 0, 0, (fragment) >> 8, (fragment)&0xff, 64, protocol, 0, 0, 1, 2, 3, 4, \
		5, 6, 7, 8
#define SIXTEEN    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#define IPV6(next) 0x60, 0, 0, 0, 0, 26, next, 64, SIXTEEN, SIXTEEN
#define UDP        0, 9, 0, 9, 0, 26, 0, 0

static const struct {
	const char *name;
	uint32_t headers; /* bytes of them */
	bool stamped;
	uint8_t bytes[128];
} cases[] = {
	{"IPv4", 42, true, {MACS, 8, 0, IPV4(0x45, 0x4000, 17), UDP}},
	{"VLAN", 46, true, {MACS, VLAN, 8, 0, IPV4(0x45, 0, 17), UDP}},
	{"QinQ", 50, true, {MACS, SVLAN, VLAN, 8, 0, IPV4(0x45, 0, 17), UDP}},
	{"two outer tags", 50, true, {MACS, SVLAN, SVLAN, 8, 0, IPV4(0x45, 0, 17), UDP}},
	{"MPLS", 46, true, {MACS, MPLS, BOTTOM, IPV4(0x45, 0, 17), UDP}},
	{"three labels", 54, true, {MACS, MPLS, LABEL, LABEL, BOTTOM, IPV4(0x45, 0, 17), UDP}},
	{"IPv6", 62, true, {MACS, 0x86, 0xdd, IPV6(17), UDP}},
	{"IPv6 in MPLS in VLAN", 70, true, {MACS, VLAN, MPLS, BOTTOM, IPV6(17), UDP}},
	{"IPv4 options", 46, true, {MACS, 8, 0, IPV4(0x46, 0, 17), 1, 1, 1, 1, UDP}},
	{"first fragment", 42, true, {MACS, 8, 0, IPV4(0x45, 0x2000, 17), UDP}},
	{"later fragment", 34, true, {MACS, 8, 0, IPV4(0x45, 0x20b9, 17)}},
	{"IPv6, first fragment", 70, true,
		{MACS, 0x86, 0xdd, IPV6(44), 17, 0, 0, 1, 0, 0, 0, 0, UDP}},
	{"IPv6, later fragment", 62, true,
		{MACS, 0x86, 0xdd, IPV6(44), 17, 0, 5, 0xc9, 0, 0, 0, 0}},
	{"TCP", 42, false, {MACS, 8, 0, IPV4(0x45, 0, 6), UDP}},
	{"TCP on IPv6", 62, false, {MACS, 0x86, 0xdd, IPV6(6), UDP}},
	{"ARP", 42, false, {MACS, 8, 6, IPV4(0x45, 0, 17), UDP}},
	{"IPv4 by type only", 42, false, {MACS, 8, 0, IPV4(0x65, 0, 17), UDP}},
	{"a header of 16 bytes", 42, false, {MACS, 8, 0, IPV4(0x44, 0, 17), UDP}},
	{"labels without end", 42, false, {MACS, MPLS, LABEL, LABEL, LABEL, LABEL, LABEL, LABEL}},
};

/* The bytes stand alone, so that the sanitizer sees a look past them. */
static uint32_t place(const uint8_t *bytes, uint32_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	uint32_t r;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	r = cb_stamp_place(copy, n);
	free(copy);
	return r;
}

static void every_kind_of_headers(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t whole = cases[i].headers + CB_STAMP_SIZE;

		print_message("%s\n", cases[i].name);
		for (uint32_t n = 0; n < whole; n++)
			assert_int_equal(place(cases[i].bytes, n), 0);
		assert_int_equal(
			place(cases[i].bytes, whole), cases[i].stamped ? cases[i].headers : 0);
		assert_int_equal(place(cases[i].bytes, sizeof(cases[i].bytes)),
			cases[i].stamped ? cases[i].headers : 0);
	}
}

/* Whatever the bytes are, the stamp fits behind the place. */
static void random_bytes(void **state)
{
	uint32_t random = 1;

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[128];
		uint32_t n = 0, at;

		memcpy(bytes, cases[i % 19].bytes, sizeof(bytes));
		for (int flips = 0; flips < 4; flips++) {
			random = random * 1664525 + 1013904223;
			bytes[12 + (random >> 24) % 40] ^= (uint8_t)(random >> 16);
		}
		n = (random >> 8) % (sizeof(bytes) + 1);
		at = place(bytes, n);
		assert_true(!at || (at >= 34 && at + CB_STAMP_SIZE <= n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_headers),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
