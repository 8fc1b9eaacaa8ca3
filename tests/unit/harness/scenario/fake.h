/* Axes for tests of the scenario reader: the members that the shipped scenarios use, and others
 * that differ in what they can and need. */
#ifndef CB_TESTS_UNIT_HARNESS_SCENARIO_FAKE_H
#define CB_TESTS_UNIT_HARNESS_SCENARIO_FAKE_H

#include "harness/base/member.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct fake_options {
	int64_t number, other;
	int choice;
	char text[64];
};

#define FAKE_NUMBER(as, default_text, least, most)                                                 \
	.type = (as), .offset = offsetof(struct fake_options, number), .fallback = (default_text), \
	.min = (least), .max = (most), .help = "a number"
#define FAKE_OTHER(as, default_text)                                                              \
	.type = (as), .offset = offsetof(struct fake_options, other), .fallback = (default_text), \
	.help = "another number"

static const char *const fake_streams[] = {"continuing", "frame", NULL};
static const struct cb_option fake_recv[] = {
	{.name = "batch", FAKE_NUMBER(CB_OPT_COUNT, "64", 1, 1024)}, CB_OPTION_END};
static const struct cb_option fake_tpacket3[] = {
	{.name = "block", FAKE_NUMBER(CB_OPT_BYTES, "0", 0, 1 << 30)},
	{.name = "retire", FAKE_OTHER(CB_OPT_TIME, "8ms")}, CB_OPTION_END};
static const struct cb_option fake_time[] = {
	{.name = "time", FAKE_NUMBER(CB_OPT_TIME, "100us", 0, 1000000000)}, CB_OPTION_END};
static const struct cb_option fake_batch[] = {
	{.name = "frames", FAKE_NUMBER(CB_OPT_COUNT, "512", 1, 65536)},
	{.name = "time", FAKE_OTHER(CB_OPT_TIME, "1ms")}, CB_OPTION_END};
static const struct cb_option fake_work[] = {
	{.name = "time", FAKE_NUMBER(CB_OPT_TIME, NULL, 0, 1000000000)}, CB_OPTION_END};
static const struct cb_option fake_packzip[] = {
	{.name = "level", FAKE_NUMBER(CB_OPT_COUNT, "6", 0, 9)},
	{.name = "stream",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct fake_options, choice),
		.fallback = "continuing",
		.choices = fake_streams,
		.help = "a choice"},
	CB_OPTION_END};
static const struct cb_option fake_write[] = {{.name = "path",
						      .type = CB_OPT_TEXT,
						      .offset = offsetof(struct fake_options, text),
						      .fallback = "/dev/null",
						      .text_size = 64,
						      .help = "a text"},
	CB_OPTION_END};
static const struct cb_option fake_handoff[] = {
	{.name = "behind",
		.type = CB_OPT_MEMBER,
		.offset = offsetof(struct fake_options, text),
		.fallback = "discard",
		.text_size = 64,
		.axis = "load",
		.help = "another load"},
	CB_OPTION_END};

#define FAKE(as, ...)                                                                          \
	{                                                                                      \
		.name = (as), .help = "a member", .options_size = sizeof(struct fake_options), \
		__VA_ARGS__                                                                    \
	}

static const struct cb_member fake_mechanisms[] = {
	FAKE("recv", .options = fake_recv, .provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES),
	FAKE("tpacket2", .provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES),
	FAKE("tpacket3", .options = fake_tpacket3, .provides = CB_TRAIT_POLLABLE | CB_TRAIT_COPIES),
	FAKE("af-xdp",
		.provides = CB_TRAIT_POLLABLE | CB_TRAIT_NAPI | CB_TRAIT_FANOUT | CB_TRAIT_XDP),
	FAKE("single", .provides = CB_TRAIT_POLLABLE),
	FAKE("null", .provides = CB_TRAIT_COPIES),
	{.name = NULL},
};
static const struct cb_member fake_waits[] = {
	FAKE("poll", .needs = CB_TRAIT_POLLABLE),
	FAKE("spin", .needs = 0),
	FAKE("sleep", .options = fake_time),
	FAKE("batch", .options = fake_batch, .needs = CB_TRAIT_POLLABLE),
	FAKE("busy-poll", .needs = CB_TRAIT_NAPI),
	{.name = NULL},
};
static const struct cb_member fake_loads[] = {
	FAKE("discard", .needs = 0),
	FAKE("work", .options = fake_work),
	FAKE("packzip", .options = fake_packzip),
	FAKE("write", .options = fake_write),
	FAKE("handoff", .options = fake_handoff),
	FAKE("share", .needs = CB_TRAIT_FANOUT),
	FAKE("exact", .needs = CB_TRAIT_STAMPS),
	{.name = NULL},
};
static const struct cb_member fake_transmitters[] = {
	FAKE("blind", .provides = CB_TRAIT_PACED),
	FAKE("packet", .options = fake_recv, .reach_pps = 1000000,
		.provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES | CB_TRAIT_FRAMES),
	FAKE("burst", .provides = CB_TRAIT_STAMPS),
	FAKE("xdp", .provides = CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_XDP,
		.reach_pps = 8000000, .frame_max = 3000),
	FAKE("picky", .provides = CB_TRAIT_PACED, .needs = CB_TRAIT_NAPI),
	{.name = NULL},
};
static const struct cb_member fake_sizes[] = {
	FAKE("fixed", .needs = 0),
	FAKE("imix", .needs = 0),
	{.name = NULL},
};
static const struct cb_member fake_payloads[] = {
	FAKE("zeros", .needs = 0),
	FAKE("random", .needs = 0),
	{.name = NULL},
};
struct fake_frame {
	char vlan[16];
};
static const struct cb_option fake_vlan[] = {{.name = "vlan",
						     .type = CB_OPT_TEXT,
						     .offset = offsetof(struct fake_frame, vlan),
						     .text_size = 16,
						     .fallback = "",
						     .help = "tags"},
	CB_OPTION_END};
static const struct cb_member fake_frames[] = {
	{.name = "udp",
		.help = "headers",
		.options = fake_vlan,
		.options_size = sizeof(struct fake_frame)},
	{.name = NULL},
};
static const struct cb_member fake_arrivals[] = {
	FAKE("constant", .needs = 0),
	FAKE("bursts", .options = fake_batch),
	FAKE("trace", .needs = CB_TRAIT_TIMES),
	{.name = NULL},
};

#define FAKE_AT(axis)                                                           \
	static inline const struct cb_member *fake_##axis##_at(size_t i)        \
	{                                                                       \
		return i < sizeof(fake_##axis##s) / sizeof(*fake_##axis##s) - 1 \
			? &fake_##axis##s[i]                                    \
			: NULL;                                                 \
	}
FAKE_AT(mechanism)
FAKE_AT(wait)
FAKE_AT(load)
FAKE_AT(transmitter)
FAKE_AT(arrival)
FAKE_AT(size)
FAKE_AT(payload)
FAKE_AT(frame)

static const struct cb_axis fake_axes[] = {
	{"arrival", "arrivals", fake_arrival_at},
	{"sizes", "sizes", fake_size_at},
	{"payload", "payloads", fake_payload_at},
	{"frame", "frames", fake_frame_at},
	{"mechanism", "mechanisms", fake_mechanism_at},
	{"wait", "waits", fake_wait_at},
	{"load", "loads", fake_load_at},
	{"transmitter", "transmitters", fake_transmitter_at},
	{.name = NULL},
};

/* Few programs are known, and a description is right when it has a name. */
static inline int fake_external(const char *text, char *name, size_t size, struct cb_error *err)
{
	json_t *object = json_loads(text, 0, NULL);
	const char *own = json_string_value(json_object_get(object, "name"));
	bool known =
		!strcmp(text, "sniffer") || !strcmp(text, "tcpdump") || !strcmp(text, "dumpcap");

	if (known || own)
		snprintf(name, size, "%s", known ? text : own);
	else
		cb_error_set(err, CB_ERR_USAGE, "\"%s\" is not known", text);
	json_decref(object);
	return known || own ? 0 : CB_ERR_USAGE;
}

/* A tag takes 40 bytes here, so that the snaplen can be too short for it. */
static inline uint32_t fake_smallest_frame(const char *text)
{
	return strchr(text, '/') ? 144 : strchr(text, ':') ? 104 : 64;
}

/* Settings of hosts: each takes any value but "bad". */
static inline int fake_setting(
	const char *name, const char *value, char canonical[256], struct cb_error *err)
{
	static const char *const known[] = {"governor", "mtu", "ring.rx", "ring.tx", "rps",
		"threaded", "napi_cores", "offload.gro", "offload.lro", "coalesce.adaptive-rx",
		"coalesce.rx-usecs", "irq_affinity", "sysctl.net.core.netdev_budget"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i], name) != 0)
			continue;
		if (value && strcmp(value, "bad") == 0)
			return cb_error_set(err, CB_ERR_USAGE, "%s: \"bad\" is no value", name);
		snprintf(canonical, 256, "%s", value ? value : "");
		return 0;
	}
	return cb_error_set(err, CB_ERR_USAGE, "%s: there is no such setting", name);
}

static const struct cb_registry fake_registry = {.axes = fake_axes,
	.external = fake_external,
	.smallest_frame = fake_smallest_frame,
	.setting = fake_setting};

#endif
