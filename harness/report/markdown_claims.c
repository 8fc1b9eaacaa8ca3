/* The claims of report.md. */
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
