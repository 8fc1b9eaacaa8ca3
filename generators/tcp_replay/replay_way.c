/* The way to the peer: addresses, ports, VLANs, who is next on the link. */
#include "generators/tcp_replay/replay.h"
#include "generators/traffic/address.h"
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/net/link.h"
#include "harness/net/route.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVE_NS        CB_NS_PER_SEC
#define PROTOCOL_CUSTOMER 0x8100u
#define PROTOCOL_SERVICE  0x88a8u

/* ---- text ---- */

static int read_address(
	const char *option, const char *text, bool *ipv6, uint8_t out[16], struct cb_error *err)
{
	memset(out, 0, 16);
	*ipv6 = strchr(text, ':') != NULL;
	if (inet_pton(*ipv6 ? AF_INET6 : AF_INET, text, out) == 1)
		return 0;
	return cb_error_set(
		err, CB_ERR_USAGE, "--%s: \"%s\" is no IPv4 or IPv6 address", option, text);
}

/* -1: the word that stands for "not given". */
static int read_port(
	const char *option, const char *text, const char *word, int32_t *port, struct cb_error *err)
{
	char *end = NULL;
	long value;

	*port = -1;
	if (!strcmp(text, word))
		return 0;
	value = strtol(text, &end, 10);
	if (!*text || *end || value < 1 || value > UINT16_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"--%s: \"%s\" is neither \"%s\" nor a port from 1 to 65535", option, text,
			word);
	*port = (int32_t)value;
	return 0;
}

static bool read_vlan(const char *text, uint16_t *id)
{
	char *end = NULL;
	long value = strtol(text, &end, 10);

	*id = (uint16_t)value;
	return *text && !*end && value >= 1 && value <= 4094;
}

static int read_vlans(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	struct cb_text_split split = {.rest = replay->job->vlan, .separator = '/'};
	const struct cb_flow *flow = &replay->capture.flows[replay->flows[0]];
	char part[16];

	if (!strcmp(replay->job->vlan, "none"))
		return 0;
	if (!strcmp(replay->job->vlan, "captured")) {
		memcpy(e->vlans, flow->vlans, sizeof(e->vlans));
		e->n_vlans = flow->n_vlans;
		return 0;
	}
	while (cb_text_split_next(&split, part, sizeof(part)) == 1) {
		uint16_t id;

		if (e->n_vlans == CB_PACKET_VLANS_MAX || !read_vlan(part, &id))
			return cb_error_set(err, CB_ERR_USAGE,
				"--vlan: \"%s\" is neither none, captured, nor one or two VLAN IDs "
				"from 1 to 4094 as 100/200",
				replay->job->vlan);
		e->vlans[e->n_vlans++] = (struct cb_vlan){.protocol = PROTOCOL_CUSTOMER, .tag = id};
	}
	if (e->n_vlans == 2)
		e->vlans[0].protocol = PROTOCOL_SERVICE;
	return 0;
}

/* ---- the link ---- */

/* What tags take of the MTU: a packet socket lets a frame be longer by one of 802.1Q alone
 * (packet_extra_vlan_len_allowed, net/packet/af_packet.c). */
static uint32_t room_for_tags(const struct cb_engine_spec *e)
{
	uint32_t room = 4 * e->n_vlans;

	return room && e->vlans[0].protocol == PROTOCOL_CUSTOMER ? room - 4 : room;
}

static int find_link(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	const char *name = replay->job->interface;
	struct cb_link_info info;
	uint32_t headers = (e->ipv6 ? 60 : 40) + room_for_tags(e), mss;
	int r = cb_link_info(name, &info, err);

	if (r)
		return r;
	if (!info.up)
		return cb_error_set(err, CB_ERR_HOST,
			"%s is down; bring it up with \"ip link set %s up\"", name, name);
	if (info.mtu < headers + CB_TCP_MSS_LEAST)
		return cb_error_set(
			err, CB_ERR_HOST, "%s has an MTU of %u: too small for TCP", name, info.mtu);
	e->ifindex = info.ifindex;
	memcpy(e->source_mac, info.mac, sizeof(e->source_mac));
	mss = info.mtu - headers;
	if (replay->job->mss && replay->job->mss < mss)
		mss = (uint32_t)replay->job->mss;
	if (mss < CB_TCP_MSS_LEAST)
		return cb_error_set(
			err, CB_ERR_USAGE, "--mss: at least %u bytes", CB_TCP_MSS_LEAST);
	for (size_t i = 0; i < replay->n_flows; i++)
		replay->specs[i].mss_max = mss;
	return 0;
}

/* ---- the source address ---- */

/* The one that was asked for must be nobody's: neither ours nor another's on the link. */
static int claim_source(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	bool ipv6, own;
	int r = read_address("source", replay->job->source, &ipv6, e->source, err);

	if (!r && ipv6 != e->ipv6)
		r = cb_error_set(err, CB_ERR_USAGE,
			"--source and --to: one is an IPv4 address, the other one is of IPv6");
	if (!r)
		r = cb_address_is_own(ipv6, e->source, &own, err);
	if (!r && own)
		r = cb_error_set(err, CB_ERR_USAGE,
			"--source %s is an address of this host: leave it out to speak from the "
			"interface's own",
			replay->job->source);
	return r;
}

static int own_source(
	struct cb_tcp_replay *replay, const struct cb_route *route, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	bool found = false;
	int r;

	if (route && route->has_source) {
		memcpy(e->source, route->source, 16);
		return 0;
	}
	r = cb_address_of(replay->job->interface, e->ipv6, &found, e->source, err);
	if (r || found)
		return r;
	return cb_error_set(err, CB_ERR_HOST,
		"%s has no %s address to speak from: give it one (ip addr add), or give --source "
		"with one that nobody has",
		replay->job->interface, e->ipv6 ? "IPv6" : "IPv4");
}

/* ---- the neighbour ---- */

static int open_neighbours(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;

	replay->neighbour = (struct cb_neighbour_spec){.interface = replay->job->interface,
		.ifindex = e->ifindex,
		.ipv6 = e->ipv6,
		.n_vlans = e->n_vlans};
	memcpy(replay->neighbour.mac, e->source_mac, 6);
	memcpy(replay->neighbour.address, e->source, 16);
	memcpy(replay->neighbour.vlans, e->vlans, sizeof(e->vlans));
	replay->neighbour_fd = cb_neighbour_open(&replay->neighbour, err);
	return replay->neighbour_fd < 0 ? replay->neighbour_fd : 0;
}

static int resolve(struct cb_tcp_replay *replay, const uint8_t *next, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	enum cb_neighbour_known known = CB_NEIGHBOUR_UNKNOWN;
	int r;

	/* what the kernel knows is known of the untagged link */
	if (!e->n_vlans) {
		r = cb_neighbour_find(e->ifindex, e->ipv6, next, &known, e->peer_mac, err);
		if (r || known == CB_NEIGHBOUR_FRESH)
			return r;
	}
	/* it may be another one by now: old news are for when there are no others */
	r = cb_neighbour_resolve(replay->neighbour_fd, &replay->neighbour, next,
		cb_deadline_in(RESOLVE_NS), e->peer_mac, known ? NULL : err);
	return known ? 0 : r;
}

/* ---- all together ---- */

static int find_peer(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	const struct cb_tcp_replay_job *job = replay->job;
	bool client = e->side == CB_CLIENT;
	int r = 0;

	if (client && !job->to[0])
		return cb_error_set(err, CB_ERR_USAGE, "--to is missing: the address of the peer");
	if (job->to[0])
		r = read_address("to", job->to, &e->ipv6, e->peer, err);
	else if (job->source[0]) /* the server's own says it, or the capture */
		r = read_address("source", job->source, &e->ipv6, e->source, err);
	else
		e->ipv6 = replay->specs[0].flow->ipv6;
	return r;
}

/* Where the MAC address is given there need be no route; the one that there is tells the address
 * to speak from. */
static int find_route(
	struct cb_tcp_replay *replay, bool asks, struct cb_route *route, struct cb_error *err)
{
	const struct cb_engine_spec *e = &replay->engine;
	int r = 0;

	memcpy(route->next, e->peer, sizeof(route->next));
	if (e->side == CB_CLIENT && !e->n_vlans)
		r = cb_route_find(
			e->interface, e->ifindex, e->ipv6, e->peer, route, asks ? err : NULL);
	return asks ? r : 0;
}

static int find_source(
	struct cb_tcp_replay *replay, const struct cb_route *route, struct cb_error *err)
{
	int r = replay->job->source[0] ? claim_source(replay, err) : own_source(replay, route, err);

	if (!r)
		r = open_neighbours(replay, err);
	if (!r && replay->job->source[0])
		r = cb_neighbour_claim(replay->neighbour_fd, &replay->neighbour, err);
	return r;
}

int cb_tcp_replay_find_way(struct cb_tcp_replay *replay, struct cb_error *err)
{
	struct cb_engine_spec *e = &replay->engine;
	const struct cb_tcp_replay_job *job = replay->job;
	bool asks = e->side == CB_CLIENT && !strcmp(job->mac, "auto");
	struct cb_route route = {0};
	int r = find_peer(replay, err);

	if (!r)
		r = read_port("port", job->port, "captured", &e->port, err);
	if (!r)
		r = read_port("source-port", job->source_port, "random", &e->source_port, err);
	if (!r)
		r = read_vlans(replay, err);
	if (!r)
		r = find_link(replay, err);
	if (!r)
		r = find_route(replay, asks, &route, err);
	if (!r)
		r = find_source(replay, &route, err);
	if (!r)
		r = cb_tcp_replay_check_ports(replay, err);
	if (!r && asks)
		r = resolve(replay, route.next, err);
	else if (!r && e->side == CB_CLIENT)
		r = cb_address_mac(job->mac, "mac", e->peer_mac, err);
	e->neighbour = &replay->neighbour;
	e->neighbour_fd = job->source[0] ? replay->neighbour_fd : -1;
	return r;
}
