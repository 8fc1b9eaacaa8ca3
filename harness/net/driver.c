#include "harness/net/driver.h"

#include "harness/base/json.h"
#include "harness/base/text.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel writes as many values as the driver has when it is asked, not as many as we have room
 * for (net/ethtool/ioctl.c, ethtool_get_stats): a queue may be added after we counted. */
#define ROOM_FOR_MORE 512

int cb_driver_ask(int fd, const char *interface, void *command)
{
	struct ifreq ifr = {.ifr_data = command};

	if (!cb_text_copy(ifr.ifr_name, sizeof(ifr.ifr_name), interface))
		return -ENODEV;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

void cb_driver_name(const char *interface, char *out, size_t size)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	out[0] = 0;
	if (fd < 0)
		return;
	if (!cb_driver_ask(fd, interface, &info))
		snprintf(out, size, "%.*s", (int)sizeof(info.driver), info.driver);
	close(fd);
}

/* `prefix`, a number, `suffix`. */
static bool is_queue_statistic(const char *statistic, const char *prefix, const char *suffix)
{
	size_t digits;

	if (!cb_text_starts_with(statistic, prefix))
		return false;
	statistic += strlen(prefix);
	digits = strspn(statistic, "0123456789");
	return digits && !strcmp(statistic + digits, suffix);
}

bool cb_driver_is_ring_drop(const char *statistic)
{
	return is_queue_statistic(statistic, "rx_queue_", "_drops");
}

bool cb_driver_is_xdp_refused(const char *statistic)
{
	return is_queue_statistic(statistic, "tx_queue_", "_xdp_xmit_errors");
}

typedef bool is_wanted(const char *statistic);

static int count_statistics(int fd, const char *interface, uint32_t *n)
{
	/* One set is asked about: one number stands behind the struct. */
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} sets = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << ETH_SS_STATS}};
	int r = cb_driver_ask(fd, interface, &sets);

	*n = !r && sets.info.sset_mask ? sets.info.data[0] : 0;
	return r;
}

static int64_t sum_wanted(
	const struct ethtool_gstrings *names, const struct ethtool_stats *values, is_wanted *wanted)
{
	uint32_t n = names->len < values->n_stats ? names->len : values->n_stats;
	int64_t sum = CB_UNKNOWN;
	char name[ETH_GSTRING_LEN + 1];

	for (uint32_t i = 0; i < n; i++) {
		memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		name[ETH_GSTRING_LEN] = 0;
		if (wanted(name))
			sum = (sum == CB_UNKNOWN ? 0 : sum) + (int64_t)values->data[i];
	}
	return sum;
}

static int read_statistics(int fd, const char *interface, uint32_t count, is_wanted *wanted,
	int64_t *frames, struct cb_error *err)
{
	size_t room = (size_t)count + ROOM_FOR_MORE;
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + room * ETH_GSTRING_LEN);
	struct ethtool_stats *values = calloc(1, sizeof(*values) + room * sizeof(uint64_t));
	int r = 0;

	if (!names || !values) {
		r = cb_error_memory(err, "driver statistics");
		goto out;
	}
	*names = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS, .len = count};
	*values = (struct ethtool_stats){.cmd = ETHTOOL_GSTATS, .n_stats = count};
	if (!(r = cb_driver_ask(fd, interface, names)))
		r = cb_driver_ask(fd, interface, values);
	if (r)
		r = cb_error_errno(err, CB_ERR_HOST, r, "%s: driver statistics", interface);
	else
		*frames = sum_wanted(names, values, wanted);
out:
	free(names);
	free(values);
	return r;
}

static int sum_statistics(
	const char *interface, is_wanted *wanted, int64_t *frames, struct cb_error *err)
{
	uint32_t count = 0;
	int r, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*frames = CB_UNKNOWN;
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "socket");
	r = count_statistics(fd, interface, &count);
	if (r == -EOPNOTSUPP)
		r = 0;
	else if (r)
		r = cb_error_errno(err, CB_ERR_HOST, r, "%s: driver statistics", interface);
	else if (count)
		r = read_statistics(fd, interface, count, wanted, frames, err);
	close(fd);
	return r;
}

int cb_driver_ring_drops(const char *interface, int64_t *frames, struct cb_error *err)
{
	return sum_statistics(interface, cb_driver_is_ring_drop, frames, err);
}

int cb_driver_xdp_refused(const char *interface, int64_t *frames, struct cb_error *err)
{
	return sum_statistics(interface, cb_driver_is_xdp_refused, frames, err);
}
