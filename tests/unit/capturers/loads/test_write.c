/* The load write: files read back byte by byte, and a disk that is full (a limit of the file size).
 */
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define FRAMES  1000u
#define LENGTH  600u
#define SNAPLEN 512

static char path[64];
static uint8_t bytes[LENGTH];
static struct cb_frame frames[FRAMES];
static struct cb_error err;

static const struct cb_tap tap = {.interface = "lo", .snaplen = SNAPLEN};

static void *open_load(const char *file, int expected)
{
	const struct cb_member *member;
	char text[128], options[512] = {0};
	void *state = calloc(1, cb_load_write.state_size);

	assert_non_null(state);
	snprintf(text, sizeof(text), "write:file=%s", file);
	assert_int_equal(cb_member_parse(&cb_load_axis, text, &member, options, &err), 0);
	assert_true(member->options_size <= sizeof(options));
	assert_int_equal(cb_load_write.open(state, &tap, options, &err), expected);
	if (!expected)
		return state;
	free(state);
	return NULL;
}

static json_t *close_load(void *state)
{
	json_t *result = json_object();

	assert_non_null(result);
	assert_int_equal(cb_load_write.report(state, result, &err), 0);
	cb_load_write.close(state);
	free(state);
	return result;
}

static int64_t number(const json_t *result, const char *key)
{
	int64_t value;

	assert_int_equal(cb_json_count(result, key, &value, &err), 0);
	return value;
}

/* The i-th frame: bytes, length and time of its own. */
static void make_frames(void)
{
	for (unsigned i = 0; i < LENGTH; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (unsigned i = 0; i < FRAMES; i++)
		frames[i] = (struct cb_frame){.data = bytes + i % 50,
			.caplen = 60 + i % 400,
			.len = 60 + i % 400 + (i % 3 ? 0 : 1000),
			.time_ns = UINT64_C(1700000000) * CB_NS_PER_SEC + i * UINT64_C(999999937)};
}

static uint32_t word(const char *data, size_t offset)
{
	uint32_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static void check_header(const char *data)
{
	assert_int_equal(word(data, 0), 0xa1b23c4d);
	assert_int_equal(word(data, 4), 4 << 16 | 2);
	assert_int_equal(word(data, 8), 0);
	assert_int_equal(word(data, 12), 0);
	assert_int_equal(word(data, 16), SNAPLEN);
	assert_int_equal(word(data, 20), 1);
}

/* The file holds the first `n` frames, whole, and nothing else. */
static void check_file(unsigned n)
{
	size_t size, at = 24;
	char *data;

	assert_int_equal(cb_file_read(path, 64 << 20, &data, &size, &err), 0);
	assert_true(size >= at);
	check_header(data);
	for (unsigned i = 0; i < n; i++) {
		const struct cb_frame *f = &frames[i % FRAMES];

		assert_true(at + 16 + f->caplen <= size);
		assert_int_equal(word(data, at), f->time_ns / CB_NS_PER_SEC);
		assert_int_equal(word(data, at + 4), f->time_ns % CB_NS_PER_SEC);
		assert_int_equal(word(data, at + 8), f->caplen);
		assert_int_equal(word(data, at + 12), f->len);
		assert_memory_equal(data + at + 16, f->data, f->caplen);
		at += 16 + f->caplen;
	}
	assert_int_equal(at, size);
	free(data);
}

static void every_frame_is_in_the_file(void **state)
{
	void *load = open_load(path, 0);
	json_t *result;

	for (unsigned k = 0; k < 4; k++) {
		for (unsigned i = 0; i < FRAMES; i += 100)
			cb_load_write.take(load, frames + i, 100);
	}
	result = close_load(load);
	check_file(4 * FRAMES);
	assert_int_equal(number(result, "frames"), 4 * FRAMES);
	assert_int_equal(number(result, "frames_left_out"), 0);
	/* gathered: more than one buffer, far fewer calls than frames */
	assert_in_range(number(result, "write_calls"), 3, 20);
	assert_true(json_is_null(json_object_get(result, "error")));
	json_decref(result);
}

static void a_new_file_replaces_the_old(void **state)
{
	json_decref(close_load(open_load(path, 0)));
	check_file(0);
}

static void a_frame_without_a_time_gets_that_of_its_batch(void **state)
{
	struct cb_frame frame = {.data = bytes, .caplen = 60, .len = 60};
	uint64_t before = cb_real_ns(), time;
	void *load = open_load(path, 0);
	char *data;

	cb_load_write.take(load, &frame, 1);
	json_decref(close_load(load));
	assert_int_equal(cb_file_read(path, 1 << 20, &data, NULL, &err), 0);
	time = word(data, 24) * CB_NS_PER_SEC + word(data, 28);
	assert_in_range(time, before, cb_real_ns());
	free(data);
}

/* Of the limit's bytes whole records fit; the rest is left out, and the capture goes on. */
static void a_full_disk_is_reported(void **state)
{
	struct rlimit before, limit;
	struct stat st;
	void *load = open_load(path, 0);
	json_t *result;
	char text[128];

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned k = 0; k < 4; k++)
		cb_load_write.take(load, frames, FRAMES);
	result = close_load(load);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(number(result, "frames") + number(result, "frames_left_out"), 4 * FRAMES);
	assert_true(number(result, "frames") > 500);
	assert_true(number(result, "frames_left_out") > 0);
	check_file((unsigned)number(result, "frames"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(number(result, "bytes"), st.st_size);
	assert_true(st.st_size > 299000);
	assert_int_equal(cb_json_text(result, "error", text, sizeof(text), &err), 0);
	assert_string_equal(text, strerror(EFBIG));
	json_decref(result);
}

static void signals_are_as_they_were(void **state)
{
	struct sigaction action;
	void *load = open_load(path, 0);

	assert_int_equal(sigaction(SIGXFSZ, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_IGN);
	json_decref(close_load(load));
	assert_int_equal(sigaction(SIGXFSZ, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
}

static void two_do_not_share_a_file(void **state)
{
	void *first = open_load(path, 0);

	open_load(path, CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "another process"));
	json_decref(close_load(first));
	/* but whatever is no file */
	first = open_load("/dev/null", 0);
	json_decref(close_load(open_load("/dev/null", 0)));
	cb_load_write.take(first, frames, 10);
	json_decref(close_load(first));
}

static void what_cannot_be_opened_is_named(void **state)
{
	open_load("/nowhere/at/all.pcap", CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "/nowhere/at/all.pcap"));
	if (access("/dev/full", W_OK))
		return;
	open_load("/dev/full", CB_ERR_HOST);
	assert_non_null(strstr(err.text, strerror(ENOSPC)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_in_the_file),
		cmocka_unit_test(a_new_file_replaces_the_old),
		cmocka_unit_test(a_frame_without_a_time_gets_that_of_its_batch),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(signals_are_as_they_were),
		cmocka_unit_test(two_do_not_share_a_file),
		cmocka_unit_test(what_cannot_be_opened_is_named),
	};
	const char *dir = getenv("TMPDIR");
	int fd, failed;

	snprintf(path, sizeof(path), "%.40s/capbench-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	make_frames();
	cb_log_set_level(CB_LOG_ERROR);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
