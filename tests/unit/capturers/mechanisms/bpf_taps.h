/* A tap without the loop around it, for tests of bpf-ring and bpf-buffer (and taps.h). */
#ifndef CB_TESTS_CAPTURERS_BPF_TAPS_H
#define CB_TESTS_CAPTURERS_BPF_TAPS_H

#include <poll.h>

#include "tests/unit/capturers/mechanisms/taps.h"

struct tap {
	const struct cb_mechanism *mechanism;
	uint64_t options[8];
	struct cb_tap tap;
	struct cb_tap_ready ready;
	void *state;
	int64_t syscalls;
};

static inline void prepare(struct tap *t, const char *text, int64_t buffer)
{
	const struct cb_member *member;

	need(text);
	*t = (struct tap){.tap = {.interface = "lo", .snaplen = 128, .buffer = buffer}};
	t->tap.ifindex = if_nametoindex("lo");
	t->tap.frame_length = 60;
	assert_int_equal(cb_member_parse(&cb_mechanism_axis, text, &member, t->options, &err), 0);
	assert_true(member->options_size <= sizeof(t->options));
	t->mechanism = (const struct cb_mechanism *)member;
	t->state = calloc(1, t->mechanism->state_size);
	assert_non_null(t->state);
}

static inline void open_tap(struct tap *t)
{
	if (t->mechanism->open(t->state, &t->tap, t->options, &t->ready, &err))
		fail_msg("%s", err.text);
}

static inline void close_tap(struct tap *t)
{
	t->mechanism->close(t->state);
	free(t->state);
}

static inline void send_some(unsigned n)
{
	traffic = (struct traffic){.count = n, .length = 60};
	send_all(0);
}

/* All that is there now. */
static inline unsigned take_all(struct tap *t)
{
	struct cb_frame frames[64];
	unsigned sum = 0;
	int n;

	while ((n = t->mechanism->receive(t->state, frames, 64, &t->syscalls)) > 0) {
		for (int i = 0; i < n; i++) {
			assert_int_equal(frames[i].caplen, 60);
			assert_int_equal(frames[i].len, 60);
			assert_int_equal(frames[i].data[12], 0x88);
		}
		sum += (unsigned)n;
		if (t->mechanism->release)
			t->mechanism->release(t->state);
	}
	assert_int_equal(n, 0);
	return sum;
}

static inline bool is_readable(int fd, int ms)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	return poll(&entry, 1, ms) == 1;
}

static inline void settle(struct tap *t, struct cb_tap_counters *c)
{
	assert_int_equal(t->mechanism->detach(t->state, &err), 0);
	send_some(10); /* to a tap that is off */
	assert_int_equal(t->mechanism->settle(t->state, c, &err), 0);
}

#endif
