#include "capturers/mechanisms/pcap_ring.h"

#include "capturers/mechanisms/packet_socket.h"
#include "harness/base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* libpcap's blocks in a TPACKET_V3 ring: its MAXIMUM_SNAPLEN; and their header. */
#define V3_BLOCK_BYTES  (INT64_C(256) << 10)
#define V3_BLOCK_HEADER 48

/* "7f00-7f80 rw-s 00000000 00:08 12345   socket:[12345]": the mapping of a packet socket's ring. */
static int64_t mapped_bytes(ino_t inode)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], name[48];
	int64_t bytes = 0;

	if (!maps)
		return 0;
	snprintf(name, sizeof(name), "socket:[%" PRIu64 "]", (uint64_t)inode);
	while (fgets(line, sizeof(line), maps)) {
		uint64_t from, to;

		if (strstr(line, name) && sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2 &&
			to > from)
			bytes += (int64_t)(to - from);
	}
	fclose(maps);
	return bytes;
}

static int domain_of(int fd)
{
	int domain = -1;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) ? -1 : domain;
}

void cb_pcap_ring_find(struct cb_pcap_ring *ring, int fd)
{
	struct stat status;
	int version = 0;
	socklen_t size = sizeof(version);

	*ring = (struct cb_pcap_ring){.fd = fd};
	if (fd < 0 || domain_of(fd) != AF_PACKET || fstat(fd, &status))
		return;
	if (getsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, &size))
		return;
	ring->version = version + 1;
	ring->bytes = mapped_bytes(status.st_ino);
}

int cb_pcap_ring_deafen(const struct cb_pcap_ring *ring)
{
	struct cb_packet_socket socket = {.fd = ring->fd};
	struct cb_error err = {0};

	return cb_packet_socket_detach(&socket, &err) ? -err.sys_errno : 0;
}

int cb_pcap_ring_hear(const struct cb_pcap_ring *ring, const struct bpf_program *program)
{
	struct sock_fprog code = {.len = (unsigned short)program->bf_len,
		.filter = (struct sock_filter *)program->bf_insns};
	int on = 1;

	if (program->bf_len > UINT16_MAX)
		return -EINVAL;
	/* since Linux 4.20; before, libpcap hands them over, and they are foreign */
	setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	return setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof(code)) ? -errno : 0;
}

int64_t cb_pcap_ring_capacity(const struct cb_pcap_ring *ring, int64_t stride)
{
	int64_t block = V3_BLOCK_BYTES, header = V3_BLOCK_HEADER;

	if (!ring->bytes || stride <= 0)
		return CB_UNKNOWN;
	if (ring->version < 3) {
		/* whole pages, twice as many until a slot fits in (create_ring(), pcap-linux.c) */
		header = 0;
		for (block = sysconf(_SC_PAGESIZE); block < stride;)
			block *= 2;
	}
	return (block - header) / stride * (ring->bytes / block);
}

static void read_version(char *version, size_t size)
{
	FILE *f = fopen("/sys/module/pf_ring/version", "re");

	version[0] = '\0';
	if (!f)
		return;
	if (!fgets(version, (int)size, f))
		version[0] = '\0';
	version[strcspn(version, "\n")] = '\0';
	fclose(f);
}

/*
 * PF_RING's libpcap falls back to a packet socket, and says nothing, when pfring_open() fails. A
 * handle is a ring when its socket is not a packet socket: the family of PF_RING's own is 27.
 */
void cb_pcap_pf_ring_find(struct cb_pcap_pf_ring *p, int fd, void *library)
{
	bool able = dlsym(library, "pfring_open");

	*p = (struct cb_pcap_pf_ring){.used = able && domain_of(fd) != AF_PACKET};
	p->fell_back = able && !p->used;
	read_version(p->version, sizeof(p->version));
}

int cb_pcap_ring_probe(struct cb_error *err)
{
	return cb_packet_socket_probe(CB_PACKET_NO_RING, err);
}
