#include "generators/auto.h"

#include "generators/pacing/arrival.h"
#include "generators/traffic/headers.h"
#include "generators/traffic/payload.h"
#include "generators/traffic/sizes.h"
#include "harness/base/member_choice.h"
#include "harness/base/rate.h"
#include "harness/base/units.h"
#include "harness/net/link.h"

#include <stdio.h>
#include <string.h>

bool cb_generate_is_auto(const struct cb_generate_job *job)
{
	return !strcmp(job->transmitter, "auto");
}

/* Is it the first member of its axis, the plain one? What is wrong with it is said later. */
static bool is_plain(const struct cb_axis *axis, const char *text)
{
	const struct cb_member *member = NULL;

	return cb_member_parse(axis, text, &member, NULL, NULL) || member == axis->at(0);
}

static void read_wish(const struct cb_generate_job *job, struct cb_choice_wish *wish)
{
	int64_t threads = job->threads > 0 ? job->threads : 1;
	const struct cb_member *arrival = NULL;
	char headers[sizeof(job->frame)];

	*wish = (struct cb_choice_wish){
		.needs = CB_TRAIT_STAMPS, .frame_size = job->frame_size, .rate_pps = CB_RATE_MAX};
	cb_rate_parse(job->rate, job->frame_size, &wish->rate_pps, NULL);
	if (wish->rate_pps != CB_RATE_MAX) {
		wish->rate_pps = (wish->rate_pps + threads - 1) / threads;
		wish->needs |= CB_TRAIT_PACED;
	}
	if (!is_plain(&cb_sizes_axis, job->sizes) || !is_plain(&cb_payload_axis, job->payload) ||
		job->flows > 1)
		wish->needs |= CB_TRAIT_SHAPES;
	if (cb_member_canonical(&cb_headers_axis, job->frame, headers, sizeof(headers), NULL) ||
		strcmp(headers, cb_headers_axis.at(0)->name) != 0)
		wish->needs |= CB_TRAIT_FRAMES;
	if (!cb_member_parse(&cb_arrival_axis, job->arrival, &arrival, NULL, NULL))
		wish->needs |= arrival->needs & CB_TRAITS_TRANSMITTER;
}

/* Why no frames can be sent on the interface through XDP; NULL: they can. */
static const char *no_xdp(const char *interface, char text[128])
{
	struct cb_link_info info;
	bool takes;

	if (cb_link_info(interface, &info, NULL))
		return "the interface is not there";
	if (cb_link_takes_xdp(interface, &takes, NULL))
		return "this kernel can't tell whether the link takes frames from XDP";
	if (takes)
		return NULL;
	snprintf(text, 128, "%s takes no frames from XDP%s", interface,
		strcmp(info.driver, "veth") ? "" : ", as its peer has no NAPI");
	return text;
}

int cb_generate_choose(struct cb_generate_job *job, char *why, size_t size, struct cb_error *err)
{
	char link[128], host[256];
	struct cb_choice choice;
	struct cb_choice_wish wish;
	struct cb_error cannot = {0};
	int rc;

	read_wish(job, &wish);
	wish.no_xdp = no_xdp(job->interface, link);
	rc = cb_member_choose(&cb_transmitter_axis, &wish, &choice, err);
	if (!rc && choice.member->provides & CB_TRAIT_XDP && choice.member->probe &&
		choice.member->probe(&cannot)) {
		snprintf(host, sizeof(host), "it can't run here: %.200s", cannot.text);
		wish.no_xdp = host;
		rc = cb_member_choose(&cb_transmitter_axis, &wish, &choice, err);
	}
	if (rc)
		return rc;
	cb_text_copy(job->transmitter, sizeof(job->transmitter), choice.member->name);
	snprintf(why, size, "auto: %s", choice.why);
	return 0;
}
