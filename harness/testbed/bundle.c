#include "harness/testbed/bundle.h"

#include "harness/base/file.h"
#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#define OBJECTS_MAX CB_SUMS_MAX
#define NEEDED_MAX  64
#define FILE_MAX    ((size_t)256 << 20)
#define BLOCK       512 /* of a tar archive */

/* ---- which files ---- */

/* A loaded object, and what it needs. */
struct object {
	char path[PATH_MAX];
	char name[NAME_MAX + 1]; /* as others ask for it */
	const char *needed[NEEDED_MAX];
	size_t n_needed;
	bool wanted;
};

struct objects {
	struct object *list;
	size_t n;
};

static const char *const of_libc[] = {"ld-linux", "ld64.", "libc.so", "libm.so", "libmvec.so",
	"libpthread.so", "libdl.so", "librt.so", "libresolv.so", "libutil.so", "libanl.so",
	"libnss_"};

static bool is_of_libc(const char *name)
{
	for (size_t i = 0; i < sizeof(of_libc) / sizeof(*of_libc); i++)
		if (cb_text_starts_with(name, of_libc[i]))
			return true;
	return false;
}

/* Addresses in a dynamic section are relocated on some architectures and not on others. */
static const char *address(const struct dl_phdr_info *info, ElfW(Addr) a)
{
	return (const char *)(a < info->dlpi_addr ? a + info->dlpi_addr : a);
}

static void read_dynamic(
	struct object *o, const struct dl_phdr_info *info, const ElfW(Dyn) * dynamic)
{
	const char *strings = NULL, *soname = NULL;

	for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			strings = address(info, d->d_un.d_ptr);
	for (const ElfW(Dyn) *d = dynamic; strings && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_NEEDED && o->n_needed < NEEDED_MAX)
			o->needed[o->n_needed++] = strings + d->d_un.d_val;
		else if (d->d_tag == DT_SONAME)
			soname = strings + d->d_un.d_val;
	}
	if (!soname)
		soname = strrchr(o->path, '/') ? strrchr(o->path, '/') + 1 : o->path;
	cb_text_copy(o->name, sizeof(o->name), soname);
}

static int see_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct objects *all = arg;
	struct object *o = &all->list[all->n];

	if (all->n == OBJECTS_MAX)
		return 0;
	snprintf(o->path, sizeof(o->path), "%s",
		all->n == 0               ? "/proc/self/exe"
			: info->dlpi_name ? info->dlpi_name
					  : "");
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			read_dynamic(o, info,
				(const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
	all->n++;
	return 0;
}

/* What `o` needs, and what that needs. */
static void want(struct objects *all, struct object *o)
{
	if (o->wanted)
		return;
	o->wanted = true;
	for (size_t i = 0; i < o->n_needed; i++)
		for (size_t k = 1; k < all->n; k++)
			if (strcmp(all->list[k].name, o->needed[i]) == 0 &&
				!is_of_libc(o->needed[i]))
				want(all, &all->list[k]);
}

/* ---- the archive ---- */

/* A header of POSIX.1-1988 (ustar). */
struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100],
		magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155],
		pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "a tar header is one block");

static int put_member(int fd, const char *name, bool directory, unsigned mode, const void *data,
	size_t size, struct cb_error *err)
{
	static const char zeros[BLOCK];
	struct tar_header h = {.type = directory ? '5' : '0', .version = {'0', '0'}};
	unsigned sum = 0;
	int r;

	snprintf(h.name, sizeof(h.name), "%s", name);
	snprintf(h.mode, sizeof(h.mode), "%07o", mode);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0U);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0U);
	snprintf(h.size, sizeof(h.size), "%011zo", size);
	snprintf(h.mtime, sizeof(h.mtime), "%011o", 0U);
	memcpy(h.magic, "ustar", 6);
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.checksum, sizeof(h.checksum), "%06o", sum & 0777777);
	r = cb_file_write_all(fd, &h, sizeof(h), "the archive", err);
	if (!r && size)
		r = cb_file_write_all(fd, data, size, "the archive", err);
	if (!r && size % BLOCK)
		r = cb_file_write_all(fd, zeros, BLOCK - size % BLOCK, "the archive", err);
	return r;
}

struct archive {
	struct cb_bundle *bundle;
	const struct objects *objects;
	int fds[OBJECTS_MAX]; /* of those that are wanted */
	size_t n;
	struct cb_text sums;
	struct cb_error *err;
};

/* All are open before anything is read, so that what is summed up is what is copied. */
static int open_files(struct archive *a)
{
	for (size_t i = 0; i < a->objects->n; i++) {
		const char *path = a->objects->list[i].path;

		if (!a->objects->list[i].wanted)
			continue;
		a->fds[a->n] = open(path, O_RDONLY | O_CLOEXEC);
		if (a->fds[a->n] < 0)
			return cb_error_errno(a->err, CB_ERR_HOST, errno,
				"what is to be copied to hosts: %s", path);
		a->n++;
	}
	return 0;
}

static int add_file(struct archive *a, int fd, const char *name, const char *sum)
{
	char path[32], *data = NULL;
	size_t size = 0;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = cb_file_read(path, FILE_MAX, &data, &size, a->err);
	if (r)
		return cb_error_prepend(a->err, "what is to be copied to hosts");
	cb_text_addf(&a->sums, "%s  %s\n", sum, name);
	r = put_member(a->bundle->fd, name, false, 0755, data, size, a->err);
	a->bundle->bytes += (int64_t)size;
	free(data);
	return r;
}

static int add_objects(struct archive *a)
{
	char sums[OBJECTS_MAX][CB_SUM_TEXT], name[sizeof(a->objects->list->name) + 8];
	size_t k = 0;
	int r = put_member(a->bundle->fd, "lib/", true, 0755, NULL, 0, a->err);

	if (!r)
		r = cb_sums(a->fds, a->n, sums, a->err);
	for (size_t i = 0; !r && i < a->objects->n; i++) {
		const struct object *o = &a->objects->list[i];

		if (!o->wanted)
			continue;
		if (i)
			snprintf(name, sizeof(name), "lib/%s", o->name);
		else
			snprintf(name, sizeof(name), "capbench");
		if (strlen(name) >= 100)
			return cb_error_set(a->err, CB_ERR_INTERNAL, "%s: too long a name", name);
		r = add_file(a, a->fds[k], name, sums[k]);
		k++;
	}
	return r;
}

/* The build's name is the sum of its sums. */
static int name_build(struct archive *a)
{
	int fd = memfd_create("SHA256SUMS", MFD_CLOEXEC), r;

	if (fd < 0)
		return cb_error_memory(a->err, "the archive");
	r = cb_file_write_all(fd, a->sums.data, a->sums.length, "the sums", a->err);
	if (!r)
		r = cb_sums(&fd, 1, &a->bundle->hash, a->err);
	close(fd);
	return r;
}

static int finish_archive(struct archive *a)
{
	static const char end[2 * BLOCK];
	int r;

	if (a->sums.failed)
		return cb_error_memory(a->err, "the archive");
	r = name_build(a);
	if (!r)
		r = put_member(a->bundle->fd, "SHA256SUMS", false, 0644, a->sums.data,
			a->sums.length, a->err);
	return r ? r : cb_file_write_all(a->bundle->fd, end, sizeof(end), "the archive", a->err);
}

int cb_bundle_make(struct cb_bundle *b, struct cb_error *err)
{
	struct objects all = {.list = calloc(OBJECTS_MAX, sizeof(*all.list))};
	struct archive a = {.bundle = b, .objects = &all, .err = err};
	struct utsname names;
	int r = 0;

	*b = (struct cb_bundle){.fd = memfd_create("capbench", MFD_CLOEXEC)};
	if (!all.list || b->fd < 0) {
		r = cb_error_memory(err, "the archive");
		goto out;
	}
	uname(&names);
	snprintf(b->machine, sizeof(b->machine), "%s", names.machine);
	dl_iterate_phdr(see_object, &all);
	want(&all, &all.list[0]);
	r = open_files(&a);
	if (!r)
		r = add_objects(&a);
	if (!r)
		r = finish_archive(&a);
out:
	while (a.n)
		close(a.fds[--a.n]);
	cb_text_finish(&a.sums);
	free(all.list);
	return r;
}

void cb_bundle_finish(struct cb_bundle *b)
{
	if (b->fd > 0)
		close(b->fd);
	b->fd = -1;
}
