#include "harness/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum cb_log_level most = CB_LOG_INFO;
static char log_name[64] = "capbench";
static void (*before_line)(void);
static void (*after_line)(void);

void cb_log_set_level(enum cb_log_level level)
{
	most = level;
}

enum cb_log_level cb_log_get_level(void)
{
	return most;
}

void cb_log_set_name(const char *name)
{
	snprintf(log_name, sizeof(log_name), "%s", name);
}

void cb_log_set_hook(void (*before)(void), void (*after)(void))
{
	before_line = before;
	after_line = after;
}

/* One write(2) a line, so that the lines of several processes on one stderr do not mix. */
static void write_line(const char *line, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, line, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		line += done;
		n -= (size_t)done;
	}
}

void cb_log(enum cb_log_level level, const char *fmt, ...)
{
	static const char *const tags[] = {"error: ", "warning: ", "", "debug: "};
	char line[2048];
	int saved = errno, head;
	va_list ap;
	size_t n;

	if (level > most)
		return;
	head = snprintf(line, sizeof(line), "%s: %s", log_name, tags[level]);
	va_start(ap, fmt);
	vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	for (size_t i = 0; i < n; i++) {
		/* what another host or a file says must not drive the terminal */
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	}
	line[n++] = '\n';
	if (before_line)
		before_line();
	write_line(line, n);
	if (after_line)
		after_line();
	errno = saved;
}
