/*
 * Sets of CPUs, as lists ("0-3,5") and masks ("ff,00000003"), the two ways /sys writes them.
 * Internal to harness/host.
 */
#ifndef CB_HARNESS_HOST_CPUS_H
#define CB_HARNESS_HOST_CPUS_H

#include "harness/base/error.h"
#include "harness/host/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any set as a mask, with its commas. */
#define CB_CPUS_TEXT (CB_HOST_CPUS_MAX / 4 + CB_HOST_CPUS_MAX / 32 + 1)

struct cb_cpus {
	uint32_t word[CB_HOST_CPUS_MAX / 32]; /* CPU n is bit n % 32 of word n / 32 */
};

bool cb_cpus_has(const struct cb_cpus *set, int cpu);
void cb_cpus_add(struct cb_cpus *set, int cpu); /* 0 <= cpu < CB_HOST_CPUS_MAX */
unsigned cb_cpus_count(const struct cb_cpus *set);
bool cb_cpus_equal(const struct cb_cpus *a, const struct cb_cpus *b);

/* False when the text is not a list / mask, or holds a CPU beyond CB_HOST_CPUS_MAX. */
bool cb_cpus_parse_list(const char *text, struct cb_cpus *set);
bool cb_cpus_parse_mask(const char *text, struct cb_cpus *set);
/* Without leading zero words, which the kernel refuses when it has fewer CPUs. */
void cb_cpus_print_mask(const struct cb_cpus *set, char out[CB_CPUS_TEXT]);

/* "0-3,5"; "" for none. */
#define CB_CPUS_LIST (CB_HOST_CPUS_MAX * 4UL)
void cb_cpus_print_list(const struct cb_cpus *set, char out[CB_CPUS_LIST]);

int cb_cpus_online(struct cb_cpus *set, struct cb_error *err);

#endif
