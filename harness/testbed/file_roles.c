/* `links:` and `roles:` of a test-bed file. */
#include "harness/testbed/file_parts.h"

#include <stdio.h>
#include <string.h>

static int find_host(const struct cb_bed *bed, const char *name, size_t length, size_t *host)
{
	for (*host = 0; *host < bed->n_hosts; ++*host)
		if (strlen(bed->hosts[*host].name) == length &&
			strncmp(bed->hosts[*host].name, name, length) == 0)
			return 0;
	return -1;
}

/* "host.port". */
static int find_port(struct cb_bed_reader *r, const char *label, const struct cb_node *node,
	struct cb_bed_end *end)
{
	const char *dot = node->kind == CB_NODE_SCALAR ? strchr(node->text, '.') : NULL;
	const struct cb_bed_host *h;

	if (!dot)
		return cb_node_error(
			node, r->err, "%s: a port is written host.port, as in generator.p0", label);
	if (find_host(r->bed, node->text, (size_t)(dot - node->text), &end->host))
		return cb_node_error(
			node, r->err, "%s: %.80s: there is no such host", label, node->text);
	h = &r->bed->hosts[end->host];
	for (end->port = 0; end->port < h->n_ports; end->port++)
		if (strcmp(h->ports[end->port].name, dot + 1) == 0)
			return 0;
	return cb_node_error(
		node, r->err, "%s: %.80s: host %s has no such port", label, node->text, h->name);
}

/* The ports on the measured link: of each host one at most. */
static int read_link(struct cb_bed_reader *r, struct cb_bed_end *ends, size_t *n)
{
	const struct cb_node *links = cb_node_find(r->root, "links"), *link;
	int rc = 0;

	if (!links || links->kind != CB_NODE_SEQUENCE || links->n != 1)
		return cb_node_error(links ? links : r->root, r->err,
			"links: a list with one link is wanted, which is the list of its ports: "
			"[[generator.p0, sensor.p0]]");
	link = links->items[0];
	if (link->kind != CB_NODE_SEQUENCE || link->n < 2 || link->n > CB_BED_HOSTS_MAX)
		return cb_node_error(link, r->err,
			"links: a link is a list of 2 to %d ports, as in [generator.p0, sensor.p0]",
			CB_BED_HOSTS_MAX);
	for (*n = 0; !rc && *n < link->n; ++*n) {
		rc = find_port(r, "links", link->items[*n], &ends[*n]);
		for (size_t i = 0; !rc && i < *n; i++)
			if (ends[i].host == ends[*n].host)
				rc = cb_node_error(link->items[*n], r->err,
					"links: host %s is on the link twice",
					r->bed->hosts[ends[i].host].name);
	}
	return rc;
}

static int read_role(struct cb_bed_reader *r, const struct cb_node *roles, const char *key,
	const struct cb_bed_end *link, size_t n_link, struct cb_bed_end *ends, size_t *n)
{
	const struct cb_node *list = cb_node_find(roles, key);

	if (!list || list->kind != CB_NODE_SEQUENCE || !list->n)
		return cb_node_error(
			list ? list : roles, r->err, "roles.%s: a list of hosts is wanted", key);
	for (size_t i = 0; i < list->n; i++) {
		const struct cb_node *item = list->items[i];
		size_t host, k = 0;

		if (item->kind != CB_NODE_SCALAR ||
			find_host(r->bed, item->text, strlen(item->text), &host))
			return cb_node_error(item, r->err, "roles.%s: there is no such host", key);
		while (k < n_link && link[k].host != host)
			k++;
		if (k == n_link)
			return cb_node_error(item, r->err, "roles.%s: %s has no port on the link",
				key, item->text);
		for (size_t j = 0; j < *n; j++)
			if (ends[j].host == host)
				return cb_node_error(item, r->err, "roles.%s: %s is there twice",
					key, item->text);
		ends[(*n)++] = link[k];
	}
	return 0;
}

static bool has_role(const struct cb_bed *b, size_t host)
{
	for (size_t k = 0; k < b->n_generators; k++)
		if (b->generators[k].host == host)
			return true;
	for (size_t k = 0; k < b->n_sensors; k++)
		if (b->sensors[k].host == host)
			return true;
	return false;
}

/* `sensor.port: host.port`: who counts what the sensor is handed. */
static int read_counter(
	struct cb_bed_reader *r, const struct cb_node *key, const struct cb_node *value)
{
	struct cb_bed *b = r->bed;
	struct cb_bed_counter *c = &b->counters[b->n_counters];
	struct cb_bed_end of;
	int rc = find_port(r, "link_counters", key, &of);

	if (!rc)
		rc = find_port(r, "link_counters", value, &c->at);
	if (rc)
		return rc;
	while (c->sensor < b->n_sensors &&
		(b->sensors[c->sensor].host != of.host || b->sensors[c->sensor].port != of.port))
		c->sensor++;
	if (c->sensor == b->n_sensors)
		return cb_node_error(key, r->err,
			"link_counters: %.80s is no sensor's port on the link", key->text);
	if (has_role(b, c->at.host))
		return cb_node_error(value, r->err,
			"link_counters: %.80s: a host that sends or captures can't count for "
			"others",
			value->text);
	b->n_counters++;
	return 0;
}

static int read_counters(struct cb_bed_reader *r)
{
	const struct cb_node *map = cb_node_find(r->root, "link_counters");
	int rc = map ? cb_schema_want_map(map, "link_counters", r->err) : 0;

	for (size_t i = 0; map && !rc && i < map->n; i++)
		rc = r->bed->n_counters < CB_BED_HOSTS_MAX
			? read_counter(r, map->keys[i], map->items[i])
			: cb_node_error(map, r->err, "link_counters: at most %d", CB_BED_HOSTS_MAX);
	return rc;
}

static int check_roles(struct cb_bed_reader *r, const struct cb_node *roles)
{
	const struct cb_bed *b = r->bed;

	for (size_t i = 0; i < b->n_hosts; i++) {
		int n = 0;

		for (size_t k = 0; k < b->n_generators; k++)
			n += b->generators[k].host == i;
		for (size_t k = 0; k < b->n_sensors; k++)
			n += b->sensors[k].host == i;
		for (size_t k = 0; k < b->n_counters && !n; k++)
			n = b->counters[k].at.host == i;
		if (n != 1)
			return cb_node_error(roles, r->err, "roles: host %s %s", b->hosts[i].name,
				n ? "can't be generator and sensor at once" : "has none");
	}
	return 0;
}

int cb_bed_read_roles(struct cb_bed_reader *r)
{
	const struct cb_node *roles = cb_node_find(r->root, "roles");
	struct cb_bed_end link[CB_BED_HOSTS_MAX];
	struct cb_bed *b = r->bed;
	size_t n_link = 0;
	int rc = read_link(r, link, &n_link);

	if (rc)
		return rc;
	if (!roles || roles->kind != CB_NODE_MAP)
		return cb_node_error(roles ? roles : r->root, r->err,
			"roles: who sends and who captures is wanted: {generators: [...], sensors: "
			"[...]}");
	for (size_t i = 0; i < roles->n; i++)
		if (strcmp(roles->keys[i]->text, "generators") != 0 &&
			strcmp(roles->keys[i]->text, "sensors") != 0)
			return cb_node_error(roles->keys[i], r->err,
				"roles.%.40s: unknown key; known here: generators, sensors",
				roles->keys[i]->text);
	rc = read_role(r, roles, "generators", link, n_link, b->generators, &b->n_generators);
	if (!rc)
		rc = read_role(r, roles, "sensors", link, n_link, b->sensors, &b->n_sensors);
	if (!rc)
		rc = read_counters(r);
	return rc ? rc : check_roles(r, roles);
}
