#include "harness/net/xsk.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* FILL and COMPLETION must be there whatever is done with the socket (xsk_bind, net/xdp/xsk.c). */
#define LEAST_RING 2u

/* The kernel gives a queue free only some time after the socket that had it was closed: a work item
 * takes the buffer pool down (xp_put_pool(), net/xdp/xsk_buff_pool.c). */
#define FREE_NS  (2 * CB_NS_PER_SEC)
#define AGAIN_NS (5 * CB_NS_PER_MS)

/* Newer than Debian 12's headers: Linux 6.6, include/uapi/linux/if_xdp.h. */
#define USE_SG (1u << 4) /* XDP_USE_SG */

/* statistics as they were before Linux 5.9: rx_dropped had what is rx_ring_full now */
#define STATISTICS_V1 offsetof(struct xdp_statistics, rx_ring_full)

static int open_socket(struct cb_error *err)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		return fd;
	if (errno == EPERM || errno == EACCES)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"AF_XDP sockets need CAP_NET_RAW: run as root");
	if (errno == EAFNOSUPPORT)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no AF_XDP sockets: it needs CONFIG_XDP_SOCKETS");
	return cb_error_errno(err, CB_ERR_HOST, errno, "opening an AF_XDP socket");
}

int cb_xsk_probe(struct cb_error *err)
{
	int fd = open_socket(err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static uint32_t power_of_two(uint32_t least)
{
	uint32_t n = LEAST_RING;

	while (n < least)
		n *= 2;
	return n;
}

static int register_umem(struct cb_xsk *x, const struct cb_xsk_spec *spec, struct cb_error *err)
{
	struct xdp_umem_reg umem = {.chunk_size = spec->frame_bytes};
	void *map;

	x->umem_bytes = ((size_t)spec->rx_frames + spec->tx_frames) * spec->frame_bytes;
	map = mmap(NULL, x->umem_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (map == MAP_FAILED)
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "a buffer of %zu bytes", x->umem_bytes);
	x->umem = map;
	umem.addr = (uintptr_t)map;
	umem.len = x->umem_bytes;
	if (!setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		return 0;
	/* xdp_umem_account_pages(), net/xdp/xdp_umem.c */
	if (errno == ENOBUFS)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"an AF_XDP buffer of %zu bytes is more than may be locked into memory: run "
			"as root, raise the limit (ulimit -l) or take a smaller buffer",
			x->umem_bytes);
	return cb_error_errno(
		err, CB_ERR_HOST, errno, "registering a buffer of %zu bytes", x->umem_bytes);
}

/* One ring: its size is set, then it is mapped. */
struct layout {
	struct cb_xsk_ring *ring;
	int option;
	uint32_t size; /* 0: this ring is not wanted */
	uint64_t map_offset;
	size_t entry;
	const struct xdp_ring_offset *offset;
};

static int size_ring(const struct cb_xsk *x, const struct layout *l, struct cb_error *err)
{
	if (!setsockopt(x->fd, SOL_XDP, l->option, &l->size, sizeof(l->size)))
		return 0;
	return cb_error_errno(
		err, CB_ERR_HOST, errno, "a ring of %u entries (a smaller buffer may do)", l->size);
}

static int map_ring(const struct cb_xsk *x, const struct layout *l, struct cb_error *err)
{
	size_t bytes = l->offset->desc + l->size * l->entry;
	struct cb_xsk_ring *r = l->ring;
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, x->fd,
		(off_t)l->map_offset);

	if (map == MAP_FAILED)
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "mapping a ring of %u entries", l->size);
	*r = (struct cb_xsk_ring){.map = map,
		.map_bytes = bytes,
		.producer = (uint32_t *)(map + l->offset->producer),
		.consumer = (uint32_t *)(map + l->offset->consumer),
		.flags = (uint32_t *)(map + l->offset->flags),
		.entries = map + l->offset->desc,
		.mask = l->size - 1};
	return 0;
}

static int read_offsets(int fd, struct xdp_mmap_offsets *offsets, struct cb_error *err)
{
	socklen_t size = sizeof(*offsets);

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, offsets, &size))
		return cb_error_errno(err, CB_ERR_HOST, errno, "the layout of AF_XDP rings");
	/* the first kernels told no place of the flags */
	if (size != sizeof(*offsets))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel's AF_XDP has no wake-up flags: it takes Linux 5.4");
	return 0;
}

static int make_rings(struct cb_xsk *x, const struct cb_xsk_spec *spec, struct cb_error *err)
{
	struct xdp_mmap_offsets offsets;
	const struct layout layouts[] = {
		{&x->fill, XDP_UMEM_FILL_RING, power_of_two(spec->rx_frames),
			XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t), &offsets.fr},
		{&x->completion, XDP_UMEM_COMPLETION_RING, power_of_two(spec->tx_frames),
			XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t), &offsets.cr},
		{&x->rx, XDP_RX_RING, spec->rx_frames ? power_of_two(spec->rx_frames) : 0,
			XDP_PGOFF_RX_RING, sizeof(struct xdp_desc), &offsets.rx},
		{&x->tx, XDP_TX_RING, spec->tx_frames ? power_of_two(spec->tx_frames) : 0,
			XDP_PGOFF_TX_RING, sizeof(struct xdp_desc), &offsets.tx},
	};
	int rc = read_offsets(x->fd, &offsets, err);

	for (size_t i = 0; !rc && i < sizeof(layouts) / sizeof(*layouts); i++) {
		if (!layouts[i].size)
			continue;
		rc = size_ring(x, &layouts[i], err);
		if (!rc)
			rc = map_ring(x, &layouts[i], err);
	}
	return rc;
}

static void give_frames(struct cb_xsk *x, const struct cb_xsk_spec *spec)
{
	for (uint32_t i = 0; i < spec->rx_frames; i++)
		*cb_xsk_address(&x->fill, i) = (uint64_t)i * spec->frame_bytes;
	cb_xsk_produced(&x->fill, spec->rx_frames);
}

static int refuse_bind(int error, const struct cb_xsk_spec *spec, struct cb_error *err)
{
	if (error == EBUSY)
		return cb_error_set(err, CB_ERR_USAGE,
			"queue %u of %s has an AF_XDP socket already, which gets all its frames",
			spec->queue, spec->interface);
	if (error == EINVAL)
		return cb_error_set(err, CB_ERR_USAGE, "%s has no queue %u for AF_XDP",
			spec->interface, spec->queue);
	if (error == ENETDOWN)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" is down: bring it up first (ip link set %s up)",
			spec->interface, spec->interface);
	if (error == EOPNOTSUPP && spec->mode == CB_XSK_ZERO_COPY)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the driver of %s has no zero-copy AF_XDP (those of i40e, ice, ixgbe, igc "
			"and mlx5 have): take a mode that copies",
			spec->interface);
	return cb_error_errno(err, CB_ERR_HOST, error, "binding an AF_XDP socket to queue %u of %s",
		spec->queue, spec->interface);
}

/* 0 or negative errno. */
static int bind_patiently(int fd, const struct sockaddr_xdp *address)
{
	uint64_t until = cb_deadline_in(FREE_NS);

	while (bind(fd, (const struct sockaddr *)address, sizeof(*address))) {
		if (errno != EBUSY || cb_now_ns() >= until)
			return -errno;
		if (cb_sleep_until(cb_deadline_in(AGAIN_NS)))
			return -EINTR;
	}
	return 0;
}

static int bind_socket(struct cb_xsk *x, const struct cb_xsk_spec *spec, struct cb_error *err)
{
	static const uint16_t mode_flags[] = {
		[CB_XSK_AUTO] = 0, [CB_XSK_COPY] = XDP_COPY, [CB_XSK_ZERO_COPY] = XDP_ZEROCOPY};
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
		.sxdp_ifindex = spec->ifindex,
		.sxdp_queue_id = spec->queue,
		.sxdp_flags = mode_flags[spec->mode]};
	struct xdp_options options = {0};
	socklen_t size = sizeof(options);
	int rc;

	if (spec->need_wakeup)
		address.sxdp_flags |= XDP_USE_NEED_WAKEUP;
	if (spec->scattered)
		address.sxdp_flags |= USE_SG;
	rc = bind_patiently(x->fd, &address);
	x->scattered = spec->scattered && !rc;
	if (rc == -EINVAL && spec->scattered) { /* an older kernel knows no such flag */
		address.sxdp_flags &= (uint16_t)~USE_SG;
		rc = bind_patiently(x->fd, &address);
	}
	if (rc)
		return refuse_bind(-rc, spec, err);
	if (!getsockopt(x->fd, SOL_XDP, XDP_OPTIONS, &options, &size))
		x->zero_copy = options.flags & XDP_OPTIONS_ZEROCOPY;
	return 0;
}

int cb_xsk_open(struct cb_xsk *x, const struct cb_xsk_spec *spec, struct cb_error *err)
{
	int rc;

	*x = (struct cb_xsk){.fd = open_socket(err), .queue = spec->queue};
	if (x->fd < 0)
		return x->fd;
	rc = register_umem(x, spec, err);
	if (!rc)
		rc = make_rings(x, spec, err);
	if (!rc) {
		give_frames(x, spec);
		rc = bind_socket(x, spec, err);
	}
	if (rc)
		cb_xsk_close(x);
	return rc;
}

static void unmap(void *map, size_t bytes)
{
	if (map)
		munmap(map, bytes);
}

void cb_xsk_close(struct cb_xsk *x)
{
	const struct cb_xsk_ring *rings[] = {&x->fill, &x->completion, &x->rx, &x->tx};

	if (x->fd >= 0)
		close(x->fd);
	for (size_t i = 0; i < sizeof(rings) / sizeof(*rings); i++)
		unmap(rings[i]->map, rings[i]->map_bytes);
	unmap(x->umem, x->umem_bytes);
	*x = (struct cb_xsk){.fd = -1};
}

int cb_xsk_lost(const struct cb_xsk *x, int64_t *lost)
{
	struct xdp_statistics s = {0};
	socklen_t size = sizeof(s);

	if (getsockopt(x->fd, SOL_XDP, XDP_STATISTICS, &s, &size))
		return -errno;
	*lost = (int64_t)(s.rx_dropped + s.rx_invalid_descs);
	if (size > STATISTICS_V1)
		*lost += (int64_t)s.rx_ring_full;
	return 0;
}

uint32_t cb_xsk_napi(const struct cb_xsk *x)
{
	uint32_t id = 0;
	socklen_t size = sizeof(id);

	return getsockopt(x->fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &size) ? 0 : id;
}

int cb_xsk_queues(const char *interface, uint32_t *n, struct cb_error *err)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};
	int fd, rc = 0;

	*n = 1;
	if (!cb_text_copy(request.ifr_name, sizeof(request.ifr_name), interface))
		return cb_error_set(err, CB_ERR_USAGE, "there is no interface \"%s\"", interface);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "socket");
	if (!ioctl(fd, SIOCETHTOOL, &request))
		*n = channels.rx_count + channels.combined_count;
	else if (errno != EOPNOTSUPP)
		rc = cb_error_errno(err, CB_ERR_HOST, errno, "the queues of %s", interface);
	close(fd);
	if (!*n)
		*n = 1;
	return rc;
}
