#include "harness/base/clock.h"

#include <limits.h>

uint64_t cb_real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return cb_timespec_ns(&ts);
}

uint64_t cb_process_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return cb_timespec_ns(&ts);
}

uint64_t cb_deadline_in(uint64_t ns)
{
	uint64_t now = cb_now_ns();

	return ns < CB_FOREVER - now ? now + ns : CB_FOREVER;
}

int cb_deadline_poll_ms(uint64_t deadline_ns)
{
	uint64_t now, ms;

	if (deadline_ns == CB_FOREVER)
		return -1;
	now = cb_now_ns();
	if (deadline_ns <= now)
		return 0;
	ms = (deadline_ns - now - 1) / CB_NS_PER_MS + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

int cb_sleep_until(uint64_t deadline_ns)
{
	struct timespec ts = cb_ns_timespec(deadline_ns);

	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void cb_time_utc_text(uint64_t real_ns, char out[32])
{
	time_t seconds = (time_t)(real_ns / CB_NS_PER_SEC);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}
