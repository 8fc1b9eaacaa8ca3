#include "generators/tcp_replay/capture_table.h"

#include <stdlib.h>
#include <string.h>

#define FLOWS_MAX   (UINT32_C(1) << 24)
#define INDEX_LEAST 64u

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static uint64_t hash_end(const struct cb_endpoint *e)
{
	uint64_t words[2];

	memcpy(words, e->ip, sizeof(words));
	return mix(mix(mix(UINT64_C(0x9e3779b97f4a7c15), words[0]), words[1]), e->port);
}

/* The same for both directions. */
static uint64_t hash_ends(const struct cb_endpoint *a, const struct cb_endpoint *b)
{
	return hash_end(a) + hash_end(b);
}

static bool same_end(const struct cb_endpoint *a, const struct cb_endpoint *b)
{
	return a->port == b->port && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static bool belongs(const struct cb_flow *flow, const struct cb_packet *p, enum cb_side *side)
{
	if (flow->ipv6 != p->ipv6)
		return false;
	*side = same_end(&p->source, &flow->ends[CB_CLIENT]) ? CB_CLIENT : CB_SERVER;
	return same_end(&p->source, &flow->ends[*side]) &&
		same_end(&p->destination, &flow->ends[!*side]);
}

/* The slot of the connection, or the free one where it would stand. */
static uint32_t *find_slot(
	const struct cb_capture *c, const struct cb_packet *p, enum cb_side *side)
{
	size_t i = hash_ends(&p->source, &p->destination) & (c->index_size - 1);

	while (c->index[i] && !belongs(&c->flows[c->index[i] - 1], p, side))
		i = (i + 1) & (c->index_size - 1);
	return &c->index[i];
}

/* Later connections of the same ends have the slot; earlier ones are in `flows` only. */
static int grow_index(struct cb_capture *c, struct cb_error *err)
{
	uint32_t *old = c->index;
	size_t size = c->index_size;

	if (c->n * 2 < size)
		return 0;
	c->index_size = size ? size * 2 : INDEX_LEAST;
	c->index = calloc(c->index_size, sizeof(*c->index));
	if (!c->index) {
		free(old);
		c->index_size = 0;
		return cb_error_memory(err, "a table of connections");
	}
	for (size_t i = 0; i < size; i++) {
		const struct cb_flow *f = old[i] ? &c->flows[old[i] - 1] : NULL;
		size_t at;

		if (!f)
			continue;
		at = hash_ends(&f->ends[CB_CLIENT], &f->ends[CB_SERVER]) & (c->index_size - 1);
		while (c->index[at])
			at = (at + 1) & (c->index_size - 1);
		c->index[at] = old[i];
	}
	free(old);
	return 0;
}

/* ---- new connections ---- */

/* The end with the lower port is the server when no SYN tells. */
static bool is_from_client(const struct cb_packet *p)
{
	if (p->segment.flags & CB_TCP_SYN)
		return !(p->segment.flags & CB_TCP_ACK);
	return p->source.port >= p->destination.port;
}

static int add_flow(struct cb_capture *c, const struct cb_packet *p, struct cb_error *err)
{
	struct cb_flow *flow;
	bool client = is_from_client(p);

	if (c->n == FLOWS_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "more than %u connections", FLOWS_MAX);
	if (c->n == c->capacity) {
		size_t wanted = c->capacity ? c->capacity * 2 : 16;
		struct cb_flow *grown = reallocarray(c->flows, wanted, sizeof(*grown));

		if (!grown)
			return cb_error_memory(err, "a table of connections");
		c->flows = grown;
		c->capacity = wanted;
	}
	flow = &c->flows[c->n++];
	*flow = (struct cb_flow){.ipv6 = p->ipv6, .n_vlans = p->n_vlans, .bytes = &c->bytes};
	flow->ends[client ? CB_CLIENT : CB_SERVER] = p->source;
	flow->ends[client ? CB_SERVER : CB_CLIENT] = p->destination;
	memcpy(flow->vlans, p->vlans, sizeof(flow->vlans));
	return 0;
}

/* A SYN that is not the one that the connection began with is the beginning of another one. */
static bool begins_anew(const struct cb_flow *flow, const struct cb_packet *p, enum cb_side side)
{
	const struct cb_stream *s = &flow->streams[side];

	if (!(p->segment.flags & CB_TCP_SYN) || p->segment.flags & (CB_TCP_ACK | CB_TCP_RST))
		return false;
	return s->known && !(s->has_syn && s->first == p->segment.seq);
}

int cb_capture_find(struct cb_capture *c, const struct cb_packet *p, struct cb_flow **flow,
	enum cb_side *side, struct cb_error *err)
{
	uint32_t *slot;
	int r = grow_index(c, err);

	if (r)
		return r;
	slot = find_slot(c, p, side);
	if (!*slot || begins_anew(&c->flows[*slot - 1], p, *side)) {
		r = add_flow(c, p, err);
		if (r)
			return r;
		*slot = (uint32_t)c->n;
	}
	*flow = &c->flows[*slot - 1];
	belongs(*flow, p, side);
	return 0;
}
