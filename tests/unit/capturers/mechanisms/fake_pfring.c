/* A libpfring that does as a test says, with the interface of PF_RING 8. */
#include "tests/unit/capturers/mechanisms/fake_pfring.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

extern struct fake_pfring *const fake;
static struct fake_pfring state;
struct fake_pfring *const fake = &state;

typedef struct {
	int unused;
} pfring;
static pfring ring;

/* As long as the real one, whose extended part a user of the short header never looks at. */
struct pfring_pkthdr {
	struct timeval ts;
	uint32_t caplen, len;
	uint8_t extended_hdr[150];
};

typedef struct {
	uint64_t recv, drop, shunt;
} pfring_stat;

pfring *pfring_open(const char *device, uint32_t caplen, uint32_t flags);
void pfring_close(pfring *r);
int pfring_enable_ring(pfring *r);
int pfring_recv(
	pfring *r, uint8_t **buffer, unsigned length, struct pfring_pkthdr *header, uint8_t wait);
int pfring_stats(pfring *r, pfring_stat *stats);
int pfring_get_selectable_fd(pfring *r);
uint32_t pfring_get_num_queued_pkts(pfring *r);
int pfring_set_direction(pfring *r, int direction);
int pfring_set_socket_mode(pfring *r, int mode);
int pfring_set_poll_watermark(pfring *r, uint16_t frames);
int pfring_set_poll_watermark_timeout(pfring *r, uint16_t ms);
int pfring_version(pfring *r, uint32_t *version);
int pfring_version_noring(uint32_t *version);
int pfring_set_bpf_filter(pfring *r, const char *expression);

pfring *pfring_open(const char *device, uint32_t caplen, uint32_t flags)
{
	state.snaplen = caplen;
	state.flags = flags;
	errno = state.open_errno;
	return state.open_errno ? NULL : &ring;
}

void pfring_close(pfring *r)
{
	state.closed++;
}

int pfring_enable_ring(pfring *r)
{
	state.enabled++;
	return state.fails;
}

/* As the real one, it lends a frame only when no buffer is given. */
int pfring_recv(
	pfring *r, uint8_t **buffer, unsigned length, struct pfring_pkthdr *header, uint8_t wait)
{
	uint32_t bytes = state.caplen < length ? state.caplen : length;

	if (!state.queued || !length)
		return state.recv;
	memset(header, 0xee, sizeof(*header));
	header->ts = (struct timeval){.tv_sec = 2, .tv_usec = 3};
	header->caplen = header->len = state.caplen;
	memset(*buffer, 0, bytes);
	memcpy(*buffer, &state.next, sizeof(state.next));
	state.next++;
	state.queued--;
	return 1;
}

int pfring_stats(pfring *r, pfring_stat *stats)
{
	*stats = (pfring_stat){.recv = state.next, .drop = state.dropped};
	return state.fails;
}

int pfring_get_selectable_fd(pfring *r)
{
	return state.fd;
}

uint32_t pfring_get_num_queued_pkts(pfring *r)
{
	return (uint32_t)state.queued;
}

int pfring_set_direction(pfring *r, int direction)
{
	state.direction = direction;
	return 0;
}

int pfring_set_socket_mode(pfring *r, int mode)
{
	state.mode = mode;
	return 0;
}

int pfring_set_poll_watermark(pfring *r, uint16_t frames)
{
	state.watermark = frames;
	return state.fails;
}

int pfring_set_poll_watermark_timeout(pfring *r, uint16_t ms)
{
	state.timeout = ms;
	return state.fails;
}

int pfring_version(pfring *r, uint32_t *version)
{
	*version = state.version;
	return 0;
}

int pfring_version_noring(uint32_t *version)
{
	*version = state.module;
	return state.module ? 0 : -1;
}

int pfring_set_bpf_filter(pfring *r, const char *expression)
{
	state.filters++;
	return strcmp(expression, "wrong") ? 0 : -1;
}
