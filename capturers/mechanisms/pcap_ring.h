/*
 * What Linux lets us do with the packet socket behind a libpcap handle, past libpcap: close and
 * open its ears, and see the ring that it has mapped. Where the members for Linux are left out, or
 * libpcap reads something else, there is no such ring, and the mechanism does without.
 */
#ifndef CB_CAPTURERS_MECHANISMS_PCAP_RING_H
#define CB_CAPTURERS_MECHANISMS_PCAP_RING_H

#include "harness/base/error.h"
#include "harness/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;

struct cb_pcap_ring {
	int fd;        /* libpcap's own packet socket */
	int64_t bytes; /* the ring's size, 0: there is no ring */
	int version;   /* 1 to 3: of the ring, TPACKET_Vn */
};

/* What stands behind libpcap, PF_RING apart: it has a libpcap of its own. */
struct cb_pcap_pf_ring {
	bool used;        /* the handle is a PF_RING ring */
	bool fell_back;   /* this libpcap can do PF_RING, but the handle is none */
	char version[16]; /* of the module, "": not known */
};

#ifdef CB_LINUX_MEMBERS

/* `fd` is what pcap_fileno() gave. `ring->bytes` is 0 unless it is a packet socket with a ring. */
void cb_pcap_ring_find(struct cb_pcap_ring *ring, int fd);

/* Let no frame in any more. Returns when none is on its way into the ring. 0 or negative errno. */
int cb_pcap_ring_deafen(const struct cb_pcap_ring *ring);

/* Let in what `program` says, and no frame that this host sends. 0 or negative errno. */
int cb_pcap_ring_hear(const struct cb_pcap_ring *ring, const struct bpf_program *program);

/* Frames that the ring holds when successive ones are `stride` bytes apart; CB_UNKNOWN: not known.
 */
int64_t cb_pcap_ring_capacity(const struct cb_pcap_ring *ring, int64_t stride);

/* `library` is a handle of dlopen()'s. */
void cb_pcap_pf_ring_find(struct cb_pcap_pf_ring *p, int fd, void *library);

/* 0, or CB_ERR_IMPOSSIBLE when this process may not capture. */
int cb_pcap_ring_probe(struct cb_error *err);

#else

static inline void cb_pcap_ring_find(struct cb_pcap_ring *ring, int fd)
{
	*ring = (struct cb_pcap_ring){.fd = fd};
}

static inline int cb_pcap_ring_deafen(const struct cb_pcap_ring *ring)
{
	return 0;
}

static inline int cb_pcap_ring_hear(
	const struct cb_pcap_ring *ring, const struct bpf_program *program)
{
	return 0;
}

static inline int64_t cb_pcap_ring_capacity(const struct cb_pcap_ring *ring, int64_t stride)
{
	return CB_UNKNOWN;
}

static inline void cb_pcap_pf_ring_find(struct cb_pcap_pf_ring *p, int fd, void *library)
{
	*p = (struct cb_pcap_pf_ring){.used = false};
}

static inline int cb_pcap_ring_probe(struct cb_error *err)
{
	return 0;
}

#endif
#endif
