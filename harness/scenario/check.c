/* Which members and numbers go together. Rules are rows or short functions; nothing knows a member
 * by name. */
#include "harness/base/units.h"
#include "harness/scenario/trial.h"

#include <string.h>

#define SECOND INT64_C(1000000000)
#define FCS    4 /* bytes */

/* The members of one combination. */
struct members {
	const struct cb_member *mechanism, *wait, *load, *transmitter;
};

struct check {
	const struct cb_registry *registry;
	const struct cb_trial_values *values;
	const struct cb_trial_spec *spec;
	struct members m;
	struct cb_member mechanism; /* with the traits that its options leave it */
	struct cb_error *err;
};

static const struct cb_member *find(const struct cb_registry *r, const char *axis, const char *text)
{
	return cb_member_value_member(cb_registry_axis(r, axis), text);
}

/* `user` of the axis `axis`, whose row is `row`, needs something of the mechanism. */
static int check_fits(
	const struct check *c, const struct cb_member *user, const char *axis, const char *row)
{
	struct cb_error inner;

	if (!cb_member_fits(user, axis, &c->mechanism, "mechanism", &inner))
		return 0;
	return cb_node_error(
		cb_trial_blame(c->values, row), c->err, "trial.%s: %s", row, inner.text);
}

/* What it needs of the transmitter. NULL: there is no such member. */
static int check_frames_fit(
	const struct check *c, const struct cb_member *user, const char *axis, const char *row)
{
	struct cb_member transmitter = *c->m.transmitter;
	struct cb_error inner;

	if (!user)
		return 0;
	transmitter.provides = cb_member_text_provides(
		cb_registry_axis(c->registry, "transmitter"), c->spec->generator.transmitter);
	if (!cb_member_fits(user, axis, &transmitter, "transmitter", &inner))
		return 0;
	return cb_node_error(
		cb_trial_blame(c->values, row), c->err, "trial.%s: %s", row, inner.text);
}

/* Frames of several threads are told apart by their stamps. */
static int check_threads(const struct check *c)
{
	if (c->spec->generator.threads < 2 || c->m.transmitter->provides & CB_TRAIT_STAMPS)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "generator.threads"), c->err,
		"trial.generator.threads: several threads need %s, which transmitter %s does not "
		"have",
		cb_trait_text(CB_TRAIT_STAMPS), c->m.transmitter->name);
}

/* Names of the axis' members that have `trait`, for the cure. */
static void list_with(const struct cb_axis *axis, enum cb_trait trait, struct cb_text *out)
{
	const struct cb_member *member;
	const char *before = "";

	for (size_t i = 0; (member = axis->at(i)); i++) {
		if (!(member->provides & trait))
			continue;
		cb_text_addf(out, "%s%s", before, member->name);
		before = ", ";
	}
}

static int check_copies(const struct check *c)
{
	struct cb_text able = {0};
	int rc;

	if (c->spec->capture.processes < 2 ||
		c->mechanism.provides & (CB_TRAIT_COPIES | CB_TRAIT_FANOUT))
		return 0;
	list_with(cb_registry_axis(c->registry, "mechanism"), CB_TRAIT_COPIES, &able);
	rc = cb_node_error(cb_trial_blame(c->values, "capture.processes"), c->err,
		"trial.capture.processes: %lld processes need %s, which mechanism %s does not "
		"have; those that do: %s",
		(long long)c->spec->capture.processes, cb_trait_text(CB_TRAIT_COPIES),
		c->m.mechanism->name, *cb_text_get(&able) ? cb_text_get(&able) : "none");
	cb_text_finish(&able);
	return rc;
}

/* A mechanism that knows the NAPI instances of its sockets has the frames of an RX queue to itself.
 */
static int check_queues(const struct check *c)
{
	const unsigned by_queue = CB_TRAIT_FANOUT | CB_TRAIT_NAPI;

	if ((c->mechanism.provides & by_queue) != by_queue ||
		c->spec->capture.processes <= c->spec->link.queues)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "capture.processes"), c->err,
		"trial.capture.processes: %s gives the frames of an RX queue to one process, so "
		"%lld processes need as many queues, and link.queues is %lld",
		c->m.mechanism->name, (long long)c->spec->capture.processes,
		(long long)c->spec->link.queues);
}

static bool is_first(const struct cb_registry *r, const char *axis, const char *text)
{
	return find(r, axis, text) == cb_registry_axis(r, axis)->at(0);
}

static int check_pace(const struct check *c)
{
	/* the first arrival is the constant rate: the only one that needs no rate */
	if (c->spec->traffic.rate == CB_RATE_MAX &&
		!is_first(c->registry, "arrival", c->spec->traffic.arrival))
		return cb_node_error(cb_trial_blame(c->values, "traffic.arrival"), c->err,
			"trial.traffic.arrival: %s needs a rate to go by: rate is max",
			c->spec->traffic.arrival);
	if (c->spec->traffic.rate == CB_RATE_MAX || c->m.transmitter->provides & CB_TRAIT_PACED)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "traffic.rate"), c->err,
		"trial.traffic.rate: transmitter %s cannot hold a rate: use rate: max",
		c->m.transmitter->name);
}

/* What a mix comes to on the average is known to its member alone, and what a file's frames do to
 * its transmitter. */
static int check_mix(const struct check *c)
{
	const struct cb_node *rate = cb_trial_blame(c->values, "traffic.rate");

	if (rate->kind != CB_NODE_SCALAR || c->spec->traffic.capacity_ppm ||
		(!strstr(rate->text, "bit") && !strchr(rate->text, '%')))
		return 0;
	if (c->m.transmitter->provides & CB_TRAIT_TIMES)
		return cb_node_error(rate, c->err,
			"trial.traffic.rate: \"%.80s\" depends on the frame size, and those of "
			"transmitter %s are a file's: use frames a second",
			rate->text, c->m.transmitter->name);
	if (is_first(c->registry, "sizes", c->spec->traffic.sizes))
		return 0;
	return cb_node_error(rate, c->err,
		"trial.traffic.rate: \"%.80s\" depends on the frame size, and traffic.sizes is %s: "
		"use frames a second",
		rate->text, c->spec->traffic.sizes);
}

/* Sizes, flows and payloads that change from frame to frame. The first member of each axis is the
 * one that does not. */
static int check_shapes(const struct check *c)
{
	const struct cb_registry *r = c->registry;
	const char *key = NULL;

	if (!is_first(r, "sizes", c->spec->traffic.sizes))
		key = "traffic.sizes";
	else if (!is_first(r, "payload", c->spec->traffic.payload))
		key = "traffic.payload";
	else if (c->spec->traffic.flows > 1)
		key = "traffic.flows";
	if (!key || c->m.transmitter->provides & CB_TRAIT_SHAPES)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, key), c->err,
		"trial.%s: needs %s, which transmitter %s does not have", key,
		cb_trait_text(CB_TRAIT_SHAPES), c->m.transmitter->name);
}

/* Headers that the transmitter can make, and that leave room for the stamp. */
static int check_frame(const struct check *c)
{
	const struct cb_trial_spec *spec = c->spec;
	int64_t smallest;

	/* the first frame is the one that everybody makes, and `frame_size` is large enough for */
	if (!c->registry->smallest_frame ||
		!strcmp(spec->traffic.frame, cb_registry_axis(c->registry, "frame")->at(0)->name))
		return 0;
	if (!(c->m.transmitter->provides & CB_TRAIT_FRAMES))
		return cb_node_error(cb_trial_blame(c->values, "traffic.frame"), c->err,
			"trial.traffic.frame: needs %s, which transmitter %s does not have",
			cb_trait_text(CB_TRAIT_FRAMES), c->m.transmitter->name);
	smallest = c->registry->smallest_frame(spec->traffic.frame);
	if (spec->traffic.frame_size < smallest &&
		is_first(c->registry, "sizes", spec->traffic.sizes))
		return cb_node_error(cb_trial_blame(c->values, "traffic.frame_size"), c->err,
			"trial.traffic.frame_size: %lld bytes have no room for the stamp behind "
			"the headers of traffic.frame: at least %lld",
			(long long)spec->traffic.frame_size, (long long)smallest);
	if (spec->capture.snaplen >= smallest - FCS)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "capture.snaplen"), c->err,
		"trial.capture.snaplen: %lld bytes cut the stamp off, which stands behind the "
		"headers of traffic.frame: at least %lld",
		(long long)spec->capture.snaplen, (long long)(smallest - FCS));
}

/* Ports are silent: they answer to nobody, and hosts know no way over them. And what is captured on
 * them is the generator's, or the books would not be its. */
static int check_peer(const struct check *c)
{
	const char *transmitter = c->spec->generator.transmitter;

	if (!(cb_member_text_provides(cb_registry_axis(c->registry, "transmitter"), transmitter) &
		    CB_TRAIT_PEER))
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "generator.transmitter"), c->err,
		"trial.generator.transmitter: %.100s speaks to a live host, which the silent links "
		"of a run have not, and whose frames its books could not tell from the "
		"generator's: leave `to` out (both sides are played then), or use capbench "
		"generate",
		transmitter);
}

/* A window without a slot has nothing to measure. */
static int check_window(const struct check *c)
{
	const struct cb_trial_spec *spec = c->spec;

	if (spec->traffic.rate == CB_RATE_MAX ||
		(__int128)spec->traffic.rate * spec->duration_ns >= SECOND)
		return 0;
	return cb_node_error(cb_trial_blame(c->values, "duration"), c->err,
		"trial.duration: too short: not one frame falls into it at this rate");
}

/* An external program has no members that must go together. */
static int check_members(struct check *c)
{
	int rc;

	if (!c->m.mechanism || !c->m.wait || !c->m.load)
		return cb_error_set(c->err, CB_ERR_INTERNAL, "a member is not in the registry");
	c->mechanism = *c->m.mechanism;
	c->mechanism.provides = cb_member_text_provides(
		cb_registry_axis(c->registry, "mechanism"), c->spec->capture.mechanism);
	rc = check_fits(c, c->m.wait, "wait", "capture.wait");
	if (!rc)
		rc = check_fits(c, c->m.load, "load", "capture.load");
	if (!rc)
		rc = check_fits(c, c->m.transmitter, "transmitter", "generator.transmitter");
	if (!rc)
		rc = check_copies(c);
	return rc ? rc : check_queues(c);
}

int cb_trial_check(const struct cb_registry *registry, const struct cb_trial_values *values,
	const struct cb_trial_spec *spec, struct cb_error *err)
{
	struct check c = {
		.registry = registry,
		.values = values,
		.spec = spec,
		.err = err,
		.m =
			{
				.mechanism = find(registry, "mechanism", spec->capture.mechanism),
				.wait = find(registry, "wait", spec->capture.wait),
				.load = find(registry, "load", spec->capture.load),
				.transmitter =
					find(registry, "transmitter", spec->generator.transmitter),
			},
	};
	int rc;

	if (!c.m.transmitter)
		return cb_error_set(err, CB_ERR_INTERNAL, "a transmitter is not in the registry");
	rc = *spec->capture.mechanism ? check_members(&c) : 0;
	if (!rc)
		rc = check_frames_fit(&c, c.m.load, "load", "capture.load");
	if (!rc)
		rc = check_frames_fit(&c, find(registry, "arrival", spec->traffic.arrival),
			"arrival", "traffic.arrival");
	if (!rc)
		rc = check_peer(&c);
	if (!rc)
		rc = check_threads(&c);
	if (!rc)
		rc = check_pace(&c);
	if (!rc)
		rc = check_shapes(&c);
	if (!rc)
		rc = check_mix(&c);
	if (!rc)
		rc = check_frame(&c);
	return rc ? rc : check_window(&c);
}
