/*
 * packzip: copies each frame once and compresses the copy with zlib; what comes out is counted and
 * thrown away. The paper's application load.
 *
 * `stream: continuing` makes one stream of all frames, `frame` one of each. They differ much: on
 * small frames most of the time of a stream per frame goes into starting and ending it.
 */
#include "capturers/members.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define OUT_BYTES (64u << 10)

enum stream_choice { STREAM_CONTINUING, STREAM_FRAME };
static const char *const stream_names[] = {"continuing", "frame", NULL};

struct packzip_options {
	int64_t level;
	int stream; /* enum stream_choice */
};

struct packzip_state {
	z_stream zlib;
	struct packzip_options options;
	int64_t bytes_in, bytes_out;
	uint8_t *copy;
	uint8_t out[OUT_BYTES];
};

static const struct cb_option packzip_options[] = {
	{.name = "level",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct packzip_options, level),
		.fallback = "6",
		.min = 0,
		.max = 9,
		.help = "zlib's compression level, 0 (none) to 9"},
	{.name = "stream",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct packzip_options, stream),
		.fallback = "continuing",
		.choices = stream_names,
		.help = "one stream of all frames, or one of each frame"},
	CB_OPTION_END,
};

static int packzip_open(
	void *state, const struct cb_tap *tap, const void *options, struct cb_error *err)
{
	struct packzip_state *s = state;

	s->options = *(const struct packzip_options *)options;
	s->copy = malloc((size_t)tap->snaplen);
	if (!s->copy)
		return cb_error_memory(err, "a copy of a frame");
	if (deflateInit(&s->zlib, (int)s->options.level) != Z_OK) {
		free(s->copy);
		return cb_error_memory(err, "a zlib stream");
	}
	return 0;
}

/* Let zlib work until it has taken all its input and, with Z_FINISH, has ended the stream. */
static void compress_all(struct packzip_state *s, int flush)
{
	do {
		s->zlib.next_out = s->out;
		s->zlib.avail_out = sizeof(s->out);
		deflate(&s->zlib, flush);
		s->bytes_out += (int64_t)sizeof(s->out) - s->zlib.avail_out;
	} while (!s->zlib.avail_out);
}

static void take_frame(struct packzip_state *s, const struct cb_frame *frame)
{
	memcpy(s->copy, frame->data, frame->caplen);
	s->zlib.next_in = s->copy;
	s->zlib.avail_in = frame->caplen;
	s->bytes_in += frame->caplen;
	if (s->options.stream == STREAM_CONTINUING) {
		compress_all(s, Z_NO_FLUSH);
	} else {
		compress_all(s, Z_FINISH);
		deflateReset(&s->zlib);
	}
}

static void packzip_take(void *state, const struct cb_frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		take_frame(state, &frames[i]);
}

static int packzip_report(void *state, json_t *result, struct cb_error *err)
{
	struct packzip_state *s = state;

	if (s->options.stream == STREAM_CONTINUING)
		compress_all(s, Z_FINISH);
	if (json_object_set_new(result, "level", json_integer(s->options.level)) ||
		json_object_set_new(
			result, "stream", json_string(stream_names[s->options.stream])) ||
		json_object_set_new(result, "bytes_in", json_integer(s->bytes_in)) ||
		json_object_set_new(result, "bytes_out", json_integer(s->bytes_out)))
		return cb_error_memory(err, "the result of load packzip");
	return 0;
}

static void packzip_close(void *state)
{
	struct packzip_state *s = state;

	deflateEnd(&s->zlib);
	free(s->copy);
}

const struct cb_load cb_load_packzip = {
	.member = {.name = "packzip",
		.help = "Copies each frame and compresses the copy with zlib.",
		.paper = "packzip",
		.options = packzip_options,
		.options_size = sizeof(struct packzip_options)},
	.state_size = sizeof(struct packzip_state),
	.open = packzip_open,
	.take = packzip_take,
	.report = packzip_report,
	.close = packzip_close,
};
