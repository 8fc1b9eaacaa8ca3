#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/json.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <zlib.h>

#include "tests/unit/cmocka.h"

#define FRAMES  300
#define SNAPLEN 1514

static uint8_t bytes[FRAMES][SNAPLEN];
static struct cb_frame frames[FRAMES];

struct opened {
	const struct cb_load *load;
	void *state;
};

static struct opened open_load(const char *text)
{
	const struct cb_tap tap = {.interface = "lo", .snaplen = SNAPLEN};
	uint64_t options[16] = {0};
	const struct cb_member *member;
	struct opened o;
	struct cb_error err;

	assert_int_equal(cb_member_parse(&cb_load_axis, text, &member, options, &err), 0);
	assert_true(member->options_size <= sizeof(options));
	o.load = (const struct cb_load *)member;
	o.state = calloc(1, o.load->state_size + 1);
	assert_non_null(o.state);
	if (o.load->open)
		assert_int_equal(o.load->open(o.state, &tap, options, &err), 0);
	return o;
}

static json_t *close_load(struct opened *o)
{
	json_t *result = json_object();
	struct cb_error err;

	assert_non_null(result);
	if (o->load->report)
		assert_int_equal(o->load->report(o->state, result, &err), 0);
	if (o->load->close)
		o->load->close(o->state);
	free(o->state);
	return result;
}

/* Frames of many lengths, of words from a small vocabulary, so that the levels differ. */
static void make_frames(void)
{
	uint32_t noise = 1;

	for (unsigned i = 0; i < FRAMES; i++) {
		for (unsigned k = 0; k < SNAPLEN; k++) {
			if (k % 5 == 0)
				noise = noise * 1664525 + 1013904223;
			bytes[i][k] = (uint8_t)((noise >> 26) * (k % 5 + 1));
		}
		frames[i] = (struct cb_frame){
			.data = bytes[i], .caplen = 60 + i * 4, .len = 60 + i * 4};
	}
}

static int64_t number(const json_t *result, const char *key)
{
	struct cb_error err;
	int64_t value;

	assert_int_equal(cb_json_count(result, key, &value, &err), 0);
	return value;
}

/* The size that zlib makes of bytes in one call. */
static int64_t compressed(int level, const uint8_t *plain, size_t n)
{
	uLongf size = compressBound(n);
	uint8_t *out = malloc(size);

	assert_non_null(out);
	assert_int_equal(compress2(out, &size, plain, n, level), Z_OK);
	free(out);
	return (int64_t)size;
}

static int64_t compressed_alone(int level)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		sum += compressed(level, bytes[i], frames[i].caplen);
	return sum;
}

static int64_t compressed_together(int level)
{
	uint8_t *all = malloc(sizeof(bytes));
	size_t n = 0;
	int64_t size;

	assert_non_null(all);
	for (unsigned i = 0; i < FRAMES; i++) {
		memcpy(all + n, bytes[i], frames[i].caplen);
		n += frames[i].caplen;
	}
	size = compressed(level, all, n);
	free(all);
	return size;
}

static int64_t bytes_in(void)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		sum += frames[i].caplen;
	return sum;
}

static json_t *run_packzip(const char *text)
{
	struct opened o = open_load(text);

	/* in batches, as the loop does */
	for (unsigned i = 0; i < FRAMES; i += 50)
		o.load->take(o.state, frames + i, 50);
	return close_load(&o);
}

static void packzip_makes_one_stream(void **state)
{
	json_t *nine = run_packzip("packzip:9"), *one = run_packzip("packzip:1,continuing");
	char stream[16];
	struct cb_error err;

	assert_int_equal(number(nine, "bytes_in"), bytes_in());
	assert_int_equal(number(nine, "level"), 9);
	assert_int_equal(cb_json_text(nine, "stream", stream, sizeof(stream), &err), 0);
	assert_string_equal(stream, "continuing");
	assert_int_equal(number(nine, "bytes_out"), compressed_together(9));
	assert_int_equal(number(one, "bytes_out"), compressed_together(1));
	assert_true(number(nine, "bytes_out") < number(one, "bytes_out"));
	json_decref(nine);
	json_decref(one);
}

static void packzip_makes_a_stream_per_frame(void **state)
{
	json_t *result = run_packzip("packzip:level=6,stream=frame");

	assert_int_equal(number(result, "bytes_in"), bytes_in());
	assert_int_equal(number(result, "bytes_out"), compressed_alone(6));
	assert_true(compressed_alone(6) > compressed_together(6));
	json_decref(result);
}

static void packzip_without_compression(void **state)
{
	json_t *together = run_packzip("packzip:0"), *alone = run_packzip("packzip:0,frame");

	/* stored: everything comes out, in its wrapping */
	assert_true(number(together, "bytes_out") > bytes_in());
	assert_int_equal(number(alone, "bytes_out"), compressed_alone(0));
	json_decref(together);
	json_decref(alone);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return cb_timespec_ns(&ts);
}

/* CPU time of `batches` batches of 100 frames. */
static uint64_t work_time(const char *text, unsigned batches)
{
	struct opened o = open_load(text);
	uint64_t before = thread_cpu_ns(), took;

	for (unsigned i = 0; i < batches; i++)
		o.load->take(o.state, frames, 100);
	took = thread_cpu_ns() - before;
	json_decref(close_load(&o));
	return took;
}

/* Loose bounds: a busy machine, or one whose clock rate changes, is no reason to fail; a wrong unit
 * or a forgotten batch is. The best of three. */
static void work_takes_its_time(void **state)
{
	static const struct {
		const char *text;
		unsigned batches; /* of 100 frames */
		uint64_t due_ns;
	} cases[] = {{"work:20us", 10, 20000000}, {"work:200ns", 1000, 20000000},
		{"work:30ns", 5000, 15000000}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t best = UINT64_MAX;

		for (int k = 0; k < 3; k++) {
			uint64_t took = work_time(cases[i].text, cases[i].batches);

			best = took < best ? took : best;
		}
		assert_in_range(best, cases[i].due_ns * 6 / 10, cases[i].due_ns * 18 / 10);
	}
}

static void work_of_nothing(void **state)
{
	assert_in_range(work_time("work:0", 1000), 0, 20 * CB_NS_PER_MS);
}

static void work_tells_what_it_did(void **state)
{
	struct opened o = open_load("work:time=3us");
	json_t *result = close_load(&o);
	struct cb_error err;
	double link;

	assert_int_equal(number(result, "time_ns"), 3000);
	assert_int_equal(cb_json_real(result, "link_ns", &link, &err), 0);
	assert_true(link > 0.1 && link < 1000);
	/* no frame came */
	assert_true(json_is_null(json_object_get(result, "link_meanwhile_ns")));
	json_decref(result);
}

/* How fast the core was: some of the calls are timed, unless they are too short for that. */
static void work_tells_how_fast_it_was(void **state)
{
	struct opened o = open_load("work:time=3us");
	json_t *result;
	double meanwhile;

	for (unsigned i = 0; i < 100; i++)
		o.load->take(o.state, frames, 10);
	result = close_load(&o);
	assert_int_equal(cb_json_real(result, "link_meanwhile_ns", &meanwhile, NULL), 0);
	/* what was interrupted is left out */
	assert_true(meanwhile < 1.4 * json_number_value(json_object_get(result, "link_ns")));
	assert_true(meanwhile > 0.5 * json_number_value(json_object_get(result, "link_ns")));
	json_decref(result);
	o = open_load("work:time=10ns");
	o.load->take(o.state, frames, 10);
	result = close_load(&o);
	assert_true(json_is_null(json_object_get(result, "link_meanwhile_ns")));
	json_decref(result);
}

static void stand_still(int signal)
{
	const struct timespec a_while = {.tv_nsec = 50000000};

	(void)signal;
	nanosleep(&a_while, NULL);
}

/* Whatever keeps the thread from its work in the middle of a call. */
static void work_tells_when_it_was_interrupted(void **state)
{
	const struct sigaction still = {.sa_handler = stand_still};
	const struct itimerval soon = {.it_value = {.tv_usec = 5000}};
	struct opened o = open_load("work:time=1ms");
	struct sigaction before;
	json_t *result;

	assert_int_equal(sigaction(SIGALRM, &still, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	o.load->take(o.state, frames, 20);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	result = close_load(&o);
	assert_in_range(number(result, "interrupted_ns"), 40000000, INT64_MAX);
	json_decref(result);
	o = open_load("work:time=1ms");
	result = close_load(&o);
	assert_int_equal(number(result, "interrupted_ns"), 0);
	json_decref(result);
}

static void what_the_tally_does_alone(void **state)
{
	assert_null(cb_load_discard.take);
	assert_false(cb_load_discard.exact);
	assert_null(cb_load_count.take);
	assert_true(cb_load_count.exact);
}

static void options_are_checked(void **state)
{
	const char *const wrong[] = {"packzip:10", "packzip:-1", "packzip:6,both", "work:-1us",
		"work:1", "work:11s", "discard:1", "count:x"};
	struct cb_error err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			cb_member_parse(&cb_load_axis, wrong[i], NULL, NULL, &err), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packzip_makes_one_stream),
		cmocka_unit_test(packzip_makes_a_stream_per_frame),
		cmocka_unit_test(packzip_without_compression),
		cmocka_unit_test(work_takes_its_time),
		cmocka_unit_test(work_of_nothing),
		cmocka_unit_test(work_tells_what_it_did),
		cmocka_unit_test(work_tells_how_fast_it_was),
		cmocka_unit_test(work_tells_when_it_was_interrupted),
		cmocka_unit_test(what_the_tally_does_alone),
		cmocka_unit_test(options_are_checked),
	};

	make_frames();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
