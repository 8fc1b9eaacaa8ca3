#include "capturers/mechanisms/pfring_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char *const installed_names[] = {
	"libpfring.so", "libpfring.so.9", "libpfring.so.8", "libpfring.so.7", "libpfring.so.6"};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *name;
	size_t offset; /* of its pointer in struct cb_pfring_library */
	bool required;
} functions[] = {
#define ROW(name, required)                   {"pfring_" #name, offsetof(struct cb_pfring_library, name), required},
#define REQUIRED_ROW(name, result, arguments) ROW(name, true)
#define OPTIONAL_ROW(name, result, arguments) ROW(name, false)
	CB_PFRING_FUNCTIONS(REQUIRED_ROW, OPTIONAL_ROW)};

static int load(void **handle, const char *path, struct cb_error *err)
{
	const char *why;

	if (path && *path) {
		*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		why = *handle ? NULL : dlerror();
		return *handle ? 0
			       : cb_error_set(err, CB_ERR_IMPOSSIBLE,
					 "libpfring \"%s\" can't be loaded: %s", path,
					 why ? why : "no reason given");
	}
	for (size_t i = 0; !*handle && i < LENGTH(installed_names); i++)
		*handle = dlopen(installed_names[i], RTLD_NOW | RTLD_LOCAL);
	if (!*handle)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"libpfring is not installed here: library and kernel module come from ntop "
			"(github.com/ntop/PF_RING)");
	return 0;
}

static int find_functions(struct cb_pfring_library *l, const char *path, struct cb_error *err)
{
	for (size_t i = 0; i < LENGTH(functions); i++) {
		void *function = dlsym(l->handle, functions[i].name);

		if (!function && functions[i].required)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"\"%s\" is no libpfring of PF_RING %d to %d: it has no %s()",
				path && *path ? path : "libpfring", CB_PFRING_MAJOR_MIN,
				CB_PFRING_MAJOR_MAX, functions[i].name);
		memcpy((char *)l + functions[i].offset, &function, sizeof(function));
	}
	return 0;
}

int cb_pfring_library_open(struct cb_pfring_library *l, const char *path, struct cb_error *err)
{
	int rc;

	*l = (struct cb_pfring_library){.handle = NULL};
	rc = load(&l->handle, path, err);
	if (!rc)
		rc = find_functions(l, path, err);
	if (rc)
		cb_pfring_library_close(l);
	return rc;
}

void cb_pfring_library_close(struct cb_pfring_library *l)
{
	if (l->handle)
		dlclose(l->handle);
	*l = (struct cb_pfring_library){.handle = NULL};
}
