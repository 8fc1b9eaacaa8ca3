#include "generators/traffic/readdress.h"

#include "harness/net/bytes.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

enum { ETHERNET = 14, VLAN_TAG = 4, IPV4_LEAST = 20, IPV6_HEADER = 40 };

/* Adds to the 32 bits at `at`; returns by how much a one's complement sum over them grows. */
static uint32_t add_to(uint8_t *at, uint32_t add)
{
	uint32_t before = (~cb_get16(at) & 0xffff) + (~cb_get16(at + 2) & 0xffff);
	uint32_t value = (cb_get16(at) << 16 | cb_get16(at + 2)) + add;

	cb_put16(at, value >> 16);
	cb_put16(at + 2, value);
	return before + (value >> 16) + (value & 0xffff);
}

/* RFC 1624, equation 3. */
static void mend(uint8_t *checksum, uint32_t growth)
{
	uint32_t sum = (~cb_get16(checksum) & 0xffff) + growth;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	cb_put16(checksum, ~sum);
}

static void mend_transport(uint8_t *at, const uint8_t *end, uint8_t protocol, uint32_t growth)
{
	if (protocol == IPPROTO_TCP && end - at >= 18) {
		mend(at + 16, growth);
	} else if (protocol == IPPROTO_UDP && end - at >= 8 && cb_get16(at + 6)) {
		mend(at + 6, growth);
		if (!cb_get16(at + 6))
			cb_put16(at + 6, 0xffff); /* RFC 768: 0 says that there is none */
	}
}

static void readdress_ipv4(uint8_t *at, const uint8_t *end, uint32_t add)
{
	uint32_t header = (at[0] & 0xfU) * 4, growth;

	if (end - at < IPV4_LEAST || at[0] >> 4 != 4 || header < IPV4_LEAST ||
		end - at < (int32_t)header)
		return;
	growth = add_to(at + 12, add);
	growth += add_to(at + 16, add);
	mend(at + 10, growth);
	/* a later fragment has no transport header */
	if (!(cb_get16(at + 6) & 0x1fff))
		mend_transport(at + header, end, at[9], growth);
}

/* Extension headers are not followed: what is behind them keeps its checksum. */
static void readdress_ipv6(uint8_t *at, const uint8_t *end, uint32_t add)
{
	uint32_t growth;

	if (end - at < IPV6_HEADER || at[0] >> 4 != 6)
		return;
	growth = add_to(at + 20, add);
	growth += add_to(at + 36, add);
	if (at[6] == IPPROTO_ICMPV6 && end - at >= IPV6_HEADER + 4)
		mend(at + IPV6_HEADER + 2, growth);
	else
		mend_transport(at + IPV6_HEADER, end, at[6], growth);
}

void cb_readdress(uint8_t *frame, uint32_t length, uint32_t add)
{
	const uint8_t *end = frame + length;
	uint8_t *at = frame + ETHERNET;

	if (length < ETHERNET)
		return;
	for (int tags = 0; tags < 2 && end - at >= VLAN_TAG &&
		(cb_get16(at - 2) == ETH_P_8021Q || cb_get16(at - 2) == ETH_P_8021AD);
		tags++)
		at += VLAN_TAG;
	if (at == end)
		return;
	if (cb_get16(at - 2) == ETH_P_IP)
		readdress_ipv4(at, end, add);
	else if (cb_get16(at - 2) == ETH_P_IPV6)
		readdress_ipv6(at, end, add);
}
