/*
 * What about this machine would disturb a measurement of capture: a table of checks that read and
 * judge. None changes anything.
 */
#ifndef CB_HARNESS_HOST_DOCTOR_H
#define CB_HARNESS_HOST_DOCTOR_H

#include "harness/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cb_finding_verdict {
	CB_FINDING_GOOD,
	CB_FINDING_NOTE,    /* neither good nor bad, but to be known beside a figure */
	CB_FINDING_WARN,    /* figures will vary, or be lower than they could */
	CB_FINDING_BAD,     /* figures are wrong, or can't be had */
	CB_FINDING_UNKNOWN, /* this host does not tell */
};
extern const char *const cb_finding_verdict_names[]; /* by enum cb_finding_verdict */

struct cb_doctor_options {
	const char *root;           /* before every path; NULL: "" */
	const char *interfaces[16]; /* ports that are looked at */
	size_t n_interfaces;
	uint64_t window_ns; /* how long rates are measured; 0: they are not */
};

/*
 * {"interfaces": [name], "window_ns", "findings": [{"check", "interface" (null: the whole host),
 * "verdict", "read", "why", "todo" (null: nothing), "setting", "value" (null: none that `host:`
 * could make)}]}. A new reference; NULL with *err out of memory or when a port does not exist
 * (CB_ERR_USAGE). Blocks for the window and some 10 ms.
 */
json_t *cb_doctor(const struct cb_doctor_options *options, struct cb_error *err);

/* The ports of this network namespace that are up, but for loopback: at most `max`, how many there
 * were. */
size_t cb_doctor_ports(char (*names)[16], size_t max);

#endif
