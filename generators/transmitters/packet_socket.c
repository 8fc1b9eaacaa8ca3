#include "generators/transmitters/packet_way.h"
#include "harness/base/clock.h"
#include "harness/net/link.h"
#include "harness/net/xsk.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#define SEND_BUFFER_BYTES (64 << 20) /* a ring of 4096 frames of 9 KB, twice over */
#define FLUSH_POLL_NS     (100 * CB_NS_PER_US)

int cb_packet_tx_socket(struct cb_error *err)
{
	/* Protocol 0: it receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		return fd;
	if (errno == EPERM)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"a packet socket needs CAP_NET_RAW: run as root, or in a network namespace "
			"of a user namespace of your own");
	if (errno == EAFNOSUPPORT)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no packet sockets (CONFIG_PACKET)");
	return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "cannot open a packet socket");
}

/* Beyond net.core.wmem_max only with CAP_NET_ADMIN in the initial user namespace. */
static void widen_send_buffer(int fd)
{
	int bytes = SEND_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/*
 * Past the queueing discipline the TX queue is that of the sending core (packet_pick_tx_queue(),
 * net/packet/af_packet.c), otherwise it follows from the frame's flow. A veth end gives the frames
 * of a TX queue to the peer's RX queue of that number: with several, flows must be spread here or
 * nowhere.
 */
static bool must_spread(const char *interface)
{
	struct cb_link_info info;
	uint32_t queues = 1;

	return !cb_link_info(interface, &info, NULL) && !strcmp(info.driver, "veth") &&
		!cb_xsk_queues(interface, &queues, NULL) && queues > 1;
}

int cb_packet_tx_connect(int fd, const struct cb_link *link,
	const struct cb_packet_options *options, struct cb_error *err)
{
	const struct timeval timeout = {.tv_sec = CB_PACKET_STALL_NS / CB_NS_PER_SEC};
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)link->ifindex};
	int on = options->qdisc_bypass && !must_spread(link->interface);

	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) && on)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"%s: the kernel cannot go past the queueing discipline; use "
			"packet:qdisc-bypass=off",
			link->interface);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)))
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "SO_SNDTIMEO");
	widen_send_buffer(fd);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return cb_error_errno(err, CB_ERR_HOST, errno,
			"cannot send on %s with a packet socket", link->interface);
	return 0;
}

int cb_packet_tx_flush(int fd, uint64_t deadline_ns)
{
	int held = 0;

	while (ioctl(fd, SIOCOUTQ, &held) == 0 && held > 0) {
		if (cb_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		cb_sleep_until(cb_deadline_in(FLUSH_POLL_NS));
	}
	return 0;
}
