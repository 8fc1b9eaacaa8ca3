#include "harness/host/interrupts.h"

#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/host/tuning_kind.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROC_TEXT_MAX (4u << 20)
#define LINES_MAX     1024

/* "name: count count ... what". The first line is a heading, without a colon. */
static bool parse_line(const char *line, size_t length, struct cb_interrupt *i)
{
	const char *end = line + length, *colon = memchr(line, ':', length), *at = line;

	if (!colon)
		return false;
	while (at < colon && isspace((unsigned char)*at))
		at++;
	*i = (struct cb_interrupt){.count = 0};
	snprintf(i->name, sizeof(i->name), "%.*s", (int)(colon - at), at);
	for (at = colon + 1; at < end;) {
		char *next;
		uint64_t count = strtoull(at, &next, 10);

		if (next == at || next > end || (next < end && !isspace((unsigned char)*next)))
			break;
		i->count += count;
		at = next;
	}
	while (at < end && isspace((unsigned char)*at))
		at++;
	snprintf(i->what, sizeof(i->what), "%.*s", (int)(end - at), at);
	return true;
}

size_t cb_interrupts_parse(const char *text, struct cb_interrupt *list, size_t max)
{
	size_t n = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (n < max && parse_line(text, length, &list[n]))
			n++;
		text += length + (text[length] == '\n');
	}
	return n;
}

const char *cb_interrupt_action(const struct cb_interrupt *i)
{
	const char *space = strrchr(i->what, ' ');

	return space ? space + 1 : i->what;
}

/* Changes of a device's configuration are no frames. */
static bool is_of_configuration(const char *action)
{
	size_t n = strlen(action);

	return n > 7 && strcmp(action + n - 7, "-config") == 0;
}

static bool has_action(const struct cb_interrupt *list, size_t n, unsigned irq)
{
	for (size_t i = 0; i < n; i++)
		if (strtoul(list[i].name, NULL, 10) == irq &&
			isdigit((unsigned char)list[i].name[0]))
			return *list[i].what && !is_of_configuration(cb_interrupt_action(&list[i]));
	return false;
}

static int compare(const void *a, const void *b)
{
	unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;

	return (left > right) - (left < right);
}

/* Numbers below a directory of the device, or of the one it stands on (virtio on PCI). */
static size_t list_msi(const char *root, const char *interface, unsigned irqs[CB_INTERRUPTS_MAX])
{
	static const char *const places[] = {"device/msi_irqs", "device/../msi_irqs"};
	const struct cb_tuning_site site = {.root = root, .interface = interface};
	size_t n = 0;

	for (size_t i = 0; i < 2 && !n; i++) {
		char path[PATH_MAX];
		const struct dirent *entry;
		DIR *d;

		cb_tuning_path(
			&site, path, sizeof(path), "/sys/class/net/%s/%s", interface, places[i]);
		d = opendir(path);
		while (d && (entry = readdir(d)) && n < CB_INTERRUPTS_MAX)
			if (isdigit((unsigned char)entry->d_name[0]))
				irqs[n++] = (unsigned)strtoul(entry->d_name, NULL, 10);
		if (d)
			closedir(d);
	}
	return n;
}

int cb_interrupts_of(const char *root, const char *interface, unsigned irqs[CB_INTERRUPTS_MAX],
	size_t *n, struct cb_error *err)
{
	const struct cb_tuning_site site = {.root = root, .interface = interface};
	struct cb_interrupt *list = calloc(LINES_MAX, sizeof(*list));
	char path[PATH_MAX], *text = NULL;
	size_t all = list_msi(root, interface, irqs), lines;
	int r;

	*n = 0;
	if (!list)
		return cb_error_memory(err, "interrupts");
	cb_tuning_path(&site, path, sizeof(path), "/proc/interrupts");
	r = cb_file_read(path, PROC_TEXT_MAX, &text, NULL, err);
	if (!r) {
		lines = cb_interrupts_parse(text, list, LINES_MAX);
		for (size_t i = 0; i < all; i++)
			if (has_action(list, lines, irqs[i]))
				irqs[(*n)++] = irqs[i];
		qsort(irqs, *n, sizeof(*irqs), compare);
	}
	if (!r && !*n)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"%s has no interrupts of its own that could be moved", interface);
	free(text);
	free(list);
	return r;
}
