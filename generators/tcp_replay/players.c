#include "generators/tcp_replay/players.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_FIRST 32768u
#define PORTS      32768u /* a power of two: each odd step goes through all of them */

int cb_players_init(
	struct cb_players *p, uint32_t capacity, struct cb_random *random, struct cb_error *err)
{
	uint32_t buckets = 64;

	while (buckets < capacity)
		buckets *= 2;
	*p = (struct cb_players){.capacity = capacity,
		.mask = buckets - 1,
		.port = (uint32_t)cb_random_below(random, PORTS),
		.port_step = (uint32_t)cb_random_next(random) | 1,
		.list = calloc(capacity, sizeof(*p->list)),
		.buckets = calloc(buckets, sizeof(*p->buckets)),
		.waiting = calloc(UINT16_MAX + 1, sizeof(*p->waiting))};
	if (!p->list || !p->buckets || !p->waiting) {
		cb_players_finish(p);
		return cb_error_memory(err, "connections");
	}
	for (uint32_t i = capacity; i > 0; i--) {
		p->list[i - 1].next = p->free;
		p->free = i;
	}
	return 0;
}

void cb_players_finish(struct cb_players *p)
{
	free(p->list);
	free(p->buckets);
	free(p->waiting);
	*p = (struct cb_players){0};
}

struct cb_player *cb_players_take(struct cb_players *p)
{
	struct cb_player *player;

	if (!p->free)
		return NULL;
	player = &p->list[p->free - 1];
	p->free = player->next;
	*player = (struct cb_player){.used = true};
	p->active++;
	return player;
}

void cb_players_give(struct cb_players *p, struct cb_player *player)
{
	player->used = false;
	player->next = p->free;
	p->free = cb_players_index(p, player) + 1;
	p->active--;
}

/* ---- the table ---- */

static uint32_t *bucket(
	const struct cb_players *p, uint16_t local_port, const struct cb_endpoint *remote)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ local_port, words[2];

	memcpy(words, remote->ip, sizeof(words));
	h = (h ^ words[0]) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 32 ^ words[1]) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= (uint64_t)remote->port << 32;
	h *= UINT64_C(0xff51afd7ed558ccd);
	return &p->buckets[(h >> 32) & p->mask];
}

/* Last, so that who began first is found first. */
static void wait_at(struct cb_players *p, struct cb_player *player)
{
	struct cb_players_waiting *w = &p->waiting[player->head.source.port];
	uint32_t number = cb_players_index(p, player) + 1;

	if (w->last)
		p->list[w->last - 1].next = number;
	else
		w->first = number;
	player->previous = w->last;
	w->last = number;
	player->next = 0;
}

void cb_players_insert(struct cb_players *p, struct cb_player *player)
{
	uint32_t *at;

	if (!player->met) {
		wait_at(p, player);
		return;
	}
	at = bucket(p, player->head.source.port, &player->head.destination);
	player->next = *at;
	*at = cb_players_index(p, player) + 1;
}

/* Any of them may be the next whose time is over. */
static void wait_no_more(struct cb_players *p, const struct cb_player *player)
{
	struct cb_players_waiting *w = &p->waiting[player->head.source.port];

	if (player->previous)
		p->list[player->previous - 1].next = player->next;
	else
		w->first = player->next;
	if (player->next)
		p->list[player->next - 1].previous = player->previous;
	else
		w->last = player->previous;
}

void cb_players_remove(struct cb_players *p, struct cb_player *player)
{
	uint32_t *at;

	if (!player->met) {
		wait_no_more(p, player);
		return;
	}
	at = bucket(p, player->head.source.port, &player->head.destination);
	while (*at && &p->list[*at - 1] != player)
		at = &p->list[*at - 1].next;
	if (*at)
		*at = player->next;
}

static bool same(const struct cb_endpoint *a, const struct cb_endpoint *b)
{
	return a->port == b->port && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

struct cb_player *cb_players_find(const struct cb_players *p, const struct cb_endpoint *local,
	const struct cb_endpoint *remote)
{
	for (uint32_t i = *bucket(p, local->port, remote); i; i = p->list[i - 1].next) {
		struct cb_player *player = &p->list[i - 1];

		if (same(&player->head.source, local) && same(&player->head.destination, remote))
			return player;
	}
	return NULL;
}

struct cb_player *cb_players_listening(const struct cb_players *p, uint16_t port)
{
	uint32_t first = p->waiting[port].first;

	return first ? &p->list[first - 1] : NULL;
}

/* ---- ports ---- */

/* Could the kernel give it to a socket? An address that it does not own has all ports free. */
static bool kernel_has_free(bool ipv6, const struct cb_endpoint *local)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(local->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(local->port)};
	const struct sockaddr *address =
		ipv6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool in_use;
	int r;

	if (fd < 0)
		return true;
	memcpy(&six.sin6_addr, local->ip, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, local->ip, sizeof(four.sin_addr));
	r = bind(fd, address, ipv6 ? sizeof(six) : sizeof(four));
	in_use = r && errno == EADDRINUSE;
	close(fd);
	return !in_use;
}

bool cb_players_random_port(struct cb_players *p, bool ipv6, struct cb_endpoint *local,
	const struct cb_endpoint *remote)
{
	for (uint32_t i = 0; i < PORTS; i++) {
		p->port = (p->port + p->port_step) % PORTS;
		local->port = (uint16_t)(PORT_FIRST + p->port);
		if (!cb_players_find(p, local, remote) && kernel_has_free(ipv6, local))
			return true;
	}
	return false;
}
