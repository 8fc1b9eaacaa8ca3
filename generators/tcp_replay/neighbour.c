#include "generators/tcp_replay/neighbour.h"

#include "harness/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED_MAX 3
#define AGAIN_NS  (300 * CB_NS_PER_MS)
#define CLAIM_NS  (300 * CB_NS_PER_MS)

/* The multicast group over which others ask for our address. */
static void join(int fd, const struct cb_neighbour_spec *spec)
{
	struct packet_mreq group = {.mr_ifindex = (int)spec->ifindex,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = 6,
		.mr_address = {0x33, 0x33, 0xff}};

	memcpy(group.mr_address + 3, spec->address + 13, 3);
	/* where it fails a device takes all groups anyhow, or none ever comes */
	if (spec->ipv6)
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof(group));
}

int cb_neighbour_open(const struct cb_neighbour_spec *spec, struct cb_error *err)
{
	uint16_t protocol = htons(spec->ipv6 ? ETH_P_IPV6 : ETH_P_ARP);
	const struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = protocol,
		.sll_ifindex = (int)spec->ifindex};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"a packet socket needs CAP_NET_RAW: run as root");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address))) {
		int e = errno;

		close(fd);
		return cb_error_errno(
			err, CB_ERR_HOST, e, "a packet socket on %s", spec->interface);
	}
	join(fd, spec);
	return fd;
}

static bool is_of(const struct cb_neighbour_spec *spec, const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, spec->ipv6 ? 16 : 4);
}

/* The next message, without waiting. Our own come back, too, as outgoing ones. */
static bool hear(int fd, const struct cb_neighbour_spec *spec, struct cb_neighbour_message *m)
{
	uint8_t frame[256];
	struct sockaddr_ll from = {0};
	socklen_t size;
	ssize_t n;

	for (;;) {
		size = sizeof(from);
		n = recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);
		if (n < 0)
			return false;
		if (from.sll_pkttype != PACKET_OUTGOING &&
			cb_neighbour_read(m, frame, (uint32_t)n) && m->ipv6 == spec->ipv6)
			return true;
	}
}

static void say(int fd, const struct cb_neighbour_spec *spec, const struct cb_neighbour_message *m)
{
	uint8_t frame[CB_NEIGHBOUR_FRAME_MAX];
	uint32_t n = cb_neighbour_write(m, spec->vlans, spec->n_vlans, frame);

	/* what does not get out is asked again, or nobody answers */
	(void)!send(fd, frame, n, 0);
}

/* Who has `address`? Until the time is over. */
static bool listen_for(int fd, const struct cb_neighbour_spec *spec, const uint8_t *address,
	uint64_t until_ns, uint8_t mac[6])
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct cb_neighbour_message m;

	do {
		while (hear(fd, spec, &m)) {
			if (m.request || !is_of(spec, m.target, address))
				continue;
			memcpy(mac, m.sender_mac, 6);
			return true;
		}
	} while (poll(&p, 1, cb_deadline_poll_ms(until_ns)) > 0);
	return false;
}

int cb_neighbour_resolve(int fd, const struct cb_neighbour_spec *spec, const uint8_t *address,
	uint64_t deadline_ns, uint8_t mac[6], struct cb_error *err)
{
	struct cb_neighbour_message m = {.ipv6 = spec->ipv6, .request = true};
	char text[INET6_ADDRSTRLEN] = "";

	memcpy(m.target, address, 16);
	memcpy(m.sender, spec->address, 16);
	memcpy(m.sender_mac, spec->mac, 6);
	for (int i = 0; i < ASKED_MAX && cb_now_ns() < deadline_ns; i++) {
		uint64_t until = cb_deadline_in(AGAIN_NS);

		say(fd, spec, &m);
		if (listen_for(fd, spec, address, until < deadline_ns ? until : deadline_ns, mac))
			return 0;
	}
	inet_ntop(spec->ipv6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
	return cb_error_set(err, CB_ERR_HOST,
		"%s does not answer to %s on %s: is it there? (--mac MAC takes its place)", text,
		spec->ipv6 ? "neighbour discovery" : "ARP", spec->interface);
}

int cb_neighbour_claim(int fd, const struct cb_neighbour_spec *spec, struct cb_error *err)
{
	struct cb_neighbour_message m = {.ipv6 = spec->ipv6, .request = true};
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t mac[6];

	memcpy(m.target, spec->address, 16);
	memcpy(m.sender_mac, spec->mac, 6);
	for (int i = 0; i < 2; i++) {
		say(fd, spec, &m);
		if (!listen_for(fd, spec, spec->address, cb_deadline_in(CLAIM_NS), mac))
			continue;
		inet_ntop(spec->ipv6 ? AF_INET6 : AF_INET, spec->address, text, sizeof(text));
		return cb_error_set(err, CB_ERR_HOST,
			"--source %s: it belongs to %02x:%02x:%02x:%02x:%02x:%02x; take an address "
			"that nobody has",
			text, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	return 0;
}

void cb_neighbour_answer(int fd, const struct cb_neighbour_spec *spec)
{
	struct cb_neighbour_message asked, m = {.ipv6 = spec->ipv6};

	memcpy(m.target, spec->address, 16);
	memcpy(m.sender, spec->address, 16);
	memcpy(m.sender_mac, spec->mac, 6);
	while (hear(fd, spec, &asked)) {
		if (!asked.request || !is_of(spec, asked.target, spec->address))
			continue;
		memcpy(m.asker, asked.sender, 16);
		memcpy(m.asker_mac, asked.sender_mac, 6);
		say(fd, spec, &m);
	}
}
