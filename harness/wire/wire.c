#include "harness/wire/wire.h"

#include "harness/base/json.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 4

/* Highest errno that the kernel returns (include/linux/err.h, MAX_ERRNO). */
#define ERRNO_MAX 4095

static uint32_t read_length(const char *head)
{
	const unsigned char *b = (const unsigned char *)head;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void write_length(unsigned char head[HEAD_SIZE], size_t n)
{
	for (int i = 0; i < HEAD_SIZE; i++)
		head[i] = (unsigned char)(n >> (24 - 8 * i));
}

int cb_wire_pack(struct cb_text *out, const json_t *message, struct cb_error *err)
{
	char *json = json_dumps(message, JSON_COMPACT);
	size_t before = out->length, n;
	unsigned char head[HEAD_SIZE];
	int rc = 0;

	if (!json)
		return cb_error_memory(err, "a message");
	n = strlen(json);
	if (n > CB_WIRE_MESSAGE_MAX) {
		rc = cb_error_set(err, CB_ERR_INTERNAL,
			"a message of %zu bytes is longer than the %u that are allowed", n,
			CB_WIRE_MESSAGE_MAX);
		goto out;
	}
	write_length(head, n);
	cb_text_add_n(out, head, sizeof(head));
	cb_text_add_n(out, json, n);
	if (out->failed) {
		/* no head without its body */
		out->length = before;
		rc = cb_error_memory(err, "a message");
	}
out:
	free(json);
	return rc;
}

static int check_length(uint32_t n, struct cb_error *err)
{
	if (n > CB_WIRE_MESSAGE_MAX)
		return cb_error_set(err, CB_ERR_HOST,
			"a message of %u bytes is announced, and %u are allowed: the other end "
			"does not speak this protocol",
			n, CB_WIRE_MESSAGE_MAX);
	return 0;
}

/* Bytes that the last message, which starts at `start`, still lacks before it or its head is whole.
 */
static size_t lacking(const struct cb_text *buffer, size_t start)
{
	size_t have = buffer->length - start;

	if (have < HEAD_SIZE)
		return HEAD_SIZE - have;
	return HEAD_SIZE + read_length(buffer->data + start) - have;
}

/* Where the last message starts: one that is not whole yet, or the end of the buffer. */
static int find_last(const struct cb_wire_reader *r, size_t *start, struct cb_error *err)
{
	size_t at = r->taken;
	uint32_t n;
	int rc;

	while (r->buffer.length - at >= HEAD_SIZE) {
		n = read_length(r->buffer.data + at);
		rc = check_length(n, err);
		if (rc)
			return rc;
		if (r->buffer.length - at < HEAD_SIZE + (size_t)n)
			break;
		at += HEAD_SIZE + (size_t)n;
	}
	*start = at;
	return 0;
}

/* Forget what was handed out, once that is most of the buffer. */
static void compact(struct cb_wire_reader *r)
{
	struct cb_text *b = &r->buffer;

	if (!r->taken || r->taken < b->length / 2)
		return;
	memmove(b->data, b->data + r->taken, b->length - r->taken + 1);
	b->length -= r->taken;
	r->taken = 0;
}

int cb_wire_feed(struct cb_wire_reader *r, const void *bytes, size_t n, struct cb_error *err)
{
	const char *from = bytes;
	size_t start, part;
	int rc;

	compact(r);
	rc = find_last(r, &start, err);
	while (!rc && n) {
		part = lacking(&r->buffer, start);
		part = part < n ? part : n;
		cb_text_add_n(&r->buffer, from, part);
		if (r->buffer.failed)
			return cb_error_memory(err, "a message");
		from += part;
		n -= part;
		if (r->buffer.length - start >= HEAD_SIZE)
			rc = check_length(read_length(r->buffer.data + start), err);
		if (!lacking(&r->buffer, start))
			start = r->buffer.length;
	}
	return rc;
}

/* The part of the form that requests and replies share. */
static int open_message(const json_t *message, int64_t *id, struct cb_error *err)
{
	const json_t *value = json_object_get(message, "id");

	if (!json_is_object(message))
		return cb_error_set(err, CB_ERR_HOST, "a message is not an object");
	if (!json_is_integer(value))
		return cb_error_set(err, CB_ERR_HOST, "a message has no \"id\"");
	*id = json_integer_value(value);
	return 0;
}

int cb_wire_next(struct cb_wire_reader *r, json_t **message, struct cb_error *err)
{
	size_t have = r->buffer.length - r->taken;
	const char *head;
	json_t *json;
	int64_t id;
	uint32_t n;
	int rc;

	if (have < HEAD_SIZE)
		return 0;
	head = r->buffer.data + r->taken;
	n = read_length(head);
	rc = check_length(n, err);
	if (rc)
		return rc;
	if (have < HEAD_SIZE + (size_t)n)
		return 0;
	json = cb_json_parse(head + HEAD_SIZE, n, err);
	if (!json) {
		cb_error_prepend(err, "a message");
		if (err)
			err->code = CB_ERR_HOST;
		return CB_ERR_HOST;
	}
	rc = open_message(json, &id, err);
	if (rc) {
		json_decref(json);
		return rc;
	}
	r->taken += HEAD_SIZE + (size_t)n;
	*message = json;
	return 1;
}

void cb_wire_reader_finish(struct cb_wire_reader *r)
{
	cb_text_finish(&r->buffer);
	r->taken = 0;
}

/* {"id": id} with the members of `args`, which is stolen; keys set here win. */
static json_t *make_message(int64_t id, const char *key, json_t *value, json_t *args)
{
	json_t *message = json_object();

	if (json_object_set_new(message, "id", json_integer(id)) ||
		json_object_set_new(message, key, value) ||
		(args && json_object_update_missing(message, args))) {
		json_decref(message);
		message = NULL;
	}
	json_decref(args);
	return message;
}

json_t *cb_wire_request(int64_t id, const char *name, json_t *args)
{
	return make_message(id, "request", json_string(name), args);
}

json_t *cb_wire_reply(int64_t id, json_t *results)
{
	return make_message(id, "ok", json_true(), results);
}

json_t *cb_wire_failure(int64_t id, const struct cb_error *error)
{
	json_t *message = make_message(id, "ok", json_false(), NULL);

	if (cb_json_set_count(message, "code", error->code) ||
		cb_json_set_text(message, "error", error->text) ||
		(error->sys_errno && cb_json_set_count(message, "errno", error->sys_errno))) {
		json_decref(message);
		message = NULL;
	}
	return message;
}

int cb_wire_open_request(
	const json_t *message, int64_t *id, const char **name, struct cb_error *err)
{
	const json_t *value = json_object_get(message, "request");
	int rc = open_message(message, id, err);

	if (rc)
		return rc;
	if (!json_is_string(value))
		return cb_error_set(err, CB_ERR_HOST, "a request has no \"request\"");
	*name = json_string_value(value);
	return 0;
}

/* A code of enum cb_code, or CB_ERR_HOST for what the other end should not have sent. */
static int known_code(const json_t *value)
{
	json_int_t code = json_integer_value(value);

	if (code == CB_ERR_INTERRUPTED || (code < 0 && code >= CB_ERR_INCONCLUSIVE))
		return (int)code;
	return CB_ERR_HOST;
}

int cb_wire_open_reply(const json_t *message, int64_t *id, struct cb_error *err)
{
	const json_t *ok = json_object_get(message, "ok");
	const json_t *code = json_object_get(message, "code");
	const char *text = json_string_value(json_object_get(message, "error"));
	json_int_t sys_errno = json_integer_value(json_object_get(message, "errno"));
	int rc = open_message(message, id, err);

	if (rc)
		return rc;
	if (!json_is_boolean(ok))
		return cb_error_set(err, CB_ERR_HOST, "a reply has no \"ok\"");
	if (json_is_true(ok))
		return 0;
	if (!json_is_integer(code) || !text)
		return cb_error_set(
			err, CB_ERR_HOST, "a failure reply lacks its \"code\" or its \"error\"");
	rc = cb_error_set(err, known_code(code), "%s", text);
	if (err && sys_errno > 0 && sys_errno <= ERRNO_MAX)
		err->sys_errno = (int)sys_errno;
	return rc;
}
