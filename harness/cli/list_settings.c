#include "harness/cli/list_settings.h"

#include "harness/base/text.h"
#include "harness/cli/terminal.h"
#include "harness/host/tuning.h"

#include <stdio.h>
#include <string.h>

#define INDENT 27

static bool is_group(const struct cb_tuning_row *row)
{
	return row->name[strlen(row->name) - 1] == '.';
}

json_t *cb_list_settings_json(void)
{
	json_t *list = json_array();
	struct cb_tuning_row row;
	const char *name;

	for (size_t i = 0; cb_tuning_row(i, &row); i++)
		for (size_t k = 0; (name = cb_tuning_name(k)); k++)
			if (strcmp(name, row.name) == 0 ||
				(is_group(&row) && cb_text_starts_with(name, row.name)))
				json_array_append_new(list,
					json_pack("{s:s, s:s, s:s, s:s}", "name", name, "value",
						row.metavar, "help", row.help, "of",
						row.of_interface ? "port" : "host"));
	return list;
}

/* The names of a group, as many on a line as the terminal has room for. */
static void print_group(const struct cb_tuning_row *row, size_t columns)
{
	size_t used = 0;
	const char *name;

	for (size_t k = 0; (name = cb_tuning_name(k)); k++) {
		const char *rest = name + strlen(row->name);

		if (!cb_text_starts_with(name, row->name))
			continue;
		if (used && used + strlen(rest) + 2 > columns) {
			puts(",");
			used = 0;
		}
		used += (size_t)(used ? printf(", %s", rest) : printf("%*s%s", INDENT, "", rest));
	}
	putchar('\n');
}

void cb_list_settings_print(void)
{
	size_t columns = (size_t)cb_terminal_columns();
	struct cb_tuning_row row;

	puts(CB_LIST_SETTINGS);
	for (size_t i = 0; cb_tuning_row(i, &row); i++) {
		char left[64];

		snprintf(left, sizeof(left), "%.*s%s %s",
			(int)strlen(row.name) - (is_group(&row) ? 1 : 0), row.name,
			is_group(&row) ? ".NAME" : "", row.metavar);
		printf("  %-*s %s\n", INDENT - 3, left, row.help);
		if (is_group(&row))
			print_group(&row, columns);
	}
}
