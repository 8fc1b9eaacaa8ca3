#include "harness/cli/control.h"

#include "harness/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cb_control_interface(
	const struct cb_invocation *call, char *out, size_t size, struct cb_error *err)
{
	if (cb_text_copy(out, size, call->positional[0]))
		return 0;
	return cb_error_set(err, CB_ERR_USAGE, "\"%s\" is too long for an interface's name",
		call->positional[0]);
}

int cb_control_ready(void)
{
	puts("{\"ready\": true}");
	return fflush(stdout);
}

int cb_control_ready_for(pid_t worker)
{
	printf("{\"ready\": true, \"pid\": %ld}\n", (long)worker);
	return fflush(stdout);
}

int cb_control_wait_go(uint64_t *start_ns, struct cb_error *err)
{
	char line[32], newline = 0;
	unsigned long long ns = 0;
	size_t n = 0;

	while (n < sizeof(line) - 1 && (n == 0 || line[n - 1] != '\n')) {
		ssize_t got = read(STDIN_FILENO, line + n, 1);

		if (got < 0 && errno == EINTR && !cb_cli_signal)
			continue;
		if (got <= 0)
			return cb_error_set(err, CB_ERR_INTERRUPTED, "stopped before the start");
		n++;
	}
	line[n] = '\0';
	*start_ns = 0;
	if (strcmp(line, "go\n") == 0)
		return 0;
	if (sscanf(line, "go %llu%c", &ns, &newline) != 2 || newline != '\n')
		return cb_error_set(
			err, CB_ERR_INTERNAL, "the agent said \"%s\" instead of go", line);
	*start_ns = ns;
	return 0;
}

int cb_control_end(json_t *record, int code, struct cb_error *err)
{
	json_t *line = record;

	if (code)
		line = json_pack("{s:s, s:i}", "error", err->text, "code", code);
	if (!line)
		return cb_error_memory(err, "the record");
	if (json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) || putchar('\n') == EOF ||
		fflush(stdout))
		code = cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "the agent's pipe can't be written");
	json_decref(line);
	return code;
}
