/*
 * `packet`, method ring: PACKET_TX_RING, slots of memory that the kernel reads when sendto tells it
 * to. Facts from net/packet/af_packet.c, tpacket_snd:
 *
 * - A slot that is SEND_REQUEST at the kernel's head becomes SENDING, and AVAILABLE when its skb is
 *   freed or orphaned. Head and slots move in our system calls only (MSG_DONTWAIT: it does not wait
 *   for slots to come back).
 * - What the link refuses ends the call with ENOBUFS. The skb is gone, the slot is SEND_REQUEST
 *   again and the head still stands on it: the kernel means to try again. A refused frame is never
 *   sent again here, so its length is set to 0; with PACKET_LOSS the kernel passes over a slot that
 *   makes no sense, without a word.
 * - Of a frame only the link header is copied, the rest of the skb points into the ring, and is
 *   copied into a page of its own once the skb is cloned or crosses a veth (skb_orphan_frags; since
 *   5cd8d46ea156, Linux 4.20, and before that not at all: frames that wait in a packet socket
 *   changed under its hands). A virtio_net_hdr whose hdr_len is the frame's length makes the kernel
 *   copy all of it at once, which takes a third less time per frame on a veth.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/packet_way.h"
#include "harness/base/clock.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOTS       4096U       /* more than a device can hold */
#define RING_BYTES  (32U << 20) /* fewer slots of jumbo frames */
#define BLOCK_BYTES (64U << 10) /* a multiple of every slot's size and of the page's */
#define HEADER      (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll)) /* what stands before the data */
#define VNET_HEADER sizeof(struct virtio_net_hdr)

struct ring {
	int fd;
	unsigned batch;
	uint32_t key, length; /* length: what of a slot is data */
	uint8_t stream;
	const struct cb_template *frame;
	const struct cb_shape *shape; /* NULL: all frames are alike but for their stamp */
	uint8_t *map;                 /* `slots` slots, `stride` bytes apart */
	uint32_t slots, stride;
	uint32_t next; /* the slot of the next frame; the kernel's head is here too after a call */
};

static struct tpacket2_hdr *slot_at(const struct ring *r, uint32_t i)
{
	return (struct tpacket2_hdr *)(r->map + (size_t)(i & (r->slots - 1)) * r->stride);
}

static uint32_t status_of(const struct ring *r, uint32_t i)
{
	return __atomic_load_n(&slot_at(r, i)->tp_status, __ATOMIC_ACQUIRE);
}

static void set_status(const struct ring *r, uint32_t i, uint32_t status)
{
	__atomic_store_n(&slot_at(r, i)->tp_status, status, __ATOMIC_RELEASE);
}

/* ---- set-up ---- */

static int set_option(const struct ring *r, int option, const void *value, socklen_t size,
	const char *what, struct cb_error *err)
{
	if (!setsockopt(r->fd, SOL_PACKET, option, value, size))
		return 0;
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
		"%s cannot be had; use packet:method=sendmmsg", what);
}

static int ring_make(struct ring *r, struct cb_error *err)
{
	int version = TPACKET_V2, on = 1, rc;
	struct tpacket_req request = {.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = r->slots * r->stride / BLOCK_BYTES,
		.tp_frame_size = r->stride,
		.tp_frame_nr = r->slots};

	rc = set_option(
		r, PACKET_VERSION, &version, sizeof(version), "a packet ring, version 2,", err);
	if (!rc)
		rc = set_option(r, PACKET_LOSS, &on, sizeof(on), "PACKET_LOSS", err);
	if (!rc)
		rc = set_option(r, PACKET_VNET_HDR, &on, sizeof(on), "PACKET_VNET_HDR", err);
	if (!rc)
		rc = set_option(r, PACKET_TX_RING, &request, sizeof(request),
			"a ring of frames to send", err);
	if (rc)
		return rc;
	r->map = mmap(NULL, (size_t)r->slots * r->stride, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, r->fd, 0);
	if (r->map != MAP_FAILED)
		return 0;
	r->map = NULL;
	return cb_error_errno(
		err, CB_ERR_HOST, errno, "mapping a ring of %u frames to send", r->slots);
}

/* Slots whose size is a power of two fill blocks, and so the ring, without gaps. */
static void ring_measure(struct ring *r, const struct cb_template *frame)
{
	r->length = (uint32_t)VNET_HEADER + frame->length;
	r->frame = frame;
	r->stride = TPACKET_ALIGNMENT;
	while (r->stride < HEADER + r->length || r->stride < TPACKET2_HDRLEN)
		r->stride *= 2;
	r->slots = SLOTS;
	while (r->slots * r->stride > RING_BYTES)
		r->slots /= 2;
}

static void ring_fill(struct ring *r, const struct cb_template *frame)
{
	const struct virtio_net_hdr copy_all = {.hdr_len = (uint16_t)frame->length};

	for (uint32_t i = 0; i < r->slots; i++) {
		uint8_t *data = (uint8_t *)slot_at(r, i) + HEADER;

		memcpy(data, &copy_all, VNET_HEADER);
		memcpy(data + VNET_HEADER, frame->bytes, frame->length);
	}
}

static void ring_close(void *state)
{
	struct ring *r = state;

	if (r->map)
		munmap(r->map, (size_t)r->slots * r->stride);
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct ring){.fd = -1};
}

static int ring_open(void *state, const struct cb_link *link,
	const struct cb_packet_options *options, struct cb_error *err)
{
	struct ring *r = state;
	int rc;

	*r = (struct ring){.batch = (unsigned)options->batch,
		.key = link->key,
		.stream = link->stream,
		.shape = link->shape};
	r->fd = cb_packet_tx_socket(err);
	if (r->fd < 0)
		return r->fd;
	ring_measure(r, link->frame);
	rc = ring_make(r, err);
	if (!rc)
		rc = cb_packet_tx_connect(r->fd, link, options, err);
	if (rc)
		ring_close(r);
	else
		ring_fill(r, link->frame);
	return rc;
}

/* ---- sending ---- */

/* Give the processor away until *waiting_since_ns is a stall. */
static int wait_a_little(uint64_t *waiting_since_ns)
{
	uint64_t now_ns = cb_now_ns();

	if (!*waiting_since_ns)
		*waiting_since_ns = now_ns;
	if (now_ns - *waiting_since_ns > CB_PACKET_STALL_NS)
		return -EAGAIN;
	sched_yield();
	return 0;
}

/* How much of the slot is data then. */
static uint32_t shape_frame(const struct ring *r, struct tpacket2_hdr *slot, uint64_t sequence)
{
	uint8_t *data = (uint8_t *)slot + HEADER;
	struct virtio_net_hdr copy_all = {0};

	copy_all.hdr_len = (uint16_t)cb_shape_apply(r->shape, data + VNET_HEADER, sequence);
	memcpy(data, &copy_all, VNET_HEADER);
	return (uint32_t)VNET_HEADER + copy_all.hdr_len;
}

/* Write the next frames into the slots that are free; how many, up to n. */
static unsigned put_frames(
	struct ring *r, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns)
{
	struct cb_stamp stamp = {.stream = r->stream, .phase = phase, .time_ns = time_ns};
	unsigned i;

	for (i = 0; i < n && status_of(r, r->next + i) == TP_STATUS_AVAILABLE; i++) {
		struct tpacket2_hdr *slot = slot_at(r, r->next + i);

		stamp.sequence = sequence + i;
		slot->tp_len = r->shape ? shape_frame(r, slot, stamp.sequence) : r->length;
		cb_frame_stamp(r->frame, r->shape != NULL, (uint8_t *)slot + HEADER + VNET_HEADER,
			r->key, &stamp);
		set_status(r, r->next + i, TP_STATUS_SEND_REQUEST);
	}
	return i;
}

/* Pass over the slots, up to n, that the kernel has taken. */
static unsigned taken(struct ring *r, unsigned n)
{
	unsigned i = 0;

	while (i < n && status_of(r, r->next + i) != TP_STATUS_SEND_REQUEST)
		i++;
	r->next += i;
	return i;
}

/* The frame at the head was refused: the kernel shall pass over it. */
static void pass_over(struct ring *r, struct cb_transmit_counts *counts)
{
	slot_at(r, r->next)->tp_len = 0;
	r->next++;
	counts->refused++;
}

static void take_back(const struct ring *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		set_status(r, r->next + i, TP_STATUS_AVAILABLE);
}

/*
 * Have the kernel send the n frames that were put; the number of those used up, fewer than n only
 * with *error.
 */
static unsigned hand_over(struct ring *r, unsigned n, int *error, struct cb_transmit_counts *counts)
{
	uint64_t since_ns = 0;
	unsigned left = n, took;

	for (*error = 0; left && !*error;) {
		int e = sendto(r->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;

		counts->syscalls++;
		took = taken(r, left);
		left -= took;
		if (e == ENOBUFS && left) {
			pass_over(r, counts);
			left--;
		} else if (e && e != EAGAIN && e != ENOBUFS) {
			*error = -e;
		} else if (left && !took) {
			*error = wait_a_little(&since_ns);
		}
	}
	take_back(r, left);
	return n - left;
}

static int ring_send(void *state, uint64_t sequence, unsigned n, uint8_t phase, uint32_t time_ns,
	struct cb_transmit_counts *counts)
{
	struct ring *r = state;
	uint64_t since_ns = 0;
	unsigned used = 0, put;
	int error = 0;

	if (n > r->batch)
		n = r->batch;
	while (used < n && !error) {
		put = put_frames(r, sequence + used, n - used, phase, time_ns);
		if (put)
			used += hand_over(r, put, &error, counts);
		else
			error = wait_a_little(&since_ns);
	}
	return used ? (int)used : error;
}

static int ring_flush(void *state, uint64_t deadline_ns, struct cb_transmit_counts *counts)
{
	const struct ring *r = state;

	return cb_packet_tx_flush(r->fd, deadline_ns);
}

const struct cb_packet_way cb_packet_way_ring = {
	.name = "ring",
	.state_size = sizeof(struct ring),
	.open = ring_open,
	.send = ring_send,
	.flush = ring_flush,
	.close = ring_close,
};
