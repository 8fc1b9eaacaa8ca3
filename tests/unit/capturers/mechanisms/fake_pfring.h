/* What a test and the libpfring stand-in that it loads have in common: `struct fake_pfring *fake`
 * in that. */
#ifndef CB_TESTS_FAKE_PFRING_H
#define CB_TESTS_FAKE_PFRING_H

#include <stdbool.h>
#include <stdint.h>

struct fake_pfring {
	/* What the stand-in does. */
	uint32_t version, module; /* of a ring; of the module, 0: not loaded */
	int open_errno;           /* with which opening fails; 0: it does not */
	int fails;                /* what setting and starting return */
	int recv;                 /* what it returns when nothing is queued */
	int queued;               /* frames there */
	uint64_t dropped;
	uint32_t caplen; /* of each frame; it holds its number in the first four bytes */
	int fd;          /* to wait on */
	/* What it was asked. */
	uint32_t flags, snaplen;
	int direction, mode, watermark, timeout, enabled, closed, filters;
	uint32_t next; /* number of the next frame */
};

#endif
