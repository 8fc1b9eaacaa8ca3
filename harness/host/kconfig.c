#include "harness/host/kconfig.h"

#include "harness/base/file.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#define CONFIG_MAX (4u << 20)

/*
 * zlib is there wherever libbpf is (libbpf reads the same file with it); its three calls are looked
 * up at run time because this module links against nothing that it needs once for one file.
 */
struct zlib {
	void *library;
	void *(*open)(const char *path, const char *mode);
	int (*read)(void *file, void *buffer, unsigned length);
	int (*close)(void *file);
};

static int load(struct zlib *z)
{
	z->library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!z->library)
		return -1;
	*(void **)&z->open = dlsym(z->library, "gzopen");
	*(void **)&z->read = dlsym(z->library, "gzread");
	*(void **)&z->close = dlsym(z->library, "gzclose");
	return z->open && z->read && z->close ? 0 : -1;
}

static char *inflate_file(const struct zlib *z, const char *path)
{
	void *file = z->open(path, "re");
	char *text = NULL;
	int n = -1;

	if (!file)
		return NULL;
	text = malloc(CONFIG_MAX + 1);
	if (text)
		n = z->read(file, text, CONFIG_MAX);
	z->close(file);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

static char *read_proc(void)
{
	struct zlib z = {0};
	char *text = load(&z) ? NULL : inflate_file(&z, "/proc/config.gz");

	if (z.library)
		dlclose(z.library);
	return text;
}

char *cb_kconfig_read(void)
{
	static const struct {
		const char *before, *after; /* the release stands between */
	} places[] = {{"/boot/config-", ""}, {"/lib/modules/", "/config"},
		{"/usr/lib/modules/", "/config"}};
	char path[512], *text = read_proc();
	struct utsname u;

	if (text || uname(&u))
		return text;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(
			path, sizeof(path), "%s%s%s", places[i].before, u.release, places[i].after);
		if (!cb_file_read(path, CONFIG_MAX, &text, NULL, NULL))
			return text;
	}
	return NULL;
}
