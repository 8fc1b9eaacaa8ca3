#include "generators/traffic/sizes.h"

#include "generators/traffic/frame.h"
#include "harness/base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CB_SIZES_KINDS_MAX == CB_FRAME_SIZE_MAX + 1, "a weight for each size");

static const struct cb_sizes_member sizes_fixed = {
	.member = {.name = "fixed", .help = "All frames of the frame size"},
};

extern const struct cb_sizes_member cb_sizes_imix, cb_sizes_genome, cb_sizes_list, cb_sizes_uniform,
	cb_sizes_file, cb_sizes_pcap;

static const struct cb_sizes_member *const members[] = {&sizes_fixed, &cb_sizes_imix,
	&cb_sizes_genome, &cb_sizes_list, &cb_sizes_uniform, &cb_sizes_file, &cb_sizes_pcap};

const struct cb_member *cb_sizes_at(size_t i)
{
	return i < sizeof(members) / sizeof(members[0]) ? &members[i]->member : NULL;
}

const struct cb_axis cb_sizes_axis = {.name = "sizes", .plural = "sizes", .at = cb_sizes_at};

int cb_sizes_check(uint64_t size, const char *name, struct cb_error *err)
{
	if (size >= CB_FRAME_SIZE_MIN && size <= CB_FRAME_SIZE_MAX)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"sizes: %s: a frame of %llu bytes is not possible: %d to %d, with FCS", name,
		(unsigned long long)size, CB_FRAME_SIZE_MIN, CB_FRAME_SIZE_MAX);
}

int cb_sizes_make(struct cb_sizes *s, const char *text, uint16_t frame_size, uint16_t mtu_size,
	struct cb_error *err)
{
	const struct cb_member *member = NULL;
	const struct cb_sizes_member *sizes;
	void *options;
	int r = cb_member_parse(&cb_sizes_axis, text, &member, NULL, err);

	*s = (struct cb_sizes){.largest = frame_size, .smallest = frame_size, .mean = frame_size};
	if (r)
		return r;
	sizes = (const struct cb_sizes_member *)member; /* its first field */
	if (!sizes->make)
		return 0;
	options = calloc(1, member->options_size + 1);
	if (!options)
		return cb_error_memory(err, "sizes");
	r = cb_member_parse(&cb_sizes_axis, text, &member, options, err);
	if (!r)
		r = sizes->make(s, options, mtu_size, err);
	free(options);
	return r;
}

void cb_sizes_finish(struct cb_sizes *s)
{
	free(s->sequence);
	free(s->shares);
	*s = (struct cb_sizes){0};
}

static int allocate(struct cb_sizes *s, uint32_t n, struct cb_error *err)
{
	s->sequence = calloc(n, sizeof(*s->sequence));
	s->shares = calloc(CB_SIZES_KINDS_MAX, sizeof(*s->shares));
	s->n = n;
	s->largest = 0;
	s->smallest = UINT16_MAX;
	s->mean = 0;
	return s->sequence && s->shares ? 0 : cb_error_memory(err, "a sequence of sizes");
}

/* Fisher and Yates. */
static void shuffle(struct cb_sizes *s, uint64_t seed)
{
	struct cb_random random = {.state = seed};

	for (uint32_t i = s->n; i > 1; i--) {
		uint32_t j = (uint32_t)cb_random_below(&random, i);
		uint16_t size = s->sequence[i - 1];

		s->sequence[i - 1] = s->sequence[j];
		s->sequence[j] = size;
	}
}

static void describe(struct cb_sizes *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		s->mean += s->sequence[i];
		if (s->sequence[i] > s->largest)
			s->largest = s->sequence[i];
		if (s->sequence[i] < s->smallest)
			s->smallest = s->sequence[i];
	}
	s->mean /= s->n;
}

int cb_sizes_from_sequence(
	struct cb_sizes *s, const uint16_t *sequence, uint32_t n, struct cb_error *err)
{
	int r = allocate(s, n, err);

	if (r)
		return r;
	memcpy(s->sequence, sequence, n * sizeof(*sequence));
	for (uint32_t i = 0; i < n; i++)
		s->shares[sequence[i]] += 1.0 / n;
	s->ordered = true;
	describe(s);
	return 0;
}

/* Sizes take turns in proportion to their weights: each ends where its share of the cycle ends. */
static int fill(struct cb_sizes *s, const struct cb_weights *w, uint64_t total, const char *name,
	struct cb_error *err)
{
	unsigned __int128 passed = 0;
	uint32_t at = 0, begin;

	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		if (!w->of[size])
			continue;
		passed += w->of[size];
		begin = at;
		for (; at < (uint32_t)((passed * s->n + total / 2) / total); at++)
			s->sequence[at] = size;
		if (at == begin)
			return cb_error_set(err, CB_ERR_USAGE,
				"sizes: %s: size %d has less than a share of 1/%d: leave it out",
				name, size, CB_SIZES_SEQUENCE_MAX);
		s->shares[size] = (double)w->of[size] / (double)total;
	}
	return 0;
}

int cb_sizes_from_weights(struct cb_sizes *s, const struct cb_weights *w, uint64_t seed,
	const char *name, struct cb_error *err)
{
	uint64_t total = 0, n = CB_SIZES_SEQUENCE_MAX;
	int r = 0;

	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX && !r; size++) {
		if (!w->of[size])
			continue;
		r = cb_sizes_check(size, name, err);
		if (__builtin_add_overflow(total, w->of[size], &total))
			return cb_error_set(
				err, CB_ERR_USAGE, "sizes: %s: the weights are too large", name);
	}
	if (r)
		return r;
	if (!total)
		return cb_error_set(err, CB_ERR_USAGE, "sizes: %s: no size has a weight", name);
	if (total <= n)
		n -= n % total; /* then every share is exact */
	r = allocate(s, (uint32_t)n, err);
	if (!r)
		r = fill(s, w, total, name, err);
	if (r)
		return r;
	shuffle(s, seed);
	describe(s);
	return 0;
}

double cb_sizes_chi_square(const struct cb_sizes *s, uint64_t frames)
{
	uint64_t *sent, rounds, rest;
	double sum = 0;

	if (!s->sequence || !frames)
		return (double)NAN;
	sent = calloc(CB_SIZES_KINDS_MAX, sizeof(*sent));
	if (!sent)
		return (double)NAN;
	rounds = frames / s->n;
	rest = frames % s->n;
	for (uint32_t i = 0; i < s->n; i++)
		sent[s->sequence[i]] += rounds + (i < rest);
	for (int size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		double asked = s->shares[size] * (double)frames, off = (double)sent[size] - asked;

		if (s->shares[size] > 0)
			sum += off * off / asked;
	}
	free(sent);
	return sum;
}
