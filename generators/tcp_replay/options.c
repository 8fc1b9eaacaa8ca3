#include "generators/tcp_replay/segment.h"
#include "harness/net/bytes.h"

#include <string.h>

/* Kinds: RFC 9293, 3.2; RFC 7323, 2.2 and 3.2; RFC 2018, 2 and 3. */
enum kind { END = 0, NOP = 1, MSS = 2, SCALE = 3, SACK_PERMITTED = 4, SACK = 5, TIMES = 8 };

#define SACK_BYTES 8u

static void read_sacks(struct cb_tcp_options *o, const uint8_t *value, uint32_t n)
{
	for (o->n_sacks = 0; n >= SACK_BYTES && o->n_sacks < CB_TCP_SACKS_MAX; n -= SACK_BYTES) {
		o->sacks[o->n_sacks++] =
			(struct cb_tcp_sack){.from = cb_get32(value), .to = cb_get32(value + 4)};
		value += SACK_BYTES;
	}
}

/* An option with a wrong length is passed over, as one that is not known. */
static void read_one(struct cb_tcp_options *o, uint8_t kind, const uint8_t *value, uint32_t n)
{
	switch (kind) {
	case MSS:
		if (n != 2)
			return;
		o->has_mss = true;
		o->mss = cb_get16(value);
		return;
	case SCALE:
		if (n != 1)
			return;
		o->has_scale = true;
		o->scale = *value < CB_TCP_SCALE_MAX ? *value : CB_TCP_SCALE_MAX;
		return;
	case SACK_PERMITTED:
		o->sack_permitted |= n == 0;
		return;
	case SACK:
		if (n % SACK_BYTES == 0)
			read_sacks(o, value, n);
		return;
	case TIMES:
		if (n != 8)
			return;
		o->has_times = true;
		o->time = cb_get32(value);
		o->echo = cb_get32(value + 4);
		return;
	default:
		return;
	}
}

bool cb_tcp_options_read(struct cb_tcp_options *o, const uint8_t *bytes, uint32_t n)
{
	*o = (struct cb_tcp_options){0};
	while (n && *bytes != END) {
		uint32_t length = *bytes == NOP ? 1 : n < 2 ? 0 : bytes[1];

		if (!length || length > n || (length < 2 && *bytes != NOP))
			return false;
		if (length > 1)
			read_one(o, bytes[0], bytes + 2, length - 2);
		bytes += length;
		n -= length;
	}
	return true;
}

/* ---- writing ---- */

struct writer {
	uint8_t *at;
	uint32_t n;
};

static void put8(struct writer *w, uint8_t v)
{
	w->at[w->n++] = v;
}

static void put16(struct writer *w, uint16_t v)
{
	cb_put16(w->at + w->n, v);
	w->n += sizeof(v);
}

static void put32(struct writer *w, uint32_t v)
{
	cb_put32(w->at + w->n, v);
	w->n += sizeof(v);
}

static void put_head(struct writer *w, enum kind kind, uint32_t length)
{
	put8(w, (uint8_t)kind);
	put8(w, (uint8_t)length);
}

static void put_sacks(struct writer *w, const struct cb_tcp_options *o)
{
	uint32_t room = (CB_TCP_OPTIONS_MAX - w->n - 4) / SACK_BYTES;
	uint32_t n = o->n_sacks < room ? o->n_sacks : room;

	if (!n)
		return;
	put8(w, NOP);
	put8(w, NOP);
	put_head(w, SACK, 2 + n * SACK_BYTES);
	for (uint32_t i = 0; i < n; i++) {
		put32(w, o->sacks[i].from);
		put32(w, o->sacks[i].to);
	}
}

uint32_t cb_tcp_options_write(const struct cb_tcp_options *o, uint8_t *out)
{
	struct writer w = {.at = out};

	if (o->has_mss) {
		put_head(&w, MSS, 4);
		put16(&w, o->mss);
	}
	if (o->sack_permitted)
		put_head(&w, SACK_PERMITTED, 2);
	if (o->has_times) {
		if (!o->sack_permitted) {
			put8(&w, NOP);
			put8(&w, NOP);
		}
		put_head(&w, TIMES, 10);
		put32(&w, o->time);
		put32(&w, o->echo);
	}
	if (o->has_scale) {
		put8(&w, NOP);
		put_head(&w, SCALE, 3);
		put8(&w, o->scale);
	}
	put_sacks(&w, o);
	while (w.n % 4)
		put8(&w, END);
	return w.n;
}
