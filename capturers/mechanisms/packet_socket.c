#include "capturers/mechanisms/packet_socket.h"

#include "capturers/filter.h"
#include "harness/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VLAN_TAG_LENGTH 4
#define IN_FLIGHT_NS    (10 * CB_NS_PER_MS)
#define KEEP_ALL        UINT32_C(262144) /* longer than any frame */
/* Newer than the headers of some systems (linux/if_packet.h). */
#define FANOUT_IGNORE_OUTGOING 0x4000

const char *const cb_packet_fanout_names[] = {
	"off", "hash", "lb", "cpu", "rnd", "qm", "rollover", NULL};
static const int fanout_types[] = {0, PACKET_FANOUT_HASH, PACKET_FANOUT_LB, PACKET_FANOUT_CPU,
	PACKET_FANOUT_RND, PACKET_FANOUT_QM, PACKET_FANOUT_ROLLOVER};

static int refuse_socket(int error, struct cb_error *err)
{
	if (error == EPERM || error == EACCES)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"capturing needs CAP_NET_RAW: run as root, or give the program the right "
			"(setcap cap_net_raw,cap_net_admin+ep PROGRAM)");
	if (error == EAFNOSUPPORT)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"this kernel has no packet sockets: it needs CONFIG_PACKET");
	return cb_error_errno(err, CB_ERR_HOST, error, "opening a packet socket");
}

/* Protocol 0: the socket gets no frame before bind() names interface and protocol. With ETH_P_ALL
 * here it would collect from every interface until then. */
static int open_deaf(struct cb_error *err)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	return fd >= 0 ? fd : refuse_socket(errno, err);
}

static int set_version(int fd, int version, struct cb_error *err)
{
	static const size_t headers[] = {[TPACKET_V1] = sizeof(struct tpacket_hdr),
		[TPACKET_V2] = sizeof(struct tpacket2_hdr),
		[TPACKET_V3] = sizeof(struct tpacket3_hdr)};
	int header = version; /* in: of which version; out: bytes */
	socklen_t size = sizeof(header);

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)))
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"this kernel has no TPACKET_V%d rings (CONFIG_PACKET of a newer kernel)",
			version + 1);
	/* V1 has an unsigned long in it */
	if (!getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &header, &size) &&
		(size_t)header != headers[version])
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"TPACKET_V%d rings of this kernel are laid out for another word size: use "
			"a "
			"64-bit build of this program, or tpacket2",
			version + 1);
	return 0;
}

int cb_packet_socket_probe(int ring, struct cb_error *err)
{
	int fd = open_deaf(err), rc = 0;

	if (fd < 0)
		return fd;
	if (ring != CB_PACKET_NO_RING)
		rc = set_version(fd, ring, err);
	close(fd);
	return rc;
}

/* Frames that this host sends are not what a sensor is asked about; on lo, and where both ends of a
 * veth pair are in one namespace, they would come twice. Since Linux 4.20; before, they come. */
static void ignore_outgoing(int fd)
{
	int on = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		cb_debug("outgoing frames are captured too: PACKET_IGNORE_OUTGOING: %s",
			strerror(errno));
}

static int read_mtu(struct cb_packet_socket *s, const char *interface, struct cb_error *err)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(s->fd, SIOCGIFMTU, &request))
		return cb_error_errno(err, CB_ERR_USAGE, errno, "interface \"%s\"", interface);
	s->mtu = (unsigned)request.ifr_mtu;
	return 0;
}

int cb_packet_socket_open(
	struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	int rc;

	*s = (struct cb_packet_socket){.fd = open_deaf(err), .keep = KEEP_ALL};
	if (s->fd < 0)
		return s->fd;
	ignore_outgoing(s->fd);
	rc = read_mtu(s, tap->interface, err);
	if (rc)
		cb_packet_socket_close(s);
	return rc;
}

/*
 * packet_mmap() puts every page of the ring into the page table at once, so neither MAP_POPULATE
 * nor MAP_LOCKED (and with it RLIMIT_MEMLOCK) is needed to keep page faults off the frame path.
 */
int cb_packet_socket_ring(struct cb_packet_socket *s, int version, const void *request, size_t size,
	struct cb_error *err)
{
	unsigned block[2]; /* tp_block_size, tp_block_nr of every request */
	void *map;
	int rc;

	rc = set_version(s->fd, version, err);
	if (rc)
		return rc;
	memcpy(block, request, sizeof(block));
	if (setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, request, (socklen_t)size))
		return cb_error_errno(err, errno == ENOMEM ? CB_ERR_HOST : CB_ERR_INTERNAL, errno,
			"a ring of %u blocks of %u bytes (a smaller buffer may do)", block[1],
			block[0]);
	s->map_bytes = (size_t)block[0] * block[1];
	map = mmap(NULL, s->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED)
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "mapping a ring of %zu bytes", s->map_bytes);
	s->map = map;
	return 0;
}

static int attach(int fd, struct sock_filter *code, unsigned n)
{
	struct sock_fprog program = {.len = (unsigned short)n, .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* A classic BPF program of one instruction: the number of bytes to keep of each frame, 0 for none.
 */
static int attach_return(int fd, uint32_t bytes)
{
	struct sock_filter keep = BPF_STMT(BPF_RET | BPF_K, bytes);

	return attach(fd, &keep, 1);
}

void cb_packet_socket_snaplen(struct cb_packet_socket *s, uint32_t snaplen)
{
	s->keep = snaplen;
}

static int attach_expression(struct cb_packet_socket *s, const char *filter, struct cb_error *err)
{
	struct cb_filter compiled;
	int rc = cb_filter_compile(&compiled, filter, s->keep, err);

	_Static_assert(sizeof(*compiled.code) == sizeof(struct sock_filter), "the kernel's layout");
	if (rc)
		return rc;
	rc = attach(s->fd, (struct sock_filter *)compiled.code, compiled.n);
	cb_filter_finish(&compiled);
	/* net.core.optmem_max limits what filters may take */
	return rc ? cb_error_errno(err, CB_ERR_HOST, rc, "attaching filter \"%s\"", filter) : 0;
}

static int attach_filter(struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	int rc = 0, none = 0;

	if (tap->filter && *tap->filter)
		return attach_expression(s, tap->filter, err);
	if (s->keep < KEEP_ALL)
		rc = attach_return(s->fd, s->keep);
	else if (s->fanout.mode &&
		setsockopt(s->fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)))
		rc = -errno;
	return rc ? cb_error_errno(err, CB_ERR_HOST, rc, "setting the packet socket's filter") : 0;
}

static int be_promiscuous(
	struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	struct packet_mreq membership = {
		.mr_ifindex = (int)tap->ifindex, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)))
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "promiscuous mode on %s", tap->interface);
	return 0;
}

/* The group has the hook in the receive path now, and with it the say about outgoing frames
 * (fanout_add(), net/packet/af_packet.c). Kernels that don't know the flag bring them too. */
static int join_fanout(const struct cb_packet_socket *s, struct cb_error *err)
{
	const struct cb_packet_fanout *fanout = &s->fanout;
	uint32_t wanted = (uint32_t)(fanout_types[fanout->mode] | FANOUT_IGNORE_OUTGOING) << 16 |
		(uint32_t)fanout->group;

	if (!setsockopt(s->fd, SOL_PACKET, PACKET_FANOUT, &wanted, sizeof(wanted)))
		return 0;
	if (errno == EINVAL || errno == ENOSPC)
		return cb_error_set(err, CB_ERR_USAGE,
			"fan-out group %lld is another capture's, on another interface or with "
			"another mode, or it is full: choose another (group=N)",
			(long long)fanout->group);
	return cb_error_errno(
		err, CB_ERR_HOST, errno, "joining fan-out group %lld", (long long)fanout->group);
}

unsigned cb_packet_fanout_traits(unsigned provides, const struct cb_packet_fanout *fanout)
{
	if (!fanout->mode)
		return provides;
	return (provides & ~(unsigned)CB_TRAIT_COPIES) | CB_TRAIT_FANOUT;
}

void cb_packet_socket_share(struct cb_packet_socket *s, const struct cb_packet_fanout *fanout,
	struct cb_tap_ready *ready)
{
	s->fanout = *fanout;
	ready->fanout = fanout->mode ? (unsigned)fanout->group : 0;
}

static int listen_on(struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)tap->ifindex};
	int pending = 0;
	socklen_t size = sizeof(pending);

	if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)))
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "listening on interface \"%s\"", tap->interface);
	/* bind() succeeds on an interface that is down, and leaves ENETDOWN behind */
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &pending, &size))
		pending = errno;
	if (pending == ENETDOWN)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" is down: bring it up first (ip link set %s up)",
			tap->interface, tap->interface);
	if (pending)
		return cb_error_errno(
			err, CB_ERR_HOST, pending, "listening on interface \"%s\"", tap->interface);
	return 0;
}

/* Between bind() and its joining a member would get a copy of every frame: it stays deaf until
 * then. */
static int start_shared(struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	int rc = attach_return(s->fd, 0);

	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "keeping a packet socket deaf");
	rc = listen_on(s, tap, err);
	if (!rc)
		rc = join_fanout(s, err);
	return rc ? rc : attach_filter(s, tap, err);
}

int cb_packet_socket_start(
	struct cb_packet_socket *s, const struct cb_tap *tap, struct cb_error *err)
{
	int rc = tap->promiscuous ? be_promiscuous(s, tap, err) : 0;

	if (!rc && s->fanout.mode)
		return start_shared(s, tap, err);
	if (!rc)
		rc = attach_filter(s, tap, err);
	return rc ? rc : listen_on(s, tap, err);
}

/*
 * The filter refuses frames before they are counted, so tp_packets and tp_drops stand still from
 * here on. A frame whose filter ran just before may still be on its way in, under rcu_read_lock:
 * the global membarrier returns after an RCU grace period. (Not with nohz_full; then time must do.)
 */
int cb_packet_socket_detach(struct cb_packet_socket *s, struct cb_error *err)
{
	int rc = attach_return(s->fd, 0);

	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "taking the tap down");
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		cb_sleep_until(cb_deadline_in(IN_FLIGHT_NS));
	return 0;
}

/* tp_packets includes tp_drops, and reading clears both (packet_getsockopt(),
 * net/packet/af_packet.c). A V3 ring adds tp_freeze_q_cnt, which counts episodes and is of no use
 * here. */
int cb_packet_socket_account(struct cb_packet_socket *s)
{
	struct tpacket_stats_v3 stats = {0};
	socklen_t size = sizeof(stats);

	if (getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		return -errno;
	s->seen += stats.tp_packets;
	s->drops += stats.tp_drops;
	return 0;
}

int cb_packet_socket_settle(
	struct cb_packet_socket *s, struct cb_tap_counters *counters, struct cb_error *err)
{
	int rc = cb_packet_socket_account(s);

	if (rc)
		return cb_error_errno(err, CB_ERR_HOST, rc, "reading the packet socket's counters");
	counters->matched = s->seen;
	counters->dropped = s->drops;
	return 0;
}

void cb_packet_socket_close(struct cb_packet_socket *s)
{
	if (s->map)
		munmap(s->map, s->map_bytes);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct cb_packet_socket){.fd = -1};
}

void cb_packet_socket_version(char *out, size_t size)
{
	struct utsname name;

	if (uname(&name))
		snprintf(out, size, "linux");
	else
		snprintf(out, size, "linux %.48s", name.release);
}

int64_t cb_packet_socket_frame_max(const struct cb_packet_socket *s)
{
	return (int64_t)s->mtu + ETH_HLEN + VLAN_TAG_LENGTH;
}
