/* From two readings of the counters to the path's book. */
#include "harness/run/validity.h"

/* What a counter that not every driver has has gained. */
static int64_t gained(int64_t before, int64_t after)
{
	return after == CB_UNKNOWN ? 0 : cb_count_subtract(after, before);
}

static int64_t behind_the_ring(const struct cb_link_readings *l)
{
	const struct cb_counters *a = &l->receiver_before, *b = &l->receiver_after;
	int64_t dropped = cb_count_subtract(b->rx_dropped, a->rx_dropped);

	dropped = cb_count_subtract(dropped, gained(a->nic_ring_dropped, b->nic_ring_dropped));
	return cb_count_subtract(
		dropped, gained(l->sender_before.xdp_refused, l->sender_after.xdp_refused));
}

static void settle_pair(struct cb_path_book *path, const struct cb_link_readings *l)
{
	int64_t refused =
		cb_count_subtract(l->sender_after.tx_dropped, l->sender_before.tx_dropped);
	int64_t sent = cb_count_subtract(l->sender_after.tx_packets, l->sender_before.tx_packets);
	int64_t arrived =
		cb_count_subtract(l->receiver_after.rx_packets, l->receiver_before.rx_packets);

	path->link_dropped = cb_count_subtract(sent, arrived);
	path->nic_dropped = 0;
	path->backlog_dropped = refused;
	if (l->threaded || l->napi) {
		path->nic_dropped = refused;
		path->backlog_dropped = behind_the_ring(l);
	}
}

/* Frames that every CPU's backlog refused, of whatever device: 32-bit counters. */
static int64_t backlogs(const struct cb_counters *before, const struct cb_counters *after)
{
	int64_t sum = 0;

	for (int i = 0; i < after->n_cpus; i++)
		if (after->cpu[i].present && before->cpu[i].present)
			sum += (uint32_t)((uint32_t)after->cpu[i].dropped -
				(uint32_t)before->cpu[i].dropped);
	return sum;
}

/*
 * rx_dropped has what the core's backlog refused (net/core/dev.c, enqueue_to_backlog), on a veth
 * with a NAPI behind its ring; other drivers count there what they please, so that it is known only
 * if softnet tells the same, or if there is nothing to tell.
 */
static int64_t remote_backlog(const struct cb_link_readings *l)
{
	const struct cb_counters *a = &l->receiver_before, *b = &l->receiver_after;
	int64_t dropped = behind_the_ring(l);

	if (l->veth_receiver || dropped == 0 || dropped == CB_UNKNOWN)
		return dropped;
	return backlogs(a, b) == dropped ? dropped : CB_UNKNOWN;
}

/*
 * What the link's last port has handed over tells what was lost before it from what was lost
 * behind. `lost` of `handed` frames never arrived. On a veth pair that port's tx_dropped is what
 * the receiver refused (veth_xmit); elsewhere it is what the port itself had no room for.
 */
static void settle_wired(
	struct cb_path_book *path, const struct cb_link_readings *l, int64_t handed, int64_t lost)
{
	const struct cb_counters *from = &l->wire_before, *to = &l->wire_after;
	int64_t given = cb_count_subtract(to->tx_packets, from->tx_packets);

	if (l->veth_wire)
		given = cb_count_add(given, cb_count_subtract(to->tx_dropped, from->tx_dropped));
	path->link_dropped = cb_count_subtract(handed, given);
	path->nic_dropped = cb_count_subtract(lost, path->link_dropped);
}

/*
 * A link with a machine at each end. Between the ends only sums are known: what the senders handed
 * over, less what arrived. Where nothing is missing nothing was lost; where something is, it can be
 * told apart only if the receiving NIC counts what it missed (rx_missed, which is 0 also with
 * drivers that don't count).
 */
static void settle_remote(struct cb_path_book *path, const struct cb_link_readings *l)
{
	const struct cb_counters *from = &l->sender_before, *to = &l->sender_after;
	const struct cb_counters *before = &l->receiver_before, *after = &l->receiver_after;
	bool backlog_first = l->veth_receiver && !l->napi && !l->threaded;
	int64_t handed = cb_count_add(cb_count_subtract(to->tx_packets, from->tx_packets),
		cb_count_subtract(to->tx_dropped, from->tx_dropped));
	int64_t missed = cb_count_subtract(after->rx_missed, before->rx_missed);
	int64_t lost =
		cb_count_subtract(handed, cb_count_subtract(after->rx_packets, before->rx_packets));

	path->backlog_dropped = remote_backlog(l);
	/* A veth without NAPI counts as received what its backlog has taken. */
	if (backlog_first)
		lost = cb_count_subtract(lost, path->backlog_dropped);
	if (l->wired) {
		settle_wired(path, l, handed, lost);
		return;
	}
	lost = cb_count_subtract(lost, missed);
	path->link_dropped = lost;
	path->nic_dropped = missed;
	/* Others sent, too: how many of these frames were lost is within what the tap saw of
	 * theirs. */
	if (lost != CB_UNKNOWN && lost < 0 && !l->veth_receiver)
		path->link_dropped = 0;
	if (lost != CB_UNKNOWN && lost > 0 && missed == 0 && !backlog_first)
		path->link_dropped = path->nic_dropped = CB_UNKNOWN;
}

/* rx_dropped has frames that nobody wanted, too; softnet those of other devices. */
static void settle_alone(struct cb_path_book *path, const struct cb_link_readings *l)
{
	const struct cb_counters *before = &l->receiver_before, *after = &l->receiver_after;
	int64_t dropped = behind_the_ring(l), refused = backlogs(before, after);

	path->link_dropped = 0;
	path->nic_dropped = cb_count_add(cb_count_subtract(after->rx_missed, before->rx_missed),
		gained(before->nic_ring_dropped, after->nic_ring_dropped));
	path->backlog_dropped = dropped == CB_UNKNOWN || dropped > refused ? refused : dropped;
}

int64_t cb_path_came(const struct cb_link_readings *l)
{
	const struct cb_counters *before = &l->receiver_before, *after = &l->receiver_after;

	return cb_count_add(cb_count_subtract(after->rx_packets, before->rx_packets),
		cb_count_subtract(after->rx_missed, before->rx_missed));
}

static int64_t more_of(int64_t after, int64_t before)
{
	int64_t n = cb_count_subtract(after, before);

	return n == CB_UNKNOWN ? 0 : n;
}

bool cb_path_is_under_way(const struct cb_link_readings *l)
{
	const struct cb_counters *a = &l->wire_before, *b = &l->wire_after;
	int64_t sent = more_of(l->sender_after.tx_packets, l->sender_before.tx_packets);
	int64_t given = more_of(b->tx_packets, a->tx_packets);
	int64_t refused = more_of(b->tx_dropped, a->tx_dropped);
	int64_t arrived = more_of(l->receiver_after.rx_packets, l->receiver_before.rx_packets) +
		more_of(l->receiver_after.rx_missed, l->receiver_before.rx_missed);

	return l->wired && (sent > given + refused || given > arrived);
}

void cb_path_settle(struct cb_path_book *path, const struct cb_link_readings *l)
{
	if (l->alone)
		settle_alone(path, l);
	else if (l->remote)
		settle_remote(path, l);
	else
		settle_pair(path, l);
}
