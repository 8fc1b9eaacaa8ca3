/*
 * What stamp.h needs of the C library, for eBPF programs, which have none. `linux/bpf.h` and
 * `bpf/bpf_helpers.h` stand before it.
 */
#ifndef CB_HARNESS_NET_STAMP_BPF_H
#define CB_HARNESS_NET_STAMP_BPF_H

#include <bpf/bpf_endian.h>
#include <stdbool.h>

typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;

#define UINT32_C(c)     c##U
#define UINT64_C(c)     c##ULL
#define htobe64(x)      bpf_cpu_to_be64(x)
#define be64toh(x)      bpf_be64_to_cpu(x)
#define memcpy(a, b, n) __builtin_memcpy(a, b, n)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define htole16(x) (x)
#define le16toh(x) (x)
#define le64toh(x) (x)
#else
#define htole16(x) __builtin_bswap16(x)
#define le16toh(x) __builtin_bswap16(x)
#define le64toh(x) __builtin_bswap64(x)
#endif

#endif
