/*
 * busy-poll on a veth pair, whose NAPI the sockets never get to know as of Linux 6.18: an io_uring
 * polls it by number. Skipped where af-xdp can't run.
 */
#include "capturers/waits/napi_ring.h"
#include "harness/base/file.h"

#include <errno.h>
#include <sys/wait.h>

#include "tests/unit/capturers/mechanisms/af_xdp_links.h"

#define DEFER "/sys/class/net/" RECEIVER "/napi_defer_hard_irqs"
#define FLUSH "/sys/class/net/" RECEIVER "/gro_flush_timeout"

static void assert_setting(const char *path, const char *wanted)
{
	char line[32];

	assert_int_equal(cb_file_read_line(path, line, sizeof(line), &err), 0);
	assert_string_equal(line, wanted);
}

static struct cb_capture_job make_busy_job(const char *wait)
{
	struct cb_capture_job job = make_job(&native);

	cb_text_copy(job.wait, sizeof(job.wait), wait);
	job.duration_ns = 60 * (int64_t)CB_NS_PER_MS;
	traffic.keep_on = true;
	return job;
}

static void receives_and_never_sleeps(void **state)
{
	struct cb_capture_job job = make_busy_job("busy-poll");

	run_well(&job);
	assert_int_equal(record.book.unique, 1000);
	assert_int_equal(record.book.tap_dropped + record.book.unread, 0);
	assert_int_equal(record.wakeups, 0);
	assert_int_equal(record.idle_wakeups, 0);
	/* a system call every 20 us at most, unless the machine was busy elsewhere */
	assert_true(record.wait_syscalls > 100);
	assert_setting(DEFER, "0");
	assert_setting(FLUSH, "0");
}

static int look_at_settings(void)
{
	assert_setting(DEFER, "3");
	assert_setting(FLUSH, "150000");
	stop = SIGINT;
	return 0;
}

static void changes_the_host_only_meanwhile(void **state)
{
	struct cb_capture_job job = make_busy_job("busy-poll:defer-irqs=3,flush-timeout=150us");

	assert_int_equal(cb_file_write_line(DEFER, "1", &err), 0);
	assert_int_equal(cb_file_write_line(FLUSH, "70000", &err), 0);
	traffic.count = 0;
	traffic.also = look_at_settings;
	run_well(&job);
	assert_setting(DEFER, "1");
	assert_setting(FLUSH, "70000");
	assert_int_equal(cb_file_write_line(DEFER, "0", &err), 0);
	assert_int_equal(cb_file_write_line(FLUSH, "0", &err), 0);
}

static pid_t child;

/* More frames, while the process polls. */
static int send_from_a_child(void)
{
	child = fork();
	if (child)
		return child < 0;
	usleep(20000);
	send_all();
	_exit(0);
}

static void frames_come_while_it_polls(void **state)
{
	struct cb_capture_job job = make_busy_job("busy-poll:defer-irqs=1000,flush-timeout=1ms");
	int status = 1;

	traffic.count = 100;
	traffic.also = send_from_a_child;
	job.duration_ns = 300 * (int64_t)CB_NS_PER_MS;
	strcpy(job.load, "count");
	run_well(&job);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(record.book.received, 200);
	assert_int_equal(record.book.duplicate, 100);
}

static void refuses_an_interface_without_napi(void **state)
{
	struct cb_capture_job job = make_busy_job("busy-poll");

	strcpy(job.mechanism, "af-xdp:mode=skb");
	assert_int_equal(run(&job), CB_ERR_IMPOSSIBLE);
	assert_non_null(strstr(err.text, "no NAPI"));
	assert_non_null(strstr(err.text, "gro on"));
	assert_clean(RECEIVER);
}

static void refuses_mechanisms_without_napi(void **state)
{
	struct cb_capture_job job = make_busy_job("busy-poll");

	strcpy(job.mechanism, "tpacket2");
	assert_int_equal(run(&job), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "busy-poll needs a known NAPI"));
}

/* ---- the ring by itself ---- */

static int pair[2];

static bool open_ring(struct cb_napi_ring *r, uint32_t time_us)
{
	const struct cb_napi_ring_spec spec = {
		.sockets = pair, .n_sockets = 1, .prefer = true, .time_us = time_us};

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	if (!cb_napi_ring_open(r, &spec))
		return true;
	close(pair[0]);
	close(pair[1]);
	return false;
}

static void close_ring(struct cb_napi_ring *r)
{
	cb_napi_ring_close(r);
	assert_int_equal(r->fd, -1);
	cb_napi_ring_close(r);
	close(pair[0]);
	close(pair[1]);
}

static void ends_when_a_socket_is_readable_or_in_time(void **state)
{
	struct cb_napi_ring r;
	uint64_t start;
	char byte;

	if (!open_ring(&r, 100))
		skip();
	start = cb_now_ns();
	assert_int_equal(cb_napi_ring_poll(&r, 20 * CB_NS_PER_MS), 0);
	assert_true(cb_now_ns() - start >= 20 * CB_NS_PER_MS);
	/* again and again */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(write(pair[1], "1", 1), 1);
		assert_int_equal(cb_napi_ring_poll(&r, 20 * CB_NS_PER_SEC), 0);
		assert_int_equal(read(pair[0], &byte, 1), 1);
	}
	assert_true(cb_now_ns() - start < 20 * CB_NS_PER_SEC);
	close_ring(&r);
}

static void refuses_what_is_no_napi(void **state)
{
	struct cb_napi_ring r;

	if (!open_ring(&r, 100))
		skip();
	assert_int_equal(cb_napi_ring_add(&r, 0), -EINVAL);
	close_ring(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receives_and_never_sleeps),
		cmocka_unit_test(changes_the_host_only_meanwhile),
		cmocka_unit_test(frames_come_while_it_polls),
		cmocka_unit_test(refuses_an_interface_without_napi),
		cmocka_unit_test(refuses_mechanisms_without_napi),
		cmocka_unit_test(ends_when_a_socket_is_readable_or_in_time),
		cmocka_unit_test(refuses_what_is_no_napi),
	};

	return run_on_links(tests, sizeof(tests) / sizeof(*tests));
}
