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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size ? data[0] + (size_t)1 : 1;

	if (size)
		need(read_all(data + 1, size - 1, piece) == read_all(data + 1, size - 1, size));
	return 0;
}
