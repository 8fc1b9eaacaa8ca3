/* Settings of a port that netlink carries: MTU, promiscuous mode, queues, rings, coalescing. */
#include "harness/base/units.h"
#include "harness/host/tuning_kind.h"
#include "harness/net/ethtool.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU_MIN 68 /* of IPv4; ETH_MAX_MTU (include/uapi/linux/if_ether.h) */
#define MTU_MAX 65535

/* ---- MTU ---- */

static int check_mtu(const char *rest, const char *value, char canonical[CB_TUNING_VALUE_MAX],
	struct cb_error *err)
{
	(void)rest;
	return cb_tuning_check_number(value, MTU_MIN, MTU_MAX, canonical, err);
}

static int read_mtu(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	struct cb_link_info info;
	int r = cb_link_info(site->interface, &info, err);

	(void)instance;
	snprintf(value, CB_TUNING_VALUE_MAX, "%u", r ? 0 : info.mtu);
	return r;
}

static int write_mtu(const struct cb_tuning_site *site, const char *instance, const char *value,
	struct cb_error *err)
{
	(void)instance;
	return cb_link_set_mtu(site->interface, (uint32_t)strtoul(value, NULL, 10), err);
}

const struct cb_tuning_kind cb_tuning_mtu = {
	.row = {"mtu", "BYTES", "Largest packet, without the Ethernet header", true},
	.check = check_mtu,
	.read = read_mtu,
	.write = write_mtu,
};

/* ---- promiscuous mode ---- */

static int read_promiscuous(const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	struct cb_link_info info;
	int r = cb_link_info(site->interface, &info, err);

	(void)instance;
	snprintf(value, CB_TUNING_VALUE_MAX, "%s", !r && info.promiscuous ? "on" : "off");
	return r;
}

static int write_promiscuous(const struct cb_tuning_site *site, const char *instance,
	const char *value, struct cb_error *err)
{
	(void)instance;
	return cb_link_set_promiscuous(site->interface, strcmp(value, "on") == 0, err);
}

const struct cb_tuning_kind cb_tuning_promiscuous = {
	.row = {"promiscuous", "on|off", "Take frames for other stations, whoever captures", true},
	.check = cb_tuning_check_switch,
	.read = read_promiscuous,
	.write = write_promiscuous,
};

/* ---- numbers of ethtool ---- */

static const char *number_name(const char *prefix, size_t i)
{
	const struct cb_ethtool_number *number;

	for (size_t k = 0; (number = cb_ethtool_at(k)); k++)
		if (strncmp(number->name, prefix, strlen(prefix)) == 0 && !i--)
			return number->name + strlen(prefix);
	return NULL;
}

static int check_number(const char *prefix, const char *rest, const char *value,
	char canonical[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	const struct cb_ethtool_number *number;
	char name[64];

	snprintf(name, sizeof(name), "%s%.40s", prefix, rest);
	number = cb_ethtool_find(name);
	if (number && number->is_bool)
		return cb_tuning_check_switch(rest, value, canonical, err);
	return cb_tuning_check_number(
		value, strcmp(prefix, "coalesce.") == 0 ? 0 : 1, UINT32_MAX, canonical, err);
}

static int read_number(const char *prefix, const struct cb_tuning_site *site, const char *instance,
	char value[CB_TUNING_VALUE_MAX], struct cb_error *err)
{
	const struct cb_ethtool_number *number;
	uint32_t now = 0;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "%s%.40s", prefix, instance);
	number = cb_ethtool_find(name);
	if (!number)
		return cb_error_set(err, CB_ERR_INTERNAL, "%s is not known", name);
	r = cb_ethtool_read(site->interface, number, &now, NULL, err);
	if (number->is_bool)
		snprintf(value, CB_TUNING_VALUE_MAX, "%s", now ? "on" : "off");
	else
		snprintf(value, CB_TUNING_VALUE_MAX, "%u", now);
	return r;
}

static int write_number(const char *prefix, const struct cb_tuning_site *site, const char *instance,
	const char *value, struct cb_error *err)
{
	const struct cb_ethtool_number *number;
	uint32_t now, most = UINT32_MAX, wanted = (uint32_t)strtoul(value, NULL, 10);
	char name[64];

	snprintf(name, sizeof(name), "%s%.40s", prefix, instance);
	number = cb_ethtool_find(name);
	if (!number)
		return cb_error_set(err, CB_ERR_INTERNAL, "%s is not known", name);
	if (number->is_bool)
		wanted = strcmp(value, "on") == 0;
	/* The kernel's own words don't tell the bound. */
	if (!cb_ethtool_read(site->interface, number, &now, &most, NULL) && wanted > most)
		return cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "%s has at most %u", site->interface, most);
	return cb_ethtool_write(site->interface, number, wanted, err);
}

/* One kind for each group of numbers. */
#define NUMBERS(group, row_help)                                                          \
	static const char *group##_name(size_t i)                                         \
	{                                                                                 \
		return number_name(#group ".", i);                                        \
	}                                                                                 \
	static int group##_check(const char *rest, const char *value,                     \
		char canonical[CB_TUNING_VALUE_MAX], struct cb_error *err)                \
	{                                                                                 \
		return check_number(#group ".", rest, value, canonical, err);             \
	}                                                                                 \
	static int group##_read(const struct cb_tuning_site *site, const char *instance,  \
		char value[CB_TUNING_VALUE_MAX], struct cb_error *err)                    \
	{                                                                                 \
		return read_number(#group ".", site, instance, value, err);               \
	}                                                                                 \
	static int group##_write(const struct cb_tuning_site *site, const char *instance, \
		const char *value, struct cb_error *err)                                  \
	{                                                                                 \
		return write_number(#group ".", site, instance, value, err);              \
	}                                                                                 \
	const struct cb_tuning_kind cb_tuning_##group = {                                 \
		.row = {#group ".", "N", row_help, true},                                 \
		.check = group##_check,                                                   \
		.read = group##_read,                                                     \
		.write = group##_write,                                                   \
		.name = group##_name,                                                     \
	}

NUMBERS(channels, "Queues of the device (ethtool -L)");
NUMBERS(ring, "Descriptors of each queue (ethtool -G)");
NUMBERS(coalesce, "When the device interrupts (ethtool -C)");
