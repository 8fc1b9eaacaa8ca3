#include "harness/net/link.h"
#include "harness/net/netlink.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

#define FEATURES_MAX 8

/* Features that are read or switched together. */
struct features {
	const char *const *names;
	size_t n;
	bool active[FEATURES_MAX];
};

/* What `ethtool -K DEV tso` means (NETIF_F_ALL_TSO). */
static const char *const tso[] = {"tx-tcp-segmentation", "tx-tcp-ecn-segmentation",
	"tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation"};

static void put_header(struct nlmsghdr *nlh, const char *name, uint32_t flags)
{
	struct nlattr *header = mnl_attr_nest_start(nlh, ETHTOOL_A_FEATURES_HEADER);

	mnl_attr_put_strz(nlh, ETHTOOL_A_HEADER_DEV_NAME, name);
	mnl_attr_put_u32(nlh, ETHTOOL_A_HEADER_FLAGS, flags);
	mnl_attr_nest_end(nlh, header);
}

/* A bitset in its verbose form: the named bits are those to be changed, those with VALUE to 1
 * (Documentation/networking/ethtool-netlink.rst, "Bit sets"). */
static bool put_wanted(struct nlmsghdr *nlh, const struct features *f, bool on)
{
	struct nlattr *wanted = mnl_attr_nest_start(nlh, ETHTOOL_A_FEATURES_WANTED);
	struct nlattr *bits = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS);
	bool fits = true;

	for (size_t i = 0; i < f->n; i++) {
		struct nlattr *bit = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS_BIT);

		fits = fits &&
			mnl_attr_put_strz_check(nlh, CB_NETLINK_REQUEST_MAX / 2,
				ETHTOOL_A_BITSET_BIT_NAME, f->names[i]);
		if (on)
			mnl_attr_put(nlh, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
		mnl_attr_nest_end(nlh, bit);
	}
	mnl_attr_nest_end(nlh, bits);
	mnl_attr_nest_end(nlh, wanted);
	return fits;
}

/* Without a mask a bitset lists the bits that are set. */
static int on_bit(const struct nlattr *attr, void *arg)
{
	struct features *f = arg;

	if (mnl_attr_get_type(attr) != ETHTOOL_A_BITSET_BIT_NAME ||
		mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return MNL_CB_OK;
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->names[i], mnl_attr_get_str(attr)))
			f->active[i] = true;
	return MNL_CB_OK;
}

static int on_features(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *active, *bits, *bit;

	mnl_attr_for_each(active, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(active) != ETHTOOL_A_FEATURES_ACTIVE)
			continue;
		mnl_attr_for_each_nested(bits, active)
		{
			if (mnl_attr_get_type(bits) != ETHTOOL_A_BITSET_BITS)
				continue;
			mnl_attr_for_each_nested(bit, bits) mnl_attr_parse_nested(bit, on_bit, arg);
		}
	}
	return MNL_CB_OK;
}

static int read_features(struct cb_netlink *n, uint16_t family, const char *name,
	struct features *f, struct cb_error *err)
{
	struct nlmsghdr *nlh = cb_netlink_command(n, family, ETHTOOL_MSG_FEATURES_GET, 0);

	memset(f->active, 0, sizeof(f->active));
	put_header(nlh, name, 0);
	return cb_netlink_talk(n, nlh, on_features, f, name, err);
}

/* The first feature that is not as wanted; NULL: none. */
static const char *first_other(const struct features *f, bool on)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->active[i] != on)
			return f->names[i];
	return NULL;
}

static int write_features(struct cb_netlink *n, uint16_t family, const char *name,
	struct features *f, bool on, struct cb_error *err)
{
	struct nlmsghdr *nlh = cb_netlink_command(n, family, ETHTOOL_MSG_FEATURES_SET, 0);
	int r;

	put_header(nlh, name, ETHTOOL_FLAG_OMIT_REPLY);
	if (!put_wanted(nlh, f, on))
		return cb_error_set(
			err, CB_ERR_USAGE, "%s: the name of the feature is too long", name);
	if ((r = cb_netlink_talk(n, nlh, NULL, NULL, first_other(f, on), err)) ||
		(r = read_features(n, family, name, f, err)))
		return r;
	if (first_other(f, on))
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"the kernel keeps %s %s; its driver does not let it be switched",
			first_other(f, on), on ? "off" : "on");
	return 0;
}

static int set_features(const char *name, struct features *f, bool on, struct cb_error *err)
{
	struct cb_netlink n;
	uint16_t family;
	int r;

	if ((r = cb_netlink_check_name(name, err)) ||
		(r = cb_netlink_open_family(&n, ETHTOOL_GENL_NAME, &family, err)))
		return r;
	r = read_features(&n, family, name, f, err);
	if (!r && first_other(f, on) && (r = write_features(&n, family, name, f, on, err)))
		cb_error_prepend(err, "%s", name);
	cb_netlink_close(&n);
	return r;
}

int cb_link_feature(const char *name, const char *feature, bool on, struct cb_error *err)
{
	struct features f = {.names = &feature, .n = 1};

	return set_features(name, &f, on, err);
}

int cb_link_feature_read(const char *name, const char *feature, bool *on, struct cb_error *err)
{
	struct features f = {.names = &feature, .n = 1};
	struct cb_netlink n;
	uint16_t family;
	int r;

	if ((r = cb_netlink_check_name(name, err)) ||
		(r = cb_netlink_open_family(&n, ETHTOOL_GENL_NAME, &family, err)))
		return r;
	r = read_features(&n, family, name, &f, err);
	*on = f.active[0];
	cb_netlink_close(&n);
	return r;
}

int cb_link_tso(const char *name, bool on, struct cb_error *err)
{
	struct features f = {.names = tso, .n = sizeof(tso) / sizeof(tso[0])};

	_Static_assert(sizeof(tso) / sizeof(tso[0]) <= FEATURES_MAX, "room for all of TSO");
	return set_features(name, &f, on, err);
}
