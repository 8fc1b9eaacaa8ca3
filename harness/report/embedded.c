#include "harness/report/embedded.h"

#include <string.h>

const char *cb_embedded_find(const char *name)
{
	for (const struct cb_embedded_file *f = cb_embedded_files; f->name; f++) {
		if (strcmp(f->name, name) == 0)
			return f->data;
	}
	return "";
}
