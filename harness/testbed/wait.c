#include "harness/testbed/wait.h"

#include "harness/base/clock.h"
#include "harness/testbed/connection.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#define HOSTS_MAX 256

volatile sig_atomic_t cb_testbed_stop;

static struct {
	struct cb_host *hosts[HOSTS_MAX];
	size_t n;
	uint64_t next_ns;
	bool paused;
} beat;

void cb_heartbeat_add(struct cb_host *h)
{
	if (beat.n < HOSTS_MAX)
		beat.hosts[beat.n++] = h;
}

void cb_heartbeat_remove(const struct cb_host *h)
{
	for (size_t i = 0; i < beat.n; i++)
		if (beat.hosts[i] == h)
			beat.hosts[i] = beat.hosts[--beat.n];
}

void cb_heartbeat_pause(void)
{
	beat.paused = true;
}

void cb_heartbeat_resume(void)
{
	beat.paused = false;
}

/* Beats when it is time to; returns the time of the next. */
static uint64_t beat_if_due(void)
{
	uint64_t now = cb_now_ns();

	if (beat.paused || !beat.n)
		return UINT64_MAX;
	if (!beat.next_ns)
		beat.next_ns = now + CB_HEARTBEAT_NS;
	if (now < beat.next_ns)
		return beat.next_ns;
	beat.next_ns = now + CB_HEARTBEAT_NS;
	for (size_t i = 0; i < beat.n; i++)
		cb_host_beat(beat.hosts[i]);
	return beat.next_ns;
}

static int interrupted(struct cb_error *err)
{
	cb_error_set(err, CB_ERR_INTERRUPTED, "interrupted by signal %d", (int)cb_testbed_stop);
	if (err)
		err->sys_errno = (int)cb_testbed_stop;
	return CB_ERR_INTERRUPTED;
}

/* Until the deadline or the next beat: > 0 ready, 0 time is up, negative: an error. */
static int look(struct pollfd *fds, size_t n, uint64_t until_ns, const sigset_t *mask)
{
	uint64_t now = cb_now_ns();
	struct timespec left = cb_ns_timespec(until_ns > now ? until_ns - now : 0);
	int ready = ppoll(fds, n, until_ns == CB_FOREVER ? NULL : &left, mask);

	return ready < 0 ? -errno : ready;
}

int cb_testbed_wait(struct pollfd *fds, size_t n, uint64_t deadline_ns, struct cb_error *err)
{
	sigset_t stopping, before;
	int r = 0, ready = 0;

	sigemptyset(&stopping);
	sigaddset(&stopping, SIGINT);
	sigaddset(&stopping, SIGTERM);
	sigaddset(&stopping, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &stopping, &before);
	while (!r && ready <= 0) {
		uint64_t until = beat_if_due();

		if (until > deadline_ns)
			until = deadline_ns;
		if (cb_testbed_stop)
			r = interrupted(err);
		else
			ready = look(fds, n, until, &before);
		if (ready < 0 && ready != -EINTR)
			r = cb_error_errno(err, CB_ERR_INTERNAL, ready, "ppoll");
		else if (!r && ready == 0 && cb_now_ns() >= deadline_ns)
			r = CB_ERR_HOST;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int cb_testbed_rest(uint64_t ns, struct cb_error *err)
{
	int rc = cb_testbed_wait(NULL, 0, cb_deadline_in(ns), err);

	return rc == CB_ERR_HOST ? 0 : rc;
}
