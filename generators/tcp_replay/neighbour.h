/*
 * Who has this address? ARP (RFC 826, RFC 5227) and Neighbor Discovery (RFC 4861): the messages as
 * frames, as pure functions, and a socket over which they are asked and answered. The kernel does
 * both for its own addresses; this is for neighbours that it does not know, and for an address that
 * nobody owns.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_NEIGHBOUR_H
#define CB_GENERATORS_TCP_REPLAY_NEIGHBOUR_H

#include "generators/tcp_replay/packet.h"
#include "harness/base/error.h"

#define CB_NEIGHBOUR_FRAME_MAX 128u

struct cb_neighbour_message {
	bool ipv6, request;
	uint8_t target[16];    /* the address in question */
	uint8_t sender[16];    /* the address of who asks or answers; zeros: it has none yet */
	uint8_t sender_mac[6]; /* its MAC */
	uint8_t asker[16], asker_mac[6]; /* of an answer: whom it is for */
};

/* Into out[CB_NEIGHBOUR_FRAME_MAX]; returns its length. `vlans` may be NULL. */
uint32_t cb_neighbour_write(const struct cb_neighbour_message *m, const struct cb_vlan *vlans,
	unsigned n_vlans, uint8_t *out);
/* False: it is none. Frames are hostile. */
bool cb_neighbour_read(struct cb_neighbour_message *m, const uint8_t *frame, uint32_t n);

struct cb_neighbour_spec {
	const char *interface;
	unsigned ifindex;
	bool ipv6;
	uint8_t mac[6];
	uint8_t address[16]; /* ours, to ask with, and to answer for */
	struct cb_vlan vlans[CB_PACKET_VLANS_MAX];
	unsigned n_vlans;
};

/* A socket that hears such messages; a descriptor to poll, or an error. */
int cb_neighbour_open(const struct cb_neighbour_spec *spec, struct cb_error *err);

/* Ask for `address` three times until the deadline. CB_ERR_HOST: nobody answered. Blocks. */
int cb_neighbour_resolve(int fd, const struct cb_neighbour_spec *spec, const uint8_t *address,
	uint64_t deadline_ns, uint8_t mac[6], struct cb_error *err);

/* Is our address free? CB_ERR_HOST: somebody has it. Blocks for some 600 ms. */
int cb_neighbour_claim(int fd, const struct cb_neighbour_spec *spec, struct cb_error *err);

/* Answer what was asked about our address, if anything. */
void cb_neighbour_answer(int fd, const struct cb_neighbour_spec *spec);

#endif
