/* Whether this machine can do what the cells ask for. */
#include "harness/scenario/member_value.h"
#include "harness/scenario/scenario.h"

#include <stdio.h>

struct prober {
	const struct cb_registry *registry;
	json_t *known; /* "axis member" -> why it can't run here, "" it can: a probe may take long
			*/
};

/* Why the member can't run here; "" when it can, NULL out of memory. Borrowed. */
static const char *ask(const struct prober *p, const char *axis_name, const char *text)
{
	const struct cb_axis *axis = cb_registry_axis(p->registry, axis_name);
	const struct cb_member *member = axis && *text ? cb_member_value_member(axis, text) : NULL;
	struct cb_error err = {0};
	char key[128], why[384] = "";
	const char *known;

	if (!member || !member->probe)
		return "";
	snprintf(key, sizeof(key), "%s %s", axis_name, member->name);
	known = json_string_value(json_object_get(p->known, key));
	if (known)
		return known;
	if (member->probe(&err))
		snprintf(why, sizeof(why), "%s: %.200s", key, err.text);
	json_object_set_new(p->known, key, json_string(why));
	return json_string_value(json_object_get(p->known, key));
}

static void probe_cell(const struct prober *p, struct cb_cell *cell)
{
	const struct {
		const char *axis, *text;
	} members[] = {
		{"mechanism", cell->spec.capture.mechanism},
		{"wait", cell->spec.capture.wait},
		{"load", cell->spec.capture.load},
		{"external", cell->spec.capture.external},
		{"transmitter", cell->spec.generator.transmitter},
	};

	for (size_t k = 0; !cell->why_not[0] && k < sizeof(members) / sizeof(*members); k++) {
		const char *why = ask(p, members[k].axis, members[k].text);

		if (why)
			cb_text_copy(cell->why_not, sizeof(cell->why_not), why);
	}
}

void cb_scenario_probe(struct cb_scenario *s, const struct cb_registry *registry)
{
	const struct prober p = {registry, json_object()};

	for (size_t i = 0; s->leave_out && i < s->n_cells; i++)
		probe_cell(&p, &s->cells[i]);
	json_decref(p.known);
}
