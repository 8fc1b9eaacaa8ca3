#include "generators/tcp_replay/flow.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(void **items, size_t *capacity, size_t n, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (n < *capacity)
		return true;
	grown = reallocarray(*items, wanted, size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

int cb_flow_add(struct cb_flow *flow, const struct cb_flow_packet *packet, size_t bytes,
	uint32_t length, struct cb_error *err)
{
	struct cb_stream *s = &flow->streams[packet->side];

	if (!reserve((void **)&flow->packets, &flow->capacity, flow->n, sizeof(*flow->packets)) ||
		!reserve((void **)&s->pieces, &s->capacity, s->n, sizeof(*s->pieces)))
		return cb_error_memory(err, "a captured connection");
	flow->packets[flow->n++] = *packet;
	if (length)
		s->pieces[s->n++] = (struct cb_flow_piece){
			.at = packet->begin + (packet->flags & CB_TCP_SYN ? 1 : 0),
			.length = length,
			.bytes = bytes};
	return 0;
}

/* By place; of those at the same place what was captured first, which lies before the others. */
static int by_place(const void *a, const void *b)
{
	const struct cb_flow_piece *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Retransmitted bytes are left out, so that pieces only touch. */
static void settle_stream(struct cb_stream *s)
{
	int64_t from = 1, end = cb_stream_data_end(s);
	size_t kept = 0;

	if (s->n)
		qsort(s->pieces, s->n, sizeof(*s->pieces), by_place);
	for (size_t i = 0; i < s->n; i++) {
		struct cb_flow_piece piece = s->pieces[i];
		int64_t behind = piece.at + piece.length, cut = from - piece.at;

		if (behind > end)
			behind = end;
		/* where one packet has a byte and another one the FIN, it is the FIN */
		if (behind <= from || behind <= piece.at)
			continue;
		if (cut > 0) {
			piece.at += cut;
			piece.bytes += (size_t)cut;
		}
		piece.length = (uint32_t)(behind - piece.at);
		s->missing += piece.at - from;
		s->pieces[kept++] = piece;
		from = behind;
	}
	s->n = kept;
	if (end > from)
		s->missing += end - from;
}

void cb_flow_settle(struct cb_flow *flow)
{
	for (size_t i = 0; i < CB_SIDES; i++)
		settle_stream(&flow->streams[i]);
}

/* The last piece that begins at or before `at`. */
static size_t find_piece(const struct cb_stream *s, int64_t at)
{
	size_t low = 0, high = s->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->pieces[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool holds(const struct cb_stream *s, size_t i, int64_t at)
{
	return i < s->n && s->pieces[i].at <= at && at - s->pieces[i].at < s->pieces[i].length;
}

uint32_t cb_stream_bytes(const struct cb_flow *flow, const struct cb_stream *s, int64_t at,
	uint32_t n, size_t *hint, const uint8_t **bytes)
{
	const struct cb_flow_piece *piece;
	uint32_t skip;

	if (!holds(s, *hint, at))
		*hint = holds(s, *hint + 1, at) ? *hint + 1 : find_piece(s, at);
	if (!holds(s, *hint, at))
		return 0;
	piece = &s->pieces[*hint];
	skip = (uint32_t)(at - piece->at);
	*bytes = *flow->bytes + piece->bytes + skip;
	return piece->length - skip < n ? piece->length - skip : n;
}

void cb_flow_finish(struct cb_flow *flow)
{
	for (size_t i = 0; i < CB_SIDES; i++)
		free(flow->streams[i].pieces);
	free(flow->packets);
	*flow = (struct cb_flow){0};
}
