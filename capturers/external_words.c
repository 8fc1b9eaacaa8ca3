#include "capturers/external_words.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

enum value {
	VALUE_INTERFACE,
	VALUE_SNAPLEN,
	VALUE_BUFFER,
	VALUE_BUFFER_KIB,
	VALUE_BUFFER_MIB,
	VALUE_FILTER,
};

static const char *const names[] = {
	[VALUE_INTERFACE] = "interface",
	[VALUE_SNAPLEN] = "snaplen",
	[VALUE_BUFFER] = "buffer",
	[VALUE_BUFFER_KIB] = "buffer_kib",
	[VALUE_BUFFER_MIB] = "buffer_mib",
	[VALUE_FILTER] = "filter",
};

#define NAMES (sizeof(names) / sizeof(*names))

static void add_value(struct cb_text *out, size_t value, const struct cb_capture_job *job)
{
	switch ((enum value)value) {
	case VALUE_INTERFACE:
		cb_text_add(out, job->interface);
		break;
	case VALUE_SNAPLEN:
		cb_text_addf(out, "%lld", (long long)job->snaplen);
		break;
	case VALUE_BUFFER:
		cb_text_addf(out, "%lld", (long long)job->buffer);
		break;
	case VALUE_BUFFER_KIB: /* whole ones, and at least one */
		cb_text_addf(out, "%lld", (long long)((job->buffer + KIB - 1) / KIB));
		break;
	case VALUE_BUFFER_MIB:
		cb_text_addf(out, "%lld", (long long)((job->buffer + MIB - 1) / MIB));
		break;
	case VALUE_FILTER:
		cb_text_add(out, job->filter);
		break;
	}
}

static int refuse(const char *name, size_t length, struct cb_error *err)
{
	struct cb_text known = {0};

	for (size_t i = 0; i < NAMES; i++)
		cb_text_addf(&known, "%s{%s}", i ? ", " : "", names[i]);
	cb_error_set(err, CB_ERR_USAGE,
		"{%.*s} stands for nothing; there are %s, and {{ for a brace", (int)length, name,
		cb_text_get(&known));
	cb_text_finish(&known);
	return CB_ERR_USAGE;
}

/* The word with its placeholders filled in; with `job` NULL they are only looked up. */
static int fill(const char *word, const struct cb_capture_job *job, struct cb_text *out,
	struct cb_error *err)
{
	while (*word) {
		size_t plain = strcspn(word, "{"), length, i;

		cb_text_add_n(out, word, plain);
		word += plain;
		if (!*word)
			break;
		if (word[1] == '{') {
			cb_text_add(out, "{");
			word += 2;
			continue;
		}
		length = strcspn(++word, "}");
		for (i = 0; i < NAMES; i++) {
			if (strlen(names[i]) == length && !strncmp(names[i], word, length))
				break;
		}
		if (i == NAMES || word[length] != '}')
			return refuse(word, length < 40 ? length : 40, err);
		if (job)
			add_value(out, i, job);
		word += length + 1;
	}
	return 0;
}

int cb_external_words_check(const char *word, struct cb_error *err)
{
	struct cb_text scratch = {0};
	int rc = fill(word, NULL, &scratch, err);

	cb_text_finish(&scratch);
	return rc;
}

static int add_all(struct cb_external_words *w, const char *const *words,
	const struct cb_capture_job *job, struct cb_error *err)
{
	for (; words && *words && w->n < CB_EXTERNAL_ARGS_MAX; words++) {
		struct cb_text text = {0};
		int rc = fill(*words, job, &text, err);

		if (!rc) {
			w->argv[w->n] = strdup(cb_text_get(&text));
			if (text.failed || !w->argv[w->n])
				rc = cb_error_memory(err, "a command line");
			w->n += w->argv[w->n] != NULL;
		}
		cb_text_finish(&text);
		if (rc)
			return rc;
	}
	return 0;
}

int cb_external_words_make(struct cb_external_words *w, const struct cb_external_program *program,
	const struct cb_capture_job *job, struct cb_error *err)
{
	int rc = add_all(w, program->command, job, err);

	if (rc || !job->filter[0])
		return rc;
	if (!program->filter)
		return cb_error_set(err, CB_ERR_USAGE,
			"external program %s has no way to be given a capture filter (\"filter\" "
			"in its description)",
			program->member.name);
	return add_all(w, program->filter, job, err);
}

void cb_external_words_finish(struct cb_external_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->argv[i]);
	*w = (struct cb_external_words){.n = 0};
}
