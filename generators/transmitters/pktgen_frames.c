/*
 * Sizes and flows as pktgen has them (net/core/pktgen.c, mod_cur_headers): of a mix of sizes each
 * frame's is drawn at random in steps of 1 % (IMIX_PRECISION), of at most 20 (MAX_IMIX_ENTRIES); a
 * range of sizes is gone through in turn. Flows are source ports in turn or at random, the last one
 * excluded, or source addresses, the last one excluded only at random.
 */
#include "generators/traffic/frame.h"
#include "generators/traffic/shape.h"
#include "generators/transmitters/pktgen_setup.h"
#include "harness/base/text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PERCENT 100
#define MIX_MAX 20

/* ---- sizes ---- */

struct mix {
	unsigned n;
	uint16_t sizes[MIX_MAX]; /* with FCS */
	unsigned percent[MIX_MAX];
	double rest[MIX_MAX];
};

/* Are all sizes from the first to the last asked for alike? */
static bool is_range(const struct cb_sizes *s, uint16_t *first, uint16_t *last)
{
	double share = 0;

	*first = *last = 0;
	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		if (s->shares[size] <= 0)
			continue;
		if (!*first) {
			*first = size;
			share = s->shares[size];
		} else if (size != *last + 1 || fabs(s->shares[size] - share) > share * 1e-9) {
			return false;
		}
		*last = size;
	}
	return *first != *last;
}

/* Has size `a` more need of another percent than `b`? Of two with the same rest the more frequent.
 */
static bool needs_more(const struct mix *m, unsigned a, unsigned b)
{
	double more = m->rest[a] - m->rest[b];

	return fabs(more) > 1e-6 ? more > 0 : m->percent[a] > m->percent[b];
}

/* Whole percents that add up to 100: those with the largest rest are rounded up. */
static void round_up(struct mix *m)
{
	unsigned sum = 0, best;

	for (unsigned i = 0; i < m->n; i++)
		sum += m->percent[i];
	for (; m->n && sum < PERCENT; sum++) {
		best = 0;
		for (unsigned i = 1; i < m->n; i++) {
			if (needs_more(m, i, best))
				best = i;
		}
		m->percent[best]++;
		m->rest[best] = -1;
	}
}

static int make_mix(const struct cb_sizes *s, struct mix *m, struct cb_error *err)
{
	*m = (struct mix){0};
	for (uint16_t size = 0; size < CB_SIZES_KINDS_MAX; size++) {
		double percent = s->shares[size] * PERCENT;

		if (percent <= 0)
			continue;
		if (m->n == MIX_MAX)
			return cb_error_set(err, CB_ERR_USAGE,
				"sizes: more than %d do not fit into pktgen's mix, unless they are "
				"a range and all alike",
				MIX_MAX);
		m->sizes[m->n] = size;
		m->percent[m->n] = (unsigned)(percent + 1e-9);
		m->rest[m->n] = percent - m->percent[m->n];
		m->n++;
	}
	round_up(m);
	for (unsigned i = 0; i < m->n; i++) {
		if (!m->percent[i])
			return cb_error_set(err, CB_ERR_USAGE,
				"sizes: pktgen mixes them in steps of 1 %%: frames of %d bytes "
				"would not be sent",
				m->sizes[i]);
	}
	return 0;
}

static int set_mix(struct cb_pktgen *p, struct cb_pktgen_lane *lane, struct cb_error *err)
{
	struct cb_text weights = {0};
	struct mix mix;
	int r = make_mix(&p->shape->sizes, &mix, err);

	for (unsigned i = 0; i < mix.n; i++)
		cb_text_addf(&weights, "%s%u,%u", i ? " " : "", mix.sizes[i] - CB_FRAME_FCS,
			mix.percent[i]);
	if (!r && weights.failed)
		r = cb_error_memory(err, "a mix of sizes");
	if (!r)
		r = cb_pktgen_set(p, lane, "imix_weights", cb_text_get(&weights), NULL, err);
	/* the result says nothing of this command, but the parameters do */
	if (!r && !strstr(p->text, cb_text_get(&weights)))
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel's pktgen mixes no sizes (imix_weights): that needs Linux "
			"5.15");
	cb_text_finish(&weights);
	return r;
}

static int set_size(struct cb_pktgen *p, struct cb_pktgen_lane *lane, uint16_t first, uint16_t last,
	struct cb_error *err)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%u", last - CB_FRAME_FCS);
	r = cb_pktgen_set(p, lane, "max_pkt_size", text, "max_pkt_size", err);
	snprintf(text, sizeof(text), "%u", first - CB_FRAME_FCS);
	return r ? r : cb_pktgen_set(p, lane, "min_pkt_size", text, "min_pkt_size", err);
}

static int set_sizes(struct cb_pktgen *p, struct cb_pktgen_lane *lane,
	const struct cb_template *frame, struct cb_error *err)
{
	const struct cb_sizes *sizes = p->shape ? &p->shape->sizes : NULL;
	uint16_t first, last, length = (uint16_t)(frame->length + CB_FRAME_FCS);
	int r;

	if (!sizes || !sizes->sequence)
		return set_size(p, lane, length, length, err);
	if (sizes->ordered)
		return cb_error_set(err, CB_ERR_USAGE,
			"sizes: pktgen draws sizes at random; a genome's exact order needs another "
			"transmitter, as packet");
	if (is_range(sizes, &first, &last))
		return set_size(p, lane, first, last, err);
	if (p->options.clone)
		return cb_error_set(
			err, CB_ERR_USAGE, "sizes: pktgen does not mix sizes of cloned frames");
	/* one size for all, or the mix would not be looked at */
	r = set_size(p, lane, length, length, err);
	return r ? r : set_mix(p, lane, err);
}

static double add_chi_square(struct cb_pktgen *p, const struct mix *mix, const uint64_t *sent)
{
	double total = 0, sum = 0;

	for (unsigned i = 0; i < mix->n; i++)
		total += (double)sent[i];
	for (unsigned i = 0; i < mix->n && total > 0; i++) {
		double asked = p->shape->sizes.shares[mix->sizes[i]] * total;

		sum += ((double)sent[i] - asked) * ((double)sent[i] - asked) / asked;
	}
	return total > 0 ? sum : (double)NAN;
}

double cb_pktgen_chi_square(struct cb_pktgen *p)
{
	uint64_t sent[MIX_MAX] = {0}, frames;
	uint16_t first, last;
	struct mix mix;

	if (!p->shape || !p->shape->sizes.sequence || is_range(&p->shape->sizes, &first, &last) ||
		make_mix(&p->shape->sizes, &mix, NULL))
		return (double)NAN;
	for (unsigned l = 0; l < p->n; l++) {
		if (cb_pktgen_look(p, &p->lanes[l], NULL))
			return (double)NAN;
		for (unsigned i = 0; i < mix.n; i++) {
			if (!cb_pktgen_size_count(p->text, mix.sizes[i] - CB_FRAME_FCS, &frames))
				return (double)NAN;
			sent[i] += frames;
		}
	}
	return add_chi_square(p, &mix, sent);
}

/* ---- flows ---- */

/* A lane's flows: [first, first + n) of all; a lane has one at least. */
struct part {
	uint32_t first, n;
};

static struct part flows_of(const struct cb_pktgen *p, unsigned lane)
{
	uint64_t all = p->shape ? p->shape->flows.n : 1;
	uint32_t first = (uint32_t)(lane * all / p->n), past = (uint32_t)((lane + 1) * all / p->n);

	return (struct part){first, past > first ? past - first : 1};
}

static int set_ports(struct cb_pktgen *p, struct cb_pktgen_lane *lane, uint32_t port, uint32_t n,
	struct cb_error *err)
{
	char text[16];
	int r;

	/* The range's end is not in it, unless it is its start too. */
	if (port + n - (n == 1) > UINT16_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"flows: %u of them from source port %u on are more ports than there are", n,
			port);
	snprintf(text, sizeof(text), "%u", n == 1 ? port : port + n);
	r = cb_pktgen_set(p, lane, "udp_src_max", text, "udp_src_max", err);
	snprintf(text, sizeof(text), "%u", port);
	return r ? r : cb_pktgen_set(p, lane, "udp_src_min", text, "udp_src_min", err);
}

static int set_source(struct cb_pktgen *p, struct cb_pktgen_lane *lane, uint32_t address,
	uint32_t n, bool random, struct cb_error *err)
{
	uint32_t first = htonl(address), last = htonl(address + n - (n > 1 && random ? 0 : 1));
	char text[INET_ADDRSTRLEN];
	int r;

	inet_ntop(AF_INET, &first, text, sizeof(text));
	r = cb_pktgen_set(p, lane, "src_min", text, "src_min", err);
	inet_ntop(AF_INET, &last, text, sizeof(text));
	return r ? r : cb_pktgen_set(p, lane, "src_max", text, "src_max", err);
}

static int set_flows(
	struct cb_pktgen *p, unsigned lane, const struct cb_template *frame, struct cb_error *err)
{
	const struct cb_flows one = {.n = 1}, *flows = p->shape ? &p->shape->flows : &one;
	bool random = flows->n > 1 && flows->order == CB_FLOW_RANDOM;
	bool by_address = flows->n > 1 && flows->field == CB_FLOW_SOURCE_IP;
	struct part part = flows_of(p, lane);
	const uint8_t *at = frame->bytes + CB_PKTGEN_SOURCE_PORT;
	uint32_t port = (uint32_t)at[0] << 8 | at[1], address;
	int r;

	memcpy(&address, frame->bytes + CB_PKTGEN_SOURCE_IP, sizeof(address));
	address = ntohl(address);
	if (flows->n > 1 && flows->field == CB_FLOW_BOTH)
		return cb_error_set(err, CB_ERR_USAGE,
			"flow-field: pktgen changes ports or addresses, not one after the other: "
			"say source-port or source-ip");
	r = by_address ? set_source(p, &p->lanes[lane], address + part.first, part.n, random, err)
		       : set_source(p, &p->lanes[lane], address, 1, false, err);
	if (!r)
		r = by_address ? set_ports(p, &p->lanes[lane], port, 1, err)
			       : set_ports(p, &p->lanes[lane], port + part.first, part.n, err);
	if (!r && random && part.n > 1)
		r = cb_pktgen_set(p, &p->lanes[lane], "flag",
			by_address ? "IPSRC_RND" : "UDPSRC_RND", NULL, err);
	return r;
}

static bool is_plain(const struct cb_template *t)
{
	return t->stamp_offset == CB_FRAME_STAMP_OFFSET && t->udp && !t->ipv6 && !t->goes_on &&
		!t->checksum && !t->ip_error && !t->udp_error;
}

int cb_pktgen_set_shape(
	struct cb_pktgen *p, unsigned lane, const struct cb_link *link, struct cb_error *err)
{
	int r;

	if (!is_plain(link->frame))
		return cb_error_set(err, CB_ERR_USAGE,
			"frame: pktgen is asked for plain IPv4 and UDP only; other headers need "
			"another transmitter, as packet");
	if (p->shape && p->shape->payload.pool)
		return cb_error_set(err, CB_ERR_USAGE,
			"payload: pktgen fills frames with zeros; others need another transmitter, "
			"as packet");
	r = set_sizes(p, &p->lanes[lane], link->frame, err);
	return r ? r : set_flows(p, lane, link->frame, err);
}
