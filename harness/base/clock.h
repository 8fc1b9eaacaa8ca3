/*
 * Time: monotonic nanoseconds, and deadlines made of them. A blocking call
 * takes an absolute deadline on this clock; CB_FOREVER never passes.
 */
#ifndef CB_HARNESS_BASE_CLOCK_H
#define CB_HARNESS_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CB_NS_PER_US  UINT64_C(1000)
#define CB_NS_PER_MS  UINT64_C(1000000)
#define CB_NS_PER_SEC UINT64_C(1000000000)
#define CB_FOREVER    UINT64_MAX

static inline uint64_t cb_timespec_ns(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * CB_NS_PER_SEC + (uint64_t)ts->tv_nsec;
}

static inline struct timespec cb_ns_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / CB_NS_PER_SEC), .tv_nsec = (long)(ns % CB_NS_PER_SEC)};
}

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t cb_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return cb_timespec_ns(&ts);
}

/* CLOCK_REALTIME in nanoseconds since 1970, for records that people read. */
uint64_t cb_real_ns(void);

/* CPU time used so far by all threads of this process (sum of their exec runtime), in ns. */
uint64_t cb_process_cpu_ns(void);

/* now + `ns`, saturating at CB_FOREVER. */
uint64_t cb_deadline_in(uint64_t ns);

/* Milliseconds left until `deadline_ns`, rounded up, for poll(2): -1 forever, 0 when it has passed.
 */
int cb_deadline_poll_ms(uint64_t deadline_ns);

/* Sleep until `deadline_ns`; returns at once when it has passed. Ends early on a signal: 0 slept,
 * -EINTR. */
int cb_sleep_until(uint64_t deadline_ns);

/* "2026-11-21T21:40:05Z" into `out` (at least 21 bytes). */
void cb_time_utc_text(uint64_t real_ns, char out[32]);

#endif
