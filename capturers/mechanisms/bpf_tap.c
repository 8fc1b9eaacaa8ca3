#include "capturers/mechanisms/bpf_tap.h"

#include "harness/base/log.h"
#include "harness/net/bpf.h"
#include "harness/net/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IN_FLIGHT_NS (10 * CB_NS_PER_MS)

const char *const cb_bpf_tap_points[] = {"socket", "xdp-pass", "xdp-take", NULL};
const char *const cb_bpf_tap_xdp_modes[] = {"auto", "native", "generic", NULL};

int cb_bpf_tap_probe(const char *what, struct cb_error *err)
{
	int rc = cb_packet_socket_probe(CB_PACKET_NO_RING, err);

	return rc ? rc : cb_bpf_probe(what, err);
}

/* The program first: what it refuses (everything) must not be queued in the socket. */
static int attach_socket(
	struct cb_bpf_tap *t, const struct cb_tap *tap, int program, struct cb_error *err)
{
	struct cb_tap unfiltered = *tap; /* the slot is taken */

	unfiltered.filter = NULL;
	if (setsockopt(t->socket.fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)))
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "attaching a program to a packet socket");
	return cb_packet_socket_start(&t->socket, &unfiltered, err);
}

static int check_up(const struct cb_tap *tap, struct cb_error *err)
{
	struct cb_link_info info;
	int rc = cb_link_info(tap->interface, &info, err);

	if (!rc && !info.up)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" is down: bring it up first (ip link set %s up)",
			tap->interface, tap->interface);
	return rc;
}

/* The socket stays deaf; only its membership is wanted, which ends with it. */
static int attach_xdp(struct cb_bpf_tap *t, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, int program, struct cb_error *err)
{
	struct packet_mreq promiscuous = {
		.mr_ifindex = (int)tap->ifindex, .mr_type = PACKET_MR_PROMISC};
	int rc = check_up(tap, err);

	if (rc)
		return rc;
	if (tap->promiscuous &&
		setsockopt(t->socket.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
			sizeof(promiscuous)))
		return cb_error_errno(
			err, CB_ERR_HOST, errno, "promiscuous mode on %s", tap->interface);
	return cb_bpf_attach_xdp(&t->xdp, program, tap->ifindex, tap->interface,
		(enum cb_xdp_mode)o->xdp, "xdp=generic", err);
}

int cb_bpf_tap_attach(struct cb_bpf_tap *t, const struct cb_tap *tap,
	const struct cb_bpf_tap_options *o, int socket_program, int xdp_program,
	struct cb_error *err)
{
	bool xdp = o->point != CB_BPF_TAP_SOCKET;
	int program = xdp ? xdp_program : socket_program, rc;

	*t = CB_BPF_TAP_NONE;
	rc = cb_packet_socket_open(&t->socket, tap, err);
	if (rc)
		return rc;
	rc = cb_filter_program_compile(&t->filter, tap->filter,
		xdp ? CB_FILTER_AT_XDP_FRAGS : CB_FILTER_AT_SOCKET, program, err);
	if (!rc && t->filter.program >= 0)
		program = t->filter.program;
	if (!rc && xdp)
		rc = attach_xdp(t, tap, o, program, err);
	else if (!rc)
		rc = attach_socket(t, tap, program, err);
	if (rc)
		cb_bpf_tap_close(t);
	return rc;
}

void cb_bpf_tap_close(struct cb_bpf_tap *t)
{
	cb_bpf_detach(&t->xdp);
	cb_packet_socket_close(&t->socket);
	cb_filter_program_close(&t->filter);
}

/* Each update of a map of maps waits for an RCU grace period, some 10 ms; a batch of them waits
 * once (maybe_wait_bpf_programs(), kernel/bpf/syscall.c), where the kernel has batches for these
 * maps. */
int cb_bpf_tap_fill(int maps, const int *fds, uint32_t n, struct cb_error *err)
{
	uint32_t keys[2 * CB_TAP_PROCESSES_MAX] = {0}, done = n;

	for (uint32_t i = 0; i < n; i++)
		keys[i] = i;
	if (!bpf_map_update_batch(maps, keys, fds, &done, NULL) && done == n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if (bpf_map_update_elem(maps, &i, &fds[i], BPF_ANY))
			return cb_error_errno(err, CB_ERR_HOST, errno, "the tap's rings");
	}
	return 0;
}

/*
 * Programs run with bottom halves off or under rcu_read_lock(), and the global membarrier returns
 * after an RCU grace period. (Not with nohz_full; then time must do.)
 */
void cb_bpf_tap_quiesce(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		cb_sleep_until(cb_deadline_in(IN_FLIGHT_NS));
}

int cb_bpf_tap_count(int counts, uint32_t index, struct cb_tap_count *sum, struct cb_error *err)
{
	int cpus = libbpf_num_possible_cpus(), rc = 0;
	struct cb_tap_count *values = cpus > 0 ? calloc((size_t)cpus, sizeof(*values)) : NULL;

	*sum = (struct cb_tap_count){0};
	if (!values)
		return cb_error_memory(err, "the tap's counters");
	if (bpf_map_lookup_elem(counts, &index, values))
		rc = cb_error_errno(err, CB_ERR_HOST, errno, "reading the tap's counters");
	for (int i = 0; !rc && i < cpus; i++) {
		sum->seen += values[i].seen;
		sum->dropped += values[i].dropped;
	}
	free(values);
	return rc;
}

void *cb_bpf_tap_map(int fd, size_t bytes, size_t offset, struct cb_error *err)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	if (map != MAP_FAILED)
		return map;
	cb_error_errno(err, CB_ERR_HOST, errno, "mapping %zu bytes of an eBPF map", bytes);
	return NULL;
}

int cb_bpf_tap_map_controls(
	struct cb_bpf_tap_controls *c, int fd, size_t size, uint32_t index, struct cb_error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map_info info = {0};
	__u32 info_size = sizeof(info);

	*c = (struct cb_bpf_tap_controls){0};
	if (bpf_obj_get_info_by_fd(fd, &info, &info_size) || info.type != BPF_MAP_TYPE_ARRAY ||
		info.value_size != size || index >= info.max_entries)
		return cb_error_set(err, CB_ERR_USAGE, "this is no part of a shared tap");
	c->bytes = (size * info.max_entries + page - 1) & ~(page - 1);
	c->all = cb_bpf_tap_map(fd, c->bytes, 0, err);
	return c->all ? 0 : CB_ERR_HOST;
}

void cb_bpf_tap_unmap_controls(struct cb_bpf_tap_controls *c)
{
	if (c->all)
		munmap(c->all, c->bytes);
	*c = (struct cb_bpf_tap_controls){0};
}

uint64_t cb_bpf_tap_real_offset_ns(void)
{
	return cb_real_ns() - cb_now_ns();
}

void cb_bpf_tap_version(
	const struct cb_tap *tap, enum cb_bpf_tap_point point, char *out, size_t size)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	size_t n;

	cb_packet_socket_version(out, size);
	n = strlen(out);
	if (point == CB_BPF_TAP_SOCKET || bpf_xdp_query((int)tap->ifindex, 0, &query))
		return;
	snprintf(out + n, size - n, ", %s xdp",
		query.attach_mode == XDP_ATTACHED_SKB ? "generic" : "native");
}
