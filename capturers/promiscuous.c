#include "capturers/promiscuous.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of protocol 0, the socket gets no frames. */
int cb_promiscuous_hold(const char *interface, int *fd, struct cb_error *err)
{
	struct packet_mreq membership = {
		.mr_ifindex = (int)if_nametoindex(interface), .mr_type = PACKET_MR_PROMISC};
	int error;

	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (*fd >= 0 &&
		!setsockopt(
			*fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)))
		return 0;
	error = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	if (error == EPERM || error == EACCES)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"promiscuous mode needs CAP_NET_RAW: run as root, or use promiscuous=no");
	return cb_error_errno(
		err, CB_ERR_HOST, error, "promiscuous mode on interface \"%s\"", interface);
}
