#include "harness/cli/doctor_print.h"

#include "harness/cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_WIDTH 16
#define INDENT      9

/* In the order in which they are told: what is worst first. */
static const struct {
	const char *name, *words, *colour;
	bool explained;
} verdicts[] = {
	{"bad", "bad", "1;31", true},
	{"warn", "to mend or to know", "33", true},
	{"unknown", "not told", "2", false},
	{"note", "to be known beside figures", "36", false},
	{"good", "good", "32", false},
};
#define N_VERDICTS (sizeof(verdicts) / sizeof(*verdicts))

static const char *text_of(const json_t *finding, const char *key)
{
	const char *text = json_string_value(json_object_get(finding, key));

	return text ? text : "";
}

static bool in_colour(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}

/* From column `at`, further lines from `indent`. A word longer than a line is not cut. */
static void print_wrapped(const char *text, size_t at, size_t indent, size_t columns)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (!first && at + 1 + n > columns) {
			printf("\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		at += (size_t)printf("%s%.*s", first ? "" : " ", (int)n, text);
		first = false;
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

/* What to set, what to type. */
static void print_cure(const json_t *finding, size_t columns)
{
	const char *todo = text_of(finding, "todo"), *setting = text_of(finding, "setting");
	struct cb_text line = {0};

	if (*setting)
		cb_text_addf(&line, "set host: %s: %s%s", setting, text_of(finding, "value"),
			*todo ? ", or: " : "");
	cb_text_add(&line, todo);
	if (line.length) {
		printf("%*s-> ", INDENT, "");
		print_wrapped(cb_text_get(&line), INDENT + 3, INDENT + 3, columns);
	}
	cb_text_finish(&line);
}

static void print_finding(const json_t *finding, size_t verdict, bool all, size_t columns)
{
	const char *port = text_of(finding, "interface");
	bool colour = in_colour();
	size_t at = INDENT;

	printf("%s%s%s%-*s%s", colour ? "\033[" : "", colour ? verdicts[verdict].colour : "",
		colour ? "m" : "", INDENT, verdicts[verdict].name, colour ? "\033[0m" : "");
	at += (size_t)printf("%-*s ", CHECK_WIDTH, text_of(finding, "check"));
	if (*port)
		at += (size_t)printf("%s: ", port);
	/* On a narrow terminal below its name. */
	if (columns < at + 24) {
		printf("\n%*s", INDENT, "");
		at = INDENT;
	}
	print_wrapped(text_of(finding, "read"), at, at, columns);
	if (!verdicts[verdict].explained && !all)
		return;
	printf("%*s", INDENT, "");
	print_wrapped(text_of(finding, "why"), INDENT, INDENT, columns);
	print_cure(finding, columns);
}

static size_t count(const json_t *findings, size_t verdict)
{
	const json_t *finding;
	size_t i, n = 0;

	json_array_foreach(findings, i, finding) n +=
		strcmp(text_of(finding, "verdict"), verdicts[verdict].name) == 0;
	return n;
}

static void print_heading(const json_t *host, size_t columns)
{
	const json_t *findings = json_object_get(host, "findings"), *port,
		     *ports = json_object_get(host, "interfaces");
	const char *role = text_of(host, "role");
	struct cb_text line = {0};
	bool first = true;
	size_t i;

	cb_text_addf(&line, "%s%s%s%s", text_of(host, "host"), *role ? " (" : "", role,
		*role ? ")" : "");
	json_array_foreach(ports, i, port)
		cb_text_addf(&line, "%s%s", i ? ", " : ", port ", json_string_value(port));
	if (!json_array_size(ports))
		cb_text_add(&line, ", no port is up");
	cb_text_add(&line, ":");
	for (size_t v = 0; v < N_VERDICTS; v++) {
		size_t n = count(findings, v);

		if (!n)
			continue;
		cb_text_addf(&line, "%s %zu %s", first ? "" : ",", n, verdicts[v].words);
		first = false;
	}
	print_wrapped(cb_text_get(&line), 0, 2, columns);
	cb_text_finish(&line);
}

static void print_host(const json_t *host, bool all, size_t columns)
{
	const json_t *findings = json_object_get(host, "findings"), *finding;
	size_t i;

	print_heading(host, columns);
	putchar('\n');
	for (size_t v = 0; v < N_VERDICTS; v++)
		json_array_foreach(findings, i, finding)
		{
			if (strcmp(text_of(finding, "verdict"), verdicts[v].name) == 0)
				print_finding(finding, v, all, columns);
		}
}

void cb_doctor_print(const json_t *hosts, bool all)
{
	size_t columns = (size_t)cb_terminal_columns(), i;
	const json_t *host;

	json_array_foreach(hosts, i, host)
	{
		if (i)
			putchar('\n');
		print_host(host, all, columns);
	}
}

/* ---- the block ---- */

/* What findings propose: {"ring": {"rx": "1024"}, "governor": "performance"}; of two ports that
 * want different values the first has its way. */
static json_t *proposals(const json_t *host)
{
	const json_t *finding;
	json_t *block = json_object();
	size_t i;

	json_array_foreach(json_object_get(host, "findings"), i, finding)
	{
		const char *setting = text_of(finding, "setting"), *dot = strchr(setting, '.');
		char group[32];
		json_t *map = block;

		if (!*setting)
			continue;
		if (dot) {
			snprintf(group, sizeof(group), "%.*s", (int)(dot - setting), setting);
			map = json_object_get(block, group);
			if (!map) {
				map = json_object();
				json_object_set_new(block, group, map);
			}
			setting = dot + 1;
		}
		if (!json_object_get(map, setting))
			json_object_set_new(map, setting, json_string(text_of(finding, "value")));
	}
	return block;
}

static void add_block(const json_t *block, int indent, struct cb_text *out)
{
	const char *key, *inner;
	const json_t *value, *text;

	json_object_foreach((json_t *)block, key, value)
	{
		if (json_is_string(value)) {
			cb_text_addf(out, "%*s%s: %s\n", indent, "", key, json_string_value(value));
			continue;
		}
		cb_text_addf(out, "%*s%s:\n", indent, "", key);
		json_object_foreach((json_t *)value, inner, text) cb_text_addf(
			out, "%*s%s: %s\n", indent + 2, "", inner, json_string_value(text));
	}
}

void cb_doctor_fix(const json_t *hosts, bool testbed, struct cb_text *out)
{
	const json_t *host;
	size_t i;

	json_array_foreach(hosts, i, host)
	{
		json_t *block = proposals(host);

		if (testbed)
			cb_text_addf(out, "# for hosts.%s\n", text_of(host, "host"));
		if (!json_object_size(block))
			cb_text_add(out, "# nothing that a host: block could mend\n");
		else
			cb_text_add(
				out, "host:\n  required: false  # go on where it is not allowed\n");
		add_block(block, 2, out);
		json_decref(block);
	}
}
