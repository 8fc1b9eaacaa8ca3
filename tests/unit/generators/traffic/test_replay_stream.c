/* A file read while it is taken: every packet once a loop, in order, whatever its size is to the
 * chunks; and files that end early or hold nothing. */
#include "generators/traffic/replay_stream.h"
#include "harness/base/clock.h"

#include <errno.h>

#include "tests/unit/generators/traffic/pcap_bytes.h"

#define PACKETS 20000 /* some 8 MB: the least chunks are full several times over */

static struct cb_replay_stream *stream;
static struct cb_error err;

static uint32_t length_at(uint32_t i)
{
	return 60 + i * 37 % 800;
}

static void make_file(char *path, uint32_t n)
{
	FILE *file = pcap_create(path);

	for (uint32_t i = 0; i < n; i++)
		pcap_add(file, i, length_at(i), length_at(i), (uint8_t)i);
	fclose(file);
}

static int open_stream(const char *path, uint64_t loops)
{
	const struct cb_replay_stream_spec spec = {
		.replay = {.path = path, .length_max = 1514, .memory_bytes = 1}, .loops = loops};
	int r = cb_replay_stream_open(&stream, &spec, &err);

	if (r == CB_ERR_IMPOSSIBLE)
		skip();
	return r;
}

/* Peek at up to `n`, waiting for them. */
static int peek(struct cb_replay_frame *frames, unsigned n)
{
	uint64_t deadline_ns = cb_deadline_in(10 * CB_NS_PER_SEC);
	int ready;

	while (!(ready = cb_replay_stream_peek(stream, frames, n))) {
		assert_true(cb_now_ns() < deadline_ns);
		cb_sleep_until(cb_deadline_in(CB_NS_PER_MS));
	}
	return ready;
}

/* As many loops come as were asked for; of some peeks only a part is taken. */
static void all_loops_in_order(void **state)
{
	char path[] = PCAP_PATH;
	struct cb_replay_frame frames[64];
	struct cb_replay counts;
	uint32_t n = 0, random = 1;
	int ready;

	make_file(path, PACKETS);
	assert_int_equal(open_stream(path, 3), 0);
	while ((ready = peek(frames, 64)) > 0) {
		random = random * 1664525 + 1013904223;
		for (int i = 0; i < ready; i++) {
			uint32_t at = (n + (uint32_t)i) % PACKETS;

			assert_int_equal(frames[i].length, length_at(at));
			assert_int_equal(frames[i].bytes[0], (uint8_t)at);
			assert_int_equal(frames[i].bytes[13], (uint8_t)at);
			assert_int_equal(frames[i].bytes[frames[i].length - 1], 0);
		}
		ready = (int)((random >> 16) % ((unsigned)ready + 1));
		cb_replay_stream_take(stream, (unsigned)ready);
		n += (unsigned)ready;
	}
	assert_int_equal(ready, -ENODATA);
	assert_int_equal(n, 3 * PACKETS);
	assert_int_equal(cb_replay_stream_peek(stream, frames, 1), -ENODATA);
	cb_replay_stream_counts(stream, &counts);
	assert_int_equal(counts.n, PACKETS);
	assert_false(counts.damaged);
	cb_replay_stream_close(stream);
	unlink(path);
}

/* The reader waits for room all the time, and is stopped there. */
static void closed_at_any_time(void **state)
{
	char path[] = PCAP_PATH;
	struct cb_replay_frame frame;

	make_file(path, PACKETS);
	for (unsigned taken = 0; taken < 30000; taken += 7001) {
		assert_int_equal(open_stream(path, 0), 0);
		for (unsigned i = 0; i < taken; i++) {
			assert_int_equal(peek(&frame, 1), 1);
			cb_replay_stream_take(stream, 1);
		}
		cb_replay_stream_close(stream);
	}
	cb_replay_stream_close(NULL);
	unlink(path);
}

static void what_is_left_out_is_counted(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);
	struct cb_replay_frame frames[8];
	struct cb_replay counts;

	pcap_add(file, 1, 60, 60, 1);
	pcap_add(file, 2, 100, 1000, 2);
	pcap_add(file, 3, 1515, 1515, 3);
	pcap_add(file, 4, 13, 13, 4);
	pcap_add(file, 5, 200, 200, 5);
	pcap_add(file, 6, 200, 200, 6);
	fclose(file);
	assert_int_equal(truncate(path, 24 + 6 * 16 + 60 + 100 + 1515 + 13 + 200 + 199), 0);
	assert_int_equal(open_stream(path, 2), 0);
	assert_int_equal(peek(frames, 8), 6);
	assert_int_equal(frames[1].length, 1000);
	assert_int_equal(frames[1].bytes[999], 0);
	assert_int_equal(frames[5].bytes[0], 5);
	cb_replay_stream_counts(stream, &counts);
	assert_int_equal(counts.n, 3);
	assert_int_equal(counts.truncated, 1);
	assert_int_equal(counts.oversized, 1);
	assert_int_equal(counts.runts, 1);
	assert_true(counts.damaged);
	cb_replay_stream_close(stream);
	unlink(path);
}

static void nothing_to_send(void **state)
{
	char path[] = PCAP_PATH;
	FILE *file = pcap_create(path);

	fclose(file);
	assert_int_equal(open_stream(path, 1), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "no packet"));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(open_stream(path, 1), CB_ERR_USAGE);
	unlink(path);
	assert_int_equal(open_stream(path, 1), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, path));
}

/* It vanishes before its second loop. */
static void a_file_that_goes_away(void **state)
{
	char path[] = PCAP_PATH;
	struct cb_replay_frame frames[64];
	uint32_t n = 0;
	int ready;

	make_file(path, PACKETS * 3); /* more than all chunks hold */
	assert_int_equal(open_stream(path, 2), 0);
	unlink(path);
	while ((ready = peek(frames, 64)) > 0) {
		cb_replay_stream_take(stream, (unsigned)ready);
		n += (unsigned)ready;
	}
	assert_int_equal(ready, -EIO);
	assert_true(n <= PACKETS * 3);
	cb_replay_stream_close(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_loops_in_order),
		cmocka_unit_test(closed_at_any_time),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(nothing_to_send),
		cmocka_unit_test(a_file_that_goes_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
