#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/genetlink.h>
#include <string.h>

/* Of the family "netdev" (include/uapi/linux/netdev.h), Linux 6.3. */
enum { DEV_GET = 1 };
enum { DEV_IFINDEX = 1, DEV_XDP_FEATURES = 3 };
#define XDP_ACT_NDO_XMIT (UINT64_C(1) << 2)

static int on_device(const struct nlmsghdr *nlh, void *arg)
{
	uint64_t *features = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == DEV_XDP_FEATURES &&
			mnl_attr_validate(attr, MNL_TYPE_U64) >= 0)
			*features = mnl_attr_get_u64(attr);
	}
	return MNL_CB_OK;
}

int cb_link_takes_xdp(const char *name, bool *takes, struct cb_error *err)
{
	struct cb_link_info info;
	struct cb_netlink nl;
	struct nlmsghdr *nlh;
	uint64_t features = 0;
	uint16_t family;
	int r;

	if ((r = cb_link_info(name, &info, err)) ||
		(r = cb_netlink_open_family(&nl, "netdev", &family, err)))
		return r;
	nlh = cb_netlink_command(&nl, family, DEV_GET, 0);
	mnl_attr_put_u32(nlh, DEV_IFINDEX, info.ifindex);
	r = cb_netlink_talk(&nl, nlh, on_device, &features, name, err);
	cb_netlink_close(&nl);
	if (r)
		return cb_error_prepend(err, "XDP features");
	*takes = features & XDP_ACT_NDO_XMIT;
	return 0;
}
