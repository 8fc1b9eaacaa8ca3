/* The mixes of sizes. A seed gives the same order on every machine. */
#include "generators/traffic/frame.h"
#include "generators/traffic/sizes.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX           100000 /* more is not a list of sizes */
#define OFFSET(type, field) .offset = offsetof(struct type, field)
#define SEED(type_)                                                                            \
	{                                                                                      \
		.name = "seed", .type = CB_OPT_COUNT, OFFSET(type_, seed), .fallback = "1",    \
		.max = INT64_MAX, .help = "Of the order: the same seed gives the same traffic" \
	}

static int from_weights(struct cb_sizes *s, struct cb_weights *w, int64_t seed, const char *name,
	struct cb_error *err)
{
	int r = cb_sizes_from_weights(s, w, (uint64_t)seed, name, err);

	free(w);
	return r;
}

static struct cb_weights *weights_new(struct cb_error *err)
{
	struct cb_weights *w = calloc(1, sizeof(*w));

	if (!w)
		cb_error_memory(err, "weights of sizes");
	return w;
}

/* ---- imix: 7 of 64, 4 of 594, 1 of 1518: IP packets of 46 (40 padded), 576 and 1500 bytes ---- */

struct imix_options {
	int64_t seed;
};

static const struct cb_option imix_options[] = {SEED(imix_options), CB_OPTION_END};

static int imix_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct imix_options *o = options;
	struct cb_weights *w = weights_new(err);

	if (!w)
		return CB_ERR_INTERNAL;
	w->of[64] = 7;
	w->of[594] = 4;
	w->of[1518] = 1;
	return from_weights(s, w, o->seed, "imix", err);
}

const struct cb_sizes_member cb_sizes_imix = {
	.member =
		{
			.name = "imix",
			.help = "7 frames of 64, 4 of 594 and 1 of 1518 bytes, in random order",
			.options = imix_options,
			.options_size = sizeof(struct imix_options),
		},
	.make = imix_make,
};

/* ---- genome: RFC 6985, section 3 ---- */

struct genome_options {
	char letters[200];
};

static const struct cb_option genome_options[] = {
	{.name = "letters",
		CB_OPTION_TEXT_AT(struct genome_options, letters),
		.fallback = "aaaaaaaddddg",
		.help = "a 64, b 128, c 256, d 512, e 1024, f 1280, g 1518, h 2112, i 9000, z the "
			"largest that fits"},
	CB_OPTION_END,
};

static uint16_t size_of_letter(char letter, uint16_t mtu_size)
{
	static const uint16_t sizes[] = {64, 128, 256, 512, 1024, 1280, 1518, 2112, 9000, 16000};

	if (letter == 'z')
		return mtu_size;
	return letter >= 'a' && letter <= 'j' ? sizes[letter - 'a'] : 0;
}

static int genome_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct genome_options *o = options;
	uint16_t sequence[sizeof(o->letters)];
	uint32_t n = 0;

	for (; o->letters[n]; n++) {
		sequence[n] = size_of_letter(o->letters[n], mtu_size);
		if (!sequence[n])
			return cb_error_set(err, CB_ERR_USAGE,
				"sizes: genome: \"%c\" stands for no size (RFC 6985: a to j, z)",
				o->letters[n]);
		if (cb_sizes_check(sequence[n], "genome", err))
			return CB_ERR_USAGE;
	}
	if (!n)
		return cb_error_set(err, CB_ERR_USAGE, "sizes: genome: has no letter");
	return cb_sizes_from_sequence(s, sequence, n, err);
}

const struct cb_sizes_member cb_sizes_genome = {
	.member =
		{
			.name = "genome",
			.help = "A repeating sequence of sizes in the letters of RFC 6985",
			.options = genome_options,
			.options_size = sizeof(struct genome_options),
		},
	.make = genome_make,
};

/* ---- list: sizes and weights ---- */

struct list_options {
	char sizes[200];
	int64_t seed;
};

static const struct cb_option list_options[] = {
	{.name = "sizes",
		CB_OPTION_TEXT_AT(struct list_options, sizes),
		.fallback = NULL,
		.help = "SIZExWEIGHT/SIZExWEIGHT..., as in 64x7/594x4/1518x1"},
	SEED(list_options),
	CB_OPTION_END,
};

/* Digits, moved over; -1 when there are none or they do not fit. */
static int64_t take_number(const char **at)
{
	char *end;
	long long value;

	if (!isdigit((unsigned char)**at))
		return -1;
	errno = 0;
	value = strtoll(*at, &end, 10);
	*at = end;
	return errno ? -1 : value;
}

static int add_weight(
	struct cb_weights *w, int64_t size, int64_t weight, const char *name, struct cb_error *err)
{
	int r = cb_sizes_check((uint64_t)size, name, err);

	if (!r && __builtin_add_overflow(w->of[size], (uint64_t)weight, &w->of[size]))
		r = cb_error_set(err, CB_ERR_USAGE, "sizes: %s: the weights are too large", name);
	return r;
}

static int read_list(struct cb_weights *w, const char *at, struct cb_error *err)
{
	const char *text = at;
	int64_t size, weight;
	int r = 0;

	do {
		size = take_number(&at);
		weight = 1;
		if (size >= 0 && *at == 'x') {
			at++;
			weight = take_number(&at);
		}
		if (size < 0 || weight < 0 || (*at && *at != '/'))
			return cb_error_set(err, CB_ERR_USAGE,
				"sizes: list: \"%s\" is not understood; write it as "
				"64x7/594x4/1518x1",
				text);
		r = add_weight(w, size, weight, "list", err);
	} while (!r && *at++ == '/');
	return r;
}

static int list_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct list_options *o = options;
	struct cb_weights *w = weights_new(err);
	int r;

	if (!w)
		return CB_ERR_INTERNAL;
	r = read_list(w, o->sizes, err);
	if (!r)
		return from_weights(s, w, o->seed, "list", err);
	free(w);
	return r;
}

const struct cb_sizes_member cb_sizes_list = {
	.member =
		{
			.name = "list",
			.help = "Sizes and their weights, in random order",
			.options = list_options,
			.options_size = sizeof(struct list_options),
		},
	.make = list_make,
};

/* ---- uniform ---- */

struct uniform_options {
	int64_t from, to, seed;
};

static const struct cb_option uniform_options[] = {
	{.name = "from",
		.type = CB_OPT_BYTES,
		OFFSET(uniform_options, from),
		.fallback = "64",
		.min = CB_FRAME_SIZE_MIN,
		.max = CB_FRAME_SIZE_MAX,
		.help = "Smallest size"},
	{.name = "to",
		.type = CB_OPT_BYTES,
		OFFSET(uniform_options, to),
		.fallback = "1518",
		.min = CB_FRAME_SIZE_MIN,
		.max = CB_FRAME_SIZE_MAX,
		.help = "Largest size"},
	SEED(uniform_options),
	CB_OPTION_END,
};

static int uniform_check(const void *options, struct cb_error *err)
{
	const struct uniform_options *o = options;

	if (o->from <= o->to)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE, "uniform: from %lld is larger than to %lld",
		(long long)o->from, (long long)o->to);
}

static int uniform_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct uniform_options *o = options;
	struct cb_weights *w = weights_new(err);

	if (!w)
		return CB_ERR_INTERNAL;
	for (int64_t size = o->from; size <= o->to; size++)
		w->of[size] = 1;
	return from_weights(s, w, o->seed, "uniform", err);
}

const struct cb_sizes_member cb_sizes_uniform = {
	.member =
		{
			.name = "uniform",
			.help = "Every size between two equally often, in random order",
			.options = uniform_options,
			.options_size = sizeof(struct uniform_options),
			.check = uniform_check,
		},
	.make = uniform_make,
};

/* ---- file ---- */

struct file_options {
	char path[200];
	int64_t seed;
};

static const struct cb_option file_options[] = {
	{.name = "path",
		CB_OPTION_TEXT_AT(struct file_options, path),
		.fallback = NULL,
		.help = "A file with a size and a weight in each line; # begins a comment"},
	SEED(file_options),
	CB_OPTION_END,
};

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* "64 7", "64", or nothing but a comment. */
static int read_line(struct cb_weights *w, char *line, struct cb_error *err)
{
	const char *at;
	int64_t size, weight = 1;

	line[strcspn(line, "#")] = '\0';
	at = skip_blanks(line);
	if (!*at)
		return 0;
	size = take_number(&at);
	at = skip_blanks(at);
	if (size >= 0 && *at)
		weight = take_number(&at);
	if (size < 0 || weight < 0 || *skip_blanks(at))
		return cb_error_set(err, CB_ERR_USAGE,
			"sizes: file: a size and a weight are wanted, as in \"64 7\"");
	return add_weight(w, size, weight, "file", err);
}

static int read_file(struct cb_weights *w, const char *path, struct cb_error *err)
{
	char line[256];
	FILE *file = fopen(path, "re");
	int r = 0;

	if (!file)
		return cb_error_errno(err, CB_ERR_USAGE, errno, "sizes: file: %s", path);
	for (int number = 1; !r && number <= LINES_MAX && fgets(line, sizeof(line), file);
		number++) {
		r = read_line(w, line, err);
		if (r)
			cb_error_prepend(err, "%s:%d", path, number);
	}
	if (!r && ferror(file))
		r = cb_error_errno(err, CB_ERR_USAGE, errno, "sizes: file: %s", path);
	fclose(file);
	return r;
}

static int file_make(
	struct cb_sizes *s, const void *options, uint16_t mtu_size, struct cb_error *err)
{
	const struct file_options *o = options;
	struct cb_weights *w = weights_new(err);
	int r;

	if (!w)
		return CB_ERR_INTERNAL;
	r = read_file(w, o->path, err);
	if (!r)
		return from_weights(s, w, o->seed, o->path, err);
	free(w);
	return r;
}

const struct cb_sizes_member cb_sizes_file = {
	.member =
		{
			.name = "file",
			.help = "Sizes and weights from a file, in random order",
			.options = file_options,
			.options_size = sizeof(struct file_options),
		},
	.make = file_make,
};
