#include "capturers/mechanisms/af_xdp_plan.h"

#include "harness/base/log.h"

#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <stddef.h>

#define VLAN_TAG_LENGTH 4
#define FRAMES_MIN      16

enum mode { MODE_AUTO, MODE_SKB, MODE_DRIVER, MODE_ZERO_COPY };

static const char *const mode_names[] = {"auto", "skb", "driver", "zero-copy", NULL};

static const struct {
	enum cb_xdp_mode xdp;
	enum cb_xsk_mode xsk;
} modes[] = {
	[MODE_AUTO] = {CB_XDP_AUTO, CB_XSK_AUTO},
	[MODE_SKB] = {CB_XDP_GENERIC, CB_XSK_COPY},
	[MODE_DRIVER] = {CB_XDP_NATIVE, CB_XSK_COPY},
	[MODE_ZERO_COPY] = {CB_XDP_NATIVE, CB_XSK_ZERO_COPY},
};

const struct cb_option cb_af_xdp_options[] = {
	{.name = "mode",
		.type = CB_OPT_ENUM,
		.offset = offsetof(struct cb_af_xdp_options, mode),
		.fallback = "auto",
		.choices = mode_names,
		.help = "where the XDP program runs and who copies: skb, in the stack's entry, on "
			"any device; driver, copying; zero-copy, where the driver can; auto: the "
			"last that works"},
	{.name = "queues",
		.type = CB_OPT_COUNT,
		.offset = offsetof(struct cb_af_xdp_options, queues),
		.fallback = "0",
		.max = CB_AF_XDP_QUEUES_MAX,
		.help = "RX queues to take, from the first; frames of the others are not captured; "
			"0: all"},
	{.name = "need-wakeup",
		.type = CB_OPT_BOOL,
		.offset = offsetof(struct cb_af_xdp_options, need_wakeup),
		.fallback = "yes",
		.help = "let the driver sleep until it is woken, when it has run out of frames to "
			"fill"},
	CB_OPTION_END,
};

bool cb_af_xdp_in_stack(const struct cb_af_xdp_options *options)
{
	return options->mode == MODE_SKB;
}

static int count_queues(struct cb_af_xdp_plan *p, struct cb_error *err)
{
	uint32_t there;
	int rc = cb_xsk_queues(p->tap->interface, &there, err);

	if (rc)
		return rc;
	if (there > CB_AF_XDP_QUEUES_MAX && !p->options->queues)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s has %u RX queues, af-xdp takes %d at most: lower their number (ethtool "
			"-L %s combined %d) or take some of them (af-xdp:queues=N)",
			p->tap->interface, there, CB_AF_XDP_QUEUES_MAX, p->tap->interface,
			CB_AF_XDP_QUEUES_MAX);
	if (p->options->queues > there)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s has %u RX queue%s: af-xdp:queues=%d is too many", p->tap->interface,
			there, there == 1 ? "" : "s", (int)p->options->queues);
	p->queues = p->options->queues ? (uint32_t)p->options->queues : there;
	if (p->queues < there)
		cb_warn("af-xdp: frames that come on the last %u of %u RX queues are not captured",
			there - p->queues, there);
	return 0;
}

static int check_processes(const struct cb_af_xdp_plan *p, struct cb_error *err)
{
	if (p->processes <= p->queues)
		return 0;
	return cb_error_set(err, CB_ERR_USAGE,
		"AF_XDP gives the frames of an RX queue to one process, so %u processes need as "
		"many queues, and %s has %u: more by ethtool -L %s rx %u (a NIC: combined %u)",
		p->processes, p->tap->interface, p->queues, p->tap->interface, p->processes,
		p->processes);
}

/* The umem holds `buffer` bytes, shared out among the queues of this process. */
static void size_frames(struct cb_af_xdp_plan *p)
{
	uint32_t longest = p->link.mtu + ETH_HLEN + VLAN_TAG_LENGTH;
	uint32_t own = (p->queues - p->index + p->processes - 1) / p->processes;
	struct cb_xsk_spec *s = &p->spec;
	int64_t frames;

	s->interface = p->tap->interface;
	s->ifindex = p->tap->ifindex;
	s->need_wakeup = p->options->need_wakeup;
	s->frame_bytes = longest <= CB_XSK_FRAME_SMALL - CB_XSK_HEADROOM ? CB_XSK_FRAME_SMALL
									 : CB_XSK_FRAME_LARGE;
	if (longest > CB_XSK_FRAME_LARGE - CB_XSK_HEADROOM)
		cb_warn("af-xdp: frames of more than %u bytes are lost (and counted as such); the "
			"MTU of %s lets %u through",
			CB_XSK_FRAME_LARGE - CB_XSK_HEADROOM, p->tap->interface, longest);
	frames = p->tap->buffer / s->frame_bytes / own;
	s->rx_frames = frames < FRAMES_MIN ? FRAMES_MIN : (uint32_t)frames;
}

int cb_af_xdp_plan_make(struct cb_af_xdp_plan *p, const struct cb_tap *tap,
	const struct cb_af_xdp_options *options, unsigned index, unsigned processes,
	struct cb_error *err)
{
	int rc;

	*p = (struct cb_af_xdp_plan){.tap = tap,
		.options = options,
		.index = index,
		.processes = processes,
		.xdp = modes[options->mode].xdp};
	rc = cb_link_info(tap->interface, &p->link, err);
	if (rc)
		return rc;
	if (!p->link.up)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"interface \"%s\" is down: bring it up first (ip link set %s up)",
			tap->interface, tap->interface);
	rc = count_queues(p, err);
	if (!rc)
		rc = check_processes(p, err);
	if (!rc)
		size_frames(p);
	return rc;
}

/* With the program in the stack's entry the driver has no part in it: the kernel copies. */
int cb_af_xdp_plan_finish(struct cb_af_xdp_plan *p, struct cb_error *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int rc = bpf_xdp_query((int)p->tap->ifindex, 0, &query);

	if (rc)
		return cb_error_errno(
			err, CB_ERR_HOST, rc, "the XDP mode of %s", p->tap->interface);
	p->native = query.attach_mode != XDP_ATTACHED_SKB;
	p->spec.mode = p->native ? modes[p->options->mode].xsk : CB_XSK_COPY;
	return 0;
}
