/* The claims of report.md, and why frames were lost. */
#include "harness/report/format.h"
#include "harness/report/pages.h"

#include <math.h>
#include <string.h>

static const char *text_of(const json_t *claim, const char *key)
{
	const char *text = json_string_value(json_object_get(claim, key));

	return text ? text : "";
}

static void add_part(struct cb_text *out, const char *before, const char *text)
{
	if (!*text)
		return;
	cb_text_add(out, before);
	cb_format_markdown(out, text);
}

static void add_claim(const json_t *claim, struct cb_text *out)
{
	const char *verdict = text_of(claim, "verdict");
	bool decided = strstr(verdict, "reproduced") != NULL;
	const json_t *p = json_object_get(claim, "p");

	cb_text_add(out, "| ");
	cb_format_markdown(out, text_of(claim, "id"));
	add_part(out, " | ", text_of(claim, "says"));
	cb_text_add(out, " | ");
	cb_format_markdown(out, text_of(claim, "section"));
	cb_text_addf(out, " | **%s**", verdict);
	if (decided && text_of(claim, "analogue")[0])
		cb_text_add(out, " on an analogue");
	add_part(out, " ", text_of(claim, "why"));
	cb_text_add(out, " | ");
	cb_format_markdown(out, text_of(claim, "found"));
	if (json_is_number(p))
		cb_text_addf(out, "; p = %.2g", json_number_value(p));
	cb_text_add(out, " | ");
	cb_format_markdown(out, text_of(claim, "figure"));
	cb_text_add(out, " |\n");
}

void cb_markdown_claims(const struct cb_report *r, struct cb_text *out)
{
	const json_t *claims = json_object_get(r->summary, "claims");

	if (json_array_size(claims) == 0)
		return;
	cb_text_add(out,
		"## Claims\n\n| claim | says | section | verdict here | what was found | figure "
		"|\n|:--|:--|:--|:--|:--|:--|\n");
	for (size_t i = 0; i < json_array_size(claims); i++)
		add_claim(json_array_get(claims, i), out);
	cb_text_add(out, "\n");
}

static void add_cause(const json_t *cause, struct cb_text *out)
{
	const json_t *gain = json_object_get(cause, "gain");

	cb_text_add(out, "| ");
	cb_format_markdown(out, text_of(cause, "cause"));
	cb_text_addf(
		out, " | %lld | ", (long long)json_integer_value(json_object_get(cause, "cells")));
	cb_format_percent(out, json_number_value(json_object_get(cause, "lost")));
	cb_text_add(out, " | ");
	cb_format_markdown(out, text_of(cause, "worst"));
	add_part(out, ": ", text_of(cause, "numbers"));
	cb_text_add(out, " | ");
	cb_format_markdown(out, text_of(cause, "cure"));
	cb_text_add(out, " | ");
	if (json_is_number(gain))
		cb_text_addf(out, "%+.1f points, median of %lld cells; at best ",
			100 * json_number_value(gain),
			(long long)json_integer_value(json_object_get(cause, "measured")));
	else
		cb_text_add(out, "not measured here");
	cb_format_markdown(out, text_of(cause, "best"));
	cb_text_add(out, " |\n");
}

static void add_causes(const json_t *causes, struct cb_text *out)
{
	cb_text_add(out,
		"| cause | cells | lost, median (%) | where it was "
		"most, "
		"and what shows it | what should help | measured gain |\n"
		"|:--|--:|--:|:--|:--|:--|\n");
	for (size_t i = 0; i < json_array_size(causes); i++)
		add_cause(json_array_get(causes, i), out);
	cb_text_add(out, "\n");
}

void cb_markdown_losses(const struct cb_report *r, struct cb_text *out)
{
	const json_t *causes = json_object_get(r->summary, "loss_causes");
	struct cb_text words = {0};

	cb_losses_unexplained_print(r->summary, &words);
	if (json_array_size(causes) || words.length)
		cb_text_add(out, "## Why frames were lost\n\n");
	if (json_array_size(causes))
		add_causes(causes, out);
	cb_format_markdown(out, cb_text_get(&words));
	cb_text_add(out, words.length ? "\n\n" : "");
	cb_text_finish(&words);
}
