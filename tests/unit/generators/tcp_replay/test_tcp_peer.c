/* A client against peers that are odd, broken or hostile: segment by segment. */
#include "harness/base/clock.h"

#include "tests/unit/generators/tcp_replay/sim.h"

#define ISN  1000u
#define PEER 0xffffff80u /* wraps after 128 bytes */

static struct cb_capture capture;
static struct cb_conn_spec spec;
static struct cb_conn conn;
static uint64_t now_ns;

/* Client 100 bytes, server 1000, client closes. */
static int setup(void **state)
{
	struct talk t = {0};
	struct cb_error err;

	(void)state;
	talk_begin(&t);
	talk_handshake(&t);
	talk_say(&t, CB_CLIENT, 100);
	talk_say(&t, CB_SERVER, 1000);
	talk_fin(&t, CB_CLIENT);
	talk_fin(&t, CB_SERVER);
	if (talk_read(&t, false, &capture, &err))
		return -1;
	spec = sim_spec(&capture.flows[0], CB_CLIENT);
	now_ns = CB_NS_PER_SEC;
	cb_conn_init(&conn, &spec, ISN, 77, now_ns);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cb_capture_finish(&capture);
	return 0;
}

/* The next segment that it sends; `flags` and place are checked. */
static struct cb_tcp_segment sends(uint8_t flags, int64_t at, uint32_t length)
{
	struct cb_tcp_segment s;

	if (!cb_conn_next(&conn, now_ns, &s))
		fail_msg("nothing is sent");
	assert_int_equal(s.flags & ~CB_TCP_PSH, flags);
	assert_int_equal(s.seq, ISN + (uint32_t)at);
	assert_int_equal(s.length, length);
	return s;
}

static void sends_nothing(void)
{
	struct cb_tcp_segment s;

	if (cb_conn_next(&conn, now_ns, &s))
		fail_msg("flags %#x, seq %u, %u bytes are sent", s.flags, s.seq, s.length);
}

static uint8_t bytes[3000];

/* The peer's segment, with payload as captured; places of its stream and of ours. */
static struct cb_tcp_segment peers(uint8_t flags, int64_t at, uint32_t length, int64_t ack)
{
	for (uint32_t i = 0; i < length; i++)
		bytes[i] = talk_byte(CB_SERVER, at + i);
	return (struct cb_tcp_segment){.seq = PEER + (uint32_t)at,
		.ack = ISN + (uint32_t)ack,
		.flags = flags,
		.window = 60000,
		.options = {.has_times = true, .time = 500 + (uint32_t)(now_ns / CB_NS_PER_MS)},
		.payload = bytes,
		.length = length};
}

static void comes(uint8_t flags, int64_t at, uint32_t length, int64_t ack)
{
	struct cb_tcp_segment s = peers(flags, at, length, ack);

	now_ns += CB_NS_PER_MS;
	cb_conn_segment(&conn, &s, now_ns);
}

static void syn_ack_comes(void)
{
	struct cb_tcp_segment s = peers(CB_TCP_SYN | CB_TCP_ACK, 0, 0, 1);

	s.options.has_mss = s.options.has_scale = s.options.sack_permitted = true;
	s.options.mss = 1460;
	s.options.scale = 2;
	now_ns += CB_NS_PER_MS;
	cb_conn_segment(&conn, &s, now_ns);
}

static void establish(void)
{
	sends(CB_TCP_SYN, 0, 0);
	syn_ack_comes();
	sends(CB_TCP_ACK, 1, 100);
	comes(CB_TCP_ACK, 1, 0, 101);
	sends_nothing();
}

static void test_numbers(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	s = sends(CB_TCP_SYN, 0, 0);
	assert_true(s.options.has_mss && s.options.has_scale && s.options.sack_permitted);
	assert_int_equal(s.options.time, 77);
	assert_int_equal(s.options.echo, 0);
	syn_ack_comes();
	s = sends(CB_TCP_ACK, 1, 100);
	assert_int_equal(s.ack, PEER + 1);
	assert_int_equal(s.options.time, 78);         /* a millisecond later */
	assert_int_equal(s.options.echo, 500 + 1000); /* what the peer said last */
	assert_int_equal(s.window, (1 << 20) >> 7);   /* as its captured scale has it */
	assert_memory_equal(s.payload, ((uint8_t[]){talk_byte(CB_CLIENT, 1)}), 1);
	comes(CB_TCP_ACK, 1, 1000, 101);
	s = sends(CB_TCP_ACK | CB_TCP_FIN, 101, 0);
	assert_int_equal(s.ack, PEER + 1001); /* wrapped */
	comes(CB_TCP_ACK | CB_TCP_FIN, 1001, 0, 102);
	s = sends(CB_TCP_ACK, 102, 0);
	assert_int_equal(s.ack, PEER + 1002);
	assert_int_equal(conn.verdict, CB_CONN_COMPLETE);
	/* its FIN again: our acknowledgement was lost */
	comes(CB_TCP_ACK | CB_TCP_FIN, 1001, 0, 102);
	sends(CB_TCP_ACK, 102, 0);
}

/* Half-open: it acknowledges what an earlier connection sent. RFC 9293, 3.5.1. */
static void test_half_open(void **state)
{
	(void)state;
	sends(CB_TCP_SYN, 0, 0);
	comes(CB_TCP_ACK, 50, 0, 5000);
	sends(CB_TCP_RST, 5000, 0);
	assert_int_equal(conn.state, CB_CONN_SYN_SENT);
	now_ns += 300 * CB_NS_PER_MS;
	cb_conn_timer(&conn, now_ns);
	sends(CB_TCP_SYN, 0, 0);
	syn_ack_comes();
	sends(CB_TCP_ACK, 1, 100);
}

static void test_refused(void **state)
{
	(void)state;
	sends(CB_TCP_SYN, 0, 0);
	comes(CB_TCP_RST, 0, 0, 0); /* without an acknowledgement: anybody's */
	assert_int_equal(conn.state, CB_CONN_SYN_SENT);
	comes(CB_TCP_RST | CB_TCP_ACK, 0, 0, 1);
	assert_int_equal(conn.verdict, CB_CONN_RESET);
	sends_nothing();
}

/* RFC 5961: only a reset at the very next number counts; others are asked about. */
static void test_forged_resets(void **state)
{
	(void)state;
	establish();
	comes(CB_TCP_RST, 2, 0, 101);
	sends(CB_TCP_ACK, 101, 0);
	now_ns += 20 * CB_NS_PER_MS;
	comes(CB_TCP_RST, INT64_C(1) << 29, 0, 101);
	sends_nothing();
	comes(CB_TCP_SYN, 5, 0, 101);
	sends(CB_TCP_ACK, 101, 0);
	assert_int_equal(conn.state, CB_CONN_ESTABLISHED);
	comes(CB_TCP_RST, 1, 0, 101);
	assert_int_equal(conn.verdict, CB_CONN_RESET);
}

/* Keep-alives, window probes, what was had already: answered, and without effect. */
static void test_old(void **state)
{
	(void)state;
	establish();
	comes(CB_TCP_ACK, 0, 0, 101);
	sends(CB_TCP_ACK, 101, 0);
	comes(CB_TCP_ACK, 1, 500, 101);
	sends(CB_TCP_ACK, 101, 0);
	comes(CB_TCP_ACK, 1, 500, 101);
	sends(CB_TCP_ACK, 101, 0);
	assert_int_equal(conn.counts.received_bytes, 500);
	/* not one answer to each of a flood */
	now_ns += 20 * CB_NS_PER_MS;
	for (int i = 0; i < 5; i++)
		comes(CB_TCP_ACK, 0, 0, 101);
	sends(CB_TCP_ACK, 101, 0);
	sends_nothing();
}

/* Out of order, overlapping: each byte is taken once, the first that came, and gaps are told. */
static void test_overlaps(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	establish();
	comes(CB_TCP_ACK, 301, 200, 101);
	s = sends(CB_TCP_ACK, 101, 0);
	assert_int_equal(s.ack, PEER + 1);
	assert_int_equal(s.options.n_sacks, 1);
	assert_int_equal(s.options.sacks[0].from, PEER + 301);
	assert_int_equal(s.options.sacks[0].to, PEER + 501);
	comes(CB_TCP_ACK, 701, 100, 101);
	while (cb_conn_next(&conn, now_ns, &s))
		;
	assert_int_equal(s.options.n_sacks, 2);
	assert_int_equal(s.options.sacks[0].from, PEER + 701); /* the latest first */
	comes(CB_TCP_ACK, 201, 400, 101);
	comes(CB_TCP_ACK, 1, 900, 101);
	assert_int_equal(conn.received, 901);
	assert_int_equal(conn.counts.received_bytes, 900);
	assert_int_equal(conn.counts.different_bytes, 0);
	while (cb_conn_next(&conn, now_ns, &s))
		;
	assert_int_equal(s.options.n_sacks, 0);
}

/* Two segments for one place: the first counts. */
static void test_two_stories(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	establish();
	comes(CB_TCP_ACK, 101, 100, 101);
	s = peers(CB_TCP_ACK, 1, 300, 101);
	memset(bytes + 100, 0, 100);
	cb_conn_segment(&conn, &s, now_ns);
	assert_int_equal(conn.counts.different_bytes, 0);
	assert_int_equal(conn.received, 301);
}

static void test_fin_with_data(void **state)
{
	(void)state;
	establish();
	comes(CB_TCP_ACK | CB_TCP_FIN, 501, 500, 101); /* before what stands before it */
	assert_int_equal(conn.received, 1);
	comes(CB_TCP_ACK, 1, 500, 101);
	assert_int_equal(conn.received, 1002);
	assert_int_equal(conn.peer_fin, 1001);
	comes(CB_TCP_ACK, 1002, 100, 101); /* nothing comes behind a FIN */
	assert_int_equal(conn.counts.received_bytes, 1000);
}

static void test_fin_too_early(void **state)
{
	(void)state;
	establish();
	comes(CB_TCP_ACK | CB_TCP_FIN, 1, 300, 101);
	assert_int_equal(conn.verdict, CB_CONN_DIFFERENT);
	assert_non_null(strstr(conn.why, "closed after 300 of 1000 bytes"));
}

/* Its place may be guessed: one in four thousand lies in our window. */
static void test_forged_fin(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	establish();
	comes(CB_TCP_ACK | CB_TCP_FIN, 50000, 0, -1000000);
	s = peers(CB_TCP_ACK | CB_TCP_FIN, 50000, 0, 101);
	s.options.has_times = false;
	cb_conn_segment(&conn, &s, now_ns);
	assert_int_equal(conn.counts.unacceptable, 2);
	assert_int_equal(conn.peer_fin, -1);
	sends_nothing();
	/* an acknowledgement that was overtaken is none */
	comes(CB_TCP_ACK, 1, 1000, 1);
	assert_int_equal(conn.received, 1001);
}

/* It acknowledges what was never sent; what it says it has can't be. */
static void test_impossible_acks(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	establish();
	comes(CB_TCP_ACK, 1, 0, 5000);
	assert_int_equal(conn.una, 101);
	s = peers(CB_TCP_ACK, 1, 0, 101);
	s.options.n_sacks = 4;
	for (int i = 0; i < 4; i++)
		s.options.sacks[i] = (struct cb_tcp_sack){ISN + 50 * (unsigned)i, ISN + 40};
	cb_conn_segment(&conn, &s, now_ns);
	assert_int_equal(conn.sacked.n, 0);
	comes(CB_TCP_ACK, INT64_C(1) << 25, 10, 101); /* beyond the window */
	assert_int_equal(conn.early.n, 0);
	assert_int_equal(conn.state, CB_CONN_ESTABLISHED);
}

static void test_stale_times(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	establish();
	s = peers(CB_TCP_ACK, 1, 100, 101);
	s.options.time = 5;
	cb_conn_segment(&conn, &s, now_ns);
	assert_int_equal(conn.counts.received_bytes, 0);
	assert_int_equal(conn.counts.unacceptable, 1);
}

/* An MSS of nothing, a window scale beyond all: what can be kept is. */
static void test_absurd_options(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	sends(CB_TCP_SYN, 0, 0);
	s = peers(CB_TCP_SYN | CB_TCP_ACK, 0, 0, 1);
	s.options.has_mss = s.options.has_scale = true;
	s.options.mss = 0;
	s.options.scale = CB_TCP_SCALE_MAX;
	cb_conn_segment(&conn, &s, now_ns);
	assert_int_equal(conn.mss, 88);
	sends(CB_TCP_ACK, 1, 76);
	sends(CB_TCP_ACK, 77, 24);
}

/* Three duplicates bring the segment that is missing, not the time-out. */
static void test_fast_retransmission(void **state)
{
	struct cb_tcp_segment s;

	(void)state;
	spec.mss_max = 112; /* with timestamps 100 */
	cb_conn_init(&conn, &spec, ISN, 77, now_ns);
	sends(CB_TCP_SYN, 0, 0);
	syn_ack_comes();
	conn.mss = 88;
	sends(CB_TCP_ACK, 1, 76);
	sends(CB_TCP_ACK, 77, 24);
	s = peers(CB_TCP_ACK, 1, 0, 1);
	s.options.n_sacks = 1;
	s.options.sacks[0] = (struct cb_tcp_sack){ISN + 77, ISN + 101};
	for (int i = 0; i < 3; i++) {
		sends_nothing();
		now_ns += CB_NS_PER_MS;
		cb_conn_segment(&conn, &s, now_ns);
	}
	sends(CB_TCP_ACK, 1, 76);
	sends_nothing();
	comes(CB_TCP_ACK, 1, 0, 101);
	assert_int_equal(conn.counts.retransmitted, 1);
	assert_int_equal(conn.counts.timeouts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
		TEST(numbers),
		TEST(half_open),
		TEST(refused),
		TEST(forged_resets),
		TEST(old),
		TEST(overlaps),
		TEST(two_stories),
		TEST(fin_with_data),
		TEST(fin_too_early),
		TEST(forged_fin),
		TEST(impossible_acks),
		TEST(stale_times),
		TEST(absurd_options),
		TEST(fast_retransmission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
