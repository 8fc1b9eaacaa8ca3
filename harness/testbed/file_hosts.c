/* `hosts:` of a test-bed file. */
#include "harness/host/tuning.h"
#include "harness/testbed/file_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

const char *const cb_bed_port_by_names[] = {"interface", "pci", "mac", NULL};
static const char *const become_names[] = {"none", "sudo", NULL};

#define HOST(f)      .offset = offsetof(struct cb_bed_host, f)
#define HOST_TEXT(f) CB_OPTION_TEXT_AT(struct cb_bed_host, f)

static const struct cb_option host_options[] = {
	{.name = "ssh",
		HOST_TEXT(ssh),
		.fallback = "",
		.help = "What ssh is to connect to: a name it knows, or user@host"},
	{.name = "control",
		HOST_TEXT(control),
		.fallback = "",
		.help = "Address for ssh, when it is not that of the name"},
	{.name = "become",
		HOST(become),
		.type = CB_OPT_ENUM,
		.choices = become_names,
		.fallback = "none",
		.help = "How the agent gets its privileges"},
	{.name = "directory",
		HOST_TEXT(directory),
		.fallback = "",
		.help = "Where builds are kept on the host"},
	CB_OPTION_END,
};
static const char *const host_sections[] = {"ports", "cores", "host", "pre", "post", NULL};

static bool only_has(const char *text, const char *others)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	return true;
}

static int read_port(struct cb_bed_reader *r, struct cb_bed_host *h, const struct cb_node *key,
	const struct cb_node *value)
{
	struct cb_bed_port *p = &h->ports[h->n_ports];
	const struct cb_node *text = value;
	int by = CB_BED_INTERFACE;

	if (h->n_ports == CB_BED_PORTS_MAX)
		return cb_node_error(
			key, r->err, "hosts.%s.ports: at most %d", h->name, CB_BED_PORTS_MAX);
	if (!cb_text_copy(p->name, sizeof(p->name), key->text) ||
		!cb_schema_is_file_name(p->name) || strchr(p->name, '.'))
		return cb_node_error(key, r->err,
			"hosts.%s.ports: \"%.40s\" is no name: letters, digits, - _ are allowed",
			h->name, key->text);
	if (value->kind == CB_NODE_MAP && value->n == 1) {
		text = value->items[0];
		while (cb_bed_port_by_names[by] &&
			strcmp(cb_bed_port_by_names[by], value->keys[0]->text) != 0)
			by++;
	}
	if (!cb_bed_port_by_names[by] || text->kind != CB_NODE_SCALAR || cb_node_is_null(text))
		return cb_node_error(value, r->err,
			"hosts.%s.ports.%s: one of interface, pci and mac is wanted, as in "
			"{interface: eth1}, {pci: \"0000:03:00.0\"}, {mac: \"02:00:00:00:00:01\"}",
			h->name, p->name);
	p->by = (enum cb_bed_port_by)by;
	if (!cb_text_copy(p->value, sizeof(p->value), text->text) || !*p->value ||
		!only_has(p->value, "-_.:@+"))
		return cb_node_error(text, r->err, "hosts.%s.ports.%s: \"%.40s\" can't be a %s",
			h->name, p->name, text->text, cb_bed_port_by_names[by]);
	h->n_ports++;
	return 0;
}

static int read_ports(struct cb_bed_reader *r, struct cb_bed_host *h, const struct cb_node *map)
{
	char label[CB_TESTBED_NAME_MAX + 16];
	const struct cb_node *ports = cb_node_find(map, "ports");
	int rc;

	snprintf(label, sizeof(label), "hosts.%s.ports", h->name);
	if (!ports)
		return cb_node_error(map, r->err,
			"%s: is missing: the ports that are on the link, as in {p0: eth1}", label);
	rc = cb_schema_want_map(ports, label, r->err);
	for (size_t i = 0; !rc && i < ports->n; i++)
		rc = read_port(r, h, ports->keys[i], ports->items[i]);
	return rc;
}

static int read_cores(struct cb_bed_reader *r, struct cb_bed_host *h, const struct cb_node *cores)
{
	if (!cores)
		return 0;
	if (cores->kind != CB_NODE_SEQUENCE || !cores->n || cores->n > CB_BED_CORES_MAX)
		return cb_node_error(cores, r->err,
			"hosts.%s.cores: a list of 1 to %d cores is wanted, as in [2, 4, 6]",
			h->name, CB_BED_CORES_MAX);
	for (size_t i = 0; i < cores->n; i++) {
		const struct cb_node *item = cores->items[i];
		char *end = NULL;
		long core = item->kind == CB_NODE_SCALAR ? strtol(item->text, &end, 10) : -1;

		if (core < 0 || core >= 1024 || !end || end == item->text || *end)
			return cb_node_error(
				item, r->err, "hosts.%s.cores: a core is a number from 0", h->name);
		for (int k = 0; k < h->n_cores; k++)
			if (h->cores[k] == core)
				return cb_node_error(item, r->err,
					"hosts.%s.cores: core %ld is there twice", h->name, core);
		h->cores[h->n_cores++] = (int)core;
	}
	return 0;
}

/* One command: its words. */
static json_t *words_of(const struct cb_node *list)
{
	json_t *words;

	if (list->kind != CB_NODE_SEQUENCE || !list->n || list->n > WORDS_MAX)
		return NULL;
	words = json_array();
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->kind != CB_NODE_SCALAR ||
			json_array_append_new(words, json_string(list->items[i]->text))) {
			json_decref(words);
			return NULL;
		}
	return words;
}

static int read_commands(struct cb_bed_reader *r, const struct cb_bed_host *h,
	const struct cb_node *map, const char *key, json_t **commands)
{
	const struct cb_node *list = cb_node_find(map, key);

	if (!list)
		return 0;
	if (list->kind != CB_NODE_SEQUENCE || list->n > WORDS_MAX)
		return cb_node_error(list, r->err,
			"hosts.%s.%s: a list of commands is wanted, each a list of words", h->name,
			key);
	*commands = json_array();
	for (size_t i = 0; i < list->n; i++) {
		json_t *words = words_of(list->items[i]);

		if (!words)
			return cb_node_error(list->items[i], r->err,
				"hosts.%s.%s: a command is a list of words, as in [ip, link, set, "
				"eth1, mtu, 9000]; no shell reads it",
				h->name, key);
		json_array_append_new(*commands, words);
	}
	return 0;
}

/* ssh takes no name for an option then, and no shell finds anything in a directory. */
static int check_texts(struct cb_bed_reader *r, struct cb_bed_host *h, const struct cb_node *map)
{
	const struct {
		const char *key, *text;
	} names[] = {{"ssh", h->ssh}, {"control", h->control}};

	for (size_t i = 0; i < 2; i++)
		if (names[i].text[0] == '-' || !only_has(names[i].text, "-_.:@%[]/+"))
			return cb_node_error(cb_node_find(map, names[i].key), r->err,
				"hosts.%s.%s: \"%.60s\" is no name of a host", h->name,
				names[i].key, names[i].text);
	if (*h->directory &&
		(*h->directory != '/' || !h->directory[1] || !only_has(h->directory, "-_./+@:")))
		return cb_node_error(cb_node_find(map, "directory"), r->err,
			"hosts.%s.directory: an absolute path of letters, digits and - _ . / + @ : "
			"is wanted",
			h->name);
	return 0;
}

/* `host:`: its settings. */
static int read_settings(
	struct cb_bed_reader *r, struct cb_bed_host *h, const struct cb_node *block)
{
	static const struct cb_registry registry = {.setting = cb_tuning_check};
	char label[CB_TESTBED_NAME_MAX + 16];

	snprintf(label, sizeof(label), "hosts.%s.host", h->name);
	return block ? cb_host_read(&h->settings, &registry, block, label, false, r->err) : 0;
}

static int read_host(struct cb_bed_reader *r, const struct cb_node *key, const struct cb_node *map)
{
	struct cb_bed_host *h = &r->bed->hosts[r->bed->n_hosts++];
	char prefix[CB_TESTBED_NAME_MAX + 16];
	const struct cb_schema schema = {host_options, host_sections, prefix};
	int rc;

	if (!cb_text_copy(h->name, sizeof(h->name), key->text) ||
		!cb_schema_is_file_name(h->name) || strchr(h->name, '.') ||
		strcmp(h->name, "all") == 0)
		return cb_node_error(key, r->err,
			"hosts: \"%.40s\" can't be a host's name here: letters, digits, - _ are "
			"allowed (what ssh knows it by goes to `ssh`)",
			key->text);
	snprintf(prefix, sizeof(prefix), "hosts.%s", h->name);
	rc = cb_schema_want_map(map, prefix, r->err);
	snprintf(prefix, sizeof(prefix), "hosts.%s.", h->name);
	if (!rc)
		rc = cb_schema_decode(&schema, map, h, r->err);
	if (!rc && !*h->ssh)
		snprintf(h->ssh, sizeof(h->ssh), "%s", h->name);
	if (!rc)
		rc = check_texts(r, h, map);
	if (!rc)
		rc = read_ports(r, h, map);
	if (!rc)
		rc = read_cores(r, h, cb_node_find(map, "cores"));
	if (!rc)
		rc = read_settings(r, h, cb_node_find(map, "host"));
	if (!rc)
		rc = read_commands(r, h, map, "pre", &h->pre);
	return rc ? rc : read_commands(r, h, map, "post", &h->post);
}

int cb_bed_read_hosts(struct cb_bed_reader *r)
{
	const struct cb_node *hosts = cb_node_find(r->root, "hosts");
	int rc;

	if (!hosts)
		return cb_node_error(r->root, r->err, "hosts: is missing");
	rc = cb_schema_want_map(hosts, "hosts", r->err);
	if (rc)
		return rc;
	if (!hosts->n || hosts->n > CB_BED_HOSTS_MAX)
		return cb_node_error(
			hosts, r->err, "hosts: 1 to %d are possible", CB_BED_HOSTS_MAX);
	r->bed->hosts = calloc(hosts->n, sizeof(*r->bed->hosts));
	if (!r->bed->hosts)
		return cb_error_memory(r->err, "the test-bed");
	for (size_t i = 0; !rc && i < hosts->n; i++)
		rc = read_host(r, hosts->keys[i], hosts->items[i]);
	return rc;
}
