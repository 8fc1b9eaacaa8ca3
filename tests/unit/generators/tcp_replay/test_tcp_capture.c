/* Capture files, read into connections. */
#include "tests/unit/generators/tcp_replay/talk.h"

static struct cb_capture capture;
static struct cb_error err;

static void read_well(struct talk *t, bool synthesize)
{
	if (talk_read(t, synthesize, &capture, &err))
		fail_msg("%s", err.text);
}

/* All bytes of a side are there, and are its own. */
static void assert_stream(const struct cb_flow *flow, enum cb_side side, int64_t n)
{
	const struct cb_stream *s = &flow->streams[side];
	size_t hint = 0;

	assert_int_equal(cb_stream_data_end(s) - 1, n);
	assert_int_equal(s->missing, 0);
	for (int64_t at = 1; at <= n; at++) {
		const uint8_t *byte = NULL;

		assert_int_equal(cb_stream_bytes(flow, s, at, 1, &hint, &byte), 1);
		assert_int_equal(*byte, talk_byte(side, at));
	}
}

static void dialogue(struct talk *t)
{
	talk_begin(t);
	talk_handshake(t);
	talk_say(t, CB_CLIENT, 1500);
	talk_say(t, CB_SERVER, 4500);
	talk_fin(t, CB_CLIENT);
	talk_fin(t, CB_SERVER);
}

static void test_links(void **state)
{
	static const uint32_t links[] = {1, 113, 276, 101};

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct talk t = {
			.link = links[i % 4], .ipv6 = i & 4, .n_vlans = i % 4 ? 0 : i / 4 % 3};

		dialogue(&t);
		read_well(&t, false);
		assert_int_equal(capture.n, 1);
		assert_int_equal(capture.flows[0].n_vlans, t.n_vlans);
		assert_int_equal(capture.flows[0].ipv6, t.ipv6);
		assert_int_equal(capture.flows[0].ends[CB_SERVER].port, 80);
		assert_stream(&capture.flows[0], CB_CLIENT, 1500);
		assert_stream(&capture.flows[0], CB_SERVER, 4500);
		assert_true(capture.flows[0].streams[CB_SERVER].has_fin);
		assert_int_equal(capture.flows[0].streams[CB_CLIENT].ttl, 61);
		cb_capture_finish(&capture);
	}
}

/* Whoever sends the SYN is the client, whatever the ports. */
static void test_client(void **state)
{
	struct talk t = {.ports = {22, 50000}};

	(void)state;
	dialogue(&t);
	read_well(&t, false);
	assert_int_equal(capture.flows[0].ends[CB_CLIENT].port, 22);
	assert_stream(&capture.flows[0], CB_CLIENT, 1500);
	cb_capture_finish(&capture);
}

/* Several at once, of which the same ends use one after the other. */
static void test_several(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	for (uint16_t i = 0; i < 300; i++) {
		t.ports[CB_CLIENT] = (uint16_t)(40000 + i % 100);
		t.isn[CB_CLIENT] += 0x10000000;
		t.at[CB_CLIENT] = t.at[CB_SERVER] = t.received[CB_CLIENT] = t.received[CB_SERVER] =
			0;
		talk_handshake(&t);
		talk_say(&t, CB_CLIENT, 10 + i);
		talk_say(&t, CB_SERVER, 20 + i);
		talk_fin(&t, CB_CLIENT);
		talk_fin(&t, CB_SERVER);
	}
	read_well(&t, false);
	assert_int_equal(capture.n, 300);
	for (uint16_t i = 0; i < 300; i++) {
		assert_int_equal(capture.flows[i].ends[CB_CLIENT].port, 40000 + i % 100);
		assert_stream(&capture.flows[i], CB_CLIENT, 10 + i);
		assert_stream(&capture.flows[i], CB_SERVER, 20 + i);
	}
	cb_capture_finish(&capture);
}

static void test_midway(void **state)
{
	char why[200];

	(void)state;
	for (int synthesize = 0; synthesize < 2; synthesize++) {
		struct talk t = {0};

		talk_begin(&t);
		talk_midway(&t);
		talk_say(&t, CB_CLIENT, 1500);
		talk_say(&t, CB_SERVER, 1500);
		read_well(&t, synthesize);
		assert_stream(&capture.flows[0], CB_CLIENT, 1500);
		assert_stream(&capture.flows[0], CB_SERVER, 1500);
		assert_int_equal(
			cb_capture_refused(&capture.flows[0], CB_CLIENT, true, why, sizeof(why)),
			!synthesize);
		assert_true(synthesize || strstr(why, "--synthesize-handshake"));
		cb_capture_finish(&capture);
	}
}

static void test_cut(void **state)
{
	struct talk t = {.snaplen = 200};
	char why[200];

	(void)state;
	dialogue(&t);
	read_well(&t, false);
	assert_true(capture.counts.truncated == 7);
	assert_true(capture.flows[0].streams[CB_CLIENT].missing > 0);
	assert_true(cb_capture_refused(&capture.flows[0], CB_CLIENT, false, why, sizeof(why)));
	assert_non_null(strstr(why, "snaplen"));
	cb_capture_finish(&capture);
}

/* A packet that was not captured, but acknowledged. */
static void test_lost(void **state)
{
	struct talk t = {0};
	char why[200];

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 100);
	t.at[CB_SERVER] += 500;
	talk_ack(&t, CB_CLIENT);
	talk_say(&t, CB_SERVER, 100);
	read_well(&t, false);
	assert_int_equal(capture.flows[0].streams[CB_SERVER].missing, 500);
	assert_false(cb_capture_refused(&capture.flows[0], CB_CLIENT, false, why, sizeof(why)));
	assert_true(cb_capture_refused(&capture.flows[0], CB_CLIENT, true, why, sizeof(why)));
	cb_capture_finish(&capture);
}

static void test_repeated(void **state)
{
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 3000);
	talk_segment(&t, CB_CLIENT, 500, 1000, CB_TCP_ACK);
	talk_segment(&t, CB_CLIENT, 3000, 1, CB_TCP_ACK); /* keep-alive */
	talk_segment(&t, CB_CLIENT, 2500, 600, CB_TCP_ACK);
	t.at[CB_CLIENT] += 99;
	talk_ack(&t, CB_SERVER);
	read_well(&t, false);
	assert_stream(&capture.flows[0], CB_CLIENT, 3099);
	assert_int_equal(capture.flows[0].repeated, 2);
	cb_capture_finish(&capture);
}

/* Frames without TCP, fragments, and what is none at all. */
static void test_others(void **state)
{
	static const uint8_t udp[64] = {[12] = 8, 0, 0x45, 0, 0, 40, [22] = 64, 17};
	static const uint8_t fragment[64] = {[12] = 8, 0, 0x45, 0, 0, 40, 0, 1, 0x20, 0, 64, 6};
	static const uint8_t arp[42] = {[12] = 8, 6};
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_frame(&t, udp, sizeof(udp));
	talk_frame(&t, fragment, sizeof(fragment));
	talk_frame(&t, arp, sizeof(arp));
	talk_frame(&t, arp, 9);
	talk_handshake(&t);
	talk_say(&t, CB_SERVER, 1);
	read_well(&t, false);
	assert_int_equal(capture.counts.other, 2);
	assert_int_equal(capture.counts.fragments, 1);
	assert_int_equal(capture.counts.cut, 1);
	assert_int_equal(capture.counts.tcp, 5);
	cb_capture_finish(&capture);
}

static void test_nothing(void **state)
{
	static const uint8_t arp[42] = {[12] = 8, 6};
	struct talk t = {0};

	(void)state;
	talk_begin(&t);
	talk_frame(&t, arp, sizeof(arp));
	assert_int_equal(talk_read(&t, false, &capture, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "holds no TCP connection: 1 packets, of these 1 without"));
	cb_capture_finish(&capture);
}

/* The server never answers. */
static void test_unanswered(void **state)
{
	struct talk t = {0};
	char why[200];

	(void)state;
	talk_begin(&t);
	talk_segment(&t, CB_CLIENT, 0, 0, CB_TCP_SYN);
	read_well(&t, false);
	assert_true(cb_capture_refused(&capture.flows[0], CB_CLIENT, false, why, sizeof(why)));
	assert_non_null(strstr(why, "did not answer"));
	cb_capture_finish(&capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_midway),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_unanswered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
