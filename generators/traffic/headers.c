#include "generators/traffic/headers.h"

#include "harness/net/stamp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VLAN_MAX  4094
#define LABEL_MAX 1048575
#define FCS       4U

enum {
	ETHERNET = 14,
	VLAN_TAG = 4,
	MPLS_LABEL = 4,
	IPV4 = 20,
	IPV6 = 40,
	IPV6_FRAGMENT = 8,
	UDP = 8,
	SMALLEST = 64,
};

struct udp_options {
	char vlan[16], mpls[80];
	int ip, fragment, checksum;
};

static const char *const ip_names[] = {"4", "6", NULL};
static const char *const fragment_names[] = {"no", "first", "middle", "last", NULL};
static const char *const checksum_names[] = {"auto", "none", "udp", "bad-udp", "bad-ip", NULL};

#define FIELD(f) .offset = offsetof(struct udp_options, f)
#define TEXT(f)  CB_OPTION_TEXT_AT(struct udp_options, f), .fallback = ""

static const struct cb_option udp_options[] = {
	{.name = "vlan",
		TEXT(vlan),
		.metavar = "ID[/ID]",
		.help = "VLAN tags; of two the first is the service's (802.1ad)"},
	{.name = "mpls",
		TEXT(mpls),
		.metavar = "LABEL[/LABEL...]",
		.help = "MPLS labels, the outermost first"},
	{.name = "ip",
		.type = CB_OPT_ENUM,
		FIELD(ip),
		.choices = ip_names,
		.fallback = "4",
		.help = "Version of IP; 6: the IPv4 addresses behind 2001:2:: (RFC 5180)"},
	{.name = "fragment",
		.type = CB_OPT_ENUM,
		FIELD(fragment),
		.choices = fragment_names,
		.fallback = "no",
		.help = "Every frame is this piece of a datagram; only the first has a UDP header"},
	{.name = "checksum",
		.type = CB_OPT_ENUM,
		FIELD(checksum),
		.choices = checksum_names,
		.fallback = "auto",
		.help = "UDP's: none or right, or wrong ones; auto: right where IP asks for it "
			"(6)"},
	CB_OPTION_END,
};

/* ---- reading ---- */

/* "100/200": up to `max` numbers between `least` and `most`; how many, -1: something else. */
static int read_numbers(
	const char *text, uint32_t *numbers, unsigned max, unsigned long least, unsigned long most)
{
	unsigned n = 0;
	char *end;

	if (!*text)
		return 0;
	for (;; text = end + 1) {
		unsigned long value;

		if (n == max || !isdigit((unsigned char)*text))
			return -1;
		errno = 0;
		value = strtoul(text, &end, 10);
		if (errno || value < least || value > most || (*end && *end != '/'))
			return -1;
		numbers[n++] = (uint32_t)value;
		if (!*end)
			return (int)n;
	}
}

static int read_vlans(struct cb_headers *h, const char *text, struct cb_error *err)
{
	uint32_t ids[CB_HEADERS_VLANS_MAX];
	int n = read_numbers(text, ids, CB_HEADERS_VLANS_MAX, 1, VLAN_MAX);

	if (n < 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"vlan: \"%s\" is not understood; write one tag as 100 and two as 100/200, "
			"between 1 and %d",
			text, VLAN_MAX);
	h->n_vlans = (unsigned)n;
	for (int i = 0; i < n; i++)
		h->vlans[i] = (uint16_t)ids[i];
	return 0;
}

static int read_labels(struct cb_headers *h, const char *text, struct cb_error *err)
{
	int n = read_numbers(text, h->labels, CB_HEADERS_LABELS_MAX, 0, LABEL_MAX);

	if (n < 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"mpls: \"%s\" is not understood; write labels as 16/17, at most %d of "
			"them, up "
			"to %d",
			text, CB_HEADERS_LABELS_MAX, LABEL_MAX);
	h->n_labels = (unsigned)n;
	return 0;
}

/* What does not go together. */
static int check_headers(const struct cb_headers *h, struct cb_error *err)
{
	if (h->checksum == CB_CHECKSUM_BAD_IP && h->ip == CB_HEADER_IPV6)
		return cb_error_set(err, CB_ERR_USAGE,
			"checksum=bad-ip: the header of IPv6 has no checksum; use bad-udp");
	if (h->checksum == CB_CHECKSUM_NONE && h->ip == CB_HEADER_IPV6)
		return cb_error_set(err, CB_ERR_USAGE,
			"checksum=none: UDP over IPv6 must have one (RFC 8200); use bad-udp for a "
			"wrong one");
	if (!cb_headers_have_udp(h) &&
		(h->checksum == CB_CHECKSUM_UDP || h->checksum == CB_CHECKSUM_BAD_UDP))
		return cb_error_set(err, CB_ERR_USAGE,
			"checksum=%s: fragment=%s has no UDP header; use fragment=first",
			checksum_names[h->checksum], fragment_names[h->fragment]);
	return 0;
}

static int make(struct cb_headers *h, const struct udp_options *o, struct cb_error *err)
{
	int r;

	*h = (struct cb_headers){.ip = (enum cb_header_ip)o->ip,
		.fragment = (enum cb_header_fragment)o->fragment,
		.checksum = (enum cb_header_checksum)o->checksum};
	r = read_vlans(h, o->vlan, err);
	if (!r)
		r = read_labels(h, o->mpls, err);
	return r ? r : check_headers(h, err);
}

static int udp_check(const void *options, struct cb_error *err)
{
	struct cb_headers h;

	return make(&h, options, err);
}

static const struct cb_member udp = {
	.name = "udp",
	.help = "Ethernet, IP and UDP, with VLAN tags and MPLS labels if asked for",
	.options = udp_options,
	.options_size = sizeof(struct udp_options),
	.check = udp_check,
};

const struct cb_member *cb_headers_at(size_t i)
{
	return i ? NULL : &udp;
}

const struct cb_axis cb_headers_axis = {.name = "frame", .plural = "frames", .at = cb_headers_at};

int cb_headers_make(struct cb_headers *h, const char *text, struct cb_error *err)
{
	struct udp_options options;
	int r = cb_member_parse(&cb_headers_axis, text, NULL, &options, err);

	return r ? r : make(h, &options, err);
}

/* ---- lengths ---- */

bool cb_headers_have_checksum(const struct cb_headers *h)
{
	return cb_headers_have_udp(h) &&
		(h->checksum == CB_CHECKSUM_UDP || h->checksum == CB_CHECKSUM_BAD_UDP ||
			h->ip == CB_HEADER_IPV6);
}

uint32_t cb_headers_ip_offset(const struct cb_headers *h)
{
	return ETHERNET + VLAN_TAG * h->n_vlans + MPLS_LABEL * h->n_labels;
}

uint32_t cb_headers_ip_length(const struct cb_headers *h)
{
	if (h->ip == CB_HEADER_IPV4)
		return IPV4;
	return h->fragment ? IPV6 + IPV6_FRAGMENT : IPV6;
}

uint32_t cb_headers_stamp_offset(const struct cb_headers *h)
{
	return cb_headers_ip_offset(h) + cb_headers_ip_length(h) +
		(cb_headers_have_udp(h) ? UDP : 0);
}

uint32_t cb_headers_smallest(const struct cb_headers *h)
{
	uint32_t carried = (cb_headers_have_udp(h) ? UDP : 0) + CB_STAMP_SIZE, bytes;

	if (cb_headers_go_on(h))
		carried = (carried + 7) / 8 * 8;
	bytes = cb_headers_ip_offset(h) + cb_headers_ip_length(h) + carried + FCS;
	return bytes > SMALLEST ? bytes : SMALLEST;
}

uint32_t cb_headers_smallest_of(const char *text)
{
	struct cb_headers h;

	return cb_headers_make(&h, text, NULL) ? 0 : cb_headers_smallest(&h);
}
