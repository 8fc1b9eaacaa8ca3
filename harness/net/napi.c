#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/genetlink.h>
#include <string.h>

/* The family "netdev" is newer than the headers of older distributions; these are its numbers
 * (include/uapi/linux/netdev.h). */
enum { NAPI_GET = 11 };
enum { NAPI_IFINDEX = 1, NAPI_ID = 2, NAPI_IRQ = 3, NAPI_PID = 4 };

struct napis {
	struct cb_napi *list;
	size_t max, n;
};

static int on_napi(const struct nlmsghdr *nlh, void *arg)
{
	struct napis *all = arg;
	struct cb_napi one = {0};
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == NAPI_ID)
			one.id = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == NAPI_IRQ)
			one.irq = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == NAPI_PID)
			one.thread = (pid_t)mnl_attr_get_u32(attr);
	}
	if (all->n < all->max)
		all->list[all->n] = one;
	all->n++;
	return MNL_CB_OK;
}

int cb_link_napis(
	const char *name, struct cb_napi *list, size_t max, size_t *n, struct cb_error *err)
{
	struct napis all = {.list = list, .max = max};
	struct cb_link_info info;
	struct cb_netlink nl;
	struct nlmsghdr *nlh;
	uint16_t family;
	int r;

	*n = 0;
	if ((r = cb_link_info(name, &info, err)) ||
		(r = cb_netlink_open_family(&nl, "netdev", &family, err)))
		return r;
	nlh = cb_netlink_command(&nl, family, NAPI_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, NAPI_IFINDEX, info.ifindex);
	r = cb_netlink_talk(&nl, nlh, on_napi, &all, name, err);
	cb_netlink_close(&nl);
	if (r)
		return cb_error_prepend(err, "NAPI instances");
	*n = all.n;
	return 0;
}
