#include "capturers/pcap_library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Debian's, the project's own, BSD's base system and developers' systems. */
static const char *const system_names[] = {
	"libpcap.so.0.8", "libpcap.so.1", "libpcap.so.0", "libpcap.so.8", "libpcap.so"};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *name;
	size_t offset; /* of its pointer in struct cb_pcap_library */
	bool required;
} functions[] = {
#define ROW(name, required) {"pcap_" #name, offsetof(struct cb_pcap_library, name), required},
#define REQUIRED_ROW(name)  ROW(name, true)
#define OPTIONAL_ROW(name)  ROW(name, false)
	CB_PCAP_FUNCTIONS(REQUIRED_ROW, OPTIONAL_ROW)};

/* RTLD_LOCAL: what one library exports must not stand in for what another calls. */
static void *load(const char *path)
{
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int load_system(void **handle, struct cb_error *err)
{
	for (size_t i = 0; !*handle && i < LENGTH(system_names); i++)
		*handle = load(system_names[i]);
	if (!*handle)
		return cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"libpcap is not installed here: install it (Debian: libpcap0.8), or name a "
			"shared object");
	return 0;
}

static int load_path(void **handle, const char *path, struct cb_error *err)
{
	const char *why;

	*handle = load(path);
	if (*handle)
		return 0;
	why = dlerror();
	return cb_error_set(err, CB_ERR_IMPOSSIBLE, "libpcap \"%s\" can't be loaded: %s", path,
		why ? why : "no reason given");
}

static int find_functions(struct cb_pcap_library *l, const char *path, struct cb_error *err)
{
	for (size_t i = 0; i < LENGTH(functions); i++) {
		void *function = dlsym(l->handle, functions[i].name);

		if (!function && functions[i].required)
			return cb_error_set(err, CB_ERR_IMPOSSIBLE,
				"\"%s\" is no libpcap, or one older than 0.9: it has no %s()",
				path && *path ? path : "libpcap", functions[i].name);
		memcpy((char *)l + functions[i].offset, &function, sizeof(function));
	}
	return 0;
}

int cb_pcap_library_open(struct cb_pcap_library *l, const char *path, struct cb_error *err)
{
	int rc;

	*l = (struct cb_pcap_library){0};
	rc = path && *path ? load_path(&l->handle, path, err) : load_system(&l->handle, err);
	if (!rc)
		rc = find_functions(l, path, err);
	if (rc)
		cb_pcap_library_close(l);
	return rc;
}

void cb_pcap_library_close(struct cb_pcap_library *l)
{
	if (l->handle)
		dlclose(l->handle);
	*l = (struct cb_pcap_library){0};
}
