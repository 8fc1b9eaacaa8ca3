/*
 * What the mechanisms on AF_PACKET sockets share: set-up in the order that
 * keeps a socket deaf until it is ready, filter, fan-out, rings, tap off, the
 * kernel's counters. Not a mechanism itself.
 *
 * Fan-out: the kernel gives each frame to one member of a group of sockets. Each member has its own
 * buffer, filter and counters, so the books of a group are the sums of its members'.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PACKET_SOCKET_H
#define CB_CAPTURERS_MECHANISMS_PACKET_SOCKET_H

#include "capturers/capturer.h"
#include "harness/base/clock.h"

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CB_PACKET_NO_RING -1

/* In a mechanism's options; CB_PACKET_FANOUT_ROWS has the rows. */
struct cb_packet_fanout {
	int mode;      /* index into cb_packet_fanout_names; 0: off */
	int64_t group; /* 1 to 65535 */
};

extern const char *const cb_packet_fanout_names[];

/* For `struct options`, which has a struct cb_packet_fanout `fanout`. */
#define CB_PACKET_FANOUT_ROWS(options)                                                       \
	{.name = "fanout",                                                                   \
		.type = CB_OPT_ENUM,                                                         \
		.offset = offsetof(struct options, fanout.mode),                             \
		.fallback = "off",                                                           \
		.choices = cb_packet_fanout_names,                                           \
		.help = "share the frames out among processes: by flow, in turn, by core, "  \
			"by chance, by queue, or to the next when one is full"},             \
	{                                                                                    \
		.name = "group", .type = CB_OPT_COUNT,                                       \
		.offset = offsetof(struct options, fanout.group), .fallback = "1", .min = 1, \
		.max = UINT16_MAX,                                                           \
		.help = "number of the fan-out group; another capture needs another"         \
	}

struct cb_packet_socket {
	int fd;           /* -1: closed */
	unsigned mtu;     /* of the interface, without its link header */
	uint8_t *map;     /* the ring, NULL: none */
	size_t map_bytes; /* length of `map` */
	uint32_t keep;    /* bytes that the filter lets pass of a frame */
	struct cb_packet_fanout fanout;
	int64_t seen, drops; /* tp_packets (drops included) and tp_drops so far */
};

/* Can a packet socket with this ring (enum tpacket_versions, CB_PACKET_NO_RING) be had here? */
int cb_packet_socket_probe(int ring, struct cb_error *err);

/* A socket that hears nothing yet. CB_ERR_IMPOSSIBLE without the privilege; closed on error. */
int cb_packet_socket_open(
	struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err);

/*
 * Give it a receive ring and map it. `request` is a struct tpacket_req or tpacket_req3 of `size`
 * bytes that starts with block size and number.
 */
int cb_packet_socket_ring(struct cb_packet_socket *s, int version, const void *request, size_t size,
	struct cb_error *err);

/* Before start(): let the kernel cut every frame at `snaplen` bytes. Takes the socket's filter
 * slot, but goes together with a capture filter. A socket without a ring then knows frames by their
 * cut length only. */
void cb_packet_socket_snaplen(struct cb_packet_socket *s, uint32_t snaplen);

/* Before start(): be a member of a fan-out group. */
void cb_packet_socket_share(struct cb_packet_socket *s, const struct cb_packet_fanout *fanout,
	struct cb_tap_ready *ready);

/*
 * Filter, bind, join the group: from here on frames come in, and none but those of this filter and
 * this member. With neither filter nor fan-out the filter slot is left alone. CB_ERR_IMPOSSIBLE
 * when the interface is down.
 */
int cb_packet_socket_start(
	struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err);

/* What is left of `provides` with this fan-out: a copy of every frame, or a share of them. */
unsigned cb_packet_fanout_traits(unsigned provides, const struct cb_packet_fanout *fanout);

/* Tap off; returns when no frame is on its way into the socket any more. */
int cb_packet_socket_detach(struct cb_packet_socket *s, struct cb_error *err);

/* Add the kernel's counters (which a read clears) to `seen` and `drops`. 0 or negative errno. */
int cb_packet_socket_account(struct cb_packet_socket *s);

/* The last reading, into `counters`: dropped and matched. */
int cb_packet_socket_settle(
	struct cb_packet_socket *s, struct cb_tap_counters *counters, struct cb_error *err);

/* After open(); more than once does no harm. */
void cb_packet_socket_close(struct cb_packet_socket *s);

/* "linux 6.12.1": what runs behind every one of them. */
void cb_packet_socket_version(char *out, size_t size);

/* The longest frame that the interface brings without offloads that merge frames: MTU, Ethernet
 * header, VLAN tag. */
int64_t cb_packet_socket_frame_max(const struct cb_packet_socket *s);

static inline uint64_t cb_packet_time_ns(uint32_t sec, uint32_t nsec)
{
	return sec * CB_NS_PER_SEC + nsec;
}

#endif
