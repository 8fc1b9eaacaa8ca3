/* The files of plots/, built into the program (cmake/embed.cmake). */
#ifndef CB_HARNESS_REPORT_EMBEDDED_H
#define CB_HARNESS_REPORT_EMBEDDED_H

#include <stddef.h>

struct cb_embedded_file {
	const char *name; /* without folder; NULL ends the array */
	const char *data; /* NUL-terminated */
	size_t size;
};

extern const struct cb_embedded_file cb_embedded_files[];

/* The data of the file called `name`; "" when there is none. */
const char *cb_embedded_find(const char *name);

#endif
