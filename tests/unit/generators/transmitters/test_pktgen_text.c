/* What pktgen's files say: Linux 6.1's own words, words of others, and nonsense. */
#include "generators/transmitters/pktgen_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka.h"

#define PARAMS                                                                     \
	"Params: count 100  min_pkt_size: 60  max_pkt_size: 80\n"                  \
	"     imix_weights: 60,58 590,33 1514,9 \n"                                \
	"     frags: 0  delay: 1000000  clone_skb: 0  ifname: vtx@0\n"             \
	"     flows: 0 flowlen: 0\n"                                               \
	"     queue_map_min: 0  queue_map_max: 3\n"                                \
	"     dst_min: 198.18.0.2  dst_max: 198.18.0.2\n"                          \
	"     src_min:   src_max: \n"                                              \
	"     src_mac: 02:00:00:00:00:01 dst_mac: 02:00:00:00:00:02\n"             \
	"     udp_src_min: 9  udp_src_max: 12  udp_dst_min: 10  udp_dst_max: 10\n" \
	"     src_mac_count: 0  dst_mac_count: 0\n"                                \
	"     xmit_mode: xmit_queue\n"                                             \
	"     Flags: UDPSRC_RND  \n"
#define CURRENT                                                             \
	"Current:\n"                                                        \
	"     pkts-sofar: 100  errors: 3\n"                                 \
	"     imix_size_counts: 60,61 590,30 1514,9 \n"                     \
	"     started: 51078070us  stopped: 51177523us idle: 85093us\n"     \
	"     seq_num: 101  cur_dst_mac_offset: 0  cur_src_mac_offset: 0\n" \
	"     cur_saddr: 198.18.0.1  cur_daddr: 198.18.0.2\n"               \
	"     cur_udp_dst: 10  cur_udp_src: 10\n"                           \
	"     cur_queue_map: 0\n"                                           \
	"     flows: 7\n"
#define FINISHED                                                       \
	"Result: OK: 99453(c14359+d85093) usec, 100 (76byte,0frags)\n" \
	"  1005pps 0Mb/sec (611040bps) errors: 3\n"

static void finished(void **state)
{
	struct cb_pktgen_device d;

	assert_int_equal(cb_pktgen_read_device(PARAMS CURRENT FINISHED, &d), 0);
	assert_int_equal(d.result, CB_PKTGEN_FINISHED);
	assert_int_equal(d.sofar, 100);
	assert_int_equal(d.errors, 3);
	assert_int_equal(d.started_us, 51078070);
	assert_int_equal(d.stopped_us, 51177523);
	assert_int_equal(d.totals.elapsed_us, 99453);
	assert_int_equal(d.totals.busy_us, 14359);
	assert_int_equal(d.totals.idle_us, 85093);
	assert_int_equal(d.totals.packets, 100);
	assert_int_equal(d.totals.bytes, 76);
	assert_int_equal(d.totals.pps, 1005);
	assert_int_equal(d.totals.mbit, 0);
	assert_int_equal(d.totals.bps, 611040);
	assert_int_equal(d.totals.errors, 3);
	assert_string_equal(d.text, "OK: 99453(c14359+d85093) usec, 100 (76byte,0frags)");
}

/* Words of the kernel, and what they are. */
static void results(void **state)
{
	static const struct {
		const char *text;
		enum cb_pktgen_result result;
	} cases[] = {
		{"Idle", CB_PKTGEN_IDLE},
		{"NA", CB_PKTGEN_IDLE},
		{"OK: count=100", CB_PKTGEN_DONE},
		{"OK: dstmac 02:00:00:00:00:02", CB_PKTGEN_DONE},
		{"OK: flags=0x10", CB_PKTGEN_DONE},
		{"Starting", CB_PKTGEN_STARTING},
		{"Error starting", CB_PKTGEN_FAILED},
		{"No such parameter \"bogus\"", CB_PKTGEN_FAILED},
		{"xmit_mode -:bogus:- unknown", CB_PKTGEN_FAILED},
		{"Flag -:BOGUS:- unknown", CB_PKTGEN_FAILED},
		{"ERROR: can not add device nope@0", CB_PKTGEN_FAILED},
		{"No memory", CB_PKTGEN_FAILED},
		{"", CB_PKTGEN_FAILED},
		/* cut off: not a run's end */
		{"OK: 99453(c14359+d85093) usec, 100 (76byte,0frags)", CB_PKTGEN_DONE},
		/* fragments are signed */
		{"OK: 1(c1+d0) usec, 1 (60byte,-1frags)\n  1pps 0Mb/sec (0bps) errors: 0",
			CB_PKTGEN_FINISHED},
		/* a number too large for 64 bits */
		{"OK: 1(c1+d0) usec, 99999999999999999999 (60byte,0frags)\n  1pps 0Mb/sec (0bps) "
		 "errors: 0",
			CB_PKTGEN_DONE},
	};
	struct cb_pktgen_device d;
	char text[2048];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(text, sizeof(text), "%sResult: %s\n", PARAMS CURRENT, cases[i].text);
		assert_int_equal(cb_pktgen_read_device(text, &d), 0);
		assert_int_equal(d.result, cases[i].result);
		if (d.result != CB_PKTGEN_FINISHED)
			assert_int_equal(d.totals.packets, 0);
	}
}

static void nonsense(void **state)
{
	static const char *const cases[] = {
		"",
		"\n",
		"Result: OK",
		"Current:",
		"Current:\n pkts-sofar: 1 errors: 0\n",
		"Current:\n pkts-sofar: x errors: 0\n started: 1us stopped: 2us\nResult: Idle\n",
		"Current:\n pkts-sofar: 1 errors: 0\n started: 1us\nResult: Idle\n",
		"pkts-sofar: 1 errors: 0 started: 1us stopped: 2us\nResult: Idle\n",
	};
	struct cb_pktgen_device d;
	unsigned running, devices;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cb_pktgen_read_device(cases[i], &d), -EBADMSG);
		assert_int_equal(cb_pktgen_read_thread(cases[i], &running, &devices), -EBADMSG);
	}
}

/* The result's text is cut, never overrun. */
static void long_result(void **state)
{
	struct cb_pktgen_device d;
	char text[2048], word[600];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	snprintf(text, sizeof(text), "%sResult: %s\n", CURRENT, word);
	assert_int_equal(cb_pktgen_read_device(text, &d), 0);
	assert_int_equal(strlen(d.text), sizeof(d.text) - 1);
	assert_int_equal(d.result, CB_PKTGEN_FAILED);
}

static void fields(void **state)
{
	static const struct {
		const char *key, *value; /* NULL: there is none */
	} cases[] = {
		{"count", "100"},
		{"min_pkt_size", "60"},
		{"delay", "1000000"},
		{"ifname", "vtx@0"},
		{"queue_map_max", "3"},
		{"dst_min", "198.18.0.2"},
		{"src_mac", "02:00:00:00:00:01"},
		{"udp_dst_max", "10"},
		{"xmit_mode", "xmit_queue"},
		{"flows", "0"}, /* the first: the parameter */
		{"size", NULL}, /* of "min_pkt_size": not a word */
		{"pkt_size", NULL},
		{"burst", NULL},
		{"mac", NULL},
	};
	char word[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool found = cb_pktgen_field(PARAMS CURRENT, cases[i].key, word, sizeof(word));

		assert_int_equal(found, cases[i].value != NULL);
		if (found)
			assert_string_equal(word, cases[i].value);
	}
	assert_false(cb_pktgen_field(PARAMS, "dst_min", word, 10)); /* does not fit */
	assert_true(cb_pktgen_field(PARAMS, "dst_min", word, 11));
	assert_false(cb_pktgen_field("Params: count", "count", word, sizeof(word)));
	assert_false(cb_pktgen_field("count 5", "count", word, sizeof(word)));
}

static void sizes(void **state)
{
	uint64_t n = 7;

	assert_true(cb_pktgen_size_count(CURRENT, 60, &n));
	assert_int_equal(n, 61);
	assert_true(cb_pktgen_size_count(CURRENT, 1514, &n));
	assert_int_equal(n, 9);
	assert_false(cb_pktgen_size_count(CURRENT, 61, &n));
	assert_false(cb_pktgen_size_count("Current:\n pkts-sofar: 1\n", 60, &n));
	assert_false(cb_pktgen_size_count("imix_size_counts: 60;1", 60, &n));
	assert_false(cb_pktgen_size_count("imix_size_counts: ", 60, &n));
}

static void threads(void **state)
{
	unsigned running, devices;

	assert_int_equal(
		cb_pktgen_read_thread("Running: \nStopped: \nResult: NA\n", &running, &devices), 0);
	assert_int_equal(running, 0);
	assert_int_equal(devices, 0);
	assert_int_equal(cb_pktgen_read_thread("Running: a@0 b \nStopped: c \nResult: OK: x\n",
				 &running, &devices),
		0);
	assert_int_equal(running, 2);
	assert_int_equal(devices, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finished),
		cmocka_unit_test(results),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(long_result),
		cmocka_unit_test(fields),
		cmocka_unit_test(sizes),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
