/*
 * Messages between controller and agent: a 4-byte big-endian length, then one JSON object. Packing
 * and unpacking on buffers only; who reads and writes them is not known here.
 *
 * A request is {"id": N, "request": NAME, ...arguments}; its reply {"id": N, "ok": true,
 * ...results} or {"id": N, "ok": false, "code": CODE, "error": TEXT, "errno": N}, the last only
 * where there is one (a signal's number goes with CB_ERR_INTERRUPTED). The requests are in
 * harness/agent/requests.c. Bytes that break the form (too long, not JSON, not an object, no id)
 * are refused: the connection is not usable after that.
 */
#ifndef CB_HARNESS_WIRE_WIRE_H
#define CB_HARNESS_WIRE_WIRE_H

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define CB_WIRE_PROTOCOL    1
#define CB_WIRE_MESSAGE_MAX (4U << 20) /* bytes of JSON in one message */

/* Append the message to `out`. CB_ERR_INTERNAL: too long or out of memory. */
int cb_wire_pack(struct cb_text *out, const json_t *message, struct cb_error *err);

/* Bytes received so far. Zero-initialise. */
struct cb_wire_reader {
	struct cb_text buffer;
	size_t taken; /* bytes of `buffer` already handed out */
};

/* Add received bytes. CB_ERR_HOST when a length above the cap is announced: at once, before it is
 * stored. */
int cb_wire_feed(struct cb_wire_reader *r, const void *bytes, size_t n, struct cb_error *err);

/* The next whole message: 1 with a new reference, 0 none yet, or CB_ERR_HOST. */
int cb_wire_next(struct cb_wire_reader *r, json_t **message, struct cb_error *err);
void cb_wire_reader_finish(struct cb_wire_reader *r);

/* Make messages. Arguments are stolen into the message; NULL args: none. New references; NULL out
 * of memory. */
json_t *cb_wire_request(int64_t id, const char *name, json_t *args);
json_t *cb_wire_reply(int64_t id, json_t *results);
json_t *cb_wire_failure(int64_t id, const struct cb_error *error);

/* Check a message's form. CB_ERR_HOST names what is wrong. `name` is borrowed from the message. */
int cb_wire_open_request(
	const json_t *message, int64_t *id, const char **name, struct cb_error *err);
/* 0 for ok; for a failure reply its code and text in `err`. */
int cb_wire_open_reply(const json_t *message, int64_t *id, struct cb_error *err);

#endif
