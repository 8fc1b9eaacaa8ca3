/* For tests: captures made of what two ends say to each other, and read as files are. */
#ifndef CB_TESTS_TALK_H
#define CB_TESTS_TALK_H

#include "generators/tcp_replay/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

struct talk {
	FILE *stream;
	char *data;
	size_t size;
	bool ipv6, no_times, no_sacks, no_scale;
	uint32_t link; /* of the file: 1 Ethernet, 113 and 276 Linux cooked, 101 IP */
	uint32_t snaplen;
	unsigned n_vlans;
	uint32_t isn[CB_SIDES];
	uint16_t ports[CB_SIDES];
	int64_t at[CB_SIDES];       /* places: what each has sent */
	int64_t received[CB_SIDES]; /* and has had */
	uint64_t time_ns;
	uint16_t mss;
};

static inline void talk_word(struct talk *t, uint32_t word)
{
	assert_int_equal(fwrite(&word, sizeof(word), 1, t->stream), 1);
}

/* Begin: everything not set has a use. */
static inline void talk_begin(struct talk *t)
{
	t->stream = open_memstream(&t->data, &t->size);
	assert_non_null(t->stream);
	t->mss = t->mss ? t->mss : 1000;
	t->snaplen = t->snaplen ? t->snaplen : 262144;
	t->link = t->link ? t->link : 1;
	t->ports[CB_CLIENT] = t->ports[CB_CLIENT] ? t->ports[CB_CLIENT] : 40000;
	t->ports[CB_SERVER] = t->ports[CB_SERVER] ? t->ports[CB_SERVER] : 80;
	t->isn[CB_CLIENT] = t->isn[CB_CLIENT] ? t->isn[CB_CLIENT] : 1000;
	t->isn[CB_SERVER] = t->isn[CB_SERVER] ? t->isn[CB_SERVER] : 5000000;
	talk_word(t, 0xa1b23c4d);
	talk_word(t, 2 | 4 << 16);
	talk_word(t, 0);
	talk_word(t, 0);
	talk_word(t, t->snaplen);
	talk_word(t, t->link);
}

/* What stands at a place of a side's stream. */
static inline uint8_t talk_byte(enum cb_side side, int64_t place)
{
	uint64_t x = ((uint64_t)place << 1 | side) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint8_t)(x >> 40);
}

static inline void talk_frame(struct talk *t, const uint8_t *frame, uint32_t n)
{
	uint32_t captured = n < t->snaplen ? n : t->snaplen;

	talk_word(t, (uint32_t)(t->time_ns / 1000000000));
	talk_word(t, (uint32_t)(t->time_ns % 1000000000));
	talk_word(t, captured);
	talk_word(t, n);
	assert_int_equal(fwrite(frame, 1, captured, t->stream), captured);
	t->time_ns += 1000000;
}

static inline struct cb_packet_head talk_head(const struct talk *t, enum cb_side side)
{
	struct cb_packet_head h = {.ipv6 = t->ipv6,
		.n_vlans = t->n_vlans,
		.vlans = {{0x88a8, 100}, {0x8100, 7}},
		.source_mac = {2, 0, 0, 0, 0, (uint8_t)side},
		.destination_mac = {2, 0, 0, 0, 0, (uint8_t)!side},
		.ttl = 61,
		.source = {.ip = {10, 0, 0, (uint8_t)(1 + side)}, .port = t->ports[side]},
		.destination = {.ip = {10, 0, 0, (uint8_t)(2 - side)}, .port = t->ports[!side]}};

	if (t->n_vlans == 1)
		h.vlans[0].protocol = 0x8100;
	return h;
}

/* The link's header, as the file's type has it. */
static inline uint32_t talk_relink(const struct talk *t, uint8_t *frame, uint32_t n)
{
	uint8_t cooked[20] = {0};
	uint32_t header = t->link == 113 ? 16 : t->link == 276 ? 20 : 0, link = 14 + 4 * t->n_vlans;

	if (t->link == 1)
		return n;
	if (t->link == 113)
		memcpy(cooked + 14, frame + 12, 2);
	else
		memcpy(cooked, frame + 12, 2);
	assert_true(!t->n_vlans);
	memmove(frame + header, frame + link, n - link);
	memcpy(frame, cooked, header);
	return n - link + header;
}

/* A segment of `side` at a place of its stream. */
static inline void talk_segment(
	struct talk *t, enum cb_side side, int64_t at, uint32_t length, uint8_t flags)
{
	uint8_t frame[70000], *payload;
	struct cb_packet_head head = talk_head(t, side);
	struct cb_tcp_segment s = {.seq = t->isn[side] + (uint32_t)at,
		.ack = t->isn[!side] + (uint32_t)t->received[side],
		.window = 50000,
		.flags = flags,
		.options = {.has_times = !t->no_times,
			.time = (uint32_t)(t->time_ns >> 20),
			.echo = 7},
		.length = length};
	uint32_t n;

	payload = malloc(length + 1);
	assert_non_null(payload);
	for (uint32_t i = 0; i < length; i++)
		payload[i] = talk_byte(side, at + i + !!(flags & CB_TCP_SYN));
	s.payload = payload;
	if (flags & CB_TCP_SYN) {
		s.options.has_mss = true;
		s.options.mss = t->mss;
		s.options.sack_permitted = !t->no_sacks;
		s.options.has_scale = !t->no_scale;
		s.options.scale = 7;
	}
	n = cb_packet_write(&head, &s, 1, frame);
	memcpy(frame + n, payload, length);
	n = talk_relink(t, frame, n + length);
	talk_frame(t, frame, n);
	free(payload);
}

static inline void talk_ack(struct talk *t, enum cb_side side)
{
	t->received[side] = t->at[!side];
	talk_segment(t, side, t->at[side], 0, CB_TCP_ACK);
}

static inline void talk_handshake(struct talk *t)
{
	talk_segment(t, CB_CLIENT, 0, 0, CB_TCP_SYN);
	t->at[CB_CLIENT] = t->received[CB_SERVER] = 1;
	talk_segment(t, CB_SERVER, 0, 0, CB_TCP_SYN | CB_TCP_ACK);
	t->at[CB_SERVER] = 1;
	talk_ack(t, CB_CLIENT);
}

/* Without a SYN: from here on. */
static inline void talk_midway(struct talk *t)
{
	for (int i = 0; i < CB_SIDES; i++)
		t->at[i] = t->received[i] = 1;
}

/* `side` says `n` bytes, in segments; the other one acknowledges each. */
static inline void talk_say(struct talk *t, enum cb_side side, uint32_t n)
{
	while (n) {
		uint32_t k = n < t->mss ? n : t->mss;

		talk_segment(t, side, t->at[side], k, CB_TCP_ACK | CB_TCP_PSH);
		t->at[side] += k;
		talk_ack(t, !side);
		n -= k;
	}
}

static inline void talk_fin(struct talk *t, enum cb_side side)
{
	talk_segment(t, side, t->at[side], 0, CB_TCP_ACK | CB_TCP_FIN);
	t->at[side]++;
	talk_ack(t, !side);
}

static inline void talk_reset(struct talk *t, enum cb_side side)
{
	talk_segment(t, side, t->at[side], 0, CB_TCP_ACK | CB_TCP_RST);
}

/* From the handshake on: request, answer, request, answer, and the server closes first. */
static inline void talk_dialogue(struct talk *t, uint32_t up, uint32_t down)
{
	talk_begin(t);
	talk_handshake(t);
	talk_say(t, CB_CLIENT, up);
	talk_say(t, CB_SERVER, down);
	talk_say(t, CB_CLIENT, up);
	talk_say(t, CB_SERVER, down);
	talk_fin(t, CB_SERVER);
	talk_fin(t, CB_CLIENT);
}

/* Read it as a file; the talk is over. */
static inline int talk_read(
	struct talk *t, bool synthesize, struct cb_capture *capture, struct cb_error *err)
{
	const struct cb_capture_spec spec = {.name = "talk", .synthesize_handshake = synthesize};
	FILE *file;
	int r;

	fclose(t->stream);
	file = fmemopen(t->data, t->size, "rb");
	assert_non_null(file);
	r = cb_capture_read(capture, file, &spec, err);
	free(t->data);
	t->data = NULL;
	return r;
}

#endif
