/* RX and TX queues of a device, by the ethtool ioctl (as `ethtool -L`). */
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/net/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_NS (10 * CB_NS_PER_MS)

static int ask(int fd, const char *name, struct ethtool_channels *channels)
{
	struct ifreq request = {.ifr_data = (char *)channels};

	if (!cb_text_copy(request.ifr_name, sizeof(request.ifr_name), name))
		return -ENODEV;
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

/* A veth refuses with EINVAL what its peer's XDP program, which may be about to go, still needs. */
static bool may_pass(int error)
{
	return error == -EBUSY || error == -EINVAL;
}

static int set(
	int fd, const char *name, uint32_t queues, uint64_t deadline_ns, struct cb_error *err)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	int r = ask(fd, name, &channels);

	if (r == -EOPNOTSUPP)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the number of %s's queues can't be set: its driver has none to choose "
			"from",
			name);
	if (r)
		return cb_error_errno(err, CB_ERR_USAGE, r, "the queues of %s", name);
	if (channels.rx_count == queues && channels.tx_count == queues)
		return 0;
	if (!queues || queues > channels.max_rx || queues > channels.max_tx)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s can have 1 to %u RX and 1 to %u TX queues, not %u of both", name,
			channels.max_rx, channels.max_tx, queues);
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.rx_count = channels.tx_count = queues;
	while ((r = ask(fd, name, &channels)) && may_pass(r) && cb_now_ns() < deadline_ns)
		cb_sleep_until(cb_deadline_in(AGAIN_NS));
	if (!r)
		return 0;
	return cb_error_errno(err, r == -EPERM ? CB_ERR_IMPOSSIBLE : CB_ERR_HOST, r,
		"setting %u queues of %s", queues, name);
}

int cb_link_queues(const char *name, uint32_t queues, uint64_t deadline_ns, struct cb_error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "a socket");
	r = set(fd, name, queues, deadline_ns, err);
	close(fd);
	return r;
}
