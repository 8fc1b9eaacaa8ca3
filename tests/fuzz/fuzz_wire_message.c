/*
 * The message reader: the first byte chooses the sizes of the pieces in which the rest arrives.
 * What comes out must have the form that is promised, in one piece as in many.
 */
#include "harness/wire/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void open_message(const json_t *message)
{
	struct cb_error err = {0};
	const char *name = NULL;
	int64_t id;
	int rc;

	rc = cb_wire_open_request(message, &id, &name, &err);
	need(rc ? rc == CB_ERR_HOST && err.text[0] : name != NULL);
	err = (struct cb_error){0};
	rc = cb_wire_open_reply(message, &id, &err);
	need(rc == err.code && rc <= 0);
}

/* The number of messages, taken out after each piece; -1 - number: then it was refused. */
static long read_all(const uint8_t *data, size_t size, size_t piece)
{
	struct cb_wire_reader r = {0};
	struct cb_error err = {0};
	long n = 0;
	int rc = 0;

	for (size_t at = 0; at < size && rc >= 0; at += piece) {
		int fed = cb_wire_feed(&r, data + at, size - at < piece ? size - at : piece, &err);
		json_t *message = NULL;

		while ((rc = cb_wire_next(&r, &message, &err)) > 0) {
			open_message(message);
			json_decref(message);
			n++;
		}
		rc = rc ? rc : fed;
		need(rc == 0 || rc == CB_ERR_HOST);
		/* no more is kept than has come */
		need(r.buffer.length <= size);
	}
	cb_wire_reader_finish(&r);
	return rc < 0 ? -1 - n : n;
}

static void check_pieces(const uint8_t *data, size_t size, size_t piece)
{
	need(read_all(data, size, piece) == read_all(data, size, size ? size : 1));
}

/* A request, a reply and a failure, as they are sent. */
static void good_stream(struct cb_text *out)
{
	static const struct cb_error failed = {
		.code = CB_ERR_IMPOSSIBLE, .sys_errno = 1, .text = "socket: not permitted"};
	json_t *messages[] = {cb_wire_request(1, "prepare", json_pack("{s:i}", "cpu", 1)),
		cb_wire_reply(1, json_pack("{s:[n]}", "facts")), cb_wire_failure(2, &failed)};

	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		need(!cb_wire_pack(out, messages[i], NULL));
		json_decref(messages[i]);
	}
}

/* The good stream with `cut` bytes at `at` replaced by `data`. */
static void check_patched(size_t at, size_t cut, const uint8_t *data, size_t size, size_t piece)
{
	struct cb_text good = {0}, patched = {0};

	good_stream(&good);
	at %= good.length;
	cut = cut < good.length - at ? cut : good.length - at;
	cb_text_add_n(&patched, good.data, at);
	cb_text_add_n(&patched, data, size);
	cb_text_add_n(&patched, good.data + at + cut, good.length - at - cut);
	check_pieces((const uint8_t *)patched.data, patched.length, piece);
	cb_text_finish(&good);
	cb_text_finish(&patched);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 1)
		check_pieces(data + 1, size - 1, data[0] + (size_t)1);
	if (size >= 3)
		check_patched(data[1], data[2], data + 3, size - 3, data[0] + (size_t)1);
	return 0;
}
