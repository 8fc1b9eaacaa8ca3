#include "harness/net/rss.h"

#include "harness/net/driver.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE_MAX (1u << 16)
#define KEY_MAX   (1u << 12)
#define WINDOW    32 /* bits of a hash */

/* ---- the key ---- */

static bool bit(const uint8_t *key, size_t i)
{
	return key[i / 8] >> (7 - i % 8) & 1;
}

/* Do `bits` of input from `at` on, and as many that follow them, stand for the same? */
static bool halves_are_alike(const uint8_t *key, size_t n, size_t at, size_t bits)
{
	if (at + 2 * bits + WINDOW - 1 > 8 * n)
		return false;
	for (size_t i = at; i < at + bits + WINDOW - 1; i++)
		if (bit(key, i) != bit(key, i + bits))
			return false;
	return true;
}

bool cb_rss_key_is_symmetric(const uint8_t *key, size_t n)
{
	/* Addresses of 4 bytes and ports; addresses of 16 bytes and ports. */
	return halves_are_alike(key, n, 0, 32) && halves_are_alike(key, n, 64, 16) &&
		halves_are_alike(key, n, 0, 128) && halves_are_alike(key, n, 256, 16);
}

/* ---- the device ---- */

/* Bits of hfunc, in the order of the kernel's names of them (net/ethtool/common.c,
 * rss_hash_func_strings). */
#define TOEPLITZ 1
#define XOR      2
/* The first reserved byte is input_xfrm from Linux 6.8 on, with these bits (RXH_XFRM_SYM_XOR,
 * RXH_XFRM_SYM_OR_XOR). */
#define SYMMETRIC_XOR    1
#define SYMMETRIC_OR_XOR 2

static uint32_t count_queues(const uint32_t *table, uint32_t n)
{
	uint32_t queues = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = 0;

		while (k < i && table[k] != table[i])
			k++;
		queues += k == i;
	}
	return queues;
}

static void take(struct cb_rss *rss, const struct ethtool_rxfh *answer)
{
	const uint8_t *key = (const uint8_t *)(answer->rss_config + answer->indir_size);

	rss->queues = count_queues(answer->rss_config, answer->indir_size);
	rss->key_bytes = answer->key_size;
	rss->symmetric = answer->hfunc == XOR ||
		answer->rsvd8[0] & (SYMMETRIC_XOR | SYMMETRIC_OR_XOR) ||
		(answer->hfunc == TOEPLITZ && cb_rss_key_is_symmetric(key, answer->key_size));
}

/* Asked twice: how much there is, then for it. */
static int read_all(int fd, const char *interface, struct cb_rss *rss, struct cb_error *err)
{
	struct ethtool_rxfh size = {.cmd = ETHTOOL_GRSSH}, *all;
	int r = cb_driver_ask(fd, interface, &size);

	if (r)
		return cb_error_errno(
			err, CB_ERR_IMPOSSIBLE, r, "%s: its indirection table", interface);
	if (!size.indir_size || size.indir_size > TABLE_MAX || size.key_size > KEY_MAX)
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "%s has no indirection table", interface);
	all = calloc(1, sizeof(*all) + size.indir_size * sizeof(uint32_t) + size.key_size);
	if (!all)
		return cb_error_memory(err, "an indirection table");
	all->cmd = ETHTOOL_GRSSH;
	all->indir_size = size.indir_size;
	all->key_size = size.key_size;
	r = cb_driver_ask(fd, interface, all);
	if (r)
		r = cb_error_errno(
			err, CB_ERR_IMPOSSIBLE, r, "%s: its indirection table", interface);
	else
		take(rss, all);
	free(all);
	return r;
}

int cb_rss_read(const char *interface, struct cb_rss *rss, struct cb_error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	*rss = (struct cb_rss){.queues = 0};
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "socket");
	r = read_all(fd, interface, rss, err);
	close(fd);
	return r;
}
