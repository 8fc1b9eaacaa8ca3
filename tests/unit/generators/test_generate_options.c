/* A generator's options, and its transmitters as members of a table. */
#include "generators/generate.h"

#include <string.h>

#include "tests/unit/cmocka.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static void defaults(void **state)
{
	struct cb_generate_job job;

	memset(&job, 0xee, sizeof(job));
	memset(job.interface, 0, sizeof(job.interface));
	cb_option_defaults(cb_generate_options, &job);
	assert_string_equal(job.transmitter, "packet");
	assert_int_equal(job.frame_size, 64);
	assert_string_equal(job.rate, "100k");
	assert_int_equal(job.count, 0);
	assert_int_equal(job.duration_ns, 0);
	assert_int_equal(job.warmup_ns, 0);
	assert_int_equal(job.catch_up_ns, 10000000);
	assert_string_equal(job.cpus, "-1");
	assert_int_equal(job.threads, 1);
	assert_int_equal(job.key, 0);
	assert_int_equal(job.stream, 0);
	assert_string_equal(job.destination_mac, "02:00:00:00:00:02");
	assert_string_equal(job.source_mac, "");
	assert_string_equal(job.destination_ip, "198.18.0.2");
	assert_string_equal(job.source_ip, "198.18.0.1");
	assert_int_equal(job.destination_port, 9);
	assert_int_equal(job.source_port, 9);
}

static void options_are_decoded(void **state)
{
	static const char *const good[][2] = {{"rate", "max"}, {"rate", "100% of 1G"},
		{"rate", "1"}, {"frame-size", "1518B"}, {"frame-size", "9018"}, {"cpu", "-1"},
		{"cpu", "0,1"}, {"threads", "64"}, {"key", "4294967295"}, {"stream", "255"},
		{"duration", "5s"}, {"catch-up", "0"}, {"source-port", "65535"},
		{"source-mac", "02:00:00:00:00:09"}};
	static const char *const bad[][2] = {{"frame-size", "63"}, {"frame-size", "9019"},
		{"threads", "0"}, {"threads", "65"}, {"key", "4294967296"}, {"stream", "256"},
		{"duration", "5"}, {"source-port", "65536"},
		{"destination-mac", "02:00:00:00:00:00:00"}, {"speed", "1"}};
	struct cb_generate_job job = {0};
	struct cb_error err;

	cb_option_defaults(cb_generate_options, &job);
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_int_equal(
			cb_option_set(cb_generate_options, good[i][0], good[i][1], &job, &err), 0);
	assert_int_equal(job.key, UINT32_MAX);
	assert_int_equal(job.duration_ns, 5000000000);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(
			cb_option_set(cb_generate_options, bad[i][0], bad[i][1], &job, &err),
			CB_ERR_USAGE);
}

static void every_option_tells_what_it_is(void **state)
{
	for (const struct cb_option *o = cb_generate_options; o->name; o++) {
		assert_non_null(o->help);
		assert_true(strlen(o->help) > 10 && o->help[strlen(o->help) - 1] != '.');
		assert_non_null(o->fallback);
	}
}

static void members(void **state)
{
	size_t n = 0;

	assert_ptr_equal(cb_transmitter_axis.at(0), cb_transmitter_at(0));
	while (cb_transmitter_at(n)) {
		const struct cb_transmitter *t = (const void *)cb_transmitter_at(n++);

		assert_non_null(t->member.name);
		assert_non_null(t->member.help);
		assert_true(t->run || (t->batch > 0 && t->send));
		assert_true(t->open && t->close);
		assert_ptr_equal(cb_axis_find(&cb_transmitter_axis, t->member.name), &t->member);
	}
	assert_true(n >= 2);
	assert_null(cb_transmitter_at(n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(options_are_decoded),
		cmocka_unit_test(every_option_tells_what_it_is),
		cmocka_unit_test(members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
