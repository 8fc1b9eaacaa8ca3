#include "harness/run/job.h"

#include "harness/base/units.h"

#include <stdio.h>

/* One row: an option and how its value reads. */
static void put(json_t *values, const char *name, enum cb_unit unit, int64_t value)
{
	char text[48];

	cb_unit_format(unit, value, text, sizeof(text));
	json_object_set_new(values, name, json_string(text));
}

static void put_number(json_t *values, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	json_object_set_new(values, name, json_string(text));
}

static void put_text(json_t *values, const char *name, const char *text)
{
	json_object_set_new(values, name, json_string(text));
}

/* "0,1": one for each thread; "-1": they are not pinned. */
static void put_cores(
	json_t *values, const struct cb_layout *layout, const struct cb_testbed_end *end)
{
	char text[CB_THREADS_MAX * 5] = "";
	size_t used = 0;

	for (int i = 0; i < layout->n_generators && layout->generator >= 0; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i ? "," : "",
			cb_testbed_core(end, layout->generators[i]));
	put_text(values, "cpu", used ? text : "-1");
}

json_t *cb_job_capture(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_testbed_end *sensor, int i, uint32_t key)
{
	json_t *values;

	if (*spec->capture.mechanism)
		values = json_pack("{s:s, s:s, s:s}", "mechanism", spec->capture.mechanism, "wait",
			spec->capture.wait, "load", spec->capture.load);
	else
		values = json_pack("{s:s}", "external", spec->capture.external);
	if (!values)
		return NULL;
	put_number(values, "cpu", cb_testbed_core(sensor, layout->capture[i]));
	put_number(values, "key", key);
	put(values, "snaplen", CB_UNIT_BYTES, spec->capture.snaplen);
	put(values, "buffer", CB_UNIT_BYTES, spec->capture.buffer);
	/* of a mix it is not known beforehand how many a buffer holds */
	put(values, "frame-size", CB_UNIT_BYTES,
		spec->traffic.mixed ? 0 : spec->traffic.frame_size);
	put(values, "drain", CB_UNIT_TIME, spec->drain_ns);
	put_text(values, "promiscuous", spec->capture.promiscuous ? "yes" : "no");
	if (*spec->capture.filter)
		put_text(values, "filter", spec->capture.filter);
	return values;
}

json_t *cb_job_generate(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_generate_part *part, uint32_t key)
{
	json_t *values = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "transmitter",
		spec->generator.transmitter, "destination-mac", part->destination_mac, "arrival",
		spec->traffic.arrival, "sizes", spec->traffic.sizes, "payload",
		spec->traffic.payload, "frame", spec->traffic.frame, "flow-order",
		cb_flow_order_names[spec->traffic.flow_order], "flow-field",
		cb_flow_field_names[spec->traffic.flow_field]);

	if (!values)
		return NULL;
	put_cores(values, layout, part->end);
	put_number(values, "threads", spec->generator.threads);
	if (part->of > 1) {
		put_number(values, "part", (int64_t)part->number);
		put_number(values, "parts", (int64_t)part->of);
		put_number(values, "stream", (int64_t)part->number * spec->generator.threads);
	}
	put_number(values, "flows", spec->traffic.flows);
	put_number(values, "key", key);
	put(values, "frame-size", CB_UNIT_BYTES, spec->traffic.frame_size);
	put(values, "rate", CB_UNIT_RATE, spec->traffic.rate);
	put(values, "warmup", CB_UNIT_TIME, spec->warmup_ns);
	put(values, "duration", CB_UNIT_TIME, spec->duration_ns);
	return values;
}

json_t *cb_job_receive(const struct cb_trial_spec *spec, const struct cb_layout *layout,
	const struct cb_testbed_end *sensor)
{
	static const char *const modes[] = {
		[CB_RECEIVE_CHOICE_AUTO] = "softirq",
		[CB_RECEIVE_CHOICE_SOFTIRQ] = "softirq",
		[CB_RECEIVE_CHOICE_RPS] = "rps",
		[CB_RECEIVE_CHOICE_THREADED] = "threaded",
	};

	return json_pack("{s:s, s:s, s:i, s:b}", "interface", sensor->interface, "mode",
		modes[layout->receive_mode], "cpu", cb_testbed_core(sensor, layout->receive),
		"napi", spec->napi == CB_NAPI_ON);
}
