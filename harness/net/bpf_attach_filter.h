/*
 * The filter that stands at tc ingress where the kernel has no links for it (before Linux 6.6).
 * Nothing takes it away when its owner is killed; so a child of the owner does, which waits for
 * that from before there is anything to take away. Internal to bpf_attach.c.
 */
#ifndef CB_HARNESS_NET_BPF_ATTACH_FILTER_H
#define CB_HARNESS_NET_BPF_ATTACH_FILTER_H

#include "harness/net/bpf_attach.h"

#include <jansson.h>
#include <stddef.h>

/* Take the filter away, its qdisc if nobody else uses it, and the guard. Does nothing where there
 * is no filter. */
void cb_bpf_filter_remove(struct cb_bpf_attachment *a);

/* The kind of its entry in an undo file (harness/base/undo_file.h): for when owner and guard are
 * both killed. */
#define CB_BPF_FILTER_UNDO "tc-filter"

/* Take away what such an entry speaks of, in the caller's network namespace. True when there was
 * something; `text` says what it was. */
bool cb_bpf_filter_undo(const json_t *entry, char *text, size_t size);

#endif
