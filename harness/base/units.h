/*
 * Numbers with units, as people write them in scenarios and on the command
 * line, to integers in base units and back.
 *
 * - time, in ns: "5s" "250ms" "2us" "64ns" "10min" "1h"; of bare numbers only 0 has a meaning
 * - rate, in pps: "1270k" "1.2M" "100000" "1Mpps"; "max" is CB_RATE_MAX
 * - bytes: "64" "64B" "32MiB" "128KiB" "10MB" (kB, MB, GB are powers of ten)
 * - count: "3" "10k" "1M" "-1"; only counts may be negative
 * - ratio, in ppm: "0.5%" and "0.005" are 5000
 *
 * Fractions are allowed where the result is a whole number of base units; blanks are allowed
 * around the number.
 */
#ifndef CB_HARNESS_BASE_UNITS_H
#define CB_HARNESS_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

enum cb_unit { CB_UNIT_COUNT, CB_UNIT_TIME, CB_UNIT_RATE, CB_UNIT_BYTES, CB_UNIT_RATIO };

#define CB_RATE_MAX INT64_MAX /* "max": as fast as it goes */

/*
 * Reads the whole of `text`. 0, or -EINVAL (not a number with this unit; `why`, if not NULL, is set
 * to a static sentence that says what would be right) or -ERANGE (does not fit into 63 bits).
 */
int cb_unit_parse(enum cb_unit unit, const char *text, int64_t *value, const char **why);

/*
 * The shortest text that cb_unit_parse reads back to exactly `value`, but without a leading "0."
 * ("250ms", not "0.25s"; ratios are in percent). Of two as short, the one without a fraction
 * ("1270k"), else the larger unit ("4KiB"). Returns `out`; 64 bytes are always enough.
 */
const char *cb_unit_format(enum cb_unit unit, int64_t value, char *out, size_t size);

/* For people: 3-4 significant digits, e.g. "1.27 Mpps", "32 MiB", "1.5 s". Returns `out`. */
const char *cb_unit_human(enum cb_unit unit, double value, char *out, size_t size);

#endif
