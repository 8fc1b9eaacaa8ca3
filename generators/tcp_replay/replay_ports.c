/* Ports: enough of them, and none whose segments a socket of this host waits for. */
#include "generators/tcp_replay/replay.h"
#include "harness/base/log.h"
#include "harness/net/tcp_sockets.h"

#include <string.h>

/* What of the host's sockets would be taken away. */
struct claim {
	const struct cb_engine_spec *engine;
	bool servers[UINT16_MAX + 1]; /* the server's ports */
	int64_t first, last;          /* the client's own ports; none when it is random ones */
	struct cb_tcp_socket found;
	bool taken;
};

static void learn_servers(struct claim *claim, const struct cb_tcp_replay *replay)
{
	const struct cb_engine_spec *e = claim->engine;

	for (size_t i = 0; i < replay->n_flows; i++) {
		uint16_t captured = replay->specs[i].flow->ends[CB_SERVER].port;

		claim->servers[e->port >= 0 ? (uint16_t)e->port : captured] = true;
	}
}

/* A server's port is ours alone, from whomever something comes; a client's only towards its peer.
 */
static bool on_socket(void *arg, const struct cb_tcp_socket *s)
{
	struct claim *claim = arg;
	const struct cb_engine_spec *e = claim->engine;

	if (e->side == CB_SERVER)
		claim->taken = claim->servers[s->port];
	else
		claim->taken = !s->listens && s->port >= claim->first && s->port <= claim->last &&
			claim->servers[s->remote_port] && !memcmp(s->remote, e->peer, 16);
	claim->found = *s;
	return !claim->taken;
}

static int check_host(const struct cb_tcp_replay *replay, struct claim *claim, struct cb_error *err)
{
	const struct cb_engine_spec *e = claim->engine;
	struct cb_error unknown = {0};

	learn_servers(claim, replay);
	if (cb_tcp_sockets(e->ipv6, e->source, on_socket, claim, &unknown)) {
		cb_warn("whether this host uses the ports itself can't be told: %s", unknown.text);
		return 0;
	}
	if (!claim->taken)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"port %u %s a socket of this host, which would hear nothing any more: give "
		"another one (%s), or an address that nobody has (--source)",
		claim->found.port, claim->found.listens ? "is listened to by" : "is used by",
		e->side == CB_SERVER ? "--port" : "--source-port");
}

int cb_tcp_replay_check_ports(const struct cb_tcp_replay *replay, struct cb_error *err)
{
	const struct cb_engine_spec *e = &replay->engine;
	int64_t all = (int64_t)replay->n_flows * replay->job->connections;
	struct claim claim = {
		.engine = e, .first = e->source_port, .last = e->source_port + all - 1};

	if (e->side == CB_SERVER && e->source_port >= 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"--source-port is the client's, which is not played; the server's is "
			"--port");
	if (e->source_port >= 0 && claim.last > UINT16_MAX)
		return cb_error_set(err, CB_ERR_USAGE,
			"--source-port %d: %lld connections take ports up to %lld, and there are "
			"%d: begin lower, or take random ones",
			e->source_port, (long long)all, (long long)claim.last, UINT16_MAX);
	/* random ports are looked for one by one; an address that nobody has has no sockets */
	if (replay->job->source[0] || (e->side == CB_CLIENT && e->source_port < 0))
		return 0;
	return check_host(replay, &claim, err);
}
