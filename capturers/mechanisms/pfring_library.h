/*
 * libpfring, loaded at run time when it is installed: a table of its functions, with prototypes of
 * our own, so that nothing of PF_RING's is needed to build. Not a mechanism.
 *
 * The prototypes and the head of the packet header are those of PF_RING 6 to 9; before,
 * pfring_open() took other arguments.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PFRING_LIBRARY_H
#define CB_CAPTURERS_MECHANISMS_PFRING_LIBRARY_H

#include "harness/base/error.h"

#include <stdint.h>
#include <sys/time.h>

#define CB_PFRING_MAJOR_MIN 6
#define CB_PFRING_MAJOR_MAX 9

/* Flags of pfring_open(). */
#define CB_PFRING_PROMISCUOUS (1u << 3)

/* Arguments of pfring_set_direction() and pfring_set_socket_mode(). */
#define CB_PFRING_RX_ONLY   1
#define CB_PFRING_RECV_ONLY 2

struct cb_pfring_ring; /* libpfring's own */

struct cb_pfring_stat {
	uint64_t recv, drop, shunt;
};

/* What every version starts its packet header with, and more room than any of them takes. */
struct cb_pfring_header {
	struct timeval time;
	uint32_t caplen, len;
	uint8_t rest[1000];
};

/* REQUIRED(name, result, arguments): pfring_NAME. OPTIONAL ones may be NULL. */
#define CB_PFRING_FUNCTIONS(REQUIRED, OPTIONAL)                                           \
	REQUIRED(open, struct cb_pfring_ring *,                                           \
		(const char *device, uint32_t caplen, uint32_t flags))                    \
	REQUIRED(close, void, (struct cb_pfring_ring *))                                  \
	REQUIRED(enable_ring, int, (struct cb_pfring_ring *))                             \
	REQUIRED(recv, int,                                                               \
		(struct cb_pfring_ring *, uint8_t * *buffer, unsigned length,             \
			struct cb_pfring_header *header, uint8_t wait))                   \
	REQUIRED(stats, int, (struct cb_pfring_ring *, struct cb_pfring_stat *))          \
	REQUIRED(get_selectable_fd, int, (struct cb_pfring_ring *))                       \
	REQUIRED(get_num_queued_pkts, uint32_t, (struct cb_pfring_ring *))                \
	REQUIRED(set_direction, int, (struct cb_pfring_ring *, int direction))            \
	REQUIRED(set_socket_mode, int, (struct cb_pfring_ring *, int mode))               \
	REQUIRED(set_poll_watermark, int, (struct cb_pfring_ring *, uint16_t frames))     \
	REQUIRED(version, int, (struct cb_pfring_ring *, uint32_t * version))             \
	OPTIONAL(version_noring, int, (uint32_t * version))                               \
	OPTIONAL(set_poll_watermark_timeout, int, (struct cb_pfring_ring *, uint16_t ms)) \
	OPTIONAL(set_bpf_filter, int, (struct cb_pfring_ring *, const char *expression))  \
	OPTIONAL(set_application_name, int, (struct cb_pfring_ring *, char *name))

struct cb_pfring_library {
	void *handle; /* dlopen()'s, NULL: not open */
#define CB_PFRING_POINTER(name, result, arguments) result(*name) arguments;
	CB_PFRING_FUNCTIONS(CB_PFRING_POINTER, CB_PFRING_POINTER)
#undef CB_PFRING_POINTER
};

/* Load `path`; NULL or "": the installed one. CB_ERR_IMPOSSIBLE when there is none, or what is
 * there is no libpfring. */
int cb_pfring_library_open(struct cb_pfring_library *l, const char *path, struct cb_error *err);

/* Unload; a zeroed or closed one is fine. Nothing that the library made may be left. */
void cb_pfring_library_close(struct cb_pfring_library *l);

#endif
