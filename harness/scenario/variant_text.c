#include "harness/scenario/variant_text.h"

#include <stdlib.h>
#include <string.h>

/* A YAML scalar in double quotes. */
static void add_quoted(const char *text, size_t n, struct cb_text *out)
{
	cb_text_add(out, "\"");
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"' || text[i] == '\\')
			cb_text_add(out, "\\");
		cb_text_add_n(out, &text[i], 1);
	}
	cb_text_add(out, "\"");
}

static int add_setting(const char *variant, const char *setting, bool first, struct cb_text *out,
	struct cb_error *err)
{
	const char *equals = strchr(setting, '=');

	if (!equals || equals == setting || !equals[1])
		return cb_error_set(err, CB_ERR_USAGE,
			"--variants: %.60s: PATH=VALUE is wanted, as in capture.wait=spin, not "
			"\"%.80s\" (a value with commas stands in braces: {PATH: \"VALUE\"})",
			variant, setting);
	cb_text_add(out, first ? "" : ", ");
	add_quoted(setting, (size_t)(equals - setting), out);
	cb_text_add(out, ": ");
	if (strchr("{[\"'", equals[1]))
		cb_text_add(out, equals + 1);
	else
		add_quoted(equals + 1, strlen(equals + 1), out);
	return 0;
}

static int add_settings(const char *variant, const char *text, size_t size, struct cb_text *out,
	struct cb_error *err)
{
	struct cb_text_split split = {.rest = text, .separator = ';'};
	char *part = malloc(size);
	bool first = true;
	int rc = 0;

	if (!part)
		return cb_error_memory(err, "--variants");
	cb_text_add(out, "{");
	while (!rc && *text && cb_text_split_next(&split, part, size) > 0) {
		rc = add_setting(variant, part, first, out, err);
		first = false;
	}
	cb_text_add(out, "}");
	free(part);
	return rc;
}

static int add_variant(
	char *part, size_t size, bool first, struct cb_text *out, struct cb_error *err)
{
	char *equals = strchr(part, '=');

	if (!equals || equals == part)
		return cb_error_set(err, CB_ERR_USAGE,
			"--variants: NAME=PATH=VALUE,NAME=PATH=VALUE is wanted, as in "
			"base=capture.wait=poll,cand=capture.wait=spin, not \"%.80s\"",
			part);
	*equals = '\0';
	cb_text_add(out, first ? "" : ", ");
	add_quoted(part, strlen(part), out);
	cb_text_add(out, ": ");
	if (equals[1] == '{') {
		cb_text_add(out, equals + 1);
		return 0;
	}
	return add_settings(part, equals + 1, size, out, err);
}

int cb_variants_overlay(const char *text, struct cb_text *out, struct cb_error *err)
{
	size_t size = strlen(text) + 1;
	struct cb_text_split split = {.rest = text, .separator = ','};
	char *part = malloc(size);
	bool first = true;
	int rc = 0;

	if (!part)
		return cb_error_memory(err, "--variants");
	cb_text_add(out, "variants={");
	while (!rc && cb_text_split_next(&split, part, size) > 0) {
		rc = add_variant(part, size, first, out, err);
		first = false;
	}
	cb_text_add(out, "}");
	free(part);
	if (!rc && out->failed)
		rc = cb_error_memory(err, "--variants");
	return rc;
}
