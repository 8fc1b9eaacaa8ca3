/* How everything is set that could be set. */
#include "harness/base/json.h"
#include "harness/host/tuning_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value with which a kind finds all that it is about; it is not written. */
static const char *sample_of(const struct cb_tuning_kind *kind)
{
	char canonical[CB_TUNING_VALUE_MAX];

	return kind->check("", "off", canonical, NULL) ? "0" : "off";
}

static void read_target(const struct cb_tuning_site *site, const struct cb_tuning_kind *kind,
	const char *instance, json_t *out)
{
	char value[CB_TUNING_VALUE_MAX], key[CB_TUNING_INSTANCE_MAX + 64];

	if (kind->read(site, instance, value, NULL))
		return;
	snprintf(key, sizeof(key), "%s%s%s", kind->row.name, kind->name || !*instance ? "" : " ",
		instance);
	cb_json_set_text(out, key, value);
}

static void read_kind(const struct cb_tuning_site *site, const struct cb_tuning_kind *kind,
	const char *rest, struct cb_tuning_targets *targets, json_t *out)
{
	targets->n = 0;
	if (!kind->targets)
		read_target(site, kind, rest, out);
	else if (!kind->targets(site, rest, sample_of(kind), targets, NULL))
		for (size_t i = 0; i < targets->n; i++)
			read_target(site, kind, targets->list[i].instance, out);
}

json_t *cb_tuning_snapshot(const char *root, const char *interface)
{
	struct cb_tuning_targets *targets = calloc(1, sizeof(*targets));
	const struct cb_tuning_kind *kind;
	json_t *out = json_object();
	int no_fd = -1;
	const struct cb_tuning_site site = {
		.root = root, .interface = interface ? interface : "", .latency_fd = &no_fd};

	for (size_t i = 0; targets && out && (kind = cb_tuning_kind_at(i)); i++) {
		const char *rest;

		if (kind->row.of_interface && !interface)
			continue;
		if (!kind->name)
			read_kind(&site, kind, "", targets, out);
		for (size_t k = 0; kind->name && (rest = kind->name(k)); k++)
			read_kind(&site, kind, rest, targets, out);
	}
	free(targets);
	return out;
}
