/* What the files that read a test-bed file share. */
#ifndef CB_HARNESS_TESTBED_FILE_PARTS_H
#define CB_HARNESS_TESTBED_FILE_PARTS_H

#include "harness/scenario/schema.h"
#include "harness/testbed/file.h"

struct cb_bed_reader {
	struct cb_bed *bed;
	struct cb_node_pool pool;
	const struct cb_node *root;
	struct cb_error *err; /* not NULL */
};

/* CB_ERR_USAGE with the place. Roles come after hosts. */
int cb_bed_read_hosts(struct cb_bed_reader *r);
int cb_bed_read_roles(struct cb_bed_reader *r);

#endif
