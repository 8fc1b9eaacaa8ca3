/* What the peer sends, against the capture. */
#include "generators/tcp_replay/conn_parts.h"

#include <stdio.h>
#include <string.h>

int64_t cb_conn_expected_bytes(const struct cb_conn *c)
{
	return c->peer->end ? cb_stream_data_end(c->peer) - 1 : 0;
}

static void note_difference(struct cb_conn *c, int64_t at)
{
	int64_t offset = at - 1;

	if (c->counts.first_different < 0 || offset < c->counts.first_different)
		c->counts.first_different = offset;
}

static void compare_known(
	struct cb_conn *c, int64_t at, const uint8_t *got, const uint8_t *wanted, uint32_t n)
{
	if (!memcmp(got, wanted, n))
		return;
	for (uint32_t i = 0; i < n; i++) {
		if (got[i] == wanted[i])
			continue;
		c->counts.different_bytes++;
		note_difference(c, at + i);
	}
}

void cb_conn_compare(struct cb_conn *c, int64_t at, const uint8_t *bytes, uint32_t n)
{
	int64_t end = cb_stream_data_end(c->peer);

	c->counts.received_bytes += n;
	while (n) {
		const uint8_t *wanted = NULL;
		uint32_t k = 0;

		if (at >= end) {
			c->counts.surplus_bytes += n;
			note_difference(c, at);
			return;
		}
		if (c->spec->expect == CB_EXPECT_EXACT)
			k = cb_stream_bytes(c->spec->flow, c->peer, at, n, &c->peer_hint, &wanted);
		if (k) {
			compare_known(c, at, bytes, wanted, k);
		} else {
			/* up to what is known again, byte by byte: it is rare */
			k = c->spec->expect == CB_EXPECT_EXACT ? 1
				: end - at < n                 ? (uint32_t)(end - at)
							       : n;
			c->counts.uncompared_bytes += k;
		}
		at += k;
		bytes += k;
		n -= k;
	}
}

bool cb_conn_as_expected(struct cb_conn *c, char *why, size_t size)
{
	const struct cb_conn_counts *n = &c->counts;
	int64_t wanted = cb_conn_expected_bytes(c);

	why[0] = 0;
	if (c->spec->expect == CB_EXPECT_ANY)
		return true;
	if (n->different_bytes)
		snprintf(why, size,
			"%lld bytes differ from the capture, the first at offset %lld of what the "
			"peer sent",
			(long long)n->different_bytes, (long long)n->first_different);
	else if (n->surplus_bytes)
		snprintf(why, size, "the peer sent %lld bytes, %lld more than in the capture",
			(long long)n->received_bytes, (long long)n->surplus_bytes);
	else if (c->peer_fin >= 0 && c->peer_fin - 1 < wanted)
		snprintf(why, size, "the peer closed after %lld of %lld bytes",
			(long long)c->peer_fin - 1, (long long)wanted);
	return !why[0];
}
