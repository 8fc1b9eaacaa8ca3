#include "generators/tcp_replay/capture_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Farther from what was sent before than any window reaches (RFC 7323, 2.3), so not of it. */
#define WINDOW_MAX (INT64_C(1) << 30)

/* What a packet is, put in order: from which end of which connection. */
struct placed {
	const struct cb_packet *packet;
	uint64_t time_ns;
	struct cb_flow *flow;
	enum cb_side side;
};

/* ---- packets ---- */

static void learn_syn(struct placed *placed)
{
	const struct cb_packet *p = placed->packet;
	struct cb_stream *s = &placed->flow->streams[placed->side];

	if (!(p->segment.flags & CB_TCP_SYN) || s->has_syn)
		return;
	s->has_syn = true;
	s->syn = p->segment.options;
	if (!s->known)
		s->first = p->segment.seq;
	s->known = true;
}

/* Where the streams begin when there is no SYN: before the first byte that was seen or awaited. */
static void learn_first(struct placed *placed)
{
	const struct cb_tcp_segment *segment = &placed->packet->segment;
	struct cb_stream *own = &placed->flow->streams[placed->side];
	struct cb_stream *other = &placed->flow->streams[!placed->side];

	if (!own->known && !(segment->flags & CB_TCP_RST)) {
		own->first = segment->seq - 1;
		own->known = true;
	}
	if (!other->known && segment->flags & CB_TCP_ACK) {
		other->first = segment->ack - 1;
		other->known = true;
	}
	if (!own->ttl) {
		own->ttl = placed->packet->ttl;
		own->tos = placed->packet->tos & 0xfc; /* without the bits of ECN */
	}
}

static int64_t place_of(const struct cb_stream *s, uint32_t number)
{
	return s->known ? cb_tcp_place(s->end ? s->end : 1, s->first, number) : 0;
}

static int keep_bytes(struct cb_capture *c, const uint8_t *bytes, uint32_t n, struct cb_error *err)
{
	if (c->bytes_capacity - c->n_bytes < n) {
		size_t wanted = c->bytes_capacity ? c->bytes_capacity * 2 : 65536;
		uint8_t *grown;

		while (wanted - c->n_bytes < n)
			wanted *= 2;
		grown = realloc((void *)(uintptr_t)c->bytes, wanted);
		if (!grown)
			return cb_error_memory(err, "what was captured");
		c->bytes = grown;
		c->bytes_capacity = wanted;
	}
	if (n)
		memcpy((uint8_t *)(uintptr_t)c->bytes + c->n_bytes, bytes, n);
	c->n_bytes += n;
	return 0;
}

/* Is it of this connection at all, or left over from another one of the same ends? */
static bool is_near(const struct cb_stream *s, int64_t begin, int64_t end)
{
	return end >= 0 && begin < s->end + WINDOW_MAX;
}

/* The place behind the packet, and what that says of its sender's stream. */
static void account(struct cb_stream *s, struct cb_flow *flow, const struct cb_flow_packet *p)
{
	if (p->end > p->begin && p->end <= s->end)
		flow->repeated++;
	if (p->end > s->end)
		s->end = p->end;
	s->has_fin |= (p->flags & CB_TCP_FIN) != 0;
	s->has_rst |= (p->flags & CB_TCP_RST) != 0;
}

static int place(struct cb_capture *c, struct placed *placed, struct cb_error *err)
{
	const struct cb_tcp_segment *segment = &placed->packet->segment;
	struct cb_stream *own, *other;
	struct cb_flow_packet p = {
		.time_ns = placed->time_ns, .side = (uint8_t)placed->side, .flags = segment->flags};
	int64_t length = (int64_t)segment->length + placed->packet->missing;
	size_t bytes;
	int r;

	learn_syn(placed);
	learn_first(placed);
	own = &placed->flow->streams[placed->side];
	other = &placed->flow->streams[!placed->side];
	if (segment->flags & CB_TCP_RST && !own->known)
		return 0;
	p.begin = place_of(own, segment->seq);
	p.end = p.begin + length + !!(segment->flags & CB_TCP_SYN) +
		!!(segment->flags & CB_TCP_FIN);
	p.ack = segment->flags & CB_TCP_ACK ? place_of(other, segment->ack) : other->end;
	if (!is_near(own, p.begin, p.end))
		return 0;
	if (p.ack < 0 || p.ack > other->end + WINDOW_MAX)
		p.ack = other->end;
	bytes = c->n_bytes;
	r = keep_bytes(c, segment->payload, segment->length, err);
	if (!r)
		r = cb_flow_add(placed->flow, &p, bytes, segment->length, err);
	account(own, placed->flow, &p);
	/* what the capture has missed of the other side is known to be there by its receipt */
	if (p.ack > other->end)
		other->end = p.ack;
	return r;
}

static void count(struct cb_capture_counts *n, enum cb_packet_kind kind, uint32_t missing)
{
	n->packets++;
	n->tcp += kind == CB_PACKET_TCP;
	n->other += kind == CB_PACKET_OTHER;
	n->fragments += kind == CB_PACKET_FRAGMENT;
	n->cut += kind == CB_PACKET_CUT;
	n->truncated += kind == CB_PACKET_TCP && missing;
}

static int add_packet(struct cb_capture *c, enum cb_pcap_link link,
	const struct cb_pcap_packet *from, uint64_t start_ns, struct cb_error *err)
{
	struct cb_packet packet;
	struct placed placed = {.packet = &packet,
		.time_ns = from->time_ns > start_ns ? from->time_ns - start_ns : 0};
	enum cb_packet_kind kind = cb_packet_read(&packet, link, from->bytes, from->captured);
	int r;

	count(&c->counts, kind, packet.missing);
	if (kind != CB_PACKET_TCP)
		return 0;
	r = cb_capture_find(c, &packet, &placed.flow, &placed.side, err);
	return r ? r : place(c, &placed, err);
}

static int read_packets(struct cb_capture *c, struct cb_pcap_file *file, enum cb_pcap_link link,
	struct cb_error *err)
{
	struct cb_error damage = {0};
	struct cb_pcap_packet packet;
	uint64_t start_ns = 0;
	int r, got;

	while ((got = cb_pcap_file_next(file, &packet, &damage)) == 1) {
		if (!c->counts.packets)
			start_ns = packet.time_ns;
		r = add_packet(c, link, &packet, start_ns, err);
		if (r)
			return r;
	}
	if (got)
		snprintf(c->damaged, sizeof(c->damaged), "%.290s", damage.text);
	return 0;
}

static int check_found(
	const struct cb_capture *c, const struct cb_capture_spec *spec, struct cb_error *err)
{
	if (c->n)
		return 0;
	if (c->damaged[0])
		return cb_error_set(err, CB_ERR_USAGE, "%s", c->damaged);
	return cb_error_set(err, CB_ERR_USAGE,
		"%s: holds no TCP connection: %lld packets, of these %lld without TCP, %lld "
		"fragments, %lld cut within their headers",
		spec->name, (long long)c->counts.packets, (long long)c->counts.other,
		(long long)c->counts.fragments, (long long)c->counts.cut);
}

static void settle(struct cb_flow *flow, const struct cb_capture_spec *spec)
{
	cb_flow_settle(flow);
	if (!flow->streams[CB_CLIENT].has_syn && !spec->synthesize_handshake)
		snprintf(flow->refused, sizeof(flow->refused),
			"its beginning was not captured: there is no SYN; "
			"--synthesize-handshake makes one");
	else if (!flow->streams[CB_SERVER].known)
		snprintf(flow->refused, sizeof(flow->refused),
			"the server did not answer: there is nothing to replay");
}

int cb_capture_read(struct cb_capture *capture, FILE *file, const struct cb_capture_spec *spec,
	struct cb_error *err)
{
	struct cb_pcap_file *pcap = NULL;
	enum cb_pcap_link link;
	int r;

	*capture = (struct cb_capture){0};
	r = cb_pcap_file_open_any(&pcap, file, spec->name, &link, err);
	if (r)
		return r;
	r = read_packets(capture, pcap, link, err);
	cb_pcap_file_close(pcap);
	for (size_t i = 0; !r && i < capture->n; i++)
		settle(&capture->flows[i], spec);
	return r ? r : check_found(capture, spec, err);
}

int cb_capture_open(struct cb_capture *capture, const char *path,
	const struct cb_capture_spec *spec, struct cb_error *err)
{
	FILE *file = fopen(path, "rbe");

	*capture = (struct cb_capture){0};
	if (!file)
		return cb_error_errno(err, CB_ERR_USAGE, errno, "cannot read %s", path);
	return cb_capture_read(capture, file, spec, err);
}

bool cb_capture_refused(
	const struct cb_flow *flow, enum cb_side side, bool whole_peer, char *out, size_t size)
{
	const struct cb_stream *own = &flow->streams[side], *peer = &flow->streams[!side];

	if (flow->refused[0])
		snprintf(out, size, "%s", flow->refused);
	else if (own->missing)
		snprintf(out, size,
			"the capture lacks %lld bytes of what has to be sent (snaplen, or packets "
			"lost when it was captured); capture anew with the full length",
			(long long)own->missing);
	else if (whole_peer && peer->missing)
		snprintf(out, size,
			"the capture lacks %lld bytes of what the peer sent; --expect length does "
			"without them",
			(long long)peer->missing);
	else
		return false;
	return true;
}

void cb_capture_finish(struct cb_capture *capture)
{
	for (size_t i = 0; i < capture->n; i++)
		cb_flow_finish(&capture->flows[i]);
	free(capture->flows);
	free((void *)(uintptr_t)capture->bytes);
	free(capture->index);
	*capture = (struct cb_capture){0};
}
