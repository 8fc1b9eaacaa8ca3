/*
 * When bpf-ring and bpf-buffer hand frames over and whom they wake, what dropped and unread are,
 * and several processes on one tap: on real frames, without the loop (bpf_taps.h).
 */
#include "capturers/bpf/tap_maps.h"
#include "capturers/members.h"
#include "capturers/share.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "tests/unit/capturers/mechanisms/bpf_taps.h"

/* Each class of record, at its limits. */
static void all_lengths_come_whole(void **state)
{
	static const unsigned lengths[] = {
		60, 64, 65, 128, 129, 256, 257, 512, 513, 1024, 1025, 1514, 1536, 1537, 2048};
	const unsigned n = sizeof(lengths) / sizeof(*lengths);
	struct cb_frame frames[32];
	struct tap t;
	int sender = open_sender();

	prepare(&t, *state, 1 << 20);
	t.tap.snaplen = 65535;
	open_tap(&t);
	for (unsigned i = 0; i < n; i++)
		send_frame(sender, lengths[i], KEY, i, false);
	close(sender);
	assert_int_equal(t.mechanism->detach(t.state, &err), 0);
	assert_int_equal(t.mechanism->receive(t.state, frames, 32, &t.syscalls), n);
	for (unsigned i = 0; i < n; i++) {
		struct cb_stamp stamp;

		assert_int_equal(frames[i].len, lengths[i]);
		assert_int_equal(frames[i].caplen, lengths[i]);
		assert_int_equal(cb_stamp_read(frames[i].data + OFFSET, KEY, &stamp), CB_STAMP_OWN);
		assert_int_equal(stamp.sequence, i);
		for (unsigned j = OFFSET + CB_STAMP_SIZE; j < lengths[i]; j++)
			assert_int_equal(frames[i].data[j], 0);
		/* the time it was sent, within a minute */
		assert_in_range(frames[i].time_ns, cb_real_ns() - 60 * CB_NS_PER_SEC, cb_real_ns());
	}
	close_tap(&t);
}

static void nothing_is_left_on_the_interface(void **state)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct cb_capture_job job = make_job(*state);

	need(job.mechanism);
	run_well(&job);
	assert_int_equal(bpf_xdp_query((int)if_nametoindex("lo"), 0, &query), 0);
	assert_int_equal(query.attach_mode, XDP_ATTACHED_NONE);
}

/* bpf(4): a buffer is handed over when a frame does not fit any more, and dropped is what comes
 * while the process has the other one. */
static void buffers_are_handed_over_when_full(void **state)
{
	const unsigned each = 8000 / CB_BUFFER_COST(60);
	struct cb_tap_counters c;
	struct tap t;

	prepare(&t, *state, 8000);
	open_tap(&t);
	assert_int_equal(t.ready.buffer_frames, 2 * each);
	send_some(each);
	assert_int_equal(take_all(&t), 0);
	assert_false(is_readable(t.ready.fd, 0));
	send_some(1);
	assert_true(is_readable(t.ready.fd, 1000));
	assert_int_equal(take_all(&t), each);
	assert_false(is_readable(t.ready.fd, 0));
	/* 1 is in the STORE: fill it, and the other one, and more */
	send_some(each - 1 + each + 5);
	assert_int_equal(take_all(&t), each);
	/* now that one was given back, the next frame finds room */
	send_some(1);
	assert_int_equal(take_all(&t), each);
	settle(&t, &c);
	assert_int_equal(c.unread, 1);
	assert_int_equal(c.dropped, 5);
	assert_int_equal(c.matched, 3 * each + 1 + 5);
	close_tap(&t);
}

static void buffers_are_handed_over_in_time(void **state)
{
	unsigned early;
	struct tap t;
	uint64_t sent;

	prepare(&t, *state, 1 << 20);
	open_tap(&t);
	/* on a host that is busy for so long it may be time before it was looked */
	for (int i = 0; i < 100; i++) {
		sent = cb_now_ns();
		send_some(3);
		early = take_all(&t);
		if (cb_now_ns() - sent < 50 * CB_NS_PER_MS)
			break;
		while (early < 3) {
			assert_true(is_readable(t.ready.fd, 10000));
			early += take_all(&t);
		}
	}
	assert_int_equal(early, 0);
	assert_true(is_readable(t.ready.fd, 10000));
	assert_true(cb_now_ns() - sent >= 50 * CB_NS_PER_MS);
	assert_int_equal(take_all(&t), 3);
	/* an empty one is not */
	assert_false(is_readable(t.ready.fd, 120));
	/* while the process has the HOLD, a full time is tried again */
	send_some(1);
	assert_true(is_readable(t.ready.fd, 10000));
	send_some(2);
	cb_sleep_until(cb_deadline_in(120 * CB_NS_PER_MS));
	assert_int_equal(take_all(&t), 1);
	assert_true(is_readable(t.ready.fd, 10000));
	assert_int_equal(take_all(&t), 2);
	close_tap(&t);
}

static void immediate_ones_are_handed_over_at_once(void **state)
{
	struct tap t;

	prepare(&t, *state, 1 << 20);
	open_tap(&t);
	send_some(1);
	assert_true(is_readable(t.ready.fd, 10000));
	/* these stay in the STORE until the process asks for them, which it does by a system call
	 */
	send_some(4);
	t.syscalls = 0;
	assert_int_equal(take_all(&t), 5);
	assert_true(t.syscalls >= 1);
	assert_int_equal(take_all(&t), 0);
	close_tap(&t);
}

static void a_copy_is_a_system_call_a_buffer(void **state)
{
	const unsigned each = 8000 / CB_BUFFER_COST(60);
	struct tap t;

	prepare(&t, *state, 8000);
	open_tap(&t);
	for (int i = 0; i < 10; i++) {
		send_some(each);
		take_all(&t);
	}
	/* the last one is in the STORE still */
	assert_int_equal(t.syscalls, 9);
	close_tap(&t);
}

static void batches_wake_by_number_and_time(void **state)
{
	struct tap t;
	uint64_t sent;
	int fd = -1;

	prepare(&t, *state, 1 << 20);
	open_tap(&t);
	assert_true(t.mechanism->member.provides & CB_TRAIT_OWN_BATCH);
	assert_int_equal(t.mechanism->extra->batch(t.state, 100, 10 * CB_NS_PER_SEC, &fd, &err), 0);
	send_some(99);
	assert_false(is_readable(fd, 20));
	send_some(1);
	assert_true(is_readable(fd, 10000));
	assert_int_equal(take_all(&t), 100);
	assert_int_equal(take_all(&t), 0);
	assert_false(is_readable(fd, 20));
	assert_int_equal(t.mechanism->extra->batch(t.state, 100, 50 * CB_NS_PER_MS, &fd, &err), 0);
	sent = cb_now_ns();
	send_some(3);
	assert_true(is_readable(fd, 10000));
	assert_true(cb_now_ns() - sent >= 50 * CB_NS_PER_MS);
	assert_int_equal(take_all(&t), 3);
	close_tap(&t);
}

/* A buffer that holds less than a batch must not wait for the rest of it. */
static void a_full_buffer_wakes_too(void **state)
{
	struct cb_tap_counters c;
	struct tap t;
	int fd = -1;

	prepare(&t, *state, 4096);
	open_tap(&t);
	assert_int_equal(
		t.mechanism->extra->batch(t.state, 100000, 10 * CB_NS_PER_SEC, &fd, &err), 0);
	send_some(1000);
	assert_true(is_readable(fd, 10000));
	assert_true(take_all(&t) > 0);
	settle(&t, &c);
	assert_int_equal(c.matched, 1000);
	close_tap(&t);
}

static void nobody_is_woken_who_does_not_watch(void **state)
{
	struct tap t;
	int fd = -1;

	prepare(&t, *state, 1 << 20);
	open_tap(&t);
	/* where wake-ups are apart from data, they can be looked for */
	assert_int_equal(t.mechanism->extra->batch(t.state, 1, 10 * CB_NS_PER_SEC, &fd, &err), 0);
	send_some(1);
	assert_true(is_readable(fd, 10000));
	assert_int_equal(take_all(&t), 1);
	t.mechanism->extra->unwatched(t.state);
	send_some(100);
	assert_int_equal(take_all(&t), 100);
	close_tap(&t);
}

/* ---- shared ---------------------------------------------------------------------------------- */

static struct cb_shared_tap *open_shared(const char *mechanism, unsigned processes)
{
	struct cb_capture_job job = make_job(mechanism);
	struct cb_shared_tap *shared;

	need(mechanism);
	job.buffer = 256 << 10;
	if (cb_share_open(&job, processes, &shared, &err))
		fail_msg("%s", err.text);
	return shared;
}

static void enter(struct tap *t, const char *text, struct cb_shared_tap *shared, unsigned index,
	struct cb_tap_share *share)
{
	char part[CB_SHARED_TEXT];

	prepare(t, text, 256 << 10);
	assert_true(cb_share_print(shared, index, part, sizeof(part)));
	assert_int_equal(cb_share_read(share, part, &err), 0);
	t->tap.share = share;
	open_tap(t);
}

static void processes_share_a_tap(void **state)
{
	struct cb_shared_tap *shared = open_shared(*state, 3);
	struct cb_tap_share shares[3];
	struct cb_tap_counters c;
	struct tap t[3];

	assert_non_null(shared);
	send_some(5); /* for nobody yet */
	enter(&t[0], *state, shared, 0, &shares[0]);
	enter(&t[2], *state, shared, 2, &shares[2]);
	send_some(10);
	enter(&t[1], *state, shared, 1, &shares[1]);
	send_some(100);
	settle(&t[2], &c);
	assert_int_equal(c.matched, 110);
	assert_int_equal(c.unread, 110);
	/* the others go on, and have got what was sent to the one that was off */
	settle(&t[0], &c);
	assert_int_equal(c.matched, 120);
	assert_int_equal(c.unread, 120);
	settle(&t[1], &c);
	assert_int_equal(c.matched, 120);
	for (int i = 0; i < 3; i++)
		close_tap(&t[i]);
	cb_share_close(shared);
	nothing_is_left_on_the_interface(state);
}

/* The verifier takes them for as many processes as there may be; and no program stays. */
static void as_many_as_there_may_be(void **state)
{
	struct cb_shared_tap *shared = open_shared(*state, CB_TAP_PROCESSES_MAX);
	struct cb_capture_job job = make_job(*state);
	struct cb_shared_tap *more = NULL;

	assert_int_equal(shared->processes, CB_TAP_PROCESSES_MAX);
	/* the interface has its program */
	assert_int_equal(cb_share_open(&job, 2, &more, &err), CB_ERR_IMPOSSIBLE);
	assert_null(more);
	cb_share_close(shared);
	assert_int_equal(cb_share_open(&job, CB_TAP_PROCESSES_MAX + 1, &more, &err), CB_ERR_USAGE);
	assert_null(more);
}

static void sockets_need_not_be_shared(void **state)
{
	assert_null(open_shared("bpf-ring", 3));
	assert_null(open_shared("bpf-buffer:socket", 3));
}

static void strange_parts_are_refused(void **state)
{
	const char *const text = *state;
	struct cb_shared_tap *shared = open_shared(text, 2);
	struct cb_tap_share share;
	struct tap t;

	for (int i = 0; i < 3; i++) {
		prepare(&t, text, 1 << 20);
		share = (struct cb_tap_share){.processes = 2, .n_fds = shared->n_fds};
		memcpy(share.fds, shared->fds[0], sizeof(share.fds));
		if (i == 0)
			share.n_fds--;
		else if (i == 1)
			share.index = 2; /* of two */
		else
			share.fds[2] = share.fds[0]; /* another map */
		t.tap.share = &share;
		assert_int_equal(t.mechanism->open(t.state, &t.tap, t.options, &t.ready, &err),
			CB_ERR_USAGE);
		free(t.state);
	}
	cb_share_close(shared);
}

static char ring[] = "bpf-ring", ring_pass[] = "bpf-ring:xdp-pass",
	    ring_take[] = "bpf-ring:xdp-take", buffer[] = "bpf-buffer",
	    full[] = "bpf-buffer:timeout=0", full_copied[] = "bpf-buffer:access=copy,timeout=0",
	    immediate[] = "bpf-buffer:immediate=yes", in_time[] = "bpf-buffer:timeout=50ms",
	    buffer_pass[] = "bpf-buffer:xdp-pass,timeout=0",
	    immediate_copied[] = "bpf-buffer:immediate=yes,access=copy,timeout=0",
	    in_time_copied[] = "bpf-buffer:access=copy,timeout=50ms",
	    buffer_take[] = "bpf-buffer:xdp-take,access=copy,timeout=0";
#define EACH(test) ON(test, ring), ON(test, ring_take), ON(test, full), ON(test, buffer_take)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(all_lengths_come_whole),
		ON(nothing_is_left_on_the_interface, ring_pass),
		ON(nothing_is_left_on_the_interface, buffer_take),
		ON(buffers_are_handed_over_when_full, full),
		ON(buffers_are_handed_over_when_full, full_copied),
		ON(buffers_are_handed_over_when_full, buffer_pass),
		ON(buffers_are_handed_over_in_time, in_time),
		ON(buffers_are_handed_over_in_time, in_time_copied),
		ON(immediate_ones_are_handed_over_at_once, immediate),
		ON(immediate_ones_are_handed_over_at_once, immediate_copied),
		ON(a_copy_is_a_system_call_a_buffer, full_copied),
		EACH(batches_wake_by_number_and_time),
		EACH(a_full_buffer_wakes_too),
		ON(nobody_is_woken_who_does_not_watch, ring),
		ON(nobody_is_woken_who_does_not_watch, buffer),
		ON(processes_share_a_tap, ring_pass),
		ON(processes_share_a_tap, buffer_take),
		ON(as_many_as_there_may_be, ring_take),
		ON(as_many_as_there_may_be, buffer_take),
		cmocka_unit_test(sockets_need_not_be_shared),
		ON(strange_parts_are_refused, ring_take),
		ON(strange_parts_are_refused, buffer_take),
	};

	return run_taps(tests, sizeof(tests) / sizeof(*tests));
}
