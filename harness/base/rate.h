/*
 * Rates as people write them, to frames per second. Frames per second and "max" are cb_unit_parse's
 * CB_UNIT_RATE; the others depend on the size of a frame:
 *
 *   "500Mbit", "500Mbit L2"  frames with their FCS come to so many bits a second (layer 2)
 *   "500Mbit L1"             with preamble, start delimiter and inter-frame gap too: 20 byte a
 * frame "100% of 1G"             a share of a link's line rate: of its bits on layer 1 (RFC 2544)
 *
 * 100% of 1G is 1 488 095 pps at 64 byte. What does not come to whole frames a second is rounded
 * down. Pure functions.
 */
#ifndef CB_HARNESS_BASE_RATE_H
#define CB_HARNESS_BASE_RATE_H

#include <stdint.h>

#define CB_RATE_LAYER1_BYTES                                                \
	20 /* preamble 7, start delimiter 1, inter-frame gap 12: IEEE 802.3 \
	    */

/*
 * `frame_size` (> 0) counts the FCS. 0, or -EINVAL (`why`, if not NULL, is set to a static sentence
 * that says what would be right) or -ERANGE (too large, or less than one frame a second).
 */
int cb_rate_parse(const char *text, int64_t frame_size, int64_t *pps, const char **why);

#endif
