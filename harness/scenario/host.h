/*
 * `host:` of a scenario, or of a host in a test-bed file: settings of the machines, made before the
 * first trial and undone at the end. What settings there are the registry knows.
 *
 *	host:
 *	  governor: performance      # on every host
 *	  required: false            # warn where a host does not allow it; default: refuse to start
 *	  sensors:                   # on those that capture
 *	    ring: {rx: 1024}
 *	    irq_affinity: [1, 2]
 *	  generators: {mtu: 9000}
 */
#ifndef CB_HARNESS_SCENARIO_HOST_H
#define CB_HARNESS_SCENARIO_HOST_H

#include "harness/base/error.h"
#include "harness/base/member.h"
#include "harness/scenario/node.h"

#include <jansson.h>

/* Settings as an agent wants them: {"ring.rx": {"value": "1024", "required": true, "at":
 * "file:line:column"}}. Owned; NULL: none. */
struct cb_host_settings {
	json_t *all, *sensors, *generators;
};

/*
 * Read a block; `label` is its path for errors ("host", "hosts.sensor.host"). With `roles` it may
 * have `sensors` and `generators`. CB_ERR_USAGE with the place. To be finished in any case.
 */
int cb_host_read(struct cb_host_settings *s, const struct cb_registry *registry,
	const struct cb_node *block, const char *label, bool roles, struct cb_error *err);
void cb_host_finish(struct cb_host_settings *s);

/*
 * What one host is to be set to: what is for all, for its role, and for it alone (may be NULL), of
 * which the later has the last word. A new object; NULL out of memory.
 */
json_t *cb_host_for(const struct cb_host_settings *s, bool sensor, const json_t *own);

/* Is there any setting for any host? */
bool cb_host_is_empty(const struct cb_host_settings *s);

/* Where `name` was set, "file:line:column"; NULL when it was not. */
const char *cb_host_place(const json_t *settings, const char *name);

#endif
