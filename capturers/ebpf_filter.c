#include "capturers/ebpf_filter.h"

#include "capturers/ebpf_translate.h"
#include "capturers/filter.h"
#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define WHAT      "a capture filter"
#define SNAPLEN   262144u
#define LOG_BYTES (64u << 10)

static const struct {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	int other; /* the verdict on frames that are not taken */
	bool xdp;
} types[] = {
	[CB_EBPF_FILTER_XDP] = {BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS, true},
	[CB_EBPF_FILTER_SOCKET] = {BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, false},
};

/* The map with the one program to go on with. It is emptied when its last descriptor is closed
 * (prog_array_map_ops.map_release_uref, kernel/bpf/arraymap.c). */
static int make_next(struct cb_ebpf_filter *f, int program, struct cb_error *err)
{
	uint32_t zero = 0;

	f->next = bpf_map_create(
		BPF_MAP_TYPE_PROG_ARRAY, "cb_next", sizeof(zero), sizeof(int), 1, NULL);
	if (f->next < 0)
		return cb_bpf_refused(WHAT, f->next, "", err);
	if (bpf_map_update_elem(f->next, &zero, &program, BPF_ANY))
		return cb_bpf_refused(WHAT, errno, "", err);
	return 0;
}

static int load(struct cb_ebpf_filter *f, enum cb_ebpf_filter_type type,
	const struct cb_ebpf_code *code, struct cb_error *err)
{
	char *log = calloc(1, LOG_BYTES);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = types[type].attach,
		.log_buf = log, .log_size = LOG_BYTES);
	int rc = 0;

	if (!log)
		return cb_error_memory(err, "the verifier's log");
	f->program = bpf_prog_load(
		types[type].type, "cb_filter", "Dual BSD/GPL", code->code, code->n, &options);
	if (f->program < 0)
		rc = cb_bpf_refused(WHAT, f->program, log, err);
	free(log);
	return rc;
}

int cb_ebpf_filter_open(struct cb_ebpf_filter *f, const char *expression,
	enum cb_ebpf_filter_type type, int program, struct cb_error *err)
{
	struct cb_filter classic = {0};
	struct cb_ebpf_code code = {0};
	struct cb_ebpf_target target = {.xdp = types[type].xdp, .other = types[type].other};
	int rc;

	*f = CB_EBPF_FILTER_NONE;
	rc = cb_filter_compile(&classic, expression, SNAPLEN, err);
	if (rc)
		return rc;
	cb_bpf_quiet();
	rc = make_next(f, program, err);
	target.next = f->next;
	if (!rc)
		rc = cb_ebpf_translate(&code, &classic, &target, err);
	if (!rc)
		rc = load(f, type, &code, err);
	if (rc)
		cb_ebpf_filter_close(f);
	free(code.code);
	cb_filter_finish(&classic);
	return rc;
}

void cb_ebpf_filter_close(struct cb_ebpf_filter *f)
{
	if (f->program >= 0)
		close(f->program);
	if (f->next >= 0)
		close(f->next);
	*f = CB_EBPF_FILTER_NONE;
}
