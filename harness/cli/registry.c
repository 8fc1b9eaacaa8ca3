/* The one place that knows all axes: what the scenario reader, `list` and the man page look members
 * up in. */
#include "capturers/capturer.h"
#include "capturers/external.h"
#include "generators/generator.h"
#include "generators/pacing/arrival.h"
#include "generators/traffic/headers.h"
#include "generators/traffic/payload.h"
#include "generators/traffic/sizes.h"
#include "harness/cli/verb.h"
#include "harness/host/tuning.h"

static const struct cb_axis axes[] = {
	{.name = "arrival", .plural = "arrivals", .at = cb_arrival_at},
	{.name = "sizes", .plural = "sizes", .at = cb_sizes_at},
	{.name = "payload", .plural = "payloads", .at = cb_payload_at},
	{.name = "frame", .plural = "frames", .at = cb_headers_at},
	{.name = "transmitter", .plural = "transmitters", .at = cb_transmitter_at},
	{.name = "mechanism", .plural = "mechanisms", .at = cb_mechanism_at},
	{.name = "wait", .plural = "waits", .at = cb_wait_at},
	{.name = "load", .plural = "loads", .at = cb_load_at},
	{.name = "external", .plural = "externals", .at = cb_external_at},
	{.name = NULL},
};

/* Frames are sent from this machine. */
static int runs_here(const struct cb_member *member, struct cb_error *err)
{
	return member->probe ? member->probe(err) : 0;
}

const struct cb_registry cb_cli_registry = {.runs = runs_here,
	.axes = axes,
	.external = cb_external_check,
	.smallest_frame = cb_headers_smallest_of,
	.setting = cb_tuning_check};
