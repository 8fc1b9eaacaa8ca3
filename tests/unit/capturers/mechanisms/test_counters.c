/*
 * The kernel's counters behind packet and AF_XDP sockets, with a kernel of the test's own: 32 bits
 * that a read clears, and 64 bits that it leaves.
 */
#include "capturers/mechanisms/packet_socket.h"
#include "harness/net/xsk.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define FAKE_FD       4000
#define STATISTICS_V1 24 /* bytes: as Linux 5.8 and older have it */

static struct {
	struct tpacket_stats packet;
	struct xdp_statistics xdp;
	socklen_t xdp_size;
	unsigned reads;
	int error;
} kernel;

/* In the place of the C library's, whose names of parameters are reserved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict size)
{
	if (fd != FAKE_FD)
		return (int)syscall(SYS_getsockopt, fd, level, option, value, size);
	kernel.reads++;
	errno = kernel.error;
	if (kernel.error)
		return -1;
	if (level == SOL_PACKET && option == PACKET_STATISTICS) {
		assert_true(*size >= sizeof(kernel.packet));
		*size = sizeof(kernel.packet);
		memcpy(value, &kernel.packet, *size);
		memset(&kernel.packet, 0, sizeof(kernel.packet)); /* packet_getsockopt() */
	} else {
		assert_int_equal(level, SOL_XDP);
		assert_int_equal(option, XDP_STATISTICS);
		assert_true(*size >= kernel.xdp_size);
		*size = kernel.xdp_size;
		memcpy(value, &kernel.xdp, *size);
	}
	return 0;
}

static int new_kernel(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.xdp_size = sizeof(kernel.xdp);
	return 0;
}

static void read_packet(struct cb_packet_socket *s, uint32_t packets, uint32_t drops)
{
	kernel.packet = (struct tpacket_stats){.tp_packets = packets, .tp_drops = drops};
	assert_int_equal(cb_packet_socket_account(s), 0);
}

static void packet_counters_pass_32_bits(void **state)
{
	struct cb_packet_socket s = {.fd = FAKE_FD};
	struct cb_tap_counters c = {0};

	read_packet(&s, UINT32_MAX, UINT32_MAX - 1);
	read_packet(&s, UINT32_MAX, 3);
	kernel.packet = (struct tpacket_stats){.tp_packets = 12, .tp_drops = 5};
	assert_int_equal(cb_packet_socket_settle(&s, &c, NULL), 0);
	assert_int_equal(c.matched, 2 * (int64_t)UINT32_MAX + 12);
	assert_int_equal(c.dropped, (int64_t)UINT32_MAX + 7);
}

/* Whoever reads them a second time gets nothing: each reading asks once. */
static void packet_counters_are_read_once(void **state)
{
	struct cb_packet_socket s = {.fd = FAKE_FD};
	struct cb_tap_counters c = {0};

	kernel.packet = (struct tpacket_stats){.tp_packets = 100, .tp_drops = 40};
	assert_int_equal(cb_packet_socket_settle(&s, &c, NULL), 0);
	assert_int_equal(kernel.reads, 1);
	assert_int_equal(c.matched, 100);
	assert_int_equal(c.dropped, 40);
	read_packet(&s, 1, 0);
	assert_int_equal(kernel.reads, 2);
	assert_int_equal(s.seen, 101);
}

static void packet_counters_that_fail_are_an_error(void **state)
{
	struct cb_packet_socket s = {.fd = FAKE_FD, .seen = 7};
	struct cb_tap_counters c = {0};
	struct cb_error err = {0};

	kernel.error = EBADF;
	assert_int_equal(cb_packet_socket_account(&s), -EBADF);
	assert_int_equal(s.seen, 7);
	assert_int_equal(cb_packet_socket_settle(&s, &c, &err), CB_ERR_HOST);
	assert_non_null(strstr(err.text, "counters"));
}

/* They are 64 bits wide, and stay: two readings don't add up. */
static void xsk_counters_are_wide_and_stay(void **state)
{
	struct cb_xsk x = {.fd = FAKE_FD};
	int64_t lost = 0;

	kernel.xdp = (struct xdp_statistics){.rx_dropped = UINT64_C(5) << 32,
		.rx_invalid_descs = 3,
		.tx_invalid_descs = 1000,
		.rx_ring_full = UINT64_C(1) << 32,
		.rx_fill_ring_empty_descs = UINT64_C(9) << 40,
		.tx_ring_empty_descs = 1000};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cb_xsk_lost(&x, &lost), 0);
		assert_int_equal(lost, (INT64_C(6) << 32) + 3);
	}
}

/* An older kernel has a full ring in rx_dropped; what lies behind its answer is nothing. */
static void xsk_counters_of_older_kernels(void **state)
{
	struct cb_xsk x = {.fd = FAKE_FD};
	int64_t lost = 0;

	kernel.xdp =
		(struct xdp_statistics){.rx_dropped = 50, .rx_invalid_descs = 2, .rx_ring_full = 7};
	kernel.xdp_size = STATISTICS_V1;
	assert_int_equal(cb_xsk_lost(&x, &lost), 0);
	assert_int_equal(lost, 52);
	kernel.error = EINVAL;
	assert_int_equal(cb_xsk_lost(&x, &lost), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup(name, new_kernel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packet_counters_pass_32_bits),
		TEST(packet_counters_are_read_once),
		TEST(packet_counters_that_fail_are_an_error),
		TEST(xsk_counters_are_wide_and_stay),
		TEST(xsk_counters_of_older_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
