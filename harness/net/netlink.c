#include "harness/net/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* Answers are at most 32 KiB: what the kernel puts into one dump message when the reader offers it.
 */
#define ANSWER_MAX 32768

int cb_netlink_open(struct cb_netlink *n, int bus, unsigned groups, struct cb_error *err)
{
	const struct timeval patience = {.tv_sec = 1};
	const int on = 1;

	memset(n, 0, sizeof(*n));
	n->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!n->socket)
		return cb_error_errno(err, CB_ERR_HOST, errno, "netlink socket");
	/* Older kernels lack these two; the texts of refusals are then shorter. */
	mnl_socket_setsockopt(n->socket, NETLINK_EXT_ACK, (void *)&on, sizeof(on));
	mnl_socket_setsockopt(n->socket, NETLINK_CAP_ACK, (void *)&on, sizeof(on));
	setsockopt(
		mnl_socket_get_fd(n->socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(n->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		int e = errno;

		cb_netlink_close(n);
		return cb_error_errno(err, CB_ERR_HOST, e, "netlink socket");
	}
	return 0;
}

void cb_netlink_close(struct cb_netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	n->socket = NULL;
}

struct nlmsghdr *cb_netlink_request(struct cb_netlink *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	memset(n->request, 0, sizeof(n->request));
	nlh = mnl_nlmsg_put_header(n->request);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

int cb_netlink_open_link(struct cb_netlink *n, uint16_t type, const char *name,
	struct nlmsghdr **nlh, struct cb_error *err)
{
	int r = cb_netlink_check_name(name, err);

	if (!r)
		r = cb_netlink_open(n, NETLINK_ROUTE, 0, err);
	if (r)
		return r;
	*nlh = cb_netlink_request(n, type, 0);
	mnl_nlmsg_put_extra_header(*nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(*nlh, IFLA_IFNAME, name);
	return 0;
}

struct nlmsghdr *cb_netlink_command(
	struct cb_netlink *n, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *nlh = cb_netlink_request(n, family, flags);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

/* What the callbacks of one conversation share. */
struct talk {
	cb_netlink_answer *answer;
	void *arg;
	int refusal;   /* errno; 0: none */
	char why[256]; /* the kernel's own words; "": none */
};

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	struct talk *t = data;

	return t->answer ? t->answer(nlh, t->arg) : MNL_CB_OK;
}

/* The kernel's words stand in attributes behind the copy of our request, which is cut to its header
 * when NLM_F_CAPPED is set (Documentation/userspace-api/netlink/intro.rst, "Ext ACK"). */
static void read_why(const struct nlmsghdr *nlh, struct talk *t)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	size_t skip = sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(struct nlmsghdr);
	if (skip > mnl_nlmsg_get_payload_len(nlh))
		return;
	mnl_attr_for_each(attr, nlh, (unsigned)skip)
	{
		size_t length = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;
		if (length >= sizeof(t->why))
			length = sizeof(t->why) - 1;
		memcpy(t->why, mnl_attr_get_payload(attr), length);
		t->why[length] = 0;
	}
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct talk *t = data;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e)) {
		t->refusal = EBADMSG;
		return MNL_CB_STOP;
	}
	t->refusal = -e->error;
	if (e->error)
		read_why(nlh, t);
	return MNL_CB_STOP;
}

/* A dump may end in an error; the end message then carries it. */
static int on_done(const struct nlmsghdr *nlh, void *data)
{
	struct talk *t = data;
	int status = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(status))
		memcpy(&status, mnl_nlmsg_get_payload(nlh), sizeof(status));
	t->refusal = status < 0 ? -status : 0;
	return MNL_CB_STOP;
}

static int refused(const struct talk *t, const char *what, struct cb_error *err)
{
	static const struct {
		int sys_errno, code;
		const char *cure;
	} known[] = {
		{EPERM, CB_ERR_IMPOSSIBLE,
			"; needs CAP_NET_ADMIN in this network namespace (root, or a user "
			"namespace of "
			"your own)"},
		{EOPNOTSUPP, CB_ERR_IMPOSSIBLE, ""},
		{ENODEV, CB_ERR_USAGE, ""},
	};
	const char *cure = "";
	int code = CB_ERR_HOST;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].sys_errno == t->refusal) {
			code = known[i].code;
			cure = known[i].cure;
		}
	cb_error_set(err, code, "%s: %s%s%s%s%s", what, strerror(t->refusal), t->why[0] ? " (" : "",
		t->why, t->why[0] ? ")" : "", cure);
	if (err)
		err->sys_errno = t->refusal;
	return code;
}

int cb_netlink_talk(struct cb_netlink *n, struct nlmsghdr *request, cb_netlink_answer *answer,
	void *arg, const char *what, struct cb_error *err)
{
	_Alignas(struct nlmsghdr) char buffer[ANSWER_MAX];
	mnl_cb_t control[NLMSG_MIN_TYPE] = {[NLMSG_ERROR] = on_error, [NLMSG_DONE] = on_done};
	struct talk t = {.answer = answer, .arg = arg};
	unsigned port = mnl_socket_get_portid(n->socket);
	int more = MNL_CB_OK;

	request->nlmsg_seq = ++n->sequence;
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s: netlink send", what);
	while (more == MNL_CB_OK) {
		ssize_t got = mnl_socket_recvfrom(n->socket, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cb_error_errno(err, CB_ERR_HOST, errno, "%s: netlink answer", what);
		more = mnl_cb_run2(buffer, (size_t)got, request->nlmsg_seq, port, on_answer, &t,
			control, NLMSG_MIN_TYPE);
		if (more < 0)
			return cb_error_errno(err, CB_ERR_HOST, errno, "%s: netlink answer", what);
	}
	return t.refusal ? refused(&t, what, err) : 0;
}

static int on_family(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
			mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			*(uint16_t *)arg = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

int cb_netlink_open_family(
	struct cb_netlink *n, const char *family, uint16_t *id, struct cb_error *err)
{
	struct nlmsghdr *nlh;
	struct cb_error why = {0};
	int r = cb_netlink_open(n, NETLINK_GENERIC, 0, err);

	if (r)
		return r;
	*id = 0;
	nlh = cb_netlink_command(n, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, family);
	r = cb_netlink_talk(n, nlh, on_family, id, family, &why);
	if (!r && *id)
		return 0;
	cb_netlink_close(n);
	if (r && why.sys_errno != ENOENT) {
		if (err)
			*err = why;
		return r;
	}
	return cb_error_set(
		err, CB_ERR_IMPOSSIBLE, "this kernel has no generic netlink family \"%s\"", family);
}

int cb_netlink_check_name(const char *name, struct cb_error *err)
{
	size_t length = strnlen(name, IFNAMSIZ);

	if (!length || length == IFNAMSIZ || strpbrk(name, "/ \t\n") || !strcmp(name, ".") ||
		!strcmp(name, ".."))
		return cb_error_set(err, CB_ERR_USAGE,
			"\"%.32s\" can't be the name of an interface: 1 to %d characters, no "
			"blank, no slash",
			name, IFNAMSIZ - 1);
	return 0;
}
