/* `man`: the man page capbench.1, made from the tables (internal: the build installs what it
 * prints). */
#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/cli/verb.h"

#include <stdio.h>

/* Text with what troff would take as its own escaped. */
static void put(const char *text)
{
	bool line_start = true;

	for (const char *p = text; *p; p++) {
		if (line_start && (*p == '.' || *p == '\''))
			fputs("\\&", stdout);
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-')
			fputs("\\-", stdout);
		else
			putchar(*p);
		line_start = *p == '\n';
	}
}

static void put_item(const char *left, const char *help, const char *fallback)
{
	puts(".TP");
	fputs("\\fB", stdout);
	put(left);
	puts("\\fR");
	put(help);
	if (fallback && fallback[0]) {
		fputs(" (default ", stdout);
		put(fallback);
		fputs(")", stdout);
	}
	puts(".");
}

static void put_options(const struct cb_option *table, const char *dashes, const char *between)
{
	for (const struct cb_option *o = table; o && o->name; o++) {
		struct cb_text left = {0};

		cb_text_addf(&left, "%s%s", dashes, o->name);
		if (o->type != CB_OPT_BOOL || !dashes[0]) {
			cb_text_add(&left, between);
			cb_option_metavar(o, &left);
		}
		put_item(cb_text_get(&left), o->help, o->fallback);
		cb_text_finish(&left);
	}
}

static void put_verb(const struct cb_verb *v)
{
	printf(".SS capbench %s", v->name);
	for (size_t i = 0; i < CB_POSITIONALS_MAX && v->positional[i].metavar; i++)
		printf("%s%s%s%s", v->positional[i].optional ? " [" : " ", v->positional[i].metavar,
			v->positional[i].repeats ? "..." : "",
			v->positional[i].optional ? "]" : "");
	putchar('\n');
	put(v->description ? v->description : v->help);
	putchar('\n');
	put_options(v->options, "--", " ");
	for (const struct cb_repeat_row *r = v->repeats; r && r->name; r++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", r->name, r->metavar);
		put_item(left, r->help, NULL);
	}
	if (!v->examples)
		return;
	puts(".PP\nExamples:\n.nf");
	for (const char *const *e = v->examples; *e; e++) {
		fputs("  ", stdout);
		put(*e);
		putchar('\n');
	}
	puts(".fi");
}

static void put_axis(const struct cb_axis *axis)
{
	printf(".SS %s\n", axis->plural);
	for (size_t i = 0; axis->at(i); i++) {
		const struct cb_member *m = axis->at(i);

		put_item(m->name, m->help, NULL);
		if (!m->options || !m->options->name)
			continue;
		puts(".RS");
		put_options(m->options, "", "=");
		puts(".RE");
	}
}

static int run(const struct cb_invocation *call, struct cb_error *err)
{
	(void)call;
	(void)err;
	puts(".TH CAPBENCH 1 \"\" \"capbench " CB_VERSION "\" \"User Commands\"");
	puts(".SH NAME\ncapbench \\- measure packet capture\n.SH SYNOPSIS");
	puts(".B capbench\n\\fIVERB\\fR [\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n.SH DESCRIPTION");
	puts("Drives a packet generator and capture processes from a YAML scenario, accounts for "
	     "every\n"
	     "frame, and draws reports.\n.SH VERBS");
	for (const struct cb_verb *const *v = cb_verbs; *v; v++)
		if (!(*v)->internal)
			put_verb(*v);
	puts(".SS Every verb");
	put_options(cb_common_options, "--", " ");
	puts(".SH MEMBERS\nOptions are written behind the name: "
	     "\\fItpacket3:block=1MiB,retire=8ms\\fR.");
	for (const struct cb_axis *axis = cb_cli_registry.axes; axis->name; axis++)
		put_axis(axis);
	puts(".SH EXIT STATUS");
	for (const struct cb_exit_row *e = cb_exit_rows; e->means; e++) {
		char status[16];

		snprintf(status, sizeof(status), "%d", e->status);
		put_item(status, e->means, NULL);
	}
	put_item("128+n", "ended by signal n", NULL);
	return 0;
}

const struct cb_verb cb_verb_man = {
	.name = "man",
	.help = "Print the man page",
	.internal = true,
	.run = run,
};
