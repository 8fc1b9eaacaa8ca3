/* One check of the doctor; for the files harness/host/doctor*.c. */
#ifndef CB_HARNESS_HOST_DOCTOR_CHECK_H
#define CB_HARNESS_HOST_DOCTOR_CHECK_H

#include "harness/host/doctor.h"
#include "harness/host/host.h"
#include "harness/host/interrupts.h"

#include <limits.h>

#define CB_DOCTOR_LINES 512

/* What is read twice, the window apart. */
struct cb_doctor_sample {
	uint64_t time_ns;
	struct cb_host_counters counters;
	struct cb_interrupt interrupts[CB_DOCTOR_LINES];
	size_t n_interrupts;
	uint64_t context_switches;
	int64_t frames[16]; /* received by each port; CB_UNKNOWN: not told */
};

struct cb_doctor {
	const struct cb_doctor_options *options;
	struct cb_doctor_sample before, after; /* after.time_ns 0: nothing was measured */
};

struct cb_finding {
	enum cb_finding_verdict verdict;
	char read[512];
	char todo[400];              /* what to type; "": nothing */
	char setting[80], value[64]; /* of `host:`; "": none */
};

struct cb_check {
	const char *name, *why;
	bool of_interface;
	/* `port`: index of options->interfaces. Starts with verdict UNKNOWN and "not told". */
	void (*look)(const struct cb_doctor *d, size_t port, struct cb_finding *f);
};

/* Ends with a row without a name. */
extern const struct cb_check cb_doctor_cpu_checks[], cb_doctor_kernel_checks[],
	cb_doctor_port_checks[], cb_doctor_steering_checks[], cb_doctor_load_checks[];

/* ---- for the checks ---- */

#define CB_FINDING_READ(f, v, ...) \
	((f)->verdict = (v), (void)snprintf((f)->read, sizeof((f)->read), __VA_ARGS__))
#define CB_FINDING_TODO(f, ...) (void)snprintf((f)->todo, sizeof((f)->todo), __VA_ARGS__)
void cb_finding_set(struct cb_finding *f, const char *setting, const char *value);

/* One line of root + path; false: not there. */
bool cb_doctor_line(const struct cb_doctor *d, char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same as a number. */
bool cb_doctor_number(const struct cb_doctor *d, int64_t *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool cb_doctor_there(const struct cb_doctor *d, const char *path);
const char *cb_doctor_port(const struct cb_doctor *d, size_t port);

#endif
