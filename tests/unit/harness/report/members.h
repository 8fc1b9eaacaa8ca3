/* Members with the names and options that the tests' scenarios use; they run nothing. */
#ifndef CB_TESTS_REPORT_MEMBERS_H
#define CB_TESTS_REPORT_MEMBERS_H

#include "harness/base/member.h"

struct test_packzip {
	int64_t level;
};
struct test_work {
	int64_t time;
};

static const struct cb_option test_packzip_options[] = {
	{.name = "level",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct test_packzip, level),
		.fallback = "6",
		.max = 9},
	CB_OPTION_END,
};
static const struct cb_option test_work_options[] = {
	{.name = "time",
		.type = CB_OPT_TIME,
		.offset = offsetof(struct test_work, time),
		.fallback = "1us",
		.max = INT64_C(1000000000)},
	CB_OPTION_END,
};

#define TEST_MECHANISM .provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES | CB_TRAIT_FILTER_FREE

static const struct cb_member test_mechanisms[] = {
	{.name = "recv", .help = "copy", TEST_MECHANISM},
	{.name = "tpacket2", .help = "ring", TEST_MECHANISM},
	{.name = "tpacket3", .help = "blocks", TEST_MECHANISM},
};
static const struct cb_member test_waits[] = {
	{.name = "poll", .help = "poll", .needs = CB_TRAIT_POLLABLE},
	{.name = "spin", .help = "spin"},
};
static const struct cb_member test_loads[] = {
	{.name = "discard", .help = "discard"},
	{.name = "work",
		.help = "work",
		.options = test_work_options,
		.options_size = sizeof(struct test_work)},
	{.name = "packzip",
		.help = "zlib",
		.options = test_packzip_options,
		.options_size = sizeof(struct test_packzip)},
};
static const struct cb_member test_transmitters[] = {
	{.name = "packet", .help = "packet", .provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED},
};
static const struct cb_member test_sizes[] = {{.name = "fixed", .help = "fixed"}};
static const struct cb_member test_payloads[] = {{.name = "zeros", .help = "zeros"}};
static const struct cb_member test_frames[] = {{.name = "udp", .help = "udp"}};
static const struct cb_member test_arrivals[] = {{.name = "constant", .help = "constant"}};

#define TEST_AT(name)                                                                           \
	static const struct cb_member *test_##name##_at(size_t i)                               \
	{                                                                                       \
		return i < sizeof(test_##name) / sizeof(*test_##name) ? &test_##name[i] : NULL; \
	}
TEST_AT(mechanisms)
TEST_AT(waits)
TEST_AT(loads)
TEST_AT(transmitters)
TEST_AT(arrivals)
TEST_AT(sizes)
TEST_AT(payloads)
TEST_AT(frames)

static const struct cb_axis test_axes[] = {
	{"arrival", "arrivals", test_arrivals_at},
	{"sizes", "sizes", test_sizes_at},
	{"payload", "payloads", test_payloads_at},
	{"frame", "frames", test_frames_at},
	{"mechanism", "mechanisms", test_mechanisms_at},
	{"wait", "waits", test_waits_at},
	{"load", "loads", test_loads_at},
	{"transmitter", "transmitters", test_transmitters_at},
	{0},
};

static const struct cb_registry test_registry = {.axes = test_axes};

#endif
