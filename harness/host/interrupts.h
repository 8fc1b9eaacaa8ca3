/*
 * Interrupts: those of a port, and how often each came. Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_INTERRUPTS_H
#define CB_HARNESS_HOST_INTERRUPTS_H

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define CB_INTERRUPTS_MAX 256

/*
 * The numbers of a port's queue interrupts, in rising order, as far as its bus tells (MSI): those
 * of its configuration are left out. `root` stands before /sys and /proc. CB_ERR_IMPOSSIBLE when it
 * has none.
 */
int cb_interrupts_of(const char *root, const char *interface, unsigned irqs[CB_INTERRUPTS_MAX],
	size_t *n, struct cb_error *err);

/* A line of /proc/interrupts. */
struct cb_interrupt {
	char name[16];  /* "37", "LOC" */
	char what[96];  /* "PCI-MSIX-0000:00:04.0 1-edge virtio3-rx" */
	uint64_t count; /* on all CPUs */
};
/* The lines of `text`, at most `max`; how many there were. Pure. */
size_t cb_interrupts_parse(const char *text, struct cb_interrupt *list, size_t max);

/* The last word of what: "virtio3-rx". Points into `i`. */
const char *cb_interrupt_action(const struct cb_interrupt *i);

#endif
