/*
 * One netlink conversation: ask, read the answers, take the acknowledgement and the kernel's own
 * words (extended acknowledgement) when it refuses. Internal to harness/net.
 */
#ifndef CB_HARNESS_NET_NETLINK_H
#define CB_HARNESS_NET_NETLINK_H

#include "harness/base/error.h"

#include <libmnl/libmnl.h>
#include <stdint.h>

#define CB_NETLINK_REQUEST_MAX 4096

struct cb_netlink {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t sequence;
	/* The request under construction. Aligned as netlink headers want it. */
	_Alignas(struct nlmsghdr) char request[CB_NETLINK_REQUEST_MAX];
};

/* `bus`: NETLINK_ROUTE, NETLINK_GENERIC. `groups`: multicast groups to listen to, 0: none. */
int cb_netlink_open(struct cb_netlink *n, int bus, unsigned groups, struct cb_error *err);
void cb_netlink_close(struct cb_netlink *n); /* accepts a zeroed struct */

/* A new request in n->request: header with NLM_F_REQUEST and `flags`, nothing behind it. */
struct nlmsghdr *cb_netlink_request(struct cb_netlink *n, uint16_t type, uint16_t flags);

/* Open a conversation about the device `name`, with a request *nlh of `type` (RTM_GETLINK, ...)
 * that has its name behind a header of zeros (struct ifinfomsg). */
int cb_netlink_open_link(struct cb_netlink *n, uint16_t type, const char *name,
	struct nlmsghdr **nlh, struct cb_error *err);

/* Called for each answer; returns MNL_CB_OK. */
typedef int cb_netlink_answer(const struct nlmsghdr *nlh, void *arg);

/*
 * Send the request (NLM_F_ACK is added unless it is a dump) and read to the end of the answers, at
 * most a second. `answer` may be NULL. `what` names the request in errors ("veth pair a, b").
 * CB_ERR_IMPOSSIBLE: no privilege or not supported; CB_ERR_USAGE: no such device; CB_ERR_HOST: any
 * other refusal. err->sys_errno is the kernel's.
 */
int cb_netlink_talk(struct cb_netlink *n, struct nlmsghdr *request, cb_netlink_answer *answer,
	void *arg, const char *what, struct cb_error *err);

/* Open a generic netlink conversation with `family` ("ethtool"), whose number goes to *id.
 * CB_ERR_IMPOSSIBLE when the kernel has none. */
int cb_netlink_open_family(
	struct cb_netlink *n, const char *family, uint16_t *id, struct cb_error *err);
/* A new generic netlink request. */
struct nlmsghdr *cb_netlink_command(
	struct cb_netlink *n, uint16_t family, uint8_t command, uint16_t flags);

/* Check that `name` can be a device's name; CB_ERR_USAGE. */
int cb_netlink_check_name(const char *name, struct cb_error *err);

#endif
