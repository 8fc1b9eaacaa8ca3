#include "capturers/ebpf_translate.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

/* Registers that calls leave alone. */
#define CTX BPF_REG_6
#define A   BPF_REG_7
#define X   BPF_REG_8
/* The stack: what was loaded, then M[]. */
#define LOADED -8
#define M(k)   ((int16_t)(LOADED - 4 * BPF_MEMWORDS + 4 * (int)(k)))
/* Most instructions that one of the classic ones becomes. */
#define GROWTH 16

/* Jump targets that are no classic instruction, counted from the program's end. */
enum { TAKE, OTHER, N_LABELS };

struct translation {
	struct cb_ebpf_code *out;
	const struct cb_filter *f;
	const struct cb_ebpf_target *target;
	size_t *start; /* by classic instruction and label: where it begins */
	size_t *goes;  /* by eBPF instruction: which start it jumps to, or NOWHERE */
	bool known;    /* the classic instruction at hand is one that we know */
};

#define NOWHERE SIZE_MAX

static void emit(struct translation *t, struct bpf_insn insn)
{
	t->goes[t->out->n] = NOWHERE;
	t->out->code[t->out->n++] = insn;
}

static void emit_jump(struct translation *t, struct bpf_insn insn, size_t to)
{
	emit(t, insn);
	t->goes[t->out->n - 1] = to;
}

static size_t label(const struct translation *t, int l)
{
	return t->f->n + (size_t)l;
}

static void move(struct translation *t, uint8_t to, uint8_t from)
{
	emit(t,
		(struct bpf_insn){
			.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from});
}

static void set(struct translation *t, uint8_t to, uint32_t value)
{
	emit(t,
		(struct bpf_insn){
			.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = to, .imm = (int32_t)value});
}

static void jump_unless_zero(struct translation *t, uint8_t what, size_t to)
{
	emit_jump(t, (struct bpf_insn){.code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = what}, to);
}

static void jump_if_zero(struct translation *t, uint8_t what, size_t to)
{
	emit_jump(t, (struct bpf_insn){.code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = what}, to);
}

static void jump(struct translation *t, size_t to)
{
	emit_jump(t, (struct bpf_insn){.code = BPF_JMP | BPF_JA}, to);
}

/* ---- loads and stores ---- */

/* `size` (BPF_B, _H, _W) bytes at k, or at X + k, into `to`, in the machine's order. */
static void load_frame(struct translation *t, uint8_t to, uint8_t size, uint32_t k, bool indirect)
{
	int bytes = size == BPF_B ? 1 : size == BPF_H ? 2 : 4;

	move(t, BPF_REG_1, CTX);
	set(t, BPF_REG_2, k);
	if (indirect)
		emit(t,
			(struct bpf_insn){.code = BPF_ALU | BPF_ADD | BPF_X,
				.dst_reg = BPF_REG_2,
				.src_reg = X});
	move(t, BPF_REG_3, BPF_REG_10);
	emit(t,
		(struct bpf_insn){
			.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_3, .imm = LOADED});
	set(t, BPF_REG_4, (uint32_t)bytes);
	emit(t,
		(struct bpf_insn){.code = BPF_JMP | BPF_CALL,
			.imm = t->target->xdp ? BPF_FUNC_xdp_load_bytes : BPF_FUNC_skb_load_bytes});
	jump_unless_zero(t, BPF_REG_0, label(t, OTHER));
	emit(t,
		(struct bpf_insn){.code = BPF_LDX | size | BPF_MEM,
			.dst_reg = to,
			.src_reg = BPF_REG_10,
			.off = LOADED});
	if (bytes > 1)
		emit(t,
			(struct bpf_insn){.code = BPF_ALU | BPF_END | BPF_TO_BE,
				.dst_reg = to,
				.imm = 8 * bytes});
}

static void load_field(struct translation *t, uint8_t to, uint8_t from, int16_t offset)
{
	emit(t,
		(struct bpf_insn){.code = BPF_LDX | BPF_W | BPF_MEM,
			.dst_reg = to,
			.src_reg = from,
			.off = offset});
}

static void load_length(struct translation *t, uint8_t to)
{
	if (!t->target->xdp) {
		load_field(t, to, CTX, offsetof(struct __sk_buff, len));
		return;
	}
	load_field(t, BPF_REG_1, CTX, offsetof(struct xdp_md, data_end));
	load_field(t, BPF_REG_2, CTX, offsetof(struct xdp_md, data));
	emit(t,
		(struct bpf_insn){.code = BPF_ALU64 | BPF_SUB | BPF_X,
			.dst_reg = BPF_REG_1,
			.src_reg = BPF_REG_2});
	move(t, to, BPF_REG_1);
}

/* Into A or X. */
static void translate_load(struct translation *t, const struct cb_filter_instruction *c, uint8_t to)
{
	uint8_t size = BPF_SIZE(c->code);

	switch (BPF_MODE(c->code)) {
	case BPF_IMM:
		set(t, to, c->k);
		return;
	case BPF_LEN:
		load_length(t, to);
		return;
	case BPF_MEM:
		t->known = c->k < BPF_MEMWORDS;
		load_field(t, to, BPF_REG_10, M(c->k % BPF_MEMWORDS));
		return;
	case BPF_ABS:
	case BPF_IND:
		/* high numbers mean Linux's own extensions (SKF_AD_OFF) */
		t->known = to == A && size != BPF_DW && c->k <= INT32_MAX;
		load_frame(t, to, size, c->k, BPF_MODE(c->code) == BPF_IND);
		return;
	case BPF_MSH:
		t->known = to == X && c->k <= INT32_MAX;
		load_frame(t, to, BPF_B, c->k, false);
		emit(t,
			(struct bpf_insn){
				.code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = to, .imm = 0xf});
		emit(t,
			(struct bpf_insn){
				.code = BPF_ALU | BPF_LSH | BPF_K, .dst_reg = to, .imm = 2});
		return;
	default:
		t->known = false;
	}
}

static void translate_store(
	struct translation *t, const struct cb_filter_instruction *c, uint8_t from)
{
	t->known = c->k < BPF_MEMWORDS;
	emit(t,
		(struct bpf_insn){.code = BPF_STX | BPF_W | BPF_MEM,
			.dst_reg = BPF_REG_10,
			.src_reg = from,
			.off = M(c->k % BPF_MEMWORDS)});
}

/* ---- arithmetic ---- */

/* What an eBPF program may not do, or does otherwise: to divide by 0, to shift by 32 or more. */
static bool translate_special(struct translation *t, const struct cb_filter_instruction *c)
{
	bool by_x = BPF_SRC(c->code) == BPF_X;

	switch (BPF_OP(c->code)) {
	case BPF_DIV:
	case BPF_MOD:
		if (by_x)
			jump_if_zero(t, X, label(t, OTHER));
		else if (!c->k)
			jump(t, label(t, OTHER));
		return !by_x && !c->k;
	case BPF_LSH:
	case BPF_RSH:
		if (by_x) {
			emit(t,
				(struct bpf_insn){.code = BPF_JMP32 | BPF_JLT | BPF_K,
					.dst_reg = X,
					.imm = 32,
					.off = 1});
			set(t, A, 0);
		} else if (c->k >= 32) {
			set(t, A, 0);
		}
		return !by_x && c->k >= 32;
	default:
		return false;
	}
}

static void translate_alu(struct translation *t, const struct cb_filter_instruction *c)
{
	uint8_t op = BPF_OP(c->code);

	t->known = op <= BPF_XOR;
	if (!t->known || translate_special(t, c))
		return;
	/* the operations have the same codes */
	if (op == BPF_NEG)
		emit(t, (struct bpf_insn){.code = BPF_ALU | BPF_NEG, .dst_reg = A});
	else if (BPF_SRC(c->code) == BPF_X)
		emit(t,
			(struct bpf_insn){
				.code = BPF_ALU | op | BPF_X, .dst_reg = A, .src_reg = X});
	else
		emit(t,
			(struct bpf_insn){
				.code = BPF_ALU | op | BPF_K, .dst_reg = A, .imm = (int32_t)c->k});
}

/* ---- jumps and ends ---- */

static void translate_jump(struct translation *t, const struct cb_filter_instruction *c, size_t at)
{
	uint8_t op = BPF_OP(c->code);
	uint64_t far = at + 1 + (uint64_t)c->k;
	size_t yes = at + 1 + c->jump_true, no = at + 1 + c->jump_false;

	if (op == BPF_JA) {
		t->known = far < t->f->n;
		jump(t, t->known ? (size_t)far : at);
		return;
	}
	t->known = op <= BPF_JSET && yes < t->f->n && no < t->f->n;
	if (!t->known)
		return;
	emit_jump(t,
		(struct bpf_insn){.code = BPF_JMP32 | op | BPF_SRC(c->code),
			.dst_reg = A,
			.src_reg = BPF_SRC(c->code) == BPF_X ? X : 0,
			.imm = BPF_SRC(c->code) == BPF_X ? 0 : (int32_t)c->k},
		yes);
	jump(t, no);
}

static void translate_return(struct translation *t, const struct cb_filter_instruction *c)
{
	if (BPF_RVAL(c->code) == BPF_A)
		jump_if_zero(t, A, label(t, OTHER));
	else
		t->known = BPF_RVAL(c->code) == BPF_K;
	jump(t, label(t, BPF_RVAL(c->code) == BPF_A || c->k ? TAKE : OTHER));
}

static void translate_one(struct translation *t, size_t at)
{
	const struct cb_filter_instruction *c = &t->f->code[at];

	t->known = true;
	t->start[at] = t->out->n;
	switch (BPF_CLASS(c->code)) {
	case BPF_LD:
		translate_load(t, c, A);
		break;
	case BPF_LDX:
		translate_load(t, c, X);
		break;
	case BPF_ST:
		translate_store(t, c, A);
		break;
	case BPF_STX:
		translate_store(t, c, X);
		break;
	case BPF_ALU:
		translate_alu(t, c);
		break;
	case BPF_JMP:
		translate_jump(t, c, at);
		break;
	case BPF_RET:
		translate_return(t, c);
		break;
	default:
		if (BPF_MISCOP(c->code) == BPF_TAX)
			move(t, X, A);
		else
			move(t, A, X);
	}
}

/* ---- the whole ---- */

/* A, X and M[] begin as 0: the verifier wants them written before they are read. */
static void begin(struct translation *t)
{
	move(t, CTX, BPF_REG_1);
	set(t, A, 0);
	set(t, X, 0);
	for (unsigned k = 0; k < BPF_MEMWORDS; k += 2)
		emit(t,
			(struct bpf_insn){.code = BPF_ST | BPF_DW | BPF_MEM,
				.dst_reg = BPF_REG_10,
				.off = M(k)});
}

static void end(struct translation *t)
{
	t->start[label(t, TAKE)] = t->out->n;
	move(t, BPF_REG_1, CTX);
	emit(t,
		(struct bpf_insn){.code = BPF_LD | BPF_DW | BPF_IMM,
			.dst_reg = BPF_REG_2,
			.src_reg = BPF_PSEUDO_MAP_FD,
			.imm = t->target->next});
	emit(t, (struct bpf_insn){0}); /* the upper half of the number */
	set(t, BPF_REG_3, 0);
	emit(t, (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call});
	/* a tail call that succeeds does not come back */
	t->start[label(t, OTHER)] = t->out->n;
	set(t, BPF_REG_0, (uint32_t)t->target->other);
	emit(t, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* False: a jump is too far for its 16 bits. */
static bool resolve_jumps(struct translation *t)
{
	for (size_t i = 0; i < t->out->n; i++) {
		ptrdiff_t distance;

		if (t->goes[i] == NOWHERE)
			continue;
		distance = (ptrdiff_t)t->start[t->goes[i]] - (ptrdiff_t)(i + 1);
		if (distance > INT16_MAX || distance < 0)
			return false;
		t->out->code[i].off = (int16_t)distance;
	}
	return true;
}

static int translate(struct translation *t, struct cb_error *err)
{
	begin(t);
	for (size_t i = 0; i < t->f->n; i++) {
		translate_one(t, i);
		if (!t->known)
			return cb_error_set(err, CB_ERR_USAGE,
				"filter: its instruction %zu (code %#x) has no meaning before the "
				"stack",
				i, t->f->code[i].code);
	}
	end(t);
	if (!resolve_jumps(t))
		return cb_error_set(err, CB_ERR_USAGE,
			"filter: its %u instructions are too many before the stack", t->f->n);
	return 0;
}

int cb_ebpf_translate(struct cb_ebpf_code *out, const struct cb_filter *f,
	const struct cb_ebpf_target *target, struct cb_error *err)
{
	/* begin() and end() take no more than two classic instructions would */
	size_t room = ((size_t)f->n + 2) * GROWTH;
	struct translation t = {.out = out, .f = f, .target = target};
	int rc;

	*out = (struct cb_ebpf_code){.code = calloc(room, sizeof(*out->code)), .room = room};
	t.start = calloc((size_t)f->n + N_LABELS, sizeof(*t.start));
	t.goes = calloc(room, sizeof(*t.goes));
	if (out->code && t.start && t.goes)
		rc = translate(&t, err);
	else
		rc = cb_error_memory(err, "a capture filter");
	if (rc) {
		free(out->code);
		*out = (struct cb_ebpf_code){0};
	}
	free(t.start);
	free(t.goes);
	return rc;
}
