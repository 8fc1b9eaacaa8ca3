/* Ports of a host: found by name, PCI address or MAC, and none that carries the connection. */
#include "harness/agent/requests.h"
#include "harness/agent/state.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/net/link.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool has_name(const char *interface, const char *value)
{
	return strcmp(interface, value) == 0;
}

static bool has_pci(const char *interface, const char *value)
{
	char path[64], target[PATH_MAX];
	const char *address;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/device", interface);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	address = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	/* "03:00.0" is of domain 0 */
	return strcasecmp(address, value) == 0 ||
		(cb_text_starts_with(address, "0000:") && strcasecmp(address + 5, value) == 0);
}

static bool has_mac(const char *interface, const char *value)
{
	char path[64], address[32];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/address", interface);
	return !cb_file_read_line(path, address, sizeof(address), NULL) &&
		strcasecmp(address, value) == 0;
}

static const struct {
	const char *by, *noun;
	bool (*has)(const char *interface, const char *value);
} ways[] = {{"interface", "interface", has_name}, {"pci", "port at PCI address", has_pci},
	{"mac", "interface with the MAC address", has_mac}};

static int find_interface(size_t way, const char *value, char interface[16], struct cb_error *err)
{
	DIR *all = opendir("/sys/class/net");
	struct cb_text known = {0};
	const struct dirent *entry;
	int n = 0, r = 0;

	if (!all)
		return cb_error_errno(err, CB_ERR_HOST, errno, "/sys/class/net");
	while ((entry = readdir(all))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) > 15)
			continue;
		cb_text_addf(&known, "%s%s", known.length ? ", " : "", entry->d_name);
		if (!ways[way].has(entry->d_name, value))
			continue;
		n++;
		snprintf(interface, 16, "%.15s", entry->d_name);
	}
	closedir(all);
	if (n != 1)
		r = cb_error_set(err, CB_ERR_HOST, "%s %s %s: its interfaces are %.300s",
			n ? "there are several" : "there is no", ways[way].noun, value,
			cb_text_get(&known));
	cb_text_finish(&known);
	return r;
}

/* The interface that has `address`, or "". */
static void interface_of(const char *address, char interface[16])
{
	struct ifaddrs *all = NULL;

	interface[0] = '\0';
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		char text[NI_MAXHOST];
		int family = a->ifa_addr ? a->ifa_addr->sa_family : AF_UNSPEC;

		if (family != AF_INET && family != AF_INET6)
			continue;
		if (!getnameinfo(a->ifa_addr,
			    family == AF_INET ? sizeof(struct sockaddr_in)
					      : sizeof(struct sockaddr_in6),
			    text, sizeof(text), NULL, 0, NI_NUMERICHOST) &&
			strcmp(text, address) == 0)
			snprintf(interface, 16, "%.15s", a->ifa_name);
	}
	freeifaddrs(all);
}

int cb_agent_port(struct cb_agent *a, const json_t *args, json_t *reply, struct cb_error *err)
{
	char by[16], value[64], interface[16] = "", control[16] = "";
	struct cb_link_info info;
	size_t way = 0;
	int r = cb_json_text(args, "by", by, sizeof(by), err);

	if (!r)
		r = cb_json_text(args, "value", value, sizeof(value), err);
	if (r)
		return r;
	while (way < sizeof(ways) / sizeof(*ways) && strcmp(ways[way].by, by) != 0)
		way++;
	if (way == sizeof(ways) / sizeof(*ways))
		return cb_error_set(err, CB_ERR_USAGE, "by \"%s\" is not known", by);
	r = find_interface(way, value, interface, err);
	if (r)
		return r;
	if (*a->options->control_address)
		interface_of(a->options->control_address, control);
	if (strcmp(control, interface) == 0)
		return cb_error_set(err, CB_ERR_USAGE,
			"%s carries the SSH connection (%s): measure on another port, or connect "
			"by another (`control`)",
			interface, a->options->control_address);
	r = cb_link_info(interface, &info, err);
	if (r)
		return r;
	r = cb_json_set_text(reply, "interface", interface);
	r |= cb_json_set_text(reply, "driver", info.driver);
	return r ? cb_error_memory(err, "the reply") : 0;
}
