#include "capturers/mechanisms/pf_ring_totals.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 512

static const struct {
	const char *key;
	size_t offset;
} rows[] = {
	{"Tot Pkt Lost", offsetof(struct cb_pf_ring_totals, lost)},
	{"Tot Insert", offsetof(struct cb_pf_ring_totals, inserted)},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* N of PID-INTERFACE.N; -1: another file. */
static long ring_number(const char *name, const char *interface)
{
	char prefix[64], *end;
	int length = snprintf(prefix, sizeof(prefix), "%ld-%s.", (long)getpid(), interface);
	long n;

	if (length < 0 || (size_t)length >= sizeof(prefix) ||
		strncmp(name, prefix, (size_t)length) != 0)
		return -1;
	n = strtol(name + length, &end, 10);
	return end == name + length || *end ? -1 : n;
}

static int find_file(char path[PATH_SIZE], const char *directory, const char *interface)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;
	long newest = -1;

	if (!d)
		return -ENOENT;
	while ((entry = readdir(d))) {
		long n = ring_number(entry->d_name, interface);

		if (n <= newest)
			continue;
		newest = n;
		snprintf(path, PATH_SIZE, "%s/%s", directory, entry->d_name);
	}
	closedir(d);
	return newest < 0 ? -ENOENT : 0;
}

/* "Tot Pkt Lost           : 5578" */
static void take_line(const char *line, struct cb_pf_ring_totals *totals, unsigned *found)
{
	const char *colon = strchr(line, ':');

	for (size_t i = 0; colon && i < ROWS; i++) {
		size_t n = strlen(rows[i].key);
		char *end;
		long long value;

		if (strncmp(line, rows[i].key, n) != 0 ||
			strspn(line + n, " \t") != (size_t)(colon - line) - n)
			continue;
		errno = 0;
		value = strtoll(colon + 1, &end, 10);
		if (errno || end == colon + 1 || value < 0)
			return;
		memcpy((char *)totals + rows[i].offset, &(int64_t){value}, sizeof(int64_t));
		*found |= 1u << i;
	}
}

int cb_pf_ring_totals_read(
	struct cb_pf_ring_totals *totals, const char *directory, const char *interface)
{
	char path[PATH_SIZE], line[256];
	unsigned found = 0;
	FILE *f;
	int rc = find_file(path, directory, interface);

	if (rc)
		return rc;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		take_line(line, totals, &found);
	fclose(f);
	return found == (1u << ROWS) - 1 ? 0 : -EPROTO;
}
