#include "capturers/capturer.h"
#include "capturers/members.h"
#include "harness/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define LONG_NS (20 * CB_NS_PER_SEC) /* far longer than any test may take */

static struct cb_wait_counts counts;
static int fd;

struct opened {
	const struct cb_wait *wait;
	void *state;
};

static struct opened open_wait(const char *text)
{
	uint64_t options[16] = {0};
	const struct cb_member *member;
	struct opened o;
	struct cb_error err;

	counts = (struct cb_wait_counts){0};
	fd = eventfd(0, EFD_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(cb_member_parse(&cb_wait_axis, text, &member, options, &err), 0);
	assert_true(member->options_size <= sizeof(options));
	o.wait = (const struct cb_wait *)member;
	o.state = calloc(1, o.wait->state_size + 1);
	assert_non_null(o.state);
	if (o.wait->open) {
		struct cb_wait_target target = {.fd = fd};

		assert_int_equal(o.wait->open(o.state, &target, options, &err), 0);
	}
	return o;
}

static void close_wait(struct opened *o)
{
	if (o->wait->close)
		o->wait->close(o->state);
	free(o->state);
	close(fd);
}

static void make_ready(void)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

/* One wait; the time it took. */
static uint64_t wait_for(struct opened *o, uint64_t ns, int64_t frames)
{
	uint64_t now = cb_now_ns();
	struct cb_wait_call call = {.now_ns = now, .deadline_ns = now + ns, .frames = frames};

	assert_int_equal(o->wait->wait(o->state, &call, &counts), 0);
	return cb_now_ns() - now;
}

static void poll_ends_when_ready(void **state)
{
	struct opened o = open_wait("poll");

	make_ready();
	assert_true(wait_for(&o, LONG_NS, 0) < LONG_NS / 2);
	assert_int_equal(counts.syscalls, 1);
	assert_int_equal(counts.polls, 1);
	assert_int_equal(counts.blocks, 1);
	close_wait(&o);
}

static void poll_ends_at_its_deadline(void **state)
{
	struct opened o = open_wait("poll");

	assert_in_range(wait_for(&o, 20 * CB_NS_PER_MS, 0), 20 * CB_NS_PER_MS, LONG_NS / 2);
	/* not a millisecond's rounding away from sleeping not at all */
	assert_in_range(wait_for(&o, 1, 0), 1, LONG_NS / 2);
	assert_true(wait_for(&o, 0, 0) < LONG_NS / 2);
	assert_int_equal(counts.blocks, 3);
	close_wait(&o);
}

static void on_alarm(int signal)
{
}

static void arm_alarm(void)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {
		.it_value = {.tv_usec = 20000}, .it_interval = {.tv_usec = 20000}};

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void disarm_alarm(void)
{
	struct itimerval none = {0};

	setitimer(ITIMER_REAL, &none, NULL);
}

static void waits_end_on_a_signal(void **state)
{
	const char *const texts[] = {"poll", "sleep:1s", "yield:1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct opened o = open_wait(texts[i]);

		arm_alarm();
		wait_for(&o, LONG_NS, 0);
		assert_true(wait_for(&o, LONG_NS, 0) < 900 * CB_NS_PER_MS);
		disarm_alarm();
		close_wait(&o);
	}
}

/* A socket with an error pending (here: refused by the peer) is readable for ever until the error
 * is taken off; poll(2) alone would return at once again and again. */
static void poll_takes_the_pending_error(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(9)};
	struct cb_error err;
	struct cb_wait_call call = {0};
	struct cb_wait_target target = {0};
	int s = socket(AF_INET, SOCK_DGRAM, 0), state_fd[4] = {0}, rc;

	assert_true(s >= 0);
	assert_int_equal(connect(s, (struct sockaddr *)&address, sizeof(address)), 0);
	if (send(s, "x", 1, 0) != 1) {
		close(s);
		skip();
	}
	counts = (struct cb_wait_counts){0};
	target.fd = s;
	assert_int_equal(cb_wait_poll.open(state_fd, &target, NULL, &err), 0);
	call.now_ns = cb_now_ns();
	call.deadline_ns = call.now_ns + 200 * CB_NS_PER_MS;
	rc = cb_wait_poll.wait(state_fd, &call, &counts);
	assert_int_equal(rc, -ECONNREFUSED);
	/* and the next one blocks again */
	call.now_ns = cb_now_ns();
	call.deadline_ns = call.now_ns + 20 * CB_NS_PER_MS;
	assert_int_equal(cb_wait_poll.wait(state_fd, &call, &counts), 0);
	assert_true(cb_now_ns() - call.now_ns >= 19 * CB_NS_PER_MS);
	close(s);
}

static void poll_on_a_closed_descriptor(void **state)
{
	struct opened o = open_wait("poll");
	struct cb_wait_call call = {.now_ns = 0, .deadline_ns = 1};

	close(fd);
	assert_int_equal(o.wait->wait(o.state, &call, &counts), -EBADF);
	free(o.state);
}

static void spin_returns_at_once(void **state)
{
	struct opened o = open_wait("spin");

	for (int i = 0; i < 1000; i++)
		assert_true(wait_for(&o, LONG_NS, 0) < LONG_NS / 2);
	assert_int_equal(counts.syscalls, 0);
	assert_int_equal(counts.blocks, 0);
	close_wait(&o);
}

static void sleep_sleeps_its_time(void **state)
{
	struct opened o = open_wait("sleep:3ms");

	make_ready(); /* which it does not look at */
	assert_in_range(wait_for(&o, LONG_NS, 0), 3 * CB_NS_PER_MS, LONG_NS / 2);
	assert_int_equal(counts.syscalls, 1);
	assert_int_equal(counts.sleeps, 1);
	assert_int_equal(counts.blocks, 1);
	close_wait(&o);
}

static void sleep_keeps_the_deadline(void **state)
{
	struct opened o = open_wait("sleep:1s");

	assert_in_range(wait_for(&o, 10 * CB_NS_PER_MS, 0), 10 * CB_NS_PER_MS, 900 * CB_NS_PER_MS);
	close_wait(&o);
}

static void sleep_sets_the_timer_slack_and_back(void **state)
{
	int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	struct opened o = open_wait("sleep");

	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
	close_wait(&o);
	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), before);
}

static void yields_before_it_polls(void **state)
{
	struct opened o = open_wait("yield:3");

	for (int i = 0; i < 3; i++)
		wait_for(&o, LONG_NS, 0);
	assert_int_equal(counts.blocks, 0);
	assert_int_equal(counts.syscalls, 3);
	assert_in_range(wait_for(&o, 10 * CB_NS_PER_MS, 0), 10 * CB_NS_PER_MS, LONG_NS / 2);
	assert_int_equal(counts.blocks, 1);
	/* after the poll it begins anew, and so it does whenever frames came */
	wait_for(&o, LONG_NS, 0);
	wait_for(&o, LONG_NS, 0);
	for (int i = 0; i < 10; i++)
		wait_for(&o, LONG_NS, 1);
	assert_int_equal(counts.blocks, 1);
	assert_int_equal(counts.syscalls, 3 + 1 + 12);
	assert_int_equal(counts.polls, 1);
	assert_int_equal(counts.yields, 3 + 12);
	assert_int_equal(counts.sleeps, 0);
	close_wait(&o);
}

static void options_are_checked(void **state)
{
	const char *const wrong[] = {"yield:0", "yield:-1", "sleep:0", "sleep:2s", "sleep:5",
		"poll:1", "spin:x", "sleep:time=1ms,2ms"};
	struct cb_error err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			cb_member_parse(&cb_wait_axis, wrong[i], NULL, NULL, &err), CB_ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poll_ends_when_ready),
		cmocka_unit_test(poll_ends_at_its_deadline),
		cmocka_unit_test(waits_end_on_a_signal),
		cmocka_unit_test(poll_takes_the_pending_error),
		cmocka_unit_test(poll_on_a_closed_descriptor),
		cmocka_unit_test(spin_returns_at_once),
		cmocka_unit_test(sleep_sleeps_its_time),
		cmocka_unit_test(sleep_keeps_the_deadline),
		cmocka_unit_test(sleep_sets_the_timer_slack_and_back),
		cmocka_unit_test(yields_before_it_polls),
		cmocka_unit_test(options_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
