/*
 * The two ways in which `packet` hands frames to an AF_PACKET socket: one system call for a batch
 * of messages (sendmmsg), or a ring of frames that the kernel reads (PACKET_TX_RING). Internal to
 * the transmitter.
 */
#ifndef CB_GENERATORS_TRANSMITTERS_PACKET_WAY_H
#define CB_GENERATORS_TRANSMITTERS_PACKET_WAY_H

#include "generators/generator.h"

#define CB_PACKET_BATCH_MAX 1024
/* How long a send buffer may go without emptying. */
#define CB_PACKET_STALL_NS UINT64_C(1000000000)

struct cb_packet_options {
	int64_t batch;
	bool qdisc_bypass;
	int method; /* enum packet_method, packet.c */
};

/* The functions are those of a transmitter; `open` leaves nothing behind when it fails, `close` is
 * called once after an `open` that did not. */
struct cb_packet_way {
	const char *name; /* as the option `method` says it */
	size_t state_size;
	int (*open)(void *state, const struct cb_link *link,
		const struct cb_packet_options *options, struct cb_error *err);
	int (*send)(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
		struct cb_transmit_counts *counts);
	int (*flush)(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts);
	void (*close)(void *state);
};

extern const struct cb_packet_way cb_packet_way_sendmmsg, cb_packet_way_ring;

/* ---- what both need ---- */

/* A packet socket that sends only. CB_ERR_IMPOSSIBLE without the privilege. */
int cb_packet_tx_socket(struct cb_error *err);

/* Send buffer, qdisc bypass, the interface. Does not close `fd` on error. */
int cb_packet_tx_connect(int fd, const struct cb_link *link,
	const struct cb_packet_options *options, struct cb_error *err);

/* Wait until no frame weighs on the socket any more: until the device or the receiving socket has
 * freed or taken it. 0 or -ETIMEDOUT. */
int cb_packet_tx_flush(int fd, uint64_t deadline_ns);

#endif
