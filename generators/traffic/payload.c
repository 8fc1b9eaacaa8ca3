#include "generators/traffic/payload.h"

#include "harness/base/random.h"

#include <stdlib.h>
#include <string.h>

#define PPM       1000000
#define FRAME_MAX 65536U
#define PLACE_SCALE                                                                  \
	UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio: far from the last place \
				      */

struct payload_member {
	struct cb_member member;
	int (*make)(struct cb_payload *p, const void *options, struct cb_error *err);
};

/* ---- zeros ---- */

static int zeros_make(struct cb_payload *p, const void *options, struct cb_error *err)
{
	return 0;
}

static const struct payload_member zeros = {
	.member = {.name = "zeros", .help = "Zeros"},
	.make = zeros_make,
};

/* ---- pattern ---- */

struct pattern_options {
	char bytes[129];
};

static const struct cb_option pattern_options[] = {
	{.name = "bytes",
		CB_OPTION_TEXT_AT(struct pattern_options, bytes),
		.fallback = "a5",
		.metavar = "HEX",
		.help = "Repeated bytes in hexadecimal digits"},
	CB_OPTION_END,
};

/* -1 unless there is an even, positive number of digits. */
static int read_hex(const char *text, uint8_t *bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(text);

	if (!n || n % 2 || strspn(text, digits) != n)
		return -1;
	for (size_t i = 0; i < n / 2; i++)
		bytes[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
			(strchr(digits, text[2 * i + 1]) - digits));
	return (int)(n / 2);
}

static int pattern_make(struct cb_payload *p, const void *options, struct cb_error *err)
{
	const struct pattern_options *o = options;
	uint8_t bytes[sizeof(o->bytes)];
	int n = read_hex(o->bytes, bytes);

	if (n < 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"payload: pattern: \"%s\" is not bytes; write them as deadbeef", o->bytes);
	p->pool = malloc(CB_PAYLOAD_POOL);
	if (!p->pool)
		return cb_error_memory(err, "a payload");
	for (uint32_t i = 0; i < CB_PAYLOAD_POOL; i++)
		p->pool[i] = bytes[i % (uint32_t)n];
	return 0;
}

static const struct payload_member pattern = {
	.member =
		{
			.name = "pattern",
			.help = "Bytes that are repeated",
			.options = pattern_options,
			.options_size = sizeof(struct pattern_options),
		},
	.make = pattern_make,
};

/* ---- random ---- */

struct random_options {
	int64_t compressible, seed;
};

static const struct cb_option random_options[] = {
	{.name = "compressible",
		.type = CB_OPT_RATIO,
		.offset = offsetof(struct random_options, compressible),
		.fallback = "0%",
		.min = 0,
		.max = PPM,
		.help = "Share of the bytes behind the stamp that are zeros"},
	{.name = "seed",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct random_options, seed),
		.fallback = "1",
		.max = INT64_MAX,
		.help = "Of the bytes: the same seed gives the same traffic"},
	CB_OPTION_END,
};

static int random_make(struct cb_payload *p, const void *options, struct cb_error *err)
{
	const struct random_options *o = options;
	struct cb_random random = {.state = (uint64_t)o->seed};

	p->pool = malloc(CB_PAYLOAD_POOL);
	if (!p->pool)
		return cb_error_memory(err, "a payload");
	for (uint32_t i = 0; i < CB_PAYLOAD_POOL; i += sizeof(uint64_t)) {
		uint64_t eight = cb_random_next(&random);

		memcpy(p->pool + i, &eight, sizeof(eight));
	}
	p->changing = true;
	p->filled = (uint32_t)(PPM - o->compressible);
	return 0;
}

static const struct payload_member random_bytes = {
	.member =
		{
			.name = "random",
			.help = "Random bytes, other ones in each frame, and a share of zeros",
			.options = random_options,
			.options_size = sizeof(struct random_options),
		},
	.make = random_make,
};

/* ---- all of them ---- */

static const struct payload_member *const members[] = {&zeros, &pattern, &random_bytes};

const struct cb_member *cb_payload_at(size_t i)
{
	return i < sizeof(members) / sizeof(members[0]) ? &members[i]->member : NULL;
}

const struct cb_axis cb_payload_axis = {
	.name = "payload", .plural = "payloads", .at = cb_payload_at};

int cb_payload_make(struct cb_payload *p, const char *text, struct cb_error *err)
{
	union {
		struct pattern_options pattern;
		struct random_options random;
	} options;
	const struct cb_member *member = NULL;
	int r = cb_member_parse(&cb_payload_axis, text, &member, &options, err);

	*p = (struct cb_payload){.filled = PPM};
	return r ? r : ((const struct payload_member *)member)->make(p, &options, err);
}

void cb_payload_finish(struct cb_payload *p)
{
	free(p->pool);
	*p = (struct cb_payload){0};
}

void cb_payload_write(const struct cb_payload *p, uint8_t *at, uint32_t n, uint64_t sequence)
{
	uint32_t filled = (uint32_t)((uint64_t)n * p->filled / PPM), place = 0;

	if (!p->pool)
		return;
	if (p->changing)
		place = (uint32_t)((sequence * PLACE_SCALE) >> 32) % (CB_PAYLOAD_POOL - FRAME_MAX);
	memcpy(at, p->pool + place, filled);
	memset(at + filled, 0, n - filled);
}
