/* For tests: a pcap file of one's own. */
#ifndef CB_TESTS_PCAP_BYTES_H
#define CB_TESTS_PCAP_BYTES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka.h"

#define PCAP_PATH "/tmp/capbench-test-XXXXXX"

/* An empty file with times in ns; `path` is PCAP_PATH and becomes its name. */
static inline FILE *pcap_create(char *path)
{
	const uint32_t header[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1};
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(header, sizeof(header), 1, file), 1);
	return file;
}

/* A packet with zeros but for its first bytes, which are `mark`. */
static inline void pcap_add(
	FILE *file, uint64_t time_ns, uint32_t captured, uint32_t length, uint8_t mark)
{
	const uint32_t header[] = {(uint32_t)(time_ns / 1000000000),
		(uint32_t)(time_ns % 1000000000), captured, length};
	uint8_t bytes[4096] = {0};

	memset(bytes, mark, 14);
	assert_true(captured <= sizeof(bytes));
	assert_int_equal(fwrite(header, sizeof(header), 1, file), 1);
	assert_int_equal(fwrite(bytes, 1, captured, file), captured);
}

#endif
