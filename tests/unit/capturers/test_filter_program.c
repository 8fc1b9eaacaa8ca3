/*
 * Translated filters against the kernel's own classic ones: a frame is written to a socket that has
 * the classic program as its filter, and given to the translated one by BPF_PROG_RUN. Both must
 * take it, or neither. Needs root (eBPF) and libpcap.
 */
#include "harness/base/random.h"

#include "tests/unit/capturers/filter_subject.h"

static const struct {
	const char *expression;
	bool plain, options, other; /* UDP as above; with IPv4 options; something else */
} cases[] = {
	{"", true, true, true},
	{"udp", true, true, false},
	{"tcp", false, false, false},
	{"ip", true, true, false},
	{"arp", false, false, true},
	{"udp port 53", true, true, false},
	{"udp port 54", false, false, false},
	{"src port 1000 and dst host 10.0.0.2", true, true, false},
	{"net 10.0.0.0/30 and not dst port 1000", true, true, false},
	{"ip[0] & 0xf > 5", false, true, false},
	{"ip[0] & 0xf = 5", true, false, false},
	{"len >= 60", true, true, true},
	{"len > 64", false, false, false},
	{"ether src 02:00:00:00:00:01", true, true, false},
	{"ether multicast or ether[0] = 6", false, false, true},
	{"udp[4:2] - 10 = 20", true, true, false},
	{"udp[4:2] * 3 / 2 = 45 and ip[8] % 10 = 4", true, true, false},
	{"(ip[2:2] << 1) >> 1 = ip[2:2] and ip[12:4] ^ ip[16:4] = 3", true, true, false},
	{"ip[12:4] = 0x0a000001", true, true, false},
	{"ether[6:4] = 0x02000000 or ip[16:4] > 0xf0000000", true, true, false},
	{"ip[ip[9]] = 0", true, true, false},
	{"ip[ip[8]] = 0", false, false, false},
	{"ether[200] = 0", false, false, false},
	{"portrange 50-60 or portrange 2000-3000", true, true, false},
};

static void check_case(size_t i, enum cb_filter_at at)
{
	uint8_t plain[128], options[128], other[128];
	struct cb_filter filter;
	struct subject s;
	size_t n = make_udp(plain, 0);

	make_udp(options, 2);
	make_udp(other, 0);
	other[0] = 6;
	other[6] = 4;
	other[13] = 6;
	assert_int_equal(cb_filter_compile(&filter, cases[i].expression, 65535, &err), 0);
	s = open_subject(&filter, at);
	for (int which = 0; which < 3; which++) {
		const uint8_t *frame = which == 0 ? plain : which == 1 ? options : other;
		bool wanted = which == 0 ? cases[i].plain
			: which == 1     ? cases[i].options
					 : cases[i].other;

		if (translated_takes(&s, frame, n) != wanted)
			fail_msg("\"%s\", frame %d: %s", cases[i].expression, which,
				wanted ? "refused" : "taken");
		/* and so says the kernel */
		assert_int_equal(classic_takes(&s, frame, n), wanted);
	}
	close_subject(&s);
	cb_filter_finish(&filter);
}

static void need_pcap(void)
{
	struct cb_filter filter;

	if (cb_filter_compile(&filter, "udp", 65535, &err)) {
		print_message("%s\n", err.text);
		skip();
	}
	cb_filter_finish(&filter);
}

static void expressions_take_the_same_frames(void **state)
{
	need_bpf(state);
	need_pcap();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		check_case(i, CB_FILTER_AT_SOCKET);
		check_case(i, CB_FILTER_AT_XDP);
		check_case(i, CB_FILTER_AT_XDP_FRAGS);
	}
}

/* ---- programs that no expression makes
 * ----------------------------------------------------------- */

static uint32_t pick(struct cb_random *r, uint32_t n)
{
	return (uint32_t)cb_random_below(r, n);
}

/* One instruction that the kernel takes, at place `i` of `n`. */
static struct cb_filter_instruction make_one(struct cb_random *r, unsigned i, unsigned n)
{
	static const uint16_t alu[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_OR, BPF_AND, BPF_LSH,
		BPF_RSH, BPF_MOD, BPF_XOR};
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	static const uint16_t sizes[] = {BPF_B, BPF_H, BPF_W};
	static const uint32_t numbers[] = {1, 2, 3, 15, 31, 255, 0x0800, 0x80000000, 0xffffffff};
	struct cb_filter_instruction c = {.k = numbers[pick(r, 9)]};
	unsigned left = n - 2 - i;

	switch (pick(r, 9)) {
	case 0:
	case 1:
		c.code = BPF_LD | sizes[pick(r, 3)] | BPF_ABS;
		c.k = pick(r, 70);
		break;
	case 2:
		c.code = BPF_LD | sizes[pick(r, 3)] | BPF_IND;
		c.k = pick(r, 20);
		break;
	case 3:
		c.code = pick(r, 2) ? BPF_LDX | BPF_B | BPF_MSH : BPF_LD | BPF_W | BPF_LEN;
		c.k = pick(r, 64);
		break;
	case 4:
		/* a register operand may shift too far, which has no meaning */
		c.code = BPF_ALU | alu[pick(r, 10)];
		if (BPF_OP(c.code) == BPF_LSH || BPF_OP(c.code) == BPF_RSH)
			c.k = pick(r, 32);
		else if (pick(r, 2))
			c.code |= BPF_X;
		break;
	case 5:
		c.code = pick(r, 2) ? BPF_MISC | BPF_TAX : BPF_MISC | BPF_TXA;
		break;
	case 6:
		c.code = pick(r, 2) ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM;
		c.k = pick(r, 2) ? c.k : pick(r, 60);
		break;
	case 7:
		c.code = BPF_ALU | BPF_NEG;
		break;
	default:
		c.code = BPF_JMP | jumps[pick(r, 4)] | (pick(r, 2) ? BPF_X : BPF_K);
		c.jump_true = (uint8_t)pick(r, left + 1);
		c.jump_false = (uint8_t)pick(r, left + 1);
	}
	return c;
}

/* Whatever is done, what is in A decides. A store may come before its load: the kernel wants that.
 */
static void make_any(struct cb_random *r, struct cb_filter_instruction *code, unsigned n)
{
	code[0] = (struct cb_filter_instruction){.code = BPF_ST, .k = 3};
	for (unsigned i = 1; i < n - 1; i++)
		code[i] = make_one(r, i, n);
	if (n > 4) {
		code[n / 2] = (struct cb_filter_instruction){.code = BPF_STX, .k = 15};
		code[n - 3] = (struct cb_filter_instruction){
			.code = pick(r, 2) ? BPF_LD | BPF_MEM : BPF_LDX | BPF_MEM, .k = 3};
	}
	code[n - 1] = (struct cb_filter_instruction){.code = BPF_RET | BPF_A};
}

/* Is every instruction reached by some way? The kernel takes no eBPF program with others. */
static bool all_reached(const struct cb_filter_instruction *code, unsigned n)
{
	bool reached[64] = {true};

	for (unsigned i = 0; i < n; i++) {
		if (!reached[i])
			return false;
		if (BPF_CLASS(code[i].code) == BPF_JMP)
			reached[i + 1 + code[i].jump_true] = reached[i + 1 + code[i].jump_false] =
				true;
		else if (i + 1 < n)
			reached[i + 1] = true;
	}
	return true;
}

static void any_program_decides_alike(void **state)
{
	struct cb_random r = {20101101};
	unsigned tried = 0, taken = 0;

	need_bpf(state);
	while (tried < 300) {
		struct cb_filter_instruction code[24];
		struct cb_filter filter = {code, 3 + pick(&r, 22)};
		struct subject s;
		uint8_t frame[128];
		size_t n = make_udp(frame, tried & 3);

		make_any(&r, code, filter.n);
		if (!all_reached(code, filter.n))
			continue;
		s = open_subject(&filter, tried & 1 ? CB_FILTER_AT_XDP : CB_FILTER_AT_SOCKET);
		if (classic_takes(&s, frame, n) != translated_takes(&s, frame, n)) {
			for (unsigned i = 0; i < filter.n; i++)
				print_message("{0x%02x, %u, %u, 0x%x}\n", code[i].code,
					code[i].jump_true, code[i].jump_false, code[i].k);
			fail_msg("program %u: the kernel %s the frame", tried,
				classic_takes(&s, frame, n) ? "takes" : "refuses");
		}
		taken += classic_takes(&s, frame, n);
		close_subject(&s);
		tried++;
	}
	/* both decisions were there to be got wrong */
	assert_in_range(taken, 30, 270);
}

static void what_can_not_be_translated_is_refused(void **state)
{
	static const struct cb_filter_instruction ret = {.code = BPF_RET | BPF_K, .k = 1};
	struct cb_filter_instruction wrong[][2] = {
		{{.code = BPF_LD | BPF_W | BPF_ABS, .k = 0xfffff000}, ret}, /* SKF_AD_OFF */
		{{.code = BPF_ALU | BPF_DIV | BPF_K, .k = 0}, ret},
		{{.code = BPF_ALU | BPF_LSH | BPF_K, .k = 32}, ret},
		{{.code = BPF_ALU | 0xb0, .k = 1}, ret},
		{{.code = BPF_JMP | 0x80, .k = 12}, ret},
		{{.code = BPF_JMP | BPF_JA, .k = 1}, ret},
		{{.code = BPF_JMP | BPF_JA, .k = 0xffffffff}, ret},
		{{.code = BPF_ST, .k = 16}, ret},
		{{.code = BPF_LD | BPF_MEM, .k = 0xffffffff}, ret},
		{{.code = BPF_LD | 0xc0}, ret},
		{ret, {.code = BPF_LD | BPF_IMM}},
	};

	need_bpf(state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cb_filter filter = {wrong[i], 2};
		struct cb_filter_program p;
		int tap = load_tap(CB_FILTER_AT_SOCKET);

		if (cb_filter_program_load(&p, &filter, CB_FILTER_AT_SOCKET, tap, &err) !=
			CB_ERR_USAGE)
			fail_msg("program %zu was taken", i);
		assert_int_equal(p.program, -1);
		assert_int_equal(p.next, -1);
		close(tap);
	}
}

static void the_longest_filter_fits(void **state)
{
	static struct cb_filter_instruction code[CB_FILTER_MAX];
	struct cb_filter filter = {code, CB_FILTER_MAX};
	uint8_t frame[128];
	size_t n = make_udp(frame, 0);
	struct subject s;

	need_bpf(state);
	for (unsigned i = 0; i < CB_FILTER_MAX; i++)
		code[i] = (struct cb_filter_instruction){.code = BPF_ALU | BPF_ADD, .k = 1};
	code[0] = (struct cb_filter_instruction){.code = BPF_JMP | BPF_JEQ | BPF_K, .jump_true = 1};
	code[CB_FILTER_MAX - 1] = (struct cb_filter_instruction){.code = BPF_RET | BPF_A};
	s = open_subject(&filter, CB_FILTER_AT_SOCKET);
	assert_true(translated_takes(&s, frame, n));
	close_subject(&s);
}

static void no_expression_is_no_program(void **state)
{
	struct cb_filter_program p;

	assert_int_equal(cb_filter_program_compile(&p, "", CB_FILTER_AT_XDP, -1, &err), 0);
	assert_int_equal(p.program, -1);
	assert_int_equal(cb_filter_program_compile(&p, NULL, CB_FILTER_AT_XDP, -1, &err), 0);
	assert_int_equal(p.program, -1);
	need_pcap();
	assert_int_equal(
		cb_filter_program_compile(&p, "no such", CB_FILTER_AT_XDP, -1, &err), CB_ERR_USAGE);
	assert_int_equal(p.program, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(expressions_take_the_same_frames, can_bpf),
		cmocka_unit_test_setup(any_program_decides_alike, can_bpf),
		cmocka_unit_test_setup(what_can_not_be_translated_is_refused, can_bpf),
		cmocka_unit_test_setup(the_longest_filter_fits, can_bpf),
		cmocka_unit_test(no_expression_is_no_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
