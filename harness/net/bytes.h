/* Numbers in network byte order, anywhere in a frame. */
#ifndef CB_HARNESS_NET_BYTES_H
#define CB_HARNESS_NET_BYTES_H

#include <stdint.h>

static inline uint32_t cb_get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t cb_get32(const uint8_t *at)
{
	return cb_get16(at) << 16 | cb_get16(at + 2);
}

static inline void cb_put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void cb_put32(uint8_t *at, uint32_t v)
{
	cb_put16(at, v >> 16);
	cb_put16(at + 2, v);
}

#endif
