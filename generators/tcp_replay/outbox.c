#include "generators/tcp_replay/outbox.h"

#include "generators/transmitters/packet_way.h"

#include <errno.h>
#include <unistd.h>

int cb_outbox_open(
	struct cb_outbox *o, const char *interface, unsigned ifindex, struct cb_error *err)
{
	const struct cb_packet_options options = {.qdisc_bypass = true};
	const struct cb_link link = {.interface = interface, .ifindex = ifindex};
	int r;

	*o = (struct cb_outbox){.fd = cb_packet_tx_socket(err)};
	if (o->fd < 0)
		return o->fd;
	for (unsigned i = 0; i < CB_OUTBOX_FRAMES; i++) {
		o->messages[i].msg_hdr.msg_iov = o->parts[i];
		o->parts[i][0].iov_base = o->headers[i];
	}
	r = cb_packet_tx_connect(o->fd, &link, &options, err);
	if (r)
		cb_outbox_close(o);
	return r;
}

void cb_outbox_put(struct cb_outbox *o, const struct cb_packet_head *head,
	const struct cb_tcp_segment *s, uint16_t id)
{
	struct iovec *parts;

	if (o->n == CB_OUTBOX_FRAMES)
		cb_outbox_flush(o);
	parts = o->parts[o->n];
	parts[0].iov_len = cb_packet_write(head, s, id, o->headers[o->n]);
	parts[1] = (struct iovec){.iov_base = (void *)(uintptr_t)s->payload, .iov_len = s->length};
	o->messages[o->n].msg_hdr.msg_iovlen = s->length ? 2 : 1;
	o->bytes += (int64_t)(parts[0].iov_len + parts[1].iov_len);
	o->n++;
}

int cb_outbox_flush(struct cb_outbox *o)
{
	unsigned done = 0;
	int broken = 0;

	while (done < o->n) {
		int sent = sendmmsg(o->fd, o->messages + done, o->n - done, 0);

		o->syscalls++;
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN)
			broken = -errno;
		if (sent > 0) {
			o->sent += sent;
			done += (unsigned)sent;
			continue;
		}
		o->refused++; /* as any frame may be lost: the state machine sends it again */
		done++;
	}
	o->n = 0;
	return broken;
}

void cb_outbox_close(struct cb_outbox *o)
{
	if (o->fd >= 0)
		close(o->fd);
	*o = (struct cb_outbox){.fd = -1};
}
