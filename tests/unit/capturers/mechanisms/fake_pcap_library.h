/* A libpcap that does as a test says. OLD: as before libpcap 1.0; PF_RING: as PF_RING brings one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/capturers/mechanisms/fake_pcap.h"

extern struct fake_pcap *const fake;
static struct fake_pcap state;
struct fake_pcap *const fake = &state;

struct pcap {
	int unused;
};
static pcap_t handle;

#define FRAME_MAX 65535

pcap_t *pcap_open_live(const char *device, int snaplen, int promisc, int to_ms, char *errbuf)
{
	if (state.activate < 0) {
		snprintf(errbuf, PCAP_ERRBUF_SIZE, "the stand-in's reason");
		return NULL;
	}
	state.opened_live++;
	state.timeout = to_ms;
	state.snaplen = snaplen;
	state.promiscuous = promisc;
	return &handle;
}

void pcap_close(pcap_t *p)
{
	state.closed++;
}

int pcap_compile(
	pcap_t *p, struct bpf_program *program, const char *text, int optimize, bpf_u_int32 netmask)
{
	if (!strcmp(text, "wrong"))
		return -1;
	program->bf_len = 1;
	program->bf_insns = calloc(1, sizeof(*program->bf_insns));
	return program->bf_insns ? 0 : -1;
}

void pcap_freecode(struct bpf_program *program)
{
	free(program->bf_insns);
}

int pcap_setfilter(pcap_t *p, struct bpf_program *program)
{
	state.filters++;
	return 0;
}

int pcap_dispatch(pcap_t *p, int cnt, pcap_handler callback, u_char *user)
{
	static u_char bytes[FRAME_MAX];
	int n = cnt < state.queued ? cnt : state.queued;

	if (!n)
		return state.dispatch;
	for (int i = 0; i < n + state.excess; i++) {
		struct pcap_pkthdr header = {.ts = {.tv_sec = 2, .tv_usec = 3},
			.caplen = state.caplen,
			.len = state.caplen};

		memcpy(bytes, &state.next, sizeof(state.next));
		state.next++;
		callback(user, &header, bytes);
	}
	state.queued -= n;
	return n;
}

int pcap_next_ex(pcap_t *p, struct pcap_pkthdr **header, const u_char **data)
{
	return -1;
}

int pcap_stats(pcap_t *p, struct pcap_stat *stats)
{
	*stats = state.stats;
	return state.stats_fail ? -1 : 0;
}

char *pcap_geterr(pcap_t *p)
{
	static char text[] = "the stand-in's words";

	return text;
}

int pcap_setnonblock(pcap_t *p, int on, char *errbuf)
{
	return 0;
}

int pcap_setdirection(pcap_t *p, pcap_direction_t direction)
{
	return -1;
}

int pcap_datalink(pcap_t *p)
{
	return DLT_EN10MB;
}

int pcap_fileno(pcap_t *p)
{
	return -1;
}

int pcap_get_selectable_fd(pcap_t *p)
{
	return -1;
}

pcap_t *pcap_open_dead(int link, int snaplen)
{
	return &handle;
}

#ifdef OLD

const char *pcap_lib_version(void)
{
	return "libpcap version 0.9.8";
}

#else

#ifdef PF_RING
void *pfring_open(const char *device, unsigned caplen, unsigned flags);
void *pfring_open(const char *device, unsigned caplen, unsigned flags)
{
	return NULL;
}
#endif

const char *pcap_lib_version(void)
{
	return "libpcap version 1.10.1 (with TPACKET_V3)";
}

pcap_t *pcap_create(const char *device, char *errbuf)
{
	return &handle;
}

int pcap_activate(pcap_t *p)
{
	state.activated++;
	return state.activate;
}

int pcap_set_snaplen(pcap_t *p, int snaplen)
{
	state.snaplen = snaplen;
	return 0;
}

int pcap_set_promisc(pcap_t *p, int on)
{
	state.promiscuous = on;
	return 0;
}

int pcap_set_timeout(pcap_t *p, int ms)
{
	state.timeout = ms;
	return 0;
}

int pcap_set_buffer_size(pcap_t *p, int bytes)
{
	state.buffer = bytes;
	return 0;
}

int pcap_set_immediate_mode(pcap_t *p, int on)
{
	state.immediate = on;
	return 0;
}

#endif
