/*
 * Frames on their way out, many to a system call: headers are written here, payload is taken from
 * where it lies.
 */
#ifndef CB_GENERATORS_TCP_REPLAY_OUTBOX_H
#define CB_GENERATORS_TCP_REPLAY_OUTBOX_H

#include "generators/tcp_replay/packet.h"
#include "harness/base/error.h"

#include <sys/socket.h>

#define CB_OUTBOX_FRAMES 64u

struct cb_outbox {
	int fd; /* a packet socket; -1: closed */
	unsigned n;
	uint8_t headers[CB_OUTBOX_FRAMES][CB_PACKET_HEADERS_MAX];
	struct iovec parts[CB_OUTBOX_FRAMES][2];
	struct mmsghdr messages[CB_OUTBOX_FRAMES];
	int64_t sent, refused, bytes, syscalls; /* frames; refused: by the link, and lost */
};

int cb_outbox_open(
	struct cb_outbox *o, const char *interface, unsigned ifindex, struct cb_error *err);

/* The payload must stay until it is flushed, which happens by itself when the outbox is full. */
void cb_outbox_put(struct cb_outbox *o, const struct cb_packet_head *head,
	const struct cb_tcp_segment *s, uint16_t id);

/* 0, or a negative errno when the link does not work any more. */
int cb_outbox_flush(struct cb_outbox *o);

void cb_outbox_close(struct cb_outbox *o);

#endif
