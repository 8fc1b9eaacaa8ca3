#include "harness/base/file.h"

#include "harness/scenario/schema.h"
#include "harness/testbed/file_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bed_values {
	char name[64];
};

static const struct cb_option root_options[] = {
	{.name = "name",
		CB_OPTION_TEXT_AT(struct bed_values, name),
		.fallback = NULL,
		.help = "Name of the test-bed: letters, digits, - _ ."},
	CB_OPTION_END,
};
static const char *const root_sections[] = {"hosts", "links", "link_counters", "roles", NULL};

static int read_source(struct cb_bed_reader *r, const char *path, const char *text)
{
	size_t size = 0;
	int rc;

	r->bed->path = strdup(path);
	if (text) {
		r->bed->source = strdup(text);
		size = strlen(text);
	} else {
		rc = cb_file_read(path, CB_NODE_TEXT_MAX, &r->bed->source, &size, r->err);
		if (rc)
			return rc;
	}
	if (!r->bed->path || !r->bed->source)
		return cb_error_memory(r->err, "the test-bed");
	rc = cb_node_parse(&r->pool, path, true, r->bed->source, size, &r->root, r->err);
	if (!rc && r->root->kind != CB_NODE_MAP)
		rc = cb_node_error(r->root, r->err, "a test-bed is a map of keys, not %s",
			cb_node_kind_text(r->root));
	return rc;
}

static int read_bed(struct cb_bed_reader *r, const char *path, const char *text)
{
	const struct cb_schema schema = {root_options, root_sections, ""};
	struct bed_values v = {.name = ""};
	int rc = read_source(r, path, text);

	if (!rc)
		rc = cb_schema_decode(&schema, r->root, &v, r->err);
	if (!rc && !cb_schema_is_file_name(v.name))
		rc = cb_node_error(cb_node_find(r->root, "name"), r->err,
			"name: letters, digits, - _ . are allowed");
	if (rc)
		return rc;
	memcpy(r->bed->name, v.name, sizeof(r->bed->name));
	rc = cb_bed_read_hosts(r);
	return rc ? rc : cb_bed_read_roles(r);
}

int cb_bed_load(struct cb_bed **bed, const char *path, const char *text, struct cb_error *err)
{
	struct cb_error own = {0};
	struct cb_bed_reader r = {.bed = calloc(1, sizeof(*r.bed)), .err = err ? err : &own};
	int rc;

	*bed = NULL;
	if (!r.bed)
		return cb_error_memory(err, "the test-bed");
	rc = read_bed(&r, path, text);
	cb_node_pool_finish(&r.pool);
	if (rc)
		cb_bed_destroy(r.bed);
	else
		*bed = r.bed;
	return rc;
}

void cb_bed_destroy(struct cb_bed *bed)
{
	if (!bed)
		return;
	for (size_t i = 0; i < bed->n_hosts; i++) {
		json_decref(bed->hosts[i].pre);
		json_decref(bed->hosts[i].post);
		cb_host_finish(&bed->hosts[i].settings);
	}
	free(bed->hosts);
	free(bed->path);
	free(bed->source);
	free(bed);
}

/* The kernel's doings are found out when the agents are there: a plan takes the best of them. */
void cb_bed_shape(const struct cb_bed *bed, struct cb_testbed_shape *shape)
{
	*shape = (struct cb_testbed_shape){.kind = "ssh",
		.cores = CB_CORES_UNKNOWN,
		.rps = true,
		.rps_places = true,
		.threaded = true};
	for (size_t i = 0; i < bed->n_sensors; i++) {
		const struct cb_bed_host *h = &bed->hosts[bed->sensors[i].host];
		struct cb_sensor_shape *s = &shape->sensors[shape->n_sensors++];

		cb_text_copy(s->name, sizeof(s->name), h->name);
		s->cores = h->n_cores ? h->n_cores : CB_CORES_UNKNOWN;
		if (s->cores < shape->cores)
			shape->cores = s->cores;
	}
	for (size_t i = 0; i < bed->n_generators; i++)
		cb_text_copy(shape->generators[shape->n_generators++], CB_TESTBED_NAME_MAX,
			bed->hosts[bed->generators[i].host].name);
}
