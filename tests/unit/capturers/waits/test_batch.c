/* N or m: on frames of a loopback device of the test's own, where sending returns after the frame
 * was received and counted; and on mechanisms that do it by themselves. What counts frames needs
 * real root (eBPF). */
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/unit/capturers/mechanisms/loopback.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/harness/net/netns.h"

#define MS   CB_NS_PER_MS
#define LONG (20 * CB_NS_PER_SEC) /* far longer than any test may take */

static struct cb_error err;
static struct cb_wait_counts counts;
static bool can_count;
static int sender = -1;

struct opened {
	const struct cb_wait *wait;
	void *state;
};

static int open_on(struct opened *o, const char *text, const struct cb_wait_target *target)
{
	uint64_t options[16] = {0};
	const struct cb_member *member;
	int rc;

	counts = (struct cb_wait_counts){0};
	assert_int_equal(cb_member_parse(&cb_wait_axis, text, &member, options, &err), 0);
	o->wait = (const struct cb_wait *)member;
	o->state = calloc(1, o->wait->state_size);
	assert_non_null(o->state);
	rc = o->wait->open(o->state, target, options, &err);
	if (rc) {
		free(o->state);
		o->state = NULL;
	}
	return rc;
}

static struct opened open_behind(const char *text)
{
	static struct cb_tap tap = {.interface = "lo"};
	struct cb_wait_target target = {.fd = -1, .tap = &tap, .mechanism = &cb_mechanism_null};
	struct opened o;

	if (!can_count) {
		print_message("needs root\n");
		skip();
	}
	tap.ifindex = if_nametoindex("lo");
	if (open_on(&o, text, &target))
		fail_msg("%s", err.text);
	return o;
}

static void close_wait(struct opened *o)
{
	o->wait->close(o->state);
	free(o->state);
}

/* One wait; the time it took. */
static uint64_t wait_for(struct opened *o, uint64_t ns)
{
	uint64_t now = cb_now_ns();
	struct cb_wait_call call = {.now_ns = now, .deadline_ns = now + ns};

	assert_int_equal(o->wait->wait(o->state, &call, &counts), 0);
	return cb_now_ns() - now;
}

static void send_frames(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		send_frame(sender, 60, KEY, i, false);
}

static void wakes_with_the_nth_frame(void **state)
{
	struct opened o = open_behind("batch:100,10s");

	send_frames(99);
	assert_in_range(wait_for(&o, 30 * MS), 30 * MS, LONG / 2);
	send_frames(1);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	assert_int_equal(counts.syscalls, 2);
	assert_int_equal(counts.blocks, 2);
	close_wait(&o);
}

/* The frames are still in the tap's buffer, and the next batch has not begun: readiness that stays
 * would end each wait at once. */
static void a_wake_up_is_an_edge(void **state)
{
	struct opened o = open_behind("batch:10,10s");

	send_frames(10);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	for (int i = 0; i < 3; i++)
		assert_in_range(wait_for(&o, 20 * MS), 20 * MS, LONG / 2);
	/* counting goes on where it was */
	send_frames(4);
	wait_for(&o, 20 * MS);
	send_frames(6);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	close_wait(&o);
}

static void wakes_m_after_the_first_frame(void **state)
{
	struct opened o = open_behind("batch:1000,60ms");
	uint64_t sent = cb_now_ns();

	send_frames(3);
	wait_for(&o, LONG);
	assert_in_range(cb_now_ns() - sent, 60 * MS, LONG / 2);
	/* without frames there is no time to be over */
	assert_in_range(wait_for(&o, 150 * MS), 150 * MS, LONG / 2);
	close_wait(&o);
}

/* A batch that was full begins no time; the first frame after it does. */
static void time_begins_with_the_batch(void **state)
{
	struct opened o = open_behind("batch:5,80ms");
	uint64_t sent;

	send_frames(5);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	assert_in_range(wait_for(&o, 120 * MS), 120 * MS, LONG / 2);
	send_frames(5);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	cb_sleep_until(cb_deadline_in(50 * MS));
	sent = cb_now_ns();
	send_frames(1);
	wait_for(&o, LONG);
	assert_in_range(cb_now_ns() - sent, 80 * MS, LONG / 2);
	close_wait(&o);
}

/* The process was busy through many batches, more than there is room for wake-ups: one wait ends at
 * once for all of them, and the next batch is told again. */
static void what_was_missed_ends_the_next_wait(void **state)
{
	struct opened o = open_behind("batch:1,5ms");

	send_frames(5000);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	/* the timer may make up for one that found no room */
	wait_for(&o, 50 * MS);
	wait_for(&o, 50 * MS);
	assert_in_range(wait_for(&o, 30 * MS), 30 * MS, LONG / 2);
	send_frames(1);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	close_wait(&o);
}

/* Each of several on one interface counts for itself. */
static void several_do_not_disturb_each_other(void **state)
{
	struct opened a = open_behind("batch:10,10s"), b = open_behind("batch:15,10s");

	send_frames(10);
	assert_true(wait_for(&a, LONG) < LONG / 2);
	assert_in_range(wait_for(&b, 20 * MS), 20 * MS, LONG / 2);
	close_wait(&a);
	send_frames(5);
	assert_true(wait_for(&b, LONG) < LONG / 2);
	close_wait(&b);
}

static void sleeps_after_a_wake_up(void **state)
{
	int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	struct opened o = open_behind("batch:10,10s,sleep=50ms");

	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
	send_frames(10);
	assert_in_range(wait_for(&o, LONG), 50 * MS, LONG / 2);
	assert_int_equal(counts.syscalls, 2);
	/* but not after a wait in vain, nor beyond the deadline */
	assert_in_range(wait_for(&o, 20 * MS), 20 * MS, LONG / 2);
	assert_int_equal(counts.syscalls, 3);
	close_wait(&o);
	assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), slack);
}

static void an_interface_that_is_gone(void **state)
{
	struct cb_tap tap = {.interface = "gone0", .ifindex = 9999};
	struct cb_wait_target target = {.fd = -1, .tap = &tap, .mechanism = &cb_mechanism_null};
	struct opened o;

	if (!can_count)
		skip();
	assert_int_not_equal(open_on(&o, "batch", &target), 0);
	assert_non_null(strstr(err.text, "gone0"));
}

/* ---- mechanisms that count by themselves ----------------------------------------------------- */

static struct {
	uint32_t frames;
	uint64_t ns;
	int fd, result, waits;
} own;

static int own_batch(void *state, uint32_t frames, uint64_t ns, int *fd, struct cb_error *error)
{
	assert_ptr_equal(state, &own);
	own.frames = frames;
	own.ns = ns;
	*fd = own.fd;
	return own.result ? cb_error_set(error, own.result, "no") : 0;
}

static int own_wait(void *state, uint64_t deadline_ns, struct cb_wait_counts *c)
{
	assert_ptr_equal(state, &own);
	assert_true(deadline_ns > 0);
	own.waits++;
	c->syscalls += 7;
	c->blocks++;
	return own.result;
}

static const struct cb_mechanism_extra own_extra = {.batch = own_batch, .wait_batch = own_wait};
static const struct cb_mechanism own_mechanism = {.extra = &own_extra};

static struct cb_wait_target own_target(int fd)
{
	own.frames = 0;
	own.fd = fd;
	own.result = own.waits = 0;
	return (struct cb_wait_target){
		.fd = -1, .mechanism = &own_mechanism, .mechanism_state = &own};
}

static void a_mechanism_s_own_descriptor_is_waited_on(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct cb_wait_target target = own_target(fd);
	struct opened o;

	assert_int_equal(open_on(&o, "batch:7,3us", &target), 0);
	assert_int_equal(own.frames, 7);
	assert_int_equal(own.ns, 3000);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	assert_in_range(wait_for(&o, 20 * MS), 20 * MS, LONG / 2);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_true(wait_for(&o, LONG) < LONG / 2);
	assert_int_equal(own.waits, 0);
	close_wait(&o);
	/* it stays the mechanism's */
	assert_int_equal(eventfd_write(fd, 1), 0);
	close(fd);
}

static void a_mechanism_s_own_system_call_is_called(void **state)
{
	struct cb_wait_target target = own_target(-1);
	struct cb_wait_call call = {.deadline_ns = 1};
	struct opened o;

	assert_int_equal(open_on(&o, "batch", &target), 0);
	assert_int_equal(own.frames, 512);
	assert_int_equal(own.ns, MS);
	wait_for(&o, MS);
	assert_int_equal(own.waits, 1);
	assert_int_equal(counts.syscalls, 7);
	own.result = -ENETDOWN;
	assert_int_equal(o.wait->wait(o.state, &call, &counts), -ENETDOWN);
	close_wait(&o);
}

static void a_mechanism_s_refusal_is_passed_on(void **state)
{
	struct cb_wait_target target = own_target(-1);
	struct opened o;

	own.result = CB_ERR_USAGE;
	assert_int_equal(open_on(&o, "batch", &target), CB_ERR_USAGE);
	assert_string_equal(err.text, "no");
}

static void options_are_checked(void **state)
{
	const char *const wrong[] = {"batch:0", "batch:512,0", "batch:512,500ns", "batch:-1",
		"batch:512,1ms,2s", "batch:1,2,3,4", "batch:nosleep=1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			cb_member_parse(&cb_wait_axis, wrong[i], NULL, NULL, &err), CB_ERR_USAGE);
}

static int enter(void **state)
{
	can_count = netns_real_root() && enter_namespace();
	if (can_count) {
		set_loopback(true);
		sender = open_sender();
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wakes_with_the_nth_frame),
		cmocka_unit_test(a_wake_up_is_an_edge),
		cmocka_unit_test(wakes_m_after_the_first_frame),
		cmocka_unit_test(time_begins_with_the_batch),
		cmocka_unit_test(what_was_missed_ends_the_next_wait),
		cmocka_unit_test(several_do_not_disturb_each_other),
		cmocka_unit_test(sleeps_after_a_wake_up),
		cmocka_unit_test(an_interface_that_is_gone),
		cmocka_unit_test(a_mechanism_s_own_descriptor_is_waited_on),
		cmocka_unit_test(a_mechanism_s_own_system_call_is_called),
		cmocka_unit_test(a_mechanism_s_refusal_is_passed_on),
		cmocka_unit_test(options_are_checked),
	};

	cb_log_set_level(CB_LOG_ERROR);
	return cmocka_run_group_tests(tests, enter, NULL);
}
