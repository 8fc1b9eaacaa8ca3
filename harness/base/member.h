/*
 * Members of an axis: a mechanism, a wait, a load, a transmitter, seen from
 * outside. What is common to all of them stands here, so that the scenario
 * reader, `list` and the man page know every member's options without
 * knowing any backend. The backends' own structs start with a cb_member.
 */
#ifndef CB_HARNESS_BASE_MEMBER_H
#define CB_HARNESS_BASE_MEMBER_H

#include "harness/base/error.h"
#include "harness/base/option.h"

/* What a member can do, or needs from the member of the other axis. */
enum cb_trait {
	CB_TRAIT_POLLABLE = 1U << 0,    /* readiness can be waited for on a file descriptor */
	CB_TRAIT_OWN_BATCH = 1U << 1,   /* has an N-or-m wake-up of its own */
	CB_TRAIT_NAPI = 1U << 2,        /* knows the NAPI instance that feeds it */
	CB_TRAIT_FILTER_FREE = 1U << 3, /* the socket's filter slot is free */
	CB_TRAIT_COPIES = 1U << 4,      /* several processes each get a copy of every frame */
	CB_TRAIT_FANOUT = 1U << 5,      /* several processes share the frames */
	CB_TRAIT_STAMPS = 1U << 6,      /* transmitter: every frame has a stamp of its own */
	CB_TRAIT_PACED = 1U << 7,       /* transmitter: can hold a rate */
	CB_TRAIT_BATCH = 1U << 8,       /* can be waited for by N frames or m microseconds: by its
					   own means, or because frames are in its buffer before
					   tc ingress sees them */
	CB_TRAIT_XDP = 1U << 9,         /* taps in the driver, or sends to it: the
					   receiving veth has NAPI */
	CB_TRAIT_SHAPES = 1U << 10,     /* transmitter: sizes, flows and payloads that change
					   from frame to frame */
	CB_TRAIT_TIMES = 1U << 11,      /* transmitter: its frames have times of their own */
	CB_TRAIT_FRAMES = 1U << 12,     /* transmitter: headers other than Ethernet, IPv4 and UDP,
					   and checksums */
	CB_TRAIT_PEER = 1U << 13,       /* transmitter: speaks to a live host */
};

/* Those that only a transmitter has. */
#define CB_TRAITS_TRANSMITTER \
	(CB_TRAIT_STAMPS | CB_TRAIT_PACED | CB_TRAIT_SHAPES | CB_TRAIT_TIMES | CB_TRAIT_FRAMES)

/* "a readiness that can be waited for": for "wait `poll` needs ...". Static. */
const char *cb_trait_text(enum cb_trait trait);

struct cb_member {
	const char *name;  /* as written in scenarios */
	const char *help;  /* one sentence */
	const char *paper; /* what it stands for in Braun et al. 2010; NULL: nothing */
	const struct cb_option *options; /* ends with CB_OPTION_END; NULL: none */
	size_t options_size;             /* of the struct that the options fill */
	unsigned provides, needs;        /* enum cb_trait */
	/* Of a transmitter, for "auto" (member_choice.h), which never takes one without: how many
	 * small frames a second one thread makes of it, on a slow core; and the largest frame that
	 * it makes, with FCS, 0: whatever the link takes. */
	int64_t reach_pps, frame_max;
	/* 0 when it can run here, else CB_ERR_IMPOSSIBLE with a sentence that a user can act on;
	 * NULL: always */
	int (*probe)(struct cb_error *err);
	/* Options that are right one by one but not together: CB_ERR_USAGE; NULL: all go together
	 */
	int (*check)(const void *options, struct cb_error *err);
	/* What `provides` is with these options; NULL: they change nothing */
	unsigned (*traits)(const void *options);
};

struct cb_axis {
	const char *name;                        /* "mechanism" */
	const char *plural;                      /* "mechanisms" */
	const struct cb_member *(*at)(size_t i); /* NULL past the end */
};

/* All axes; handed by cli to the scenario reader. Ends with an axis without a name. */
struct cb_registry {
	const struct cb_axis *axes;
	/* Is `text` the name of a program that can stand in the place of a capture process, or a
	 * JSON object that describes one? Its name goes to name[size]. CB_ERR_USAGE. NULL: there
	 * are none. */
	int (*external)(const char *text, char *name, size_t size, struct cb_error *err);
	/* Can it run where the frames are sent? 0, or CB_ERR_IMPOSSIBLE with the reason. Asked only
	 * about what "auto" would take because XDP is allowed. NULL: it is not known. */
	int (*runs)(const struct cb_member *member, struct cb_error *err);
	/* The smallest frame, with FCS, that has room for the stamp behind the headers that a
	 * member of the axis "frame" describes; 0: it is none. NULL: any frame has. */
	uint32_t (*smallest_frame)(const char *text);
	/* May a setting of hosts (`host:`) have this value (NULL: is there such a setting)? The
	 * value in its one form goes to canonical[256]. CB_ERR_USAGE with what would be right,
	 * beginning with the name. NULL: there are no settings. */
	int (*setting)(
		const char *name, const char *value, char canonical[256], struct cb_error *err);
};

const struct cb_axis *cb_registry_axis(const struct cb_registry *r, const char *name);
const struct cb_member *cb_axis_find(const struct cb_axis *axis, const char *name);

/*
 * Parse a short form: "poll", "batch:512,1ms", "tpacket3:block=1MiB,retire=8ms", "packzip:level=6".
 * Values without a name fill the options in table order. An option may be a member of the same axis
 * itself, in brackets when that has several options: "handoff:behind=(packzip:1,frame)". `options`
 * (member->options_size bytes, NULL to check only) gets defaults first. CB_ERR_USAGE with a
 * suggestion when name, option or value is wrong.
 */
int cb_member_parse(const struct cb_axis *axis, const char *text, const struct cb_member **member,
	void *options, struct cb_error *err);

/*
 * The canonical short form of `text`: every option that differs from its default, by name, in table
 * order ("tpacket3:retire=8ms"). Two spellings of one member give one canonical form, and so one
 * cell.
 */
int cb_member_canonical(
	const struct cb_axis *axis, const char *text, char *out, size_t size, struct cb_error *err);

/* The traits that the member has with these options (as parsed). */
unsigned cb_member_provides(const struct cb_member *member, const void *options);

/* The same from a short form; 0 when it is none of this axis. */
unsigned cb_member_text_provides(const struct cb_axis *axis, const char *text);

/* 0, or CB_ERR_USAGE naming the trait that `user` needs and `other` does not provide. Of what only
 * a transmitter has nothing is asked of the others, and of a transmitter nothing else. */
int cb_member_fits(const struct cb_member *user, const char *user_axis,
	const struct cb_member *other, const char *other_axis, struct cb_error *err);

#endif
