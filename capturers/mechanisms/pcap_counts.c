#include "capturers/mechanisms/pcap_counts.h"

#include "capturers/mechanisms/pf_ring_totals.h"
#include "harness/book/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Sources: pcap_stats(3PCAP); pcap_stats_linux(), pcap-linux.c;
 * pcap_stats_bpf(), pcap-bpf.c, with catchpacket() and bpf_tap() of FreeBSD's sys/net/bpf.c. Over
 * PF_RING ps_recv includes ps_drop in some versions and excludes it in others, and leaves out what
 * is queued: its module's own totals are read instead.
 */
struct cb_pcap_source {
	int (*read)(struct cb_pcap_counts *c);
	bool before_filter; /* ps_recv counts what the filter refuses, too */
};

/* Both are unsigned 32-bit numbers that wrap; ps_recv includes ps_drop. */
static int read_stats(struct cb_pcap_counts *c)
{
	struct pcap_stat now = {0};

	if (c->library->stats(c->pcap, &now))
		return -EIO;
	c->recv += (uint32_t)(now.ps_recv - c->last_recv);
	c->drop += (uint32_t)(now.ps_drop - c->last_drop);
	c->last_recv = now.ps_recv;
	c->last_drop = now.ps_drop;
	c->dropped = c->drop;
	c->matched = c->source->before_filter && c->filtered ? CB_UNKNOWN : c->recv;
	return 0;
}

static int read_totals(struct cb_pcap_counts *c)
{
	struct cb_pf_ring_totals totals;

	c->matched = c->dropped = CB_UNKNOWN;
	if (cb_pf_ring_totals_read(&totals, CB_PF_RING_PROC, c->interface))
		return 0;
	c->matched = totals.inserted + totals.lost;
	c->dropped = totals.lost;
	return 0;
}

static const struct cb_pcap_source pf_ring_totals = {.read = read_totals};
#ifdef __linux__
static const struct cb_pcap_source system_stats = {.read = read_stats};
#else
static const struct cb_pcap_source system_stats = {.read = read_stats, .before_filter = true};
#endif

void cb_pcap_counts_init(struct cb_pcap_counts *c, bool pf_ring)
{
	c->source = pf_ring ? &pf_ring_totals : &system_stats;
}

int cb_pcap_counts_read(struct cb_pcap_counts *c)
{
	return c->source->read(c);
}

void cb_pcap_counts_restart(struct cb_pcap_counts *c)
{
	c->recv = c->drop = c->matched = c->dropped = 0;
}

void cb_pcap_version(char *out, size_t size, const char *library, const struct cb_pcap_ring *ring,
	const struct cb_pcap_pf_ring *pf_ring)
{
	static const char usual[] = "libpcap version ";
	char behind[48] = "";

	if (pf_ring->used)
		snprintf(behind, sizeof(behind), ", PF_RING%s%s", *pf_ring->version ? " " : "",
			pf_ring->version);
	else if (ring->bytes)
		snprintf(behind, sizeof(behind), ", TPACKET_V%d%s", ring->version,
			pf_ring->fell_back ? " instead of PF_RING" : "");
	else if (pf_ring->fell_back)
		snprintf(behind, sizeof(behind), ", not PF_RING");
	if (!strncmp(library, usual, sizeof(usual) - 1)) {
		library += sizeof(usual) - 1;
		snprintf(out, size, "libpcap %.*s%s", (int)strcspn(library, " ,;("), library,
			behind);
	} else {
		snprintf(out, size, "%.24s%s", library, behind);
	}
}
