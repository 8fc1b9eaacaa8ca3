#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/host/host.h"
#include "harness/host/procfs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_TEXT_MAX (4u << 20) /* /proc/stat counts every interrupt line of a large machine */

static int read_softnet(struct cb_host_counters *c, struct cb_error *err)
{
	char *text;
	int r = cb_file_read("/proc/net/softnet_stat", PROC_TEXT_MAX, &text, NULL, err);

	if (r)
		return r;
	r = cb_proc_softnet(text, c, err);
	free(text);
	return r;
}

static int read_stat(struct cb_host_counters *c, struct cb_error *err)
{
	long hz = sysconf(_SC_CLK_TCK);
	char *text;
	int r = cb_file_read("/proc/stat", PROC_TEXT_MAX, &text, NULL, err);

	if (r)
		return r;
	r = cb_proc_stat(text, (int64_t)CB_NS_PER_SEC / (hz > 0 ? hz : 100), c, err);
	free(text);
	return r;
}

int cb_host_counters_read(struct cb_host_counters *c, struct cb_error *err)
{
	int r;

	memset(c, 0, sizeof(*c));
	if ((r = read_stat(c, err)) || (r = read_softnet(c, err)))
		return r;
	c->time_ns = cb_now_ns();
	return 0;
}

/* The first CPU with frames in its backlog, or -1. */
static int busy_cpu(const struct cb_host_counters *c)
{
	for (unsigned cpu = 0; cpu < c->n_cpus; cpu++)
		if (c->cpu[cpu].backlog)
			return (int)cpu;
	return -1;
}

int cb_host_wait_quiet(uint64_t deadline_ns, struct cb_error *err)
{
	struct cb_host_counters c;
	int r, busy = -1, quiet = 0;

	for (;;) {
		memset(&c, 0, sizeof(c));
		if ((r = read_softnet(&c, err)))
			return r;
		if (!c.backlog_known)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"this kernel does not tell how long its backlogs are; needs Linux "
				"5.10");
		busy = busy_cpu(&c);
		quiet = busy < 0 ? quiet + 1 : 0;
		if (quiet == 2)
			return 0;
		if (cb_now_ns() >= deadline_ns)
			break;
		cb_sleep_until(cb_deadline_in(2 * CB_NS_PER_MS));
	}
	if (busy < 0)
		return cb_error_set(err, CB_ERR_HOST,
			"the receive backlogs were not seen empty twice before the deadline");
	return cb_error_set(err, CB_ERR_HOST,
		"CPU %d still has %u frames in its receive backlog: the host is not quiet", busy,
		c.cpu[busy].backlog);
}
