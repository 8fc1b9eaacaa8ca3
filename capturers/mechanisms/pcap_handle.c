#include "capturers/mechanisms/pcap_handle.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	int status; /* of pcap_activate() */
	int code;
	const char *text;
} refusals[] = {
	{PCAP_ERROR_PERM_DENIED, CB_ERR_IMPOSSIBLE,
		"capturing needs a privilege: run as root, or on Linux give the program "
		"CAP_NET_RAW (setcap cap_net_raw,cap_net_admin+ep PROGRAM)"},
	{PCAP_ERROR_IFACE_NOT_UP, CB_ERR_IMPOSSIBLE,
		"it is down: bring it up first (ip link set NAME up)"},
	{PCAP_ERROR_NO_SUCH_DEVICE, CB_ERR_USAGE, "there is no such interface"},
};

static int refuse(const struct cb_pcap_handle *h, int status, struct cb_error *err)
{
	const char *own = h->library.geterr(h->pcap);

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (refusals[i].status == status)
			return cb_error_set(err, refusals[i].code, "interface \"%s\": %s",
				h->interface, refusals[i].text);
	}
	if (!*own && h->library.statustostr)
		own = h->library.statustostr(status);
	return cb_error_set(
		err, CB_ERR_HOST, "libpcap can't capture on \"%s\": %s", h->interface, own);
}

/* Before libpcap 1.0: what it takes with a snaplen and a time-out. */
static int open_live(struct cb_pcap_handle *h, const struct cb_tap *tap,
	const struct cb_pcap_wish *wish, struct cb_error *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";

	h->pcap = h->library.open_live(
		h->interface, (int)tap->snaplen, tap->promiscuous, wish->timeout_ms, text);
	if (!h->pcap)
		return cb_error_set(err, CB_ERR_HOST, "libpcap can't capture on \"%s\": %s",
			h->interface, text);
	return 0;
}

static int configure(
	const struct cb_pcap_handle *h, const struct cb_tap *tap, const struct cb_pcap_wish *wish)
{
	const struct cb_pcap_library *l = &h->library;
	int status = l->set_snaplen(h->pcap, (int)tap->snaplen);

	if (!status)
		status = l->set_promisc(h->pcap, tap->promiscuous);
	if (!status)
		status = l->set_timeout(h->pcap, wish->timeout_ms);
	if (!status)
		status = l->set_buffer_size(
			h->pcap, tap->buffer > INT_MAX ? INT_MAX : (int)tap->buffer);
	if (!status && wish->immediate)
		status = l->set_immediate_mode(h->pcap, 1);
	/* not every device has it: then microseconds */
	if (!status && l->set_tstamp_precision)
		l->set_tstamp_precision(h->pcap, PCAP_TSTAMP_PRECISION_NANO);
	return status;
}

static int create(struct cb_pcap_handle *h, const struct cb_tap *tap,
	const struct cb_pcap_wish *wish, struct cb_error *err)
{
	const struct cb_pcap_library *l = &h->library;
	char text[PCAP_ERRBUF_SIZE] = "";
	int status;

	if (!l->create || !l->activate || !l->set_snaplen || !l->set_promisc || !l->set_timeout ||
		!l->set_buffer_size)
		return open_live(h, tap, wish, err);
	h->pcap = l->create(h->interface, text);
	if (!h->pcap)
		return cb_error_set(err, CB_ERR_HOST, "libpcap on \"%s\": %s", h->interface, text);
	status = configure(h, tap, wish);
	if (!status)
		status = l->activate(h->pcap);
	if (status > 0)
		cb_warn("libpcap on \"%s\": %s", h->interface, l->geterr(h->pcap));
	return status < 0 ? refuse(h, status, err) : 0;
}

static int load(struct cb_pcap_handle *h, const struct cb_pcap_wish *wish, struct cb_error *err)
{
	int rc = cb_pcap_library_open(&h->library, wish->library, err);

	if (rc)
		return rc;
	if (wish->immediate && !h->library.set_immediate_mode)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%.80s has no immediate mode: that came with libpcap 1.5",
			h->library.lib_version());
	return 0;
}

int cb_pcap_handle_open(struct cb_pcap_handle *h, const struct cb_tap *tap,
	const struct cb_pcap_wish *wish, struct cb_error *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	int rc;

	snprintf(h->interface, sizeof(h->interface), "%s", tap->interface);
	rc = load(h, wish, err);
	if (!rc)
		rc = create(h, tap, wish, err);
	if (!rc && h->library.setnonblock(h->pcap, 1, text))
		rc = cb_error_set(err, CB_ERR_HOST, "libpcap on \"%s\": %s", h->interface, text);
	if (rc) {
		cb_pcap_handle_close(h);
		return rc;
	}
	h->time_unit = (uint32_t)CB_NS_PER_US;
	if (h->library.get_tstamp_precision &&
		h->library.get_tstamp_precision(h->pcap) == PCAP_TSTAMP_PRECISION_NANO)
		h->time_unit = 1;
	return 0;
}

int cb_pcap_handle_explain(const struct cb_pcap_handle *h)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), rc;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", h->interface);
	rc = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &request);
	if (fd >= 0)
		close(fd);
	if (rc || !(request.ifr_flags & IFF_UP))
		return -ENETDOWN;
	cb_warn("libpcap on \"%s\": %s", h->interface, h->library.geterr(h->pcap));
	return -EIO;
}

void cb_pcap_handle_close(struct cb_pcap_handle *h)
{
	if (h->pcap)
		h->library.close(h->pcap);
	h->pcap = NULL;
	cb_pcap_library_close(&h->library);
}
