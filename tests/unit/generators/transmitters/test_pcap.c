/* `pcap` on a real veth pair: the file's packets arrive, in order, as often as asked, on time. */
#include <stdio.h>

#include "tests/unit/generators/traffic/pcap_bytes.h"
#include "tests/unit/generators/transmitters/real_link.h"

#define PACKETS INT64_C(100)

static char path[] = PCAP_PATH;

/* Packet i has length 60 + i and begins with i; one a millisecond. */
static int make_file(void **state)
{
	FILE *file;

	memcpy(path, PCAP_PATH, sizeof(path));
	file = pcap_create(path);
	for (uint32_t i = 0; i < PACKETS; i++)
		pcap_add(file, UINT64_C(7000000000) + i * UINT64_C(1000000), 60 + i, 60 + i,
			(uint8_t)(i + 1));
	fclose(file);
	return links_up(state);
}

static int remove_file(void **state)
{
	unlink(path);
	return 0;
}

static struct cb_generate_job replay(const char *options)
{
	char text[256];

	snprintf(text, sizeof(text), "pcap:file=%s%s", path, options);
	return job_of(text);
}

/* What arrives is the file, over and over. */
static void assert_arrives(const struct cb_generate_job *job, int64_t frames)
{
	struct witness *w = witness_open(job);
	struct cb_generator_record r;
	struct cb_error err = {0};
	uint8_t frame[4096];
	int64_t n = 0;
	ssize_t length;

	if (run(job, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(r.book.offered, frames);
	assert_int_equal(r.book.refused, 0);
	for (; (length = recv(w->fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0; n++) {
		assert_int_equal(length, 60 + n % PACKETS);
		assert_int_equal(frame[0], n % PACKETS + 1);
		assert_int_equal(frame[13], n % PACKETS + 1);
	}
	assert_int_equal(n, frames);
	assert_int_equal(witness_close(w), 0);
}

static void loops_end_by_themselves(void **state)
{
	struct cb_generate_job job;

	need_namespace();
	job = replay(",loops=3");
	set_rate(&job, "max");
	assert_arrives(&job, 3 * PACKETS);
	job = replay(",loops=1,qdisc-bypass=off");
	set_rate(&job, "20k");
	job.catch_up_ns = INT64_C(10000000000);
	assert_arrives(&job, PACKETS);
	job = replay("");
	set_rate(&job, "max");
	job.count = 250;
	assert_arrives(&job, 250);
}

/* 100 packets in 99 ms, at twice the speed: 49.5 ms. */
static void the_files_own_timing(void **state)
{
	struct cb_generate_job job;
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	job = replay(",loops=1");
	job.catch_up_ns = INT64_C(10000000000);
	assert_true(cb_text_copy(job.arrival, sizeof(job.arrival), "trace:speed=200%"));
	assert_arrives(&job, PACKETS);
	if (run(&job, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(r.book.intended, PACKETS);
	assert_int_equal(r.unoffered, 0);
	assert_true(r.elapsed_ns >= 49500000);
	if (r.lateness_max_ns < 1000000)
		assert_true(r.elapsed_ns < 52000000);
}

/* More than memory may hold: the same frames, read while they are sent. */
static void a_file_that_is_not_preloaded(void **state)
{
	struct cb_generate_job job;

	need_namespace();
	job = replay(",loops=3,memory=1");
	set_rate(&job, "max");
	assert_arrives(&job, 3 * PACKETS);
	job = replay(",loops=2,memory=1,unique=on");
	set_rate(&job, "20k");
	job.catch_up_ns = INT64_C(10000000000);
	assert_arrives(&job, 2 * PACKETS);
	job = replay(",memory=1");
	set_rate(&job, "max");
	job.count = 250;
	assert_arrives(&job, 250);
	job = replay(",loops=1,memory=1");
	job.catch_up_ns = INT64_C(10000000000);
	assert_true(cb_text_copy(job.arrival, sizeof(job.arrival), "trace:speed=1000%"));
	assert_arrives(&job, PACKETS);
}

/* Packets of 60 to 159 bytes, with FCS 113.5 on the average, and so many bits. */
static void a_rate_in_bits(void **state)
{
	static const char *const memory[] = {"", ",memory=1"};

	for (int i = 0; i < 2; i++) {
		char options[64];
		struct cb_generate_job job;
		struct cb_generator_record r;
		struct cb_error err = {0};

		need_namespace();
		snprintf(options, sizeof(options), ",loops=1%s", memory[i]);
		job = replay(options);
		set_rate(&job, "9.12Mbit");
		if (run(&job, &r, &err))
			fail_msg("%s", err.text);
		assert_true(r.intended_pps > 9999 && r.intended_pps < 10100);
	}
}

static void unique_loops_still_arrive(void **state)
{
	struct cb_generate_job job;

	need_namespace();
	job = replay(",loops=2,unique=on");
	set_rate(&job, "max");
	assert_arrives(&job, 2 * PACKETS); /* no IP in them: nothing to change */
}

static void what_cannot_be_replayed(void **state)
{
	struct cb_generate_job job;
	struct cb_generator_record r;
	struct cb_error err = {0};

	need_namespace();
	job = job_of("pcap:file=/nonexistent.pcap");
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "/nonexistent.pcap"));
	job = replay("");
	job.flows = 2;
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	job = job_of("packet");
	assert_true(cb_text_copy(job.arrival, sizeof(job.arrival), "trace"));
	assert_int_equal(run(&job, &r, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "use pcap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loops_end_by_themselves, make_file, remove_file),
		cmocka_unit_test_setup_teardown(the_files_own_timing, make_file, remove_file),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_not_preloaded, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_rate_in_bits, make_file, remove_file),
		cmocka_unit_test_setup_teardown(unique_loops_still_arrive, make_file, remove_file),
		cmocka_unit_test_setup_teardown(what_cannot_be_replayed, make_file, remove_file),
	};

	return cmocka_run_group_tests(tests, make_namespace, NULL);
}
