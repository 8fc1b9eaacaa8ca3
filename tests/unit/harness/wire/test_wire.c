#include "harness/wire/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/harness/base/check.h"

/* What an attacker or a broken pipe might send: a length and as many bytes. */
static void pack_raw(struct cb_text *out, uint32_t length, const char *bytes, size_t n)
{
	const unsigned char head[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
		(unsigned char)(length >> 8), (unsigned char)length};

	cb_text_add_n(out, head, sizeof(head));
	cb_text_add_n(out, bytes, n);
}

static void pack(struct cb_text *out, json_t *message)
{
	assert_non_null(message);
	assert_int_equal(cb_wire_pack(out, message, NULL), 0);
	json_decref(message);
}

static void a_message_is_a_length_and_json(void **state)
{
	struct cb_text out = {0};

	pack(&out, cb_wire_request(7, "ping", NULL));
	assert_int_equal(out.length, 4 + strlen("{\"id\":7,\"request\":\"ping\"}"));
	assert_memory_equal(out.data, "\0\0\0\x19{\"id\":7,\"request\":\"ping\"}", out.length);
	cb_text_finish(&out);
}

static void check_id(struct cb_wire_reader *r, int64_t expected)
{
	json_t *message = NULL;

	assert_int_equal(cb_wire_next(r, &message, NULL), 1);
	assert_int_equal(json_integer_value(json_object_get(message, "id")), expected);
	json_decref(message);
}

static void bytes_may_come_in_any_pieces(void **state)
{
	struct cb_wire_reader r = {0};
	struct cb_text out = {0};
	json_t *message;

	for (int id = 1; id <= 50; id++)
		pack(&out, cb_wire_request(id, "a request with a name", NULL));
	for (size_t piece = 1; piece < 200; piece += 7) {
		int64_t next = 1;

		for (size_t at = 0; at < out.length; at += piece) {
			size_t n = out.length - at < piece ? out.length - at : piece;
			int rc;

			assert_int_equal(cb_wire_feed(&r, out.data + at, n, NULL), 0);
			while ((rc = cb_wire_next(&r, &message, NULL)) == 1) {
				assert_int_equal(
					json_integer_value(json_object_get(message, "id")), next);
				next++;
				json_decref(message);
			}
			assert_int_equal(rc, 0);
		}
		assert_int_equal(next, 51);
	}
	/* all at once, and taken later */
	assert_int_equal(cb_wire_feed(&r, out.data, out.length, NULL), 0);
	for (int id = 1; id <= 25; id++)
		check_id(&r, id);
	assert_int_equal(cb_wire_feed(&r, out.data, out.length, NULL), 0);
	for (int id = 26; id <= 50; id++)
		check_id(&r, id);
	for (int id = 1; id <= 50; id++)
		check_id(&r, id);
	assert_int_equal(cb_wire_next(&r, &message, NULL), 0);
	cb_wire_reader_finish(&r);
	cb_wire_reader_finish(&r);
	cb_text_finish(&out);
}

static void the_buffer_does_not_grow_with_the_traffic(void **state)
{
	struct cb_wire_reader r = {0};
	struct cb_text out = {0};

	pack(&out, cb_wire_request(1, "again", NULL));
	/* never empty: the next message's first byte is always there already */
	assert_int_equal(cb_wire_feed(&r, out.data, 1, NULL), 0);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(cb_wire_feed(&r, out.data + 1, out.length - 1, NULL), 0);
		assert_int_equal(cb_wire_feed(&r, out.data, 1, NULL), 0);
		check_id(&r, 1);
	}
	assert_true(r.buffer.capacity < 1000);
	cb_wire_reader_finish(&r);
	cb_text_finish(&out);
}

static void a_length_above_the_cap_is_refused_at_once(void **state)
{
	static const uint32_t lengths[] = {CB_WIRE_MESSAGE_MAX + 1, UINT32_MAX, 0x80000000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct cb_wire_reader r = {0};
		struct cb_text out = {0};
		struct cb_error err = {0};
		json_t *message = NULL;
		char *big = calloc(1, 1 << 20);

		pack(&out, cb_wire_request(1, "fine", NULL));
		pack_raw(&out, lengths[i], big, 1 << 20);
		free(big);
		assert_int_equal(cb_wire_feed(&r, out.data, out.length, &err), CB_ERR_HOST);
		assert_says(err.text, "is announced, and 4194304 are allowed");
		/* nothing of it was stored */
		assert_true(r.buffer.capacity < 1000);
		/* what came before it is good, and it stays refused */
		check_id(&r, 1);
		assert_int_equal(cb_wire_next(&r, &message, &err), CB_ERR_HOST);
		assert_int_equal(cb_wire_feed(&r, "x", 1, &err), CB_ERR_HOST);
		assert_null(message);
		cb_wire_reader_finish(&r);
		cb_text_finish(&out);
	}
}

static void the_fourth_byte_of_a_length_decides(void **state)
{
	struct cb_wire_reader r = {0};

	assert_int_equal(cb_wire_feed(&r, "\x7f", 1, NULL), 0);
	assert_int_equal(cb_wire_feed(&r, "\xff\xff", 2, NULL), 0);
	assert_int_equal(cb_wire_feed(&r, "\xff", 1, NULL), CB_ERR_HOST);
	cb_wire_reader_finish(&r);
}

static void the_longest_message_passes(void **state)
{
	struct cb_wire_reader r = {0};
	struct cb_text out = {0};
	struct cb_error err = {0};
	const size_t frame = strlen("{\"id\":1,\"request\":\"\"}");
	size_t n = CB_WIRE_MESSAGE_MAX - frame;
	char *name = malloc(n + 2);
	json_t *message;

	memset(name, 'x', n + 1);
	name[n] = '\0';
	pack(&out, cb_wire_request(1, name, NULL));
	assert_int_equal(out.length, 4 + CB_WIRE_MESSAGE_MAX);
	assert_int_equal(cb_wire_feed(&r, out.data, out.length, NULL), 0);
	check_id(&r, 1);
	name[n] = 'x';
	name[n + 1] = '\0';
	message = cb_wire_request(1, name, NULL);
	cb_text_clear(&out);
	assert_int_equal(cb_wire_pack(&out, message, &err), CB_ERR_INTERNAL);
	assert_says(err.text, "a message of 4194305 bytes is longer than");
	assert_int_equal(out.length, 0);
	json_decref(message);
	free(name);
	cb_text_finish(&out);
	cb_wire_reader_finish(&r);
}

static void garbage_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *says;
	} cases[] = {
		{"", 0, "not JSON"},
		{"hello", 5, "not JSON"},
		{"{\"id\":1", 7, "not JSON"},
		{"{\"id\":1}}", 9, "not JSON"},
		{"{\"id\":1,\"id\":2}", 15, "not JSON"},
		{"{\"id\":1,\"a\":\"\0\"}", 16, "not JSON"},
		{"{\"id\":1,\"a\":\"\\u0000\"}", 21, "not JSON"},
		{"\0\0\0\0", 4, "not JSON"},
		{"[1]", 3, "a message is not an object"},
		{"{}", 2, "a message has no \"id\""},
		{"{\"id\":null}", 11, "a message has no \"id\""},
		{"{\"id\":\"1\"}", 10, "a message has no \"id\""},
		{"{\"id\":1.0}", 10, "a message has no \"id\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cb_wire_reader r = {0};
		struct cb_text out = {0};
		struct cb_error err = {0};
		json_t *message = NULL;

		pack_raw(&out, (uint32_t)cases[i].n, cases[i].bytes, cases[i].n);
		pack(&out, cb_wire_request(1, "later", NULL));
		assert_int_equal(cb_wire_feed(&r, out.data, out.length, NULL), 0);
		assert_int_equal(cb_wire_next(&r, &message, &err), CB_ERR_HOST);
		assert_int_equal(err.code, CB_ERR_HOST);
		assert_says(err.text, cases[i].says);
		/* no message is found behind it: the connection is not usable any more */
		assert_int_equal(cb_wire_next(&r, &message, NULL), CB_ERR_HOST);
		assert_null(message);
		cb_wire_reader_finish(&r);
		cb_text_finish(&out);
	}
}

static void a_request_is_opened(void **state)
{
	json_t *args = json_pack("{s:i, s:i, s:s}", "cpu", 3, "id", 99, "request", "evil");
	json_t *message = cb_wire_request(INT64_C(1) << 40, "prepare", args);
	struct cb_error err = {0};
	const char *name = NULL;
	int64_t id = 0;

	assert_int_equal(cb_wire_open_request(message, &id, &name, &err), 0);
	assert_true(id == INT64_C(1) << 40);
	assert_string_equal(name, "prepare");
	assert_int_equal(json_integer_value(json_object_get(message, "cpu")), 3);
	json_object_set_new(message, "request", json_integer(3));
	assert_int_equal(cb_wire_open_request(message, &id, &name, &err), CB_ERR_HOST);
	assert_string_equal(err.text, "a request has no \"request\"");
	json_object_del(message, "id");
	assert_int_equal(cb_wire_open_request(message, &id, &name, &err), CB_ERR_HOST);
	assert_string_equal(err.text, "a message has no \"id\"");
	json_decref(message);
	assert_int_equal(cb_wire_open_request(NULL, &id, &name, &err), CB_ERR_HOST);
}

static void a_reply_is_opened(void **state)
{
	json_t *message = cb_wire_reply(5, json_pack("{s:i}", "pid", 12));
	struct cb_error err = {0};
	int64_t id = 0;

	assert_int_equal(cb_wire_open_reply(message, &id, &err), 0);
	assert_int_equal(id, 5);
	assert_int_equal(json_integer_value(json_object_get(message, "pid")), 12);
	json_object_set_new(message, "ok", json_string("true"));
	assert_int_equal(cb_wire_open_reply(message, &id, &err), CB_ERR_HOST);
	assert_string_equal(err.text, "a reply has no \"ok\"");
	json_decref(message);
	message = cb_wire_reply(6, NULL);
	assert_int_equal(cb_wire_open_reply(message, &id, &err), 0);
	json_decref(message);
}

static void a_failure_carries_its_error(void **state)
{
	struct cb_error sent = {0}, err = {0};
	json_t *message;
	int64_t id = 0;

	cb_error_errno(&sent, CB_ERR_IMPOSSIBLE, EPERM, "socket");
	message = cb_wire_failure(8, &sent);
	assert_int_equal(cb_wire_open_reply(message, &id, &err), CB_ERR_IMPOSSIBLE);
	assert_int_equal(id, 8);
	assert_int_equal(err.code, CB_ERR_IMPOSSIBLE);
	assert_int_equal(err.sys_errno, EPERM);
	assert_string_equal(err.text, "socket: Operation not permitted");
	assert_int_equal(cb_wire_open_reply(message, &id, NULL), CB_ERR_IMPOSSIBLE);
	json_decref(message);

	sent = (struct cb_error){.code = CB_ERR_INTERRUPTED, .sys_errno = 15, .text = "stopped"};
	message = cb_wire_failure(9, &sent);
	assert_int_equal(cb_wire_open_reply(message, &id, &err), CB_ERR_INTERRUPTED);
	assert_int_equal(cb_error_exit_status(&err), 143);
	json_decref(message);
}

static void a_failure_cannot_pass_for_success(void **state)
{
	static const char *const codes[] = {
		"0", "1", "-7", "-127", "-9223372036854775808", "4294967295"};
	static const char *const incomplete[] = {"{\"id\":1,\"ok\":false}",
		"{\"id\":1,\"ok\":false,\"code\":-1}", "{\"id\":1,\"ok\":false,\"error\":\"x\"}",
		"{\"id\":1,\"ok\":false,\"code\":\"-1\",\"error\":\"x\"}",
		"{\"id\":1,\"ok\":false,\"code\":-1,\"error\":3}"};
	struct cb_error err;
	json_t *message;
	char text[128];
	int64_t id;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		snprintf(text, sizeof(text),
			"{\"id\":1,\"ok\":false,\"code\":%s,\"error\":\"x\",\"errno\":-5}",
			codes[i]);
		message = json_loads(text, 0, NULL);
		assert_int_equal(cb_wire_open_reply(message, &id, &err), CB_ERR_HOST);
		assert_int_equal(err.code, CB_ERR_HOST);
		assert_int_equal(err.sys_errno, 0);
		json_decref(message);
	}
	for (size_t i = 0; i < sizeof(incomplete) / sizeof(*incomplete); i++) {
		message = json_loads(incomplete[i], 0, NULL);
		assert_int_equal(cb_wire_open_reply(message, &id, &err), CB_ERR_HOST);
		assert_says(err.text, "lacks its \"code\" or its \"error\"");
		json_decref(message);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_a_length_and_json),
		cmocka_unit_test(bytes_may_come_in_any_pieces),
		cmocka_unit_test(the_buffer_does_not_grow_with_the_traffic),
		cmocka_unit_test(a_length_above_the_cap_is_refused_at_once),
		cmocka_unit_test(the_fourth_byte_of_a_length_decides),
		cmocka_unit_test(the_longest_message_passes),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(a_request_is_opened),
		cmocka_unit_test(a_reply_is_opened),
		cmocka_unit_test(a_failure_carries_its_error),
		cmocka_unit_test(a_failure_cannot_pass_for_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
