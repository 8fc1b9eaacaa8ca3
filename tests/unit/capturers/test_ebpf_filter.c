/*
 * Filters in front of eBPF programs: the kernel, running what was translated, is held against
 * libpcap's interpreter, running the original. Skipped without libpcap; what needs the kernel also
 * without the right to load programs.
 */
#include "capturers/ebpf_filter.h"
#include "capturers/ebpf_translate.h"
#include "harness/base/random.h"

#include <bpf/bpf.h>
#include <dlfcn.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define FRAME_MAX 128
#define TAKEN     77 /* what the program behind the filter returns */
#define ETHERNET  14

static struct cb_error err;

/* libpcap's interpreter: bpf_filter(). (Its header and the kernel's don't go together.) */
static unsigned (*interpreter)(
	const void *program, const uint8_t *frame, unsigned length, unsigned caplen);

static int find_interpreter(void **state)
{
	void *library = dlopen("libpcap.so.1", RTLD_NOW);

	if (!library)
		library = dlopen("libpcap.so.0.8", RTLD_NOW);
	if (library)
		*(void **)&interpreter = dlsym(library, "bpf_filter");
	return 0;
}

static const char *const expressions[] = {
	"ip",
	"arp",
	"ip6",
	"udp",
	"tcp port 80",
	"udp and port 9",
	"not udp port 9",
	"host 10.0.0.1",
	"src net 10.0.0.0/24 and dst host 10.0.0.2",
	"ether host 02:00:00:00:00:01",
	"ether proto 0x88b5",
	"ether broadcast or ether multicast",
	"less 64",
	"greater 100",
	"len > 60 and len <= 90",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"ip[0] & 0xf != 5",
	"ip[6:2] & 0x1fff = 0",
	"udp[8:4] > 0xcab5e11d",
	"portrange 1000-2000",
	"vlan 5 and udp",
	"ip proto 17 and ip[2:2] > 40",
	"ether[12] * 3 - ether[13] / 2 > 7",
	"ether[12] % 7 = 1 or ether[30] << 2 > 100",
	"(ip[8] ^ 0x5a) >> 1 < 20",
	"icmp6 or icmp",
	"ether[0] / ether[1] = 1",
	"ether[2] << ether[3] != 0",
	"-ether[40] & 0xff > 100",
};

#define N_EXPRESSIONS (sizeof(expressions) / sizeof(*expressions))

/* Beginnings of frames; random bytes follow, and now and then replace some. */
static const struct {
	uint8_t length, bytes[48];
} templates[] = {
	{42,
		{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0,
			10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 9, 0, 26, 0, 0}},
	{46,
		{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x46, 0, 0, 50, 0, 0, 0, 0, 64, 6, 0, 0,
			10, 0, 0, 2, 10, 0, 0, 1, 1, 1, 1, 1, 4, 0, 0, 80, 0, 0, 0, 0}},
	{42,
		{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0x20, 9, 64, 17, 0,
			0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 9, 0, 26, 0, 0}},
	{22, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 17, 64}},
	{46,
		{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 8, 0, 0x45, 0, 0,
			42, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 9, 0, 22,
			0, 0}},
	{14, {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 2, 8, 6}},
	{14, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5}},
};

#define N_TEMPLATES (sizeof(templates) / sizeof(*templates))

/* Its length. */
static unsigned make_frame(struct cb_random *random, uint8_t *frame)
{
	unsigned t = (unsigned)cb_random_below(random, N_TEMPLATES);
	unsigned length = ETHERNET + (unsigned)cb_random_below(random, FRAME_MAX - ETHERNET);

	for (unsigned i = 0; i < FRAME_MAX; i++)
		frame[i] = (uint8_t)cb_random_next(random);
	memcpy(frame, templates[t].bytes, templates[t].length);
	if (cb_random_below(random, 2))
		frame[cb_random_below(random, 48)] = (uint8_t)cb_random_below(random, 4);
	return length;
}

/* A program that returns TAKEN. */
static int load_behind(enum cb_ebpf_filter_type type)
{
	const struct {
		uint8_t code, registers;
		int16_t off;
		int32_t imm;
	} code[] = {
		{BPF_ALU | 0xb0 /* BPF_MOV */ | BPF_K, 0, 0, TAKEN},
		{BPF_JMP | 0x90 /* BPF_EXIT */, 0, 0, 0},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, xdp, .expected_attach_type = BPF_XDP);

	return type == CB_EBPF_FILTER_XDP
		? bpf_prog_load(BPF_PROG_TYPE_XDP, "behind", "BSD", (const void *)code, 2, &xdp)
		: bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "behind", "BSD", (const void *)code, 2,
			  NULL);
}

/* For a socket filter the kernel takes the first 14 bytes for the Ethernet header and shows what
 * follows. */
static bool kernel_takes(const struct cb_ebpf_filter *f, enum cb_ebpf_filter_type type,
	const uint8_t *frame, unsigned length)
{
	uint8_t in[ETHERNET + FRAME_MAX] = {0};
	unsigned before = type == CB_EBPF_FILTER_SOCKET ? ETHERNET : 0;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = before + length);

	memcpy(in + before, frame, length);
	assert_int_equal(bpf_prog_test_run_opts(f->program, &run), 0);
	if (run.retval != TAKEN)
		assert_int_equal(run.retval, type == CB_EBPF_FILTER_XDP ? XDP_PASS : 0);
	return run.retval == TAKEN;
}

static void agree(const char *expression, enum cb_ebpf_filter_type type, int behind)
{
	struct cb_random random = {.state = 1 + type};
	struct cb_ebpf_filter f;
	struct cb_filter classic;
	unsigned taken = 0;

	assert_int_equal(cb_filter_compile(&classic, expression, 262144, &err), 0);
	if (cb_ebpf_filter_open(&f, expression, type, behind, &err))
		fail_msg("%s: %s", expression, err.text);
	for (unsigned i = 0; i < 400; i++) {
		uint8_t frame[FRAME_MAX];
		unsigned length = make_frame(&random, frame);
		bool wanted = interpreter(classic.code, frame, length, length) != 0;

		taken += wanted;
		if (kernel_takes(&f, type, frame, length) != wanted)
			fail_msg("%s: frame %u of %u bytes is %staken by the interpreter",
				expression, i, length, wanted ? "" : "not ");
	}
	/* a filter that all frames pass, or none, would show nothing */
	if (!taken || taken == 400)
		fail_msg("%s: %u of 400 frames are taken", expression, taken);
	cb_ebpf_filter_close(&f);
	cb_ebpf_filter_close(&f);
	cb_filter_finish(&classic);
}

static void kernel_and_interpreter_agree(void **state)
{
	static const enum cb_ebpf_filter_type types[] = {CB_EBPF_FILTER_XDP, CB_EBPF_FILTER_SOCKET};

	if (!interpreter)
		skip();
	for (size_t t = 0; t < 2; t++) {
		int behind = load_behind(types[t]);

		if (behind < 0)
			skip();
		for (size_t i = 0; i < N_EXPRESSIONS; i++)
			agree(expressions[i], types[t], behind);
		close(behind);
	}
}

static void wrong_expressions_are_named(void **state)
{
	struct cb_ebpf_filter f;

	if (!interpreter)
		skip();
	assert_int_equal(
		cb_ebpf_filter_open(&f, "udp and and", CB_EBPF_FILTER_XDP, -1, &err), CB_ERR_USAGE);
	assert_non_null(strstr(err.text, "udp and and"));
	assert_int_equal(f.program, -1);
	assert_int_equal(f.next, -1);
}

/* ---- hostile programs: none of them gets out of its bounds ---- */

static int translate(const struct cb_filter_instruction *code, unsigned n)
{
	const struct cb_filter f = {.code = (struct cb_filter_instruction *)code, .n = n};
	const struct cb_ebpf_target target = {.xdp = true, .other = XDP_PASS};
	struct cb_ebpf_code out;
	int rc = cb_ebpf_translate(&out, &f, &target, &err);

	if (rc)
		assert_null(out.code);
	else
		assert_in_range(out.n, 1, out.room);
	free(out.code);
	return rc;
}

static void refuses_what_has_no_meaning(void **state)
{
	static const struct cb_filter_instruction refused[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE},
		{BPF_LD | BPF_MEM, 0, 0, BPF_MEMWORDS},
		{BPF_ST, 0, 0, UINT32_MAX},
		{BPF_LD | 0x18 | BPF_ABS, 0, 0, 0}, /* eight bytes */
		{BPF_LD | 0xc0, 0, 0, 0},
		{BPF_LDX | BPF_W | BPF_ABS, 0, 0, 0},
		{BPF_ALU | 0xc0, 0, 0, 1},
		{BPF_JMP | BPF_JA, 0, 0, 1},
		{BPF_JMP | BPF_JA, 0, 0, UINT32_MAX},
		{BPF_JMP | BPF_JEQ, 1, 0, 0},
		{BPF_JMP | BPF_JEQ, 0, 255, 0},
		{BPF_JMP | 0x50, 0, 0, 0},
		{BPF_RET | BPF_X, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct cb_filter_instruction code[] = {
			refused[i], {BPF_RET | BPF_K, 0, 0, 1}};

		if (translate(code, 2) != CB_ERR_USAGE)
			fail_msg("instruction %zu is not refused", i);
	}
}

static void refuses_what_gets_too_long(void **state)
{
	struct cb_filter_instruction code[CB_FILTER_MAX];

	for (unsigned i = 0; i < CB_FILTER_MAX; i++)
		code[i] = (struct cb_filter_instruction){BPF_LD | BPF_W | BPF_IND, 0, 0, i};
	code[CB_FILTER_MAX - 1] = (struct cb_filter_instruction){BPF_RET | BPF_K, 0, 0, 1};
	assert_int_equal(translate(code, CB_FILTER_MAX), CB_ERR_USAGE);
	assert_int_equal(translate(code + CB_FILTER_MAX - 100, 100), 0);
}

static void random_programs_do_no_harm(void **state)
{
	struct cb_random random = {.state = 9};
	struct cb_filter_instruction code[32];

	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = 1 + (unsigned)cb_random_below(&random, 32);

		for (unsigned i = 0; i < n; i++)
			code[i] = (struct cb_filter_instruction){
				.code = (uint16_t)cb_random_below(&random, 0x100),
				.jump_true = (uint8_t)cb_random_below(&random, 8),
				.jump_false = (uint8_t)cb_random_below(&random, 8),
				.k = (uint32_t)cb_random_below(&random, 40)};
		translate(code, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_and_interpreter_agree),
		cmocka_unit_test(wrong_expressions_are_named),
		cmocka_unit_test(refuses_what_has_no_meaning),
		cmocka_unit_test(refuses_what_gets_too_long),
		cmocka_unit_test(random_programs_do_no_harm),
	};

	return cmocka_run_group_tests(tests, find_interpreter, NULL);
}
