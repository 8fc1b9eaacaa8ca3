#include "capturers/filter_program.h"

#include "harness/net/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define WHAT          "a capture filter"
#define LOG_BYTES     (64u << 10)
#define MEMORY_WORDS  16 /* BPF_MEMWORDS */
#define MEMORY_OFFSET (-4 * MEMORY_WORDS)
#define LOADED_OFFSET (MEMORY_OFFSET - 8) /* what bpf_xdp_load_bytes() brings */
#define SNAPLEN       65535
#define BE            BPF_TO_BE

/* eBPF registers; LD_ABS wants the context in the seventh. */
enum { R0, R1, R2, R3, R4, CTX = BPF_REG_6, A = BPF_REG_7, X = BPF_REG_8, FP = BPF_REG_10 };

/*
 * Two passes: the first one counts, and notes where each classic instruction begins; the second
 * one writes, and knows by then how far to jump.
 */
struct translation {
	const struct cb_filter *filter;
	bool xdp;
	int next;              /* the PROG_ARRAY */
	struct bpf_insn *code; /* NULL in the first pass */
	int n;
	int *at; /* filter->n of them */
	int accept, reject;
	bool failed;
};

static void emit(struct translation *t, struct bpf_insn instruction)
{
	if (t->code)
		t->code[t->n] = instruction;
	t->n++;
}

static void emit_imm(struct translation *t, int code, int to, uint32_t k)
{
	emit(t, (struct bpf_insn){.code = (uint8_t)code, .dst_reg = to & 15, .imm = (int32_t)k});
}

static void emit_reg(struct translation *t, int code, int to, int from)
{
	emit(t, (struct bpf_insn){.code = (uint8_t)code, .dst_reg = to & 15, .src_reg = from & 15});
}

static void emit_memory(struct translation *t, int code, int to, int from, int offset)
{
	emit(t,
		(struct bpf_insn){.code = (uint8_t)code,
			.dst_reg = to & 15,
			.src_reg = from & 15,
			.off = (int16_t)offset});
}

static void emit_call(struct translation *t, int function)
{
	emit_imm(t, BPF_JMP | BPF_CALL, 0, (uint32_t)function);
}

/* To `target`, an index of eBPF instructions. */
static void emit_jump(struct translation *t, struct bpf_insn jump, int target)
{
	int distance = target - (t->n + 1);

	t->failed = t->failed || distance > INT16_MAX;
	jump.off = (int16_t)distance;
	emit(t, jump);
}

/* To the classic instruction `i`. */
static void emit_jump_to(struct translation *t, struct bpf_insn jump, uint64_t i)
{
	if (i >= t->filter->n) {
		t->failed = true;
		return;
	}
	emit_jump(t, jump, t->at[i]);
}

/* R0 = bytes of the frame, in host order. LD_ABS and LD_IND end the program with 0 where there are
 * none. */
static void load_socket(struct translation *t, int size, uint32_t k, bool indexed)
{
	emit(t,
		(struct bpf_insn){.code = (uint8_t)(BPF_LD | size | (indexed ? BPF_IND : BPF_ABS)),
			.src_reg = indexed ? X : 0,
			.imm = (int32_t)k});
}

static void load_xdp(struct translation *t, int size, uint32_t k, bool indexed)
{
	uint32_t bytes = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;

	emit_imm(t, BPF_ALU | BPF_MOV | BPF_K, R2, k);
	if (indexed)
		emit_reg(t, BPF_ALU | BPF_ADD | BPF_X, R2, X);
	emit_reg(t, BPF_ALU64 | BPF_MOV | BPF_X, R1, CTX);
	emit_reg(t, BPF_ALU64 | BPF_MOV | BPF_X, R3, FP);
	emit_imm(t, BPF_ALU64 | BPF_ADD, R3, (uint32_t)LOADED_OFFSET);
	emit_imm(t, BPF_ALU64 | BPF_MOV | BPF_K, R4, bytes);
	emit_call(t, BPF_FUNC_xdp_load_bytes);
	emit_jump(
		t, (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = R0}, t->reject);
	emit_memory(t, BPF_LDX | size | BPF_MEM, R0, FP, LOADED_OFFSET);
	if (bytes > 1)
		emit_imm(t, BPF_ALU | BPF_END | BE, R0, 8 * bytes);
}

/* Offsets from 2^31 on are the kernel's own (SKF_AD_OFF and its like). */
static void load_frame(struct translation *t, int size, uint32_t k, bool indexed)
{
	t->failed = t->failed || k > INT32_MAX;
	if (t->xdp)
		load_xdp(t, size, k, indexed);
	else
		load_socket(t, size, k, indexed);
}

static void load_length(struct translation *t, int to)
{
	if (!t->xdp) {
		emit_memory(t, BPF_LDX | BPF_W | BPF_MEM, to, CTX,
			(int)offsetof(struct __sk_buff, len));
		return;
	}
	emit_reg(t, BPF_ALU64 | BPF_MOV | BPF_X, R1, CTX);
	emit_call(t, BPF_FUNC_xdp_get_buff_len);
	emit_reg(t, BPF_ALU | BPF_MOV | BPF_X, to, R0);
}

static int memory_at(struct translation *t, uint32_t k)
{
	t->failed = t->failed || k >= MEMORY_WORDS;
	return MEMORY_OFFSET + 4 * (int)(k % MEMORY_WORDS);
}

/* LD and LDX, into A and X. */
static void translate_load(struct translation *t, int code, uint32_t k, int to)
{
	switch (BPF_MODE(code)) {
	case BPF_IMM:
		emit_imm(t, BPF_ALU | BPF_MOV | BPF_K, to, k);
		break;
	case BPF_MEM:
		emit_memory(t, BPF_LDX | BPF_W | BPF_MEM, to, FP, memory_at(t, k));
		break;
	case BPF_LEN:
		load_length(t, to);
		break;
	case BPF_ABS:
	case BPF_IND:
		load_frame(t, BPF_SIZE(code), k, BPF_MODE(code) == BPF_IND);
		emit_reg(t, BPF_ALU | BPF_MOV | BPF_X, to, R0);
		break;
	case BPF_MSH: /* the length of an IPv4 header */
		load_frame(t, BPF_B, k, false);
		emit_imm(t, BPF_ALU | BPF_AND | BPF_K, R0, 15);
		emit_imm(t, BPF_ALU | BPF_LSH | BPF_K, R0, 2);
		emit_reg(t, BPF_ALU | BPF_MOV | BPF_X, to, R0);
		break;
	default:
		t->failed = true;
	}
}

/* 32-bit operations, in the registers' lower halves; the upper ones stay 0. A division by 0 rejects
 * the frame. */
static void translate_alu(struct translation *t, int code, uint32_t k)
{
	int op = BPF_OP(code), operand = BPF_SRC(code);
	bool divides = op == BPF_DIV || op == BPF_MOD, shifts = op == BPF_LSH || op == BPF_RSH;

	t->failed = t->failed || op > BPF_XOR;
	if (operand == BPF_K)
		t->failed = t->failed || (divides && !k) || (shifts && k >= 32);
	else if (divides)
		emit_jump(t, (struct bpf_insn){.code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = X},
			t->reject);
	if (op == BPF_NEG)
		emit_imm(t, BPF_ALU | BPF_NEG, A, 0);
	else if (operand == BPF_X)
		emit_reg(t, BPF_ALU | op | BPF_X, A, X);
	else
		emit_imm(t, BPF_ALU | op | BPF_K, A, k);
}

static void translate_jump(
	struct translation *t, const struct cb_filter_instruction *c, uint64_t following)
{
	struct bpf_insn always = {.code = BPF_JMP | BPF_JA};
	struct bpf_insn jump = {
		.code = (uint8_t)(BPF_JMP32 | BPF_OP(c->code) | BPF_SRC(c->code)), .dst_reg = A};

	t->failed = t->failed || BPF_OP(c->code) > BPF_JSET;
	if (BPF_OP(c->code) == BPF_JA) {
		emit_jump_to(t, always, following + c->k);
		return;
	}
	if (BPF_SRC(c->code) == BPF_X)
		jump.src_reg = X;
	else
		jump.imm = (int32_t)c->k;
	emit_jump_to(t, jump, following + c->jump_true);
	if (c->jump_false)
		emit_jump_to(t, always, following + c->jump_false);
}

static void translate_return(struct translation *t, int code, uint32_t k)
{
	struct bpf_insn if_any = {
		.code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = BPF_RVAL(code) == BPF_X ? X : A};
	struct bpf_insn always = {.code = BPF_JMP | BPF_JA};

	if (BPF_RVAL(code) == BPF_K) {
		emit_jump(t, always, k ? t->accept : t->reject);
		return;
	}
	emit_jump(t, if_any, t->accept);
	emit_jump(t, always, t->reject);
}

static void translate_one(struct translation *t, unsigned i)
{
	const struct cb_filter_instruction *c = &t->filter->code[i];

	t->at[i] = t->n;
	switch (BPF_CLASS(c->code)) {
	case BPF_LD:
		translate_load(t, c->code, c->k, A);
		break;
	case BPF_LDX:
		translate_load(t, c->code, c->k, X);
		break;
	case BPF_ST:
		emit_memory(t, BPF_STX | BPF_W | BPF_MEM, FP, A, memory_at(t, c->k));
		break;
	case BPF_STX:
		emit_memory(t, BPF_STX | BPF_W | BPF_MEM, FP, X, memory_at(t, c->k));
		break;
	case BPF_ALU:
		translate_alu(t, c->code, c->k);
		break;
	case BPF_JMP:
		translate_jump(t, c, (uint64_t)i + 1);
		break;
	case BPF_RET:
		translate_return(t, c->code, c->k);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(c->code) == BPF_TAX)
			emit_reg(t, BPF_ALU | BPF_MOV | BPF_X, X, A);
		else
			emit_reg(t, BPF_ALU | BPF_MOV | BPF_X, A, X);
		break;
	}
}

/* On to the tap's program, from where there is no way back; a call that fails comes back here. */
static void translate_end(struct translation *t)
{
	t->accept = t->n;
	emit_reg(t, BPF_ALU64 | BPF_MOV | BPF_X, R1, CTX);
	emit(t,
		(struct bpf_insn){.code = BPF_LD | BPF_DW, /* of a constant: BPF_IMM is 0 */
			.dst_reg = R2,
			.src_reg = BPF_PSEUDO_MAP_FD,
			.imm = t->next});
	emit(t, (struct bpf_insn){0});
	emit_imm(t, BPF_ALU64 | BPF_MOV | BPF_K, R3, 0);
	emit_call(t, BPF_FUNC_tail_call);
	t->reject = t->n;
	emit_imm(t, BPF_ALU64 | BPF_MOV | BPF_K, R0, t->xdp ? XDP_PASS : 0);
	emit(t, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

static void translate_all(struct translation *t)
{
	t->n = 0;
	emit_reg(t, BPF_ALU64 | BPF_MOV | BPF_X, CTX, R1);
	emit_imm(t, BPF_ALU | BPF_MOV | BPF_K, A, 0);
	emit_imm(t, BPF_ALU | BPF_MOV | BPF_K, X, 0);
	for (int i = 0; i < MEMORY_WORDS; i += 2)
		emit_memory(t, BPF_STX | BPF_DW | BPF_MEM, FP, A, MEMORY_OFFSET + 4 * i);
	for (unsigned i = 0; i < t->filter->n; i++)
		translate_one(t, i);
	translate_end(t);
}

static int translate(struct translation *t, struct cb_error *err)
{
	const struct cb_filter *f = t->filter;

	t->at = calloc(f->n, sizeof(*t->at));
	if (!t->at)
		return cb_error_memory(err, WHAT);
	translate_all(t);
	t->failed = !f->n || BPF_CLASS(f->code[f->n - 1].code) != BPF_RET;
	t->code = calloc((size_t)t->n, sizeof(*t->code));
	if (!t->code)
		return cb_error_memory(err, WHAT);
	translate_all(t);
	if (t->failed)
		return cb_error_set(err, CB_ERR_USAGE,
			"filter: it has what can't be run in front of an eBPF tap, or is too long");
	return 0;
}

static int load(const struct translation *t, enum cb_filter_at at, struct cb_error *err)
{
	char *log = calloc(1, LOG_BYTES);
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = t->xdp ? BPF_XDP : 0,
		.prog_flags = at == CB_FILTER_AT_XDP_FRAGS ? BPF_F_XDP_HAS_FRAGS : 0,
		.log_buf = log, .log_size = log ? LOG_BYTES : 0);
	int fd = bpf_prog_load(t->xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER,
		"cb_filter", "BSD", t->code, (size_t)t->n, &options);

	if (fd < 0)
		fd = cb_bpf_refused(WHAT, fd, log ? log : "", err);
	free(log);
	return fd;
}

int cb_filter_program_load(struct cb_filter_program *p, const struct cb_filter *filter,
	enum cb_filter_at at, int tap, struct cb_error *err)
{
	struct translation t = {.filter = filter, .xdp = at != CB_FILTER_AT_SOCKET};
	uint32_t zero = 0;
	int rc;

	*p = CB_FILTER_PROGRAM_NONE;
	cb_bpf_quiet();
	t.next = p->next = bpf_map_create(
		BPF_MAP_TYPE_PROG_ARRAY, "cb_filter", sizeof(zero), sizeof(zero), 1, NULL);
	if (p->next < 0)
		return cb_bpf_refused(WHAT, p->next, "", err);
	rc = translate(&t, err);
	if (!rc)
		rc = p->program = load(&t, at, err);
	if (rc > 0)
		rc = bpf_map_update_elem(p->next, &zero, &tap, BPF_ANY)
			? cb_error_errno(err, CB_ERR_HOST, errno, WHAT)
			: 0;
	if (rc)
		cb_filter_program_close(p);
	free(t.at);
	free(t.code);
	return rc;
}

int cb_filter_program_compile(struct cb_filter_program *p, const char *expression,
	enum cb_filter_at at, int tap, struct cb_error *err)
{
	struct cb_filter filter = {0};
	int rc;

	*p = CB_FILTER_PROGRAM_NONE;
	if (!expression || !*expression)
		return 0;
	rc = cb_filter_compile(&filter, expression, SNAPLEN, err);
	if (!rc)
		rc = cb_filter_program_load(p, &filter, at, tap, err);
	cb_filter_finish(&filter);
	return rc;
}

void cb_filter_program_close(struct cb_filter_program *p)
{
	if (p->program >= 0)
		close(p->program);
	if (p->next >= 0)
		close(p->next);
	*p = CB_FILTER_PROGRAM_NONE;
}
