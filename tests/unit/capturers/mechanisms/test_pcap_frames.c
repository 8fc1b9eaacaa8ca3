/* pcap: the system's libpcap on real frames (loopback.h), where both can be had. */
#include "capturers/capture.h"
#include "capturers/members.h"
#include "harness/base/log.h"

#include "tests/unit/capturers/mechanisms/loopback.h"
#include "tests/unit/cmocka.h"

static const struct cb_mechanism *const mechanism = &cb_mechanism_pcap;
static struct cb_error err;
static bool have_namespace;
static volatile sig_atomic_t stop;
static struct cb_view_record record;

static int send_when_ready(void *arg)
{
	int fd = open_sender();

	for (unsigned i = 0; i < 2000; i++)
		send_frame(fd, 60, i % 10 ? KEY : KEY + 1, i, false);
	close(fd);
	stop = SIGINT;
	return 0;
}

static struct cb_capture_job real_job(const char *text)
{
	struct cb_capture_job job = {.interface = "lo"};

	cb_option_defaults(cb_capture_options, &job);
	assert_int_equal(cb_option_set(cb_capture_options, "mechanism", text, &job, &err), 0);
	job.key = KEY;
	job.buffer = 4 << 20;
	job.snaplen = 128;
	return job;
}

static int run(const struct cb_capture_job *job)
{
	if (!have_namespace || mechanism->member.probe(&err))
		skip();
	stop = 0;
	cb_view_record_init(&record);
	return cb_capture_run(job, &stop, send_when_ready, NULL, &record, &err);
}

static void real_frames_are_booked(void **text)
{
	struct cb_capture_job job = real_job(*text);

	assert_int_equal(run(&job), 0);
	assert_int_equal(record.book.received, 2000);
	assert_int_equal(record.book.unique, 1800);
	assert_int_equal(record.book.foreign, 200);
	assert_int_equal(record.book.tap_dropped, 0);
	assert_int_equal(record.book.unread, 0);
	assert_int_equal(strncmp(record.version, "libpcap 1.", 10), 0);
	assert_true(record.buffer_frames >= 2000);
	cb_view_record_finish(&record);
}

/* The ring holds what it holds; what is in it when the time for emptying it is over is unread. */
static void small_rings_lose_and_keep_books(void **text)
{
	struct cb_capture_job job = real_job(*text);

	job.buffer = 64 << 10;
	job.drain_ns = 0;
	assert_int_equal(run(&job), 0);
	assert_true(record.book.unread > 0);
	assert_int_equal(record.book.received + record.book.unread + record.book.tap_dropped, 2000);
	cb_view_record_finish(&record);
}

static void filters_are_the_kernels(void **text)
{
	struct cb_capture_job job = real_job(*text);

	strcpy(job.filter, "ether proto 0x88b5 and len > 100");
	assert_int_equal(run(&job), 0);
	assert_int_equal(record.book.received, 0);
	assert_int_equal(record.book.unread, 0);
	cb_view_record_finish(&record);
	strcpy(job.filter, "ether proto 0x88b5");
	assert_int_equal(run(&job), 0);
	assert_int_equal(record.book.received, 2000);
	cb_view_record_finish(&record);
}

int main(void)
{
	static char v3[] = "pcap", v2[] = "pcap:immediate=on";
	const struct CMUnitTest tests[] = {
		{"real_frames_are_booked (blocks)", real_frames_are_booked, NULL, NULL, v3},
		{"real_frames_are_booked (immediate)", real_frames_are_booked, NULL, NULL, v2},
		{"small_rings_lose_and_keep_books (blocks)", small_rings_lose_and_keep_books, NULL,
			NULL, v3},
		{"small_rings_lose_and_keep_books (immediate)", small_rings_lose_and_keep_books,
			NULL, NULL, v2},
		{"filters_are_the_kernels (blocks)", filters_are_the_kernels, NULL, NULL, v3},
		{"filters_are_the_kernels (immediate)", filters_are_the_kernels, NULL, NULL, v2},
	};

	cb_log_set_level(CB_LOG_ERROR);
	have_namespace = enter_namespace();
	if (have_namespace)
		set_loopback(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
