/* What members can do and need of each other. */
#include "harness/base/member.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 64

static const struct {
	enum cb_trait trait;
	const char *text;
} trait_texts[] = {
	{CB_TRAIT_POLLABLE, "a readiness that can be waited for"},
	{CB_TRAIT_OWN_BATCH, "an N-or-m wake-up of its own"},
	{CB_TRAIT_NAPI, "a known NAPI instance"},
	{CB_TRAIT_FILTER_FREE, "a free socket filter slot"},
	{CB_TRAIT_COPIES, "a copy of every frame for each process"},
	{CB_TRAIT_FANOUT, "frames shared out among processes"},
	{CB_TRAIT_STAMPS, "a stamp of its own in every frame"},
	{CB_TRAIT_PACED, "a rate that can be held"},
	{CB_TRAIT_BATCH, "a wake-up after N frames or a time"},
	{CB_TRAIT_SHAPES, "frames that differ in more than their stamp"},
	{CB_TRAIT_FRAMES, "headers of one's own choice"},
	{CB_TRAIT_PEER, "a live host to speak to"},
	{CB_TRAIT_XDP, "a tap in the driver"},
	{CB_TRAIT_TIMES, "frames with times of their own, a file's"},
};

#define N_TRAITS (sizeof(trait_texts) / sizeof(*trait_texts))

const char *cb_trait_text(enum cb_trait trait)
{
	for (size_t i = 0; i < N_TRAITS; i++) {
		if (trait_texts[i].trait == trait)
			return trait_texts[i].text;
	}
	return "an unknown trait";
}

unsigned cb_member_provides(const struct cb_member *member, const void *options)
{
	return member->traits ? member->traits(options) : member->provides;
}

unsigned cb_member_text_provides(const struct cb_axis *axis, const char *text)
{
	char name[NAME_MAX_LENGTH];
	size_t length = strcspn(text, ":");
	const struct cb_member *member = NULL;
	unsigned provides = 0;
	void *options;

	if (length < sizeof(name)) {
		memcpy(name, text, length);
		name[length] = '\0';
		member = cb_axis_find(axis, name);
	}
	if (!member)
		return 0;
	if (!member->traits)
		return member->provides; /* plans ask this 10 000 times */
	options = calloc(1, member->options_size + 1);
	if (options && !cb_member_parse(axis, text, NULL, options, NULL))
		provides = cb_member_provides(member, options);
	free(options);
	return provides;
}

int cb_member_fits(const struct cb_member *user, const char *user_axis,
	const struct cb_member *other, const char *other_axis, struct cb_error *err)
{
	unsigned missing = user->needs & ~other->provides;

	missing &= strcmp(other_axis, "transmitter") ? ~(unsigned)CB_TRAITS_TRANSMITTER
						     : (unsigned)CB_TRAITS_TRANSMITTER;
	for (size_t i = 0; i < N_TRAITS; i++) {
		if (missing & trait_texts[i].trait)
			return cb_error_set(err, CB_ERR_USAGE,
				"%s %s needs %s, which %s %s does not have", user_axis, user->name,
				trait_texts[i].text, other_axis, other->name);
	}
	return 0;
}
