/* One filter as the kernel's classic one, on a socket, and translated, to be held against it. */
#ifndef CB_TESTS_CAPTURERS_FILTER_SUBJECT_H
#define CB_TESTS_CAPTURERS_FILTER_SUBJECT_H

#include "capturers/filter_program.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define TAKEN 7 /* what the tap's program returns; XDP_PASS is 2 */

static struct cb_error err;

struct subject {
	int classic[2]; /* frames are written to [0] */
	int tap;
	enum cb_filter_at at;
	struct cb_filter_program translated;
};

/* A tap that only says that it was reached. */
static inline int load_tap(enum cb_filter_at at)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TAKEN},
		{.code = BPF_JMP | BPF_EXIT},
	};
	bool xdp = at != CB_FILTER_AT_SOCKET;
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = xdp ? BPF_XDP : 0,
		.prog_flags = at == CB_FILTER_AT_XDP_FRAGS ? BPF_F_XDP_HAS_FRAGS : 0);

	return bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER, "tap", "BSD",
		code, 2, &options);
}

static inline int can_bpf(void **state)
{
	int tap = load_tap(CB_FILTER_AT_SOCKET);

	if (tap >= 0)
		close(tap);
	*state = tap < 0 ? &err : NULL;
	return 0;
}

static inline void need_bpf(void **state)
{
	if (*state) {
		print_message("needs eBPF, and so root\n");
		skip();
	}
}

static inline void attach_classic(int fd, const struct cb_filter *f)
{
	struct sock_fprog program = {
		.len = (unsigned short)f->n, .filter = (struct sock_filter *)f->code};

	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

static inline struct subject open_subject(const struct cb_filter *f, enum cb_filter_at at)
{
	struct subject s = {.at = at};

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s.classic), 0);
	attach_classic(s.classic[1], f);
	s.tap = load_tap(at);
	assert_true(s.tap >= 0);
	if (cb_filter_program_load(&s.translated, f, at, s.tap, &err))
		fail_msg("%s", err.text);
	return s;
}

static inline void close_subject(struct subject *s)
{
	close(s->classic[0]);
	close(s->classic[1]);
	close(s->tap);
	cb_filter_program_close(&s->translated);
	cb_filter_program_close(&s->translated);
	assert_int_equal(s->translated.program, -1);
}

static inline bool classic_takes(const struct subject *s, const uint8_t *frame, size_t n)
{
	uint8_t byte;

	/* a datagram that the receiver's filter refuses: EPERM on AF_UNIX */
	if (write(s->classic[0], frame, n) < 0)
		return false;
	return read(s->classic[1], &byte, 1) >= 0;
}

/* A socket filter is run behind the link header there (bpf_prog_test_run_skb(),
 * net/bpf/test_run.c): so it gets one more. */
static inline bool translated_takes(const struct subject *s, const uint8_t *frame, size_t n)
{
	uint8_t data[14 + 128] = {0};
	size_t before = s->at == CB_FILTER_AT_SOCKET ? 14 : 0;
	LIBBPF_OPTS(
		bpf_test_run_opts, run, .data_in = data, .data_size_in = (uint32_t)(before + n));

	memcpy(data + before, frame, n);
	assert_int_equal(bpf_prog_test_run_opts(s->translated.program, &run), 0);
	return run.retval == TAKEN;
}

static inline void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Ethernet/IPv4/UDP from 10.0.0.1:1000 to 10.0.0.2:53, with `options` words in the IPv4 header. */
static inline size_t make_udp(uint8_t *frame, unsigned options)
{
	static const uint8_t ethernet[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
	static const uint8_t addresses[8] = {10, 0, 0, 1, 10, 0, 0, 2};
	uint8_t *ip = frame + 14, *udp = ip + 20 + (size_t)4 * options;

	memset(frame, 0, 128);
	memcpy(frame, ethernet, sizeof(ethernet));
	ip[0] = (uint8_t)(0x45 + options);
	put16(ip + 2, 50 + 4 * options);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, addresses, sizeof(addresses));
	put16(udp, 1000);
	put16(udp + 2, 53);
	put16(udp + 4, 30);
	return 64;
}

#endif
