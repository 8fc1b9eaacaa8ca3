#include "harness/report/machine.h"

#include "harness/report/format.h"

#include <string.h>

static const json_t *fact(const json_t *facts, const char *part, const char *key)
{
	return json_object_get(json_object_get(facts, part), key);
}

static void print_host(const json_t *facts, struct cb_text *out)
{
	const char *model = json_string_value(fact(facts, "cpu", "model"));
	const char *release = json_string_value(fact(facts, "kernel", "release"));
	json_int_t cpus = json_integer_value(fact(facts, "cpu", "online"));

	cb_format_line(out, model ? model : "unknown CPU");
	if (cpus > 0)
		cb_text_addf(out, ", %lld CPU%s", (long long)cpus, cpus == 1 ? "" : "s");
	if (json_is_true(fact(facts, "cpu", "hypervisor")))
		cb_text_add(out, ", virtual machine");
	cb_text_add(out, ", Linux ");
	cb_format_line(out, release ? release : "(release unknown)");
}

/* Two hosts of a local test-bed are one machine: they know the same boot. */
static bool told_before(const json_t *hosts, const char *name)
{
	const json_t *boot = json_object_get(json_object_get(hosts, name), "boot_id");
	const char *other;
	json_t *facts;

	json_object_foreach((json_t *)hosts, other, facts)
	{
		if (strcmp(other, name) == 0)
			return false;
		if (json_is_string(boot) && json_equal(boot, json_object_get(facts, "boot_id")))
			return true;
	}
	return false;
}

void cb_machine_print(const struct cb_report_data *d, struct cb_text *out)
{
	size_t printed = 0;
	const char *name;
	json_t *facts;

	json_object_foreach(d->hosts, name, facts)
	{
		if (told_before(d->hosts, name))
			continue;
		cb_text_add(out, printed++ ? " and " : "");
		print_host(facts, out);
	}
	if (printed == 0)
		cb_text_add(out, "machine not known");
}
