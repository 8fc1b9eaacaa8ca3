/*
 * Test-bed files (scenarios/testbeds): hosts, their ports, the link between these, and who sends
 * and who captures. Read with places for errors, and checked without touching a host.
 */
#ifndef CB_HARNESS_TESTBED_FILE_H
#define CB_HARNESS_TESTBED_FILE_H

#include "harness/base/error.h"
#include "harness/scenario/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CB_BED_HOSTS_MAX CB_TESTBED_HOSTS_MAX
#define CB_BED_PORTS_MAX 8
#define CB_BED_CORES_MAX 64

/* What a port is told apart by. */
enum cb_bed_port_by { CB_BED_INTERFACE, CB_BED_PCI, CB_BED_MAC };
extern const char *const cb_bed_port_by_names[]; /* "interface", "pci", "mac", NULL */

struct cb_bed_port {
	char name[32];
	enum cb_bed_port_by by;
	char value[32];
};

enum cb_bed_become { CB_BED_BECOME_NOBODY, CB_BED_BECOME_SUDO };

struct cb_bed_host {
	char name[CB_TESTBED_NAME_MAX];
	char ssh[256];       /* what `ssh` is given: a name of its configuration, or user@host */
	char control[128];   /* the address to connect to in its place; "": ssh knows */
	int become;          /* enum cb_bed_become */
	char directory[256]; /* where builds are kept; "": ~/.cache/capbench */
	int cores[CB_BED_CORES_MAX]; /* that placement's letters and numbers stand for, in turn */
	int n_cores;                 /* 0: 0, 1, 2 ... */
	struct cb_bed_port ports[CB_BED_PORTS_MAX];
	size_t n_ports;
	json_t *pre, *post;               /* commands: arrays of words; owned, NULL: none */
	struct cb_host_settings settings; /* `host:`; for all roles */
};

/* A port that is on the measured link, of a host with a role. */
struct cb_bed_end {
	size_t host, port;
};

/* What reaches a sensor is counted by who hands it over: a switch's port, a tap. */
struct cb_bed_counter {
	size_t sensor;        /* among the sensors */
	struct cb_bed_end at; /* on a host without a role */
};

struct cb_bed {
	char *path, *source; /* owned */
	char name[64];
	char here[16]; /* an interface of this machine, with frames from elsewhere, and no hosts */
	struct cb_bed_host *hosts; /* owned */
	size_t n_hosts;
	struct cb_bed_end generators[CB_BED_HOSTS_MAX], sensors[CB_BED_HOSTS_MAX];
	size_t n_generators, n_sensors;
	struct cb_bed_counter counters[CB_BED_HOSTS_MAX];
	size_t n_counters;
};

/*
 * Read `path`, or `text` in its place (not NULL). CB_ERR_USAGE "file:line:column: key: ..." for
 * whatever is wrong with it; CB_ERR_INTERNAL out of memory. *bed is NULL then.
 */
int cb_bed_load(struct cb_bed **bed, const char *path, const char *text, struct cb_error *err);
/* Not of a file: frames come to an interface of this machine from elsewhere, and nobody here sends
 * any. Only what needs no generator can be measured. */
int cb_bed_here(struct cb_bed **bed, const char *interface, struct cb_error *err);
void cb_bed_destroy(struct cb_bed *bed); /* accepts NULL */

/* The shape for a plan: what can be known without asking the hosts. */
void cb_bed_shape(const struct cb_bed *bed, struct cb_testbed_shape *shape);

#endif
