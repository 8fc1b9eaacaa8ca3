#include "harness/net/ethtool.h"

#include "harness/net/netlink.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

#define RING(key, what, text)                                                         \
	{                                                                             \
		.name = "ring." key, .help = (text), .get = ETHTOOL_MSG_RINGS_GET,    \
		.set = ETHTOOL_MSG_RINGS_SET, .header = ETHTOOL_A_RINGS_HEADER,       \
		.value = ETHTOOL_A_RINGS_##what, .most = ETHTOOL_A_RINGS_##what##_MAX \
	}
#define CHANNELS(key, what, text)                                                         \
	{                                                                                 \
		.name = "channels." key, .help = (text), .get = ETHTOOL_MSG_CHANNELS_GET, \
		.set = ETHTOOL_MSG_CHANNELS_SET, .header = ETHTOOL_A_CHANNELS_HEADER,     \
		.value = ETHTOOL_A_CHANNELS_##what##_COUNT,                               \
		.most = ETHTOOL_A_CHANNELS_##what##_MAX                                   \
	}
#define COALESCE(key, what, flag, text)                                                   \
	{                                                                                 \
		.name = "coalesce." key, .help = (text), .get = ETHTOOL_MSG_COALESCE_GET, \
		.set = ETHTOOL_MSG_COALESCE_SET, .header = ETHTOOL_A_COALESCE_HEADER,     \
		.value = ETHTOOL_A_COALESCE_##what, .is_bool = (flag)                     \
	}

static const struct cb_ethtool_number numbers[] = {
	CHANNELS("rx", RX, "RX queues"),
	CHANNELS("tx", TX, "TX queues"),
	CHANNELS("combined", COMBINED, "Queues that receive and send"),
	RING("rx", RX, "Descriptors of each RX queue"),
	RING("tx", TX, "Descriptors of each TX queue"),
	COALESCE(
		"adaptive-rx", USE_ADAPTIVE_RX, true, "The driver chooses when RX interrupts come"),
	COALESCE(
		"adaptive-tx", USE_ADAPTIVE_TX, true, "The driver chooses when TX interrupts come"),
	COALESCE("rx-usecs", RX_USECS, false, "Microseconds until an RX interrupt"),
	COALESCE("rx-frames", RX_MAX_FRAMES, false, "Frames until an RX interrupt"),
	COALESCE("tx-usecs", TX_USECS, false, "Microseconds until a TX interrupt"),
	COALESCE("tx-frames", TX_MAX_FRAMES, false, "Frames until a TX interrupt"),
};

const struct cb_ethtool_number *cb_ethtool_at(size_t i)
{
	return i < sizeof(numbers) / sizeof(*numbers) ? &numbers[i] : NULL;
}

const struct cb_ethtool_number *cb_ethtool_find(const char *name)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return &numbers[i];
	return NULL;
}

struct answer {
	const struct cb_ethtool_number *number;
	uint32_t value, most;
	bool told;
};

static uint32_t number_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint8_t) ? mnl_attr_get_u8(attr)
		: mnl_attr_validate(attr, MNL_TYPE_U32) >= 0     ? mnl_attr_get_u32(attr)
								 : 0;
}

static int on_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct answer *a = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == a->number->value) {
			a->value = number_of(attr);
			a->told = true;
		} else if (a->number->most && mnl_attr_get_type(attr) == a->number->most) {
			a->most = number_of(attr);
		}
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *request(struct cb_netlink *n, uint16_t family, uint8_t message,
	const struct cb_ethtool_number *number, const char *interface)
{
	struct nlmsghdr *nlh = cb_netlink_command(n, family, message, 0);
	struct nlattr *header = mnl_attr_nest_start(nlh, number->header);

	mnl_attr_put_strz(nlh, ETHTOOL_A_HEADER_DEV_NAME, interface);
	mnl_attr_nest_end(nlh, header);
	return nlh;
}

static int open_ethtool(
	struct cb_netlink *n, const char *interface, uint16_t *family, struct cb_error *err)
{
	int r = cb_netlink_check_name(interface, err);

	return r ? r : cb_netlink_open_family(n, ETHTOOL_GENL_NAME, family, err);
}

int cb_ethtool_read(const char *interface, const struct cb_ethtool_number *number, uint32_t *value,
	uint32_t *most, struct cb_error *err)
{
	struct answer a = {.number = number, .most = UINT32_MAX};
	struct cb_netlink n;
	uint16_t family;
	int r = open_ethtool(&n, interface, &family, err);

	if (r)
		return r;
	r = cb_netlink_talk(&n, request(&n, family, number->get, number, interface), on_answer, &a,
		interface, err);
	cb_netlink_close(&n);
	if (!r && !a.told)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE, "the driver of %s has no %s", interface,
			number->name);
	*value = a.value;
	if (most)
		*most = a.most;
	return r;
}

int cb_ethtool_write(const char *interface, const struct cb_ethtool_number *number, uint32_t value,
	struct cb_error *err)
{
	struct cb_netlink n;
	struct nlmsghdr *nlh;
	uint16_t family;
	int r = open_ethtool(&n, interface, &family, err);

	if (r)
		return r;
	nlh = request(&n, family, number->set, number, interface);
	if (number->is_bool)
		mnl_attr_put_u8(nlh, number->value, (uint8_t)value);
	else
		mnl_attr_put_u32(nlh, number->value, value);
	r = cb_netlink_talk(&n, nlh, NULL, NULL, interface, err);
	cb_netlink_close(&n);
	return r;
}

#define SWITCH(text, message, header_attribute, value_attribute)                                 \
	{                                                                                        \
		.name = (text), .is_bool = true, .get = (message), .header = (header_attribute), \
		.value = (value_attribute)                                                       \
	}

static const struct cb_ethtool_number pauses[] = {
	SWITCH("pause.rx", ETHTOOL_MSG_PAUSE_GET, ETHTOOL_A_PAUSE_HEADER, ETHTOOL_A_PAUSE_RX),
	SWITCH("pause.tx", ETHTOOL_MSG_PAUSE_GET, ETHTOOL_A_PAUSE_HEADER, ETHTOOL_A_PAUSE_TX),
};

static const struct cb_ethtool_number eees[] = {
	SWITCH("eee.enabled", ETHTOOL_MSG_EEE_GET, ETHTOOL_A_EEE_HEADER, ETHTOOL_A_EEE_ENABLED),
	SWITCH("eee.active", ETHTOOL_MSG_EEE_GET, ETHTOOL_A_EEE_HEADER, ETHTOOL_A_EEE_ACTIVE),
};

static int read_two(const char *interface, const struct cb_ethtool_number two[2], bool *first,
	bool *second, struct cb_error *err)
{
	uint32_t value = 0;
	int r = cb_ethtool_read(interface, &two[0], &value, NULL, err);

	*first = value;
	if (!r)
		r = cb_ethtool_read(interface, &two[1], &value, NULL, err);
	*second = value;
	return r;
}

int cb_ethtool_pause(const char *interface, bool *rx, bool *tx, struct cb_error *err)
{
	return read_two(interface, pauses, rx, tx, err);
}

int cb_ethtool_eee(const char *interface, bool *enabled, bool *active, struct cb_error *err)
{
	return read_two(interface, eees, enabled, active, err);
}
