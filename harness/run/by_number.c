#include "harness/run/by_number.h"

/*
 * A veth pair hands the sender's own buffers to the receiver: no frame is copied, none is damaged,
 * none comes twice, and a packet socket, from which such programs read, gets each once. So a frame
 * that was received is one of the generator's for the first time if only the generator's were on
 * the link:
 *
 * - the sending end counted as many frames, sent or refused, as the generator offered: no other
 * sender;
 * - the receiving end got exactly those that were sent;
 * - the receiving end sent none: a packet socket sees what goes out, too.
 */
static bool only_the_generator(const struct cb_generator_book *g, const struct cb_link_readings *l)
{
	const struct cb_counters *before = &l->sender_before, *after = &l->sender_after;
	const struct cb_counters *from = &l->receiver_before, *to = &l->receiver_after;
	int64_t sent = cb_count_subtract(after->tx_packets, before->tx_packets);
	int64_t refused = cb_count_subtract(after->tx_dropped, before->tx_dropped);

	return l->veth && g->offered != CB_UNKNOWN && cb_count_add(sent, refused) == g->offered &&
		cb_count_subtract(to->rx_packets, from->rx_packets) == sent &&
		cb_count_subtract(to->tx_packets, from->tx_packets) == 0;
}

/* A program that counts more than came to it counts something else. */
static bool plausible(const struct cb_view_book *v, const struct cb_generator_book *g,
	const struct cb_path_book *path)
{
	int64_t came = cb_count_subtract(g->offered, path->link_dropped);

	came = cb_count_subtract(came, path->nic_dropped);
	came = cb_count_subtract(came, path->backlog_dropped);
	return came != CB_UNKNOWN && v->received <= came;
}

void cb_view_by_number(struct cb_view_book *view, const struct cb_trial_record *r,
	const struct cb_link_readings *l)
{
	const struct cb_generator_book *g = &r->generator.book;

	if (view->received == CB_UNKNOWN || view->unique != CB_UNKNOWN ||
		view->foreign != CB_UNKNOWN || !only_the_generator(g, l) ||
		!plausible(view, g, &r->path))
		return;
	view->unique = view->received;
	view->duplicate = view->damaged = view->foreign = 0;
}
