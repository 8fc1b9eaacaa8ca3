/* SHA-256 (FIPS 180-4): to tell builds apart, not to keep secrets. */
#ifndef CB_HARNESS_BASE_SHA256_H
#define CB_HARNESS_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define CB_SHA256_TEXT 65 /* hex digits and the NUL */

struct cb_sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	uint8_t block[64];
};

void cb_sha256_init(struct cb_sha256 *s);
void cb_sha256_add(struct cb_sha256 *s, const void *bytes, size_t n);
void cb_sha256_text(struct cb_sha256 *s, char out[CB_SHA256_TEXT]); /* `s` is used up */

#endif
