#include "capturers/filter.h"

#include "capturers/pcap_library.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct cb_filter_instruction) == sizeof(struct bpf_insn),
	"an instruction is libpcap's");

/* The instructions of `program` as the filter's own. */
static int take_over(struct cb_filter *f, const struct bpf_program *program, struct cb_error *err)
{
	if (program->bf_len > CB_FILTER_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"filter: it takes %u instructions, and the kernel no more than %d",
			program->bf_len, CB_FILTER_MAX);
	f->code = calloc(program->bf_len, sizeof(*f->code));
	if (!f->code)
		return cb_error_memory(err, "a capture filter");
	f->n = program->bf_len;
	for (unsigned i = 0; i < f->n; i++) {
		const struct bpf_insn *from = &program->bf_insns[i];

		f->code[i] = (struct cb_filter_instruction){.code = from->code,
			.jump_true = from->jt,
			.jump_false = from->jf,
			.k = from->k};
	}
	return 0;
}

static int compile(struct cb_filter *f, struct cb_pcap_library *l, pcap_t *pcap,
	const char *expression, struct cb_error *err)
{
	struct bpf_program program = {0};
	int rc;

	if (l->compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN))
		return cb_error_set(
			err, CB_ERR_USAGE, "filter \"%s\": %s", expression, l->geterr(pcap));
	rc = take_over(f, &program, err);
	l->freecode(&program);
	return rc;
}

int cb_filter_compile(
	struct cb_filter *f, const char *expression, uint32_t snaplen, struct cb_error *err)
{
	struct cb_pcap_library library = {0};
	pcap_t *pcap = NULL;
	int rc;

	*f = (struct cb_filter){0};
	rc = cb_pcap_library_open(&library, NULL, err);
	if (rc) {
		cb_error_prepend(err, "a capture filter is compiled by libpcap");
		return rc;
	}
	pcap = library.open_dead(DLT_EN10MB, (int)snaplen);
	if (!pcap) {
		rc = cb_error_memory(err, "a filter's compiler");
		goto out;
	}
	rc = compile(f, &library, pcap, expression, err);
out:
	if (pcap)
		library.close(pcap);
	cb_pcap_library_close(&library);
	return rc;
}

void cb_filter_finish(struct cb_filter *f)
{
	free(f->code);
	*f = (struct cb_filter){0};
}
