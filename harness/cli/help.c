#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/cli/terminal.h"
#include "harness/cli/verb.h"

#include <stdio.h>
#include <string.h>

const struct cb_exit_row cb_exit_rows[] = {
	{0, "ok"},
	{1, "internal error"},
	{2, "usage or scenario error"},
	{3, "regression confirmed"},
	{4, "not possible here: privilege, kernel feature or hardware is missing"},
	{5, "a host, an agent or SSH failed"},
	{6, "inconclusive or invalid measurements"},
	{7, "replay: a connection was reset by the peer"},
	{8, "replay: the peer does not answer, or does not go on"},
	{9, "replay: the peer behaves differently than in the capture"},
	{-1, NULL},
};

#define COLUMNS_MAX 100 /* longer lines are hard to read */
#define HELP_COLUMN \
	33 /* where the help of an option begins; on a narrow terminal below the option */
#define NARROW 70

static size_t columns(void)
{
	size_t n = (size_t)cb_terminal_columns();

	return n < COLUMNS_MAX ? n : COLUMNS_MAX;
}

/* Words in lines of `columns`, those after the first indented; the first begins at `column`. What
 * begins with a dash is an option that the text speaks of: it does not begin a line, where it would
 * look like one of the list. */
static void print_wrapped(const char *text, size_t indent, size_t column)
{
	const size_t width = columns();

	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, " ");

		while (text[n] == ' ' && text[n + 1] == '-')
			n += 1 + strcspn(text + n + 1, " ");
		if (!first && column + 1 + n > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)n, text);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
}

static void print_usage(const struct cb_verb *verb)
{
	printf("Usage: capbench %s", verb->name);
	for (size_t i = 0; i < CB_POSITIONALS_MAX && verb->positional[i].metavar; i++)
		printf("%s%s%s%s", verb->positional[i].optional ? " [" : " ",
			verb->positional[i].metavar, verb->positional[i].repeats ? "..." : "",
			verb->positional[i].optional ? "]" : "");
	printf(" [OPTIONS]\n\n");
	print_wrapped(verb->description ? verb->description : verb->help, 0, 0);
	putchar('\n');
}

static void print_row(const char *left, const char *help, const char *fallback)
{
	bool narrow = columns() < NARROW;
	size_t indent = narrow ? 6 : HELP_COLUMN;
	struct cb_text text = {0};

	cb_text_add(&text, help);
	if (fallback && fallback[0] && strcmp(fallback, "false") != 0)
		cb_text_addf(&text, " [%s]", fallback);
	printf("  %-*s", narrow ? 0 : HELP_COLUMN - 3, left);
	if (narrow || strlen(left) > HELP_COLUMN - 3)
		printf("\n%*s", (int)indent, "");
	else
		putchar(' ');
	print_wrapped(cb_text_get(&text), indent, indent);
	putchar('\n');
	cb_text_finish(&text);
}

static void print_options(const struct cb_option *table)
{
	for (const struct cb_option *o = table; o && o->name; o++) {
		struct cb_text left = {0};

		cb_text_addf(&left, "--%s", o->name);
		if (o->type != CB_OPT_BOOL) {
			cb_text_add(&left, " ");
			cb_option_metavar(o, &left);
		}
		print_row(cb_text_get(&left), o->help, o->fallback);
		cb_text_finish(&left);
	}
}

static void print_repeats(const struct cb_repeat_row *rows)
{
	for (const struct cb_repeat_row *r = rows; r && r->name; r++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", r->name, r->metavar);
		print_row(left, r->help, NULL);
	}
}

static void print_verb(const struct cb_verb *verb)
{
	print_usage(verb);
	if (verb->positional[0].metavar)
		puts("\nArguments:");
	for (size_t i = 0; i < CB_POSITIONALS_MAX && verb->positional[i].metavar; i++)
		print_row(verb->positional[i].metavar, verb->positional[i].help, NULL);
	puts("\nOptions:");
	print_options(verb->options);
	print_repeats(verb->repeats);
	print_options(cb_common_options);
	print_row("--help", "Print this", NULL);
	if (verb->examples)
		puts("\nExamples:");
	for (const char *const *e = verb->examples; e && *e; e++)
		printf("  %s\n", *e);
}

static void print_program(void)
{
	puts("Usage: capbench VERB [ARGUMENTS] [OPTIONS]\n");
	print_wrapped(
		"Measures packet capture: drives a generator and capture processes from a YAML "
		"scenario, accounts for every frame, draws the figures.",
		0, 0);
	puts("\n\nVerbs:");
	for (const struct cb_verb *const *v = cb_verbs; *v; v++) {
		if ((*v)->internal)
			continue;
		printf("  %-10s ", (*v)->name);
		print_wrapped((*v)->help, 13, 13);
		putchar('\n');
	}
	puts("\nExit status:");
	for (const struct cb_exit_row *e = cb_exit_rows; e->means; e++) {
		printf("  %-10d ", e->status);
		print_wrapped(e->means, 13, 13);
		putchar('\n');
	}
	puts("  128+n      ended by signal n\n");
	print_wrapped("capbench VERB --help tells more of each, capbench --version the version "
		      "(" CB_VERSION ").",
		0, 0);
	putchar('\n');
}

void cb_help_print(const struct cb_verb *verb)
{
	if (verb)
		print_verb(verb);
	else
		print_program();
}
