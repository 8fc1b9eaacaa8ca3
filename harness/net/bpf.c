#include "harness/net/bpf.h"

#include "harness/base/log.h"
#include "harness/base/text.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_BYTES    (64u << 10)
#define PROGRAMS_MAX 8u

static int print_debug(enum libbpf_print_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
static int print_debug(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (cb_log_get_level() < CB_LOG_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	cb_debug("%s", line);
	return 0;
}

void cb_bpf_quiet(void)
{
	libbpf_set_print(print_debug);
}

static bool is_statistic(const char *line)
{
	static const char *const beginnings[] = {
		"processed ", "verification time ", "stack depth ", "insns processed"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		if (cb_text_starts_with(line, beginnings[i]))
			return true;
	}
	return false;
}

void cb_bpf_refusal(const char *log, char *out, size_t size)
{
	const char *line = log, *end;

	for (out[0] = 0; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (end > line && !is_statistic(line))
			snprintf(out, size, "%.*s", (int)(end - line), line);
	}
}

int cb_bpf_refused(const char *what, int sys_errno, const char *log, struct cb_error *err)
{
	char why[256];

	cb_bpf_refusal(log, why, sizeof(why));
	if (why[0])
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, sys_errno,
			"%s: the kernel refuses the eBPF program: %s", what, why);
	switch (abs(sys_errno)) {
	case EPERM:
	case EACCES:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s needs eBPF: run as root, or give the program the rights (setcap "
			"cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw+ep PROGRAM); those of a "
			"user namespace do not count",
			what);
	case ENOSYS:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s needs eBPF, which this kernel was built without "
			"(CONFIG_BPF_SYSCALL)",
			what);
	case EINVAL:
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s needs an eBPF feature that this kernel lacks: Linux 6.1 or newer has "
			"it",
			what);
	}
	return cb_error_errno(
		err, CB_ERR_IMPOSSIBLE, sys_errno, "%s: the kernel refuses the eBPF objects", what);
}

static void debug_log(const char *log)
{
	const char *end;

	if (cb_log_get_level() < CB_LOG_DEBUG)
		return;
	for (; *log; log = *end ? end + 1 : end) {
		end = log + strcspn(log, "\n");
		cb_debug("verifier: %.*s", (int)(end - log), log);
	}
}

/* Give each program `LOG_BYTES` of `logs` (NULL: take them away). The programs keep the pointers,
 * but write there only while they are loaded. */
static void set_logs(struct bpf_object *object, char *logs)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program(program, object)
	{
		if (i < PROGRAMS_MAX)
			bpf_program__set_log_buf(
				program, logs ? logs + i * LOG_BYTES : NULL, logs ? LOG_BYTES : 0);
		i++;
	}
}

/* The log of the program that was refused: the only one that has any. */
static const char *find_log(char *logs)
{
	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		char *log = logs + i * LOG_BYTES;

		log[LOG_BYTES - 1] = 0;
		if (*log)
			return log;
	}
	return "";
}

int cb_bpf_load(struct bpf_object_skeleton *skeleton, const char *what, struct cb_error *err)
{
	char *logs = calloc(PROGRAMS_MAX, LOG_BYTES);
	const char *log;
	int rc;

	if (!logs)
		return cb_error_memory(err, "the verifier's log");
	set_logs(*skeleton->obj, logs);
	rc = bpf_object__load_skeleton(skeleton);
	set_logs(*skeleton->obj, NULL);
	if (rc) {
		log = find_log(logs);
		debug_log(log);
		rc = cb_bpf_refused(what, rc, log, err);
	}
	free(logs);
	return rc;
}

/* The shortest program there is, of the type that needs the most rights. */
static int probe_program(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "cb_probe", "BSD", code, 2, NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int cb_bpf_probe(const char *what, struct cb_error *err)
{
	int fd, rc;

	cb_bpf_quiet();
	fd = bpf_map_create(
		BPF_MAP_TYPE_RINGBUF, "cb_probe", 0, 0, (__u32)sysconf(_SC_PAGESIZE), NULL);
	if (fd < 0)
		return cb_bpf_refused(what, fd, "", err);
	close(fd);
	rc = probe_program();
	return rc ? cb_bpf_refused(what, rc, "", err) : 0;
}
