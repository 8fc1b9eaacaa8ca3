/*
 * A loopback device that is this test's own: in a network namespace of its process, so that what is
 * sent is known to the frame, and nothing else is there. It goes with the process.
 */
#ifndef CB_TESTS_CAPTURERS_LOOPBACK_H
#define CB_TESTS_CAPTURERS_LOOPBACK_H

#include "harness/net/stamp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define KEY    77
#define OFFSET 42

static inline bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* As root, or as root of a user namespace. */
static inline bool enter_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned)getuid());
	if (!unshare(CLONE_NEWNET))
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	write_file("/proc/self/setgroups", "deny");
	return write_file("/proc/self/uid_map", map);
}

static inline void set_loopback(bool up)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static inline int open_sender(void)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo")};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void send_frame(int fd, unsigned length, uint32_t key, uint64_t sequence, bool damage)
{
	uint8_t frame[2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	struct cb_stamp stamp = {.phase = CB_PHASE_WINDOW, .sequence = sequence};

	assert_true(length <= sizeof(frame));
	cb_stamp_write(frame + OFFSET, key, &stamp);
	frame[OFFSET + 15] ^= damage;
	assert_int_equal(send(fd, frame, length, 0), length);
}

#endif
