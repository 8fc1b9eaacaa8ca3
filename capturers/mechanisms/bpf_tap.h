/*
 * Where bpf-ring and bpf-buffer tap, and what else they share: the options, attaching, taking the
 * tap down, the program's counters. Not a mechanism itself.
 *
 * socket: the program is the filter of a packet socket and takes nothing, so that the socket itself
 * stays empty: behind driver and stack's entry, as PF_PACKET. xdp-pass: in the driver, and the
 * frame goes up the stack too. xdp-take: in the driver, and the frame ends there.
 *
 * XDP sees frames before GRO. On a veth an XDP program switches the receive path from the per-CPU
 * backlog to a NAPI instance with a ring of 256 frames, and frames whose buffer has too little room
 * in front (those of most senders) are copied once more (veth_convert_skb_to_xdp_buff(),
 * drivers/net/veth.c): what is compared with such a tap should have NAPI forced too (GRO on).
 */
#ifndef CB_CAPTURERS_MECHANISMS_BPF_TAP_H
#define CB_CAPTURERS_MECHANISMS_BPF_TAP_H

#include "capturers/bpf/tap_maps.h"
#include "capturers/filter_program.h"
#include "capturers/mechanisms/packet_socket.h"
#include "harness/net/bpf_attach.h"

#include <stddef.h>
#include <stdint.h>

enum cb_bpf_tap_point { CB_BPF_TAP_SOCKET, CB_BPF_TAP_XDP_PASS, CB_BPF_TAP_XDP_TAKE };

/* In a mechanism's options; CB_BPF_TAP_ROWS has the rows. */
struct cb_bpf_tap_options {
	int point; /* enum cb_bpf_tap_point */
	int xdp;   /* enum cb_xdp_mode */
};

extern const char *const cb_bpf_tap_points[], *const cb_bpf_tap_xdp_modes[];

/* For `struct options`, which has a struct cb_bpf_tap_options `tap`. */
#define CB_BPF_TAP_ROWS(options)                                                                 \
	{.name = "tap",                                                                          \
		.type = CB_OPT_ENUM,                                                             \
		.offset = offsetof(struct options, tap.point),                                   \
		.fallback = "socket",                                                            \
		.choices = cb_bpf_tap_points,                                                    \
		.help = "behind the stack's entry; in the driver, the frame goes up the "        \
			"stack too; in the driver, the frame ends there"},                       \
	{                                                                                        \
		.name = "xdp", .type = CB_OPT_ENUM, .offset = offsetof(struct options, tap.xdp), \
		.fallback = "auto", .choices = cb_bpf_tap_xdp_modes,                             \
		.help = "XDP in the driver, or generic on any device; auto: in the driver "      \
			"where it can"                                                           \
	}

/* Zero is not "nothing": start from CB_BPF_TAP_NONE. */
struct cb_bpf_tap {
	struct cb_packet_socket socket; /* the tap, or what keeps promiscuous mode on for XDP */
	struct cb_bpf_attachment xdp;
	struct cb_filter_program filter; /* what is attached, with the program behind it */
};

#define CB_BPF_TAP_NONE       \
	((struct cb_bpf_tap){ \
		.socket = {.fd = -1}, .xdp = CB_BPF_DETACHED, .filter = CB_FILTER_PROGRAM_NONE})

/* `what` begins the error: "mechanism bpf-ring". */
int cb_bpf_tap_probe(const char *what, struct cb_error *err);

/* The most bytes that a frame can have on the interface, or its stack can make of several. */
static inline uint32_t cb_bpf_tap_snaplen(const struct cb_tap *tap)
{
	return tap->snaplen < UINT16_MAX ? (uint32_t)tap->snaplen : UINT16_MAX;
}

/*
 * Attach the program of that tap point: from here on it is run for each frame that the tap's filter
 * takes. CB_ERR_IMPOSSIBLE when the interface is down, or can't have the program; CB_ERR_USAGE for
 * a wrong filter. The XDP program is of SEC("xdp.frags").
 */
int cb_bpf_tap_attach(struct cb_bpf_tap *t, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, int socket_program, int xdp_program,
	struct cb_error *err);

/* More than once does no harm. */
void cb_bpf_tap_close(struct cb_bpf_tap *t);

/* Fill the ARRAY_OF_MAPS `maps` with the `n` (at most 2 * CB_TAP_PROCESSES_MAX) maps `fds`. */
int cb_bpf_tap_fill(int maps, const int *fds, uint32_t n, struct cb_error *err);

/* Returns when each run of the program that began before has ended. Some ms. */
void cb_bpf_tap_quiesce(void);

/* What process `index` was offered, from the PERCPU_ARRAY `counts`. */
int cb_bpf_tap_count(int counts, uint32_t index, struct cb_tap_count *sum, struct cb_error *err);

/*
 * The controls of all processes, mapped from the BPF_F_MMAPABLE array `fd` of elements of `size`
 * bytes. CB_ERR_USAGE when it is another array, or has none for process `index`.
 */
struct cb_bpf_tap_controls {
	void *all; /* NULL: not mapped */
	size_t bytes;
};
int cb_bpf_tap_map_controls(
	struct cb_bpf_tap_controls *c, int fd, size_t size, uint32_t index, struct cb_error *err);
void cb_bpf_tap_unmap_controls(struct cb_bpf_tap_controls *c); /* accepts a zeroed struct */

/* What the program reads. */
static inline void cb_bpf_tap_set(__u32 *at, uint32_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile __u32 *)at = value;
}

static inline void cb_bpf_tap_set64(__u64 *at, uint64_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile __u64 *)at = value;
}

/* The BPF_F_MMAPABLE array `fd`, `bytes` of it from byte `offset` (whole pages); NULL on error. */
void *cb_bpf_tap_map(int fd, size_t bytes, size_t offset, struct cb_error *err);

/* Add to a program's CLOCK_MONOTONIC to get CLOCK_REALTIME, as it is now. */
uint64_t cb_bpf_tap_real_offset_ns(void);

/* "linux 6.12.1, native xdp". */
void cb_bpf_tap_version(
	const struct cb_tap *tap, enum cb_bpf_tap_point point, char *out, size_t size);

#endif
