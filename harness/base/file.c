#include "harness/base/file.h"

#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Up to `size` bytes, across EINTR and short reads: their number, or a negative errno. */
static ssize_t read_up_to(int fd, char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Grows by doubling: files in /proc do not tell their size. */
static int read_all(
	int fd, const char *path, size_t max, char **data, size_t *size, struct cb_error *err)
{
	size_t room = 4096, used = 0;
	char *buffer = NULL, *grown;
	ssize_t n;
	int rc;

	for (;;) {
		grown = realloc(buffer, room + 1);
		if (!grown) {
			rc = cb_error_memory(err, path);
			goto out;
		}
		buffer = grown;
		n = read_up_to(fd, buffer + used, room - used);
		if (n < 0) {
			rc = cb_error_errno(err, CB_ERR_USAGE, (int)n, "%s: cannot be read", path);
			goto out;
		}
		used += (size_t)n;
		if (used > max) {
			rc = cb_error_set(err, CB_ERR_USAGE,
				"%s: larger than the %zu bytes that are accepted", path, max);
			goto out;
		}
		if (used < room)
			break;
		room *= 2;
	}
	buffer[used] = '\0';
	*data = buffer;
	*size = used;
	return 0;
out:
	free(buffer);
	return rc;
}

int cb_file_read(const char *path, size_t max, char **data, size_t *size, struct cb_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	size_t n = 0;

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_USAGE, errno, "%s: cannot be opened", path);
	rc = read_all(fd, path, max, data, &n, err);
	if (!rc && size)
		*size = n;
	close(fd);
	return rc;
}

int cb_file_write_all(int fd, const void *data, size_t size, const char *name, struct cb_error *err)
{
	const char *bytes = data;

	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cb_error_errno(
				err, CB_ERR_INTERNAL, errno, "%s: cannot be written", name);
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int sync_directory_of(const char *path, struct cb_error *err)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, rc = 0;

	if (!cb_text_copy(dir, sizeof(dir), path))
		return cb_error_errno(err, CB_ERR_INTERNAL, ENAMETOOLONG, "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		cb_text_copy(dir, sizeof(dir), ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be opened", dir);
	/* EINVAL: a file system without it */
	if (fsync(fd) && errno != EINVAL)
		rc = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be synced", dir);
	close(fd);
	return rc;
}

static int write_synced(const char *path, const void *data, size_t size, struct cb_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), rc;

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be made", path);
	rc = cb_file_write_all(fd, data, size, path, err);
	if (!rc && fsync(fd) && errno != EINVAL)
		rc = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be synced", path);
	if (close(fd) && !rc)
		rc = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be closed", path);
	return rc;
}

int cb_file_replace(const char *path, const void *data, size_t size, struct cb_error *err)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s.tmp", path), rc;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return cb_error_errno(err, CB_ERR_INTERNAL, ENAMETOOLONG, "%s", path);
	rc = write_synced(temporary, data, size, err);
	if (!rc && rename(temporary, path))
		rc = cb_error_errno(err, CB_ERR_INTERNAL, errno, "%s: cannot be replaced", path);
	if (rc) {
		unlink(temporary);
		return rc;
	}
	return sync_directory_of(path, err);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int cb_file_make_dirs(const char *path, struct cb_error *err)
{
	char part[PATH_MAX];
	char end;

	if (!cb_text_copy(part, sizeof(part), path))
		return cb_error_errno(err, CB_ERR_INTERNAL, ENAMETOOLONG, "%s", path);
	for (char *c = part + (*part == '/'); *part; c++) {
		if (*c && *c != '/')
			continue;
		end = *c;
		*c = '\0';
		if (mkdir(part, 0777) && !(errno == EEXIST && is_directory(part)))
			return cb_error_errno(
				err, CB_ERR_INTERNAL, errno, "directory %s cannot be made", part);
		*c = end;
		if (!end)
			break;
	}
	return 0;
}

int cb_file_join(char *out, size_t size, const char *dir, const char *name, struct cb_error *err)
{
	size_t length = strlen(dir);
	const char *slash = length && dir[length - 1] != '/' ? "/" : "";
	int n = snprintf(out, size, "%s%s%s", dir, slash, name);

	if (n < 0 || (size_t)n >= size)
		return cb_error_errno(err, CB_ERR_INTERNAL, ENAMETOOLONG, "%s/%s", dir, name);
	return 0;
}

int cb_file_read_line(const char *path, char *out, size_t size, struct cb_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	char *end;

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s: cannot be opened", path);
	n = read_up_to(fd, out, size);
	close(fd);
	if (n < 0)
		return cb_error_errno(err, CB_ERR_HOST, (int)n, "%s: cannot be read", path);
	end = memchr(out, '\n', (size_t)n);
	if (!end && (size_t)n == size)
		return cb_error_set(
			err, CB_ERR_HOST, "%s: its line is longer than %zu bytes", path, size - 1);
	*(end ? end : out + n) = '\0';
	return 0;
}

int cb_file_write_line(const char *path, const char *text, struct cb_error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno, "%s: cannot be opened", path);
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	/* in /proc and /sys each write is one setting: a second one for the rest would be another
	 */
	if (n < 0)
		rc = cb_error_errno(err, CB_ERR_IMPOSSIBLE, errno,
			"%s: \"%.64s\" cannot be written", path, text);
	else if ((size_t)n != strlen(text))
		rc = cb_error_set(
			err, CB_ERR_IMPOSSIBLE, "%s: \"%.64s\" was written in part", path, text);
	close(fd);
	return rc;
}
