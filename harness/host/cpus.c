#include "harness/host/cpus.h"

#include "harness/base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (CB_HOST_CPUS_MAX / 32)

bool cb_cpus_has(const struct cb_cpus *set, int cpu)
{
	return cpu >= 0 && cpu < CB_HOST_CPUS_MAX && (set->word[cpu / 32] >> cpu % 32 & 1);
}

void cb_cpus_add(struct cb_cpus *set, int cpu)
{
	set->word[cpu / 32] |= UINT32_C(1) << cpu % 32;
}

unsigned cb_cpus_count(const struct cb_cpus *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcount(set->word[i]);
	return n;
}

bool cb_cpus_equal(const struct cb_cpus *a, const struct cb_cpus *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* A CPU number at *at, which moves behind it. */
static bool parse_cpu(const char **at, unsigned long *cpu)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*cpu = strtoul(*at, &end, 10);
	*at = end;
	return *cpu < CB_HOST_CPUS_MAX;
}

bool cb_cpus_parse_list(const char *text, struct cb_cpus *set)
{
	unsigned long first, last;

	memset(set, 0, sizeof(*set));
	if (!*text)
		return true;
	for (;;) {
		if (!parse_cpu(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_cpu(&text, &last) || last < first)
				return false;
		}
		for (unsigned long cpu = first; cpu <= last; cpu++)
			cb_cpus_add(set, (int)cpu);
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

bool cb_cpus_parse_mask(const char *text, struct cb_cpus *set)
{
	uint32_t word;
	unsigned digits;

	memset(set, 0, sizeof(*set));
	for (;;) {
		for (word = 0, digits = 0; isxdigit((unsigned char)*text); text++, digits++) {
			char digit[2] = {*text};

			word = word << 4 | (uint32_t)strtoul(digit, NULL, 16);
		}
		/* The words so far move up; a CPU beyond the last word would fall off. */
		if (!digits || digits > 8 || set->word[WORDS - 1])
			return false;
		memmove(set->word + 1, set->word, (WORDS - 1) * sizeof(word));
		set->word[0] = word;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

void cb_cpus_print_mask(const struct cb_cpus *set, char out[CB_CPUS_TEXT])
{
	size_t top = WORDS - 1, n;

	while (top && !set->word[top])
		top--;
	n = (size_t)snprintf(out, CB_CPUS_TEXT, "%x", set->word[top]);
	while (top--)
		n += (size_t)snprintf(out + n, CB_CPUS_TEXT - n, ",%08x", set->word[top]);
}

void cb_cpus_print_list(const struct cb_cpus *set, char out[CB_CPUS_LIST])
{
	size_t n = 0;

	out[0] = '\0';
	for (int cpu = 0; cpu < CB_HOST_CPUS_MAX; cpu++) {
		int last = cpu;

		if (!cb_cpus_has(set, cpu))
			continue;
		while (cb_cpus_has(set, last + 1))
			last++;
		n += (size_t)snprintf(out + n, CB_CPUS_LIST - n, "%s%d", n ? "," : "", cpu);
		if (last > cpu)
			n += (size_t)snprintf(out + n, CB_CPUS_LIST - n, "-%d", last);
		cpu = last;
	}
}

int cb_cpus_online(struct cb_cpus *set, struct cb_error *err)
{
	static const char *const path = "/sys/devices/system/cpu/online";
	char line[1024];
	int r = cb_file_read_line(path, line, sizeof(line), err);

	if (!r && !cb_cpus_parse_list(line, set))
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s says \"%.64s\"; capbench knows CPUs 0 to %d", path, line,
			CB_HOST_CPUS_MAX - 1);
	return r;
}
