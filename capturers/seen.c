#include "capturers/seen.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)1 << (CB_SEEN_CHUNK_BITS - 3))
#define NODE_SLOTS  ((size_t)1 << CB_SEEN_NODE_BITS)

/* *slot, allocated under the budget when it is empty. calloc leaves large blocks untouched, so that
 * only pages with a bit in them take memory. */
static void *fill_slot(void **slot, size_t bytes, struct cb_seen_budget *budget)
{
	if (*slot || budget->left < bytes)
		return *slot;
	*slot = calloc(1, bytes);
	if (*slot)
		budget->left -= bytes;
	return *slot;
}

uint64_t *cb_seen_chunk(struct cb_seen *s, uint64_t chunk_id, struct cb_seen_budget *budget)
{
	struct cb_seen_node *root, *node;

	root = fill_slot((void **)&s->root, sizeof(*root), budget);
	if (!root)
		return NULL;
	node = fill_slot(&root->at[chunk_id >> CB_SEEN_NODE_BITS], sizeof(*node), budget);
	if (!node)
		return NULL;
	return fill_slot(&node->at[chunk_id & (NODE_SLOTS - 1)], CHUNK_BYTES, budget);
}

static void finish_node(struct cb_seen_node *node)
{
	for (size_t i = 0; i < NODE_SLOTS; i++)
		free(node->at[i]);
	free(node);
}

void cb_seen_finish(struct cb_seen *s)
{
	for (size_t i = 0; s->root && i < NODE_SLOTS; i++) {
		if (s->root->at[i])
			finish_node(s->root->at[i]);
	}
	free(s->root);
	*s = (struct cb_seen){0};
}
