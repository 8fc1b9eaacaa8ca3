/* What external programs print: the shipped ones' own words, as they came, and others'. */
#include "capturers/external_output.h"

#include <string.h>

#include "tests/unit/cmocka.h"

static struct cb_error err;
static struct cb_external_output output;

static void start(const char *name)
{
	for (size_t i = 0;; i++) {
		const struct cb_external_program *program = cb_external_shipped(i);

		assert_non_null(program);
		if (strcmp(program->member.name, name) != 0)
			continue;
		output = (struct cb_external_output){.is_ready = false};
		assert_int_equal(cb_external_output_init(&output, program, &err), 0);
		return;
	}
}

static void feed(const char *text)
{
	cb_external_output_feed(&output, text, strlen(text));
}

static void assert_counts(int64_t received, int64_t dropped, int64_t stored, int64_t matched)
{
	assert_true(output.counts[CB_EXTERNAL_RECEIVED] == received);
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == dropped);
	assert_true(output.counts[CB_EXTERNAL_STORED] == stored);
	assert_true(output.counts[CB_EXTERNAL_MATCHED] == matched);
	assert_true(output.counts[CB_EXTERNAL_UNREAD] == CB_UNKNOWN);
}

static void tcpdumps_words(void **state)
{
	start("tcpdump");
	feed("tcpdump: listening on vrx, link-type EN10MB (Ethernet), snapshot length 128 bytes");
	assert_false(output.is_ready);
	feed("\n");
	assert_true(output.is_ready);
	assert_counts(CB_UNKNOWN, CB_UNKNOWN, CB_UNKNOWN, CB_UNKNOWN);
	feed("77580 packets captured\n111768 packets received by filter\n"
	     "34188 packets dropped by kernel\n");
	assert_counts(77580, 34188, CB_UNKNOWN, 111768);
	feed("1 packet captured\n1 packet received by filter\n0 packets dropped by kernel\n");
	assert_counts(1, 0, CB_UNKNOWN, 1);
	cb_external_output_finish(&output);
}

static void dumpcaps_words(void **state)
{
	start("dumpcap");
	feed("Capturing on 'vrx'\n");
	assert_false(output.is_ready);
	feed("File: /dev/null\n");
	assert_true(output.is_ready);
	feed("\rPackets: 19599 \rPackets: 59447 \rPackets captured: 59447\n"
	     "Packets received/dropped on interface 'vrx': 59447/650 "
	     "(pcap:648/dumpcap:2/flushed:0/ps_ifdrop:0) (98.9%)\n");
	assert_counts(59447, 648, CB_UNKNOWN, CB_UNKNOWN);
	cb_external_output_finish(&output);
}

static void netsniffs_words(void **state)
{
	start("netsniff-ng");
	feed("Running! Hang up with ^C!\n\n");
	assert_true(output.is_ready);
	feed("\r      199897  packets incoming (724 unread on exit)\n"
	     "\r      199915  packets passed filter\n"
	     "\r         706  packets failed filter (out of space)\n"
	     "\r      0.3519% packet droprate\n");
	assert_counts(199897, 706, 199915, CB_UNKNOWN);
	cb_external_output_finish(&output);
}

static const struct cb_external_program own = {.member = {.name = "own"},
	.ready = "^go$",
	.counts = {[CB_EXTERNAL_RECEIVED] = "total ([0-9',]+)|sum ([0-9]+)",
		[CB_EXTERNAL_DROPPED] = "lost (-?[0-9a-z]+)"}};

static void start_own(void)
{
	output = (struct cb_external_output){.is_ready = false};
	assert_int_equal(cb_external_output_init(&output, &own, &err), 0);
}

static void numbers_are_read_strictly(void **state)
{
	start_own();
	feed("[10'000'001 pkts]\ntotal 10'000'001 pkts\n");
	assert_int_equal(output.counts[CB_EXTERNAL_RECEIVED], 10000001);
	feed("total 1,234\n");
	assert_int_equal(output.counts[CB_EXTERNAL_RECEIVED], 1234);
	feed("sum 5\n"); /* the first group takes no part */
	assert_int_equal(output.counts[CB_EXTERNAL_RECEIVED], 1234);
	feed("lost 12\n");
	assert_int_equal(output.counts[CB_EXTERNAL_DROPPED], 12);
	feed("lost 5k\n");
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == CB_UNKNOWN);
	feed("lost 99999999999999999999\n");
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == CB_UNKNOWN);
	feed("lost -5\n");
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == CB_UNKNOWN);
	feed("lost 9223372036854775807\n");
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == INT64_MAX);
	cb_external_output_finish(&output);
}

static void bytes_come_as_they_like(void **state)
{
	static const char text[] = "go\nlost 7";

	start_own();
	for (size_t i = 0; i < strlen(text); i++)
		cb_external_output_feed(&output, text + i, 1);
	assert_true(output.is_ready);
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == CB_UNKNOWN);
	cb_external_output_end(&output);
	assert_int_equal(output.counts[CB_EXTERNAL_DROPPED], 7);
	assert_string_equal(output.last, "lost 7");
	cb_external_output_finish(&output);
}

/* A program may print whatever it likes: frames, say. */
static void anything_is_borne(void **state)
{
	char bytes[4096];

	start_own();
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (unsigned i = 0; i < 100; i++)
		cb_external_output_feed(&output, bytes, sizeof(bytes));
	memset(bytes, 'x', sizeof(bytes));
	for (unsigned i = 0; i < 100; i++)
		cb_external_output_feed(&output, bytes, sizeof(bytes));
	feed("lost 3\n"); /* behind a line that is too long: not seen */
	assert_true(output.counts[CB_EXTERNAL_DROPPED] == CB_UNKNOWN);
	feed("lost 4\n \t\n");
	assert_int_equal(output.counts[CB_EXTERNAL_DROPPED], 4);
	assert_string_equal(output.last, "lost 4");
	cb_external_output_finish(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcpdumps_words),
		cmocka_unit_test(dumpcaps_words),
		cmocka_unit_test(netsniffs_words),
		cmocka_unit_test(numbers_are_read_strictly),
		cmocka_unit_test(bytes_come_as_they_like),
		cmocka_unit_test(anything_is_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
