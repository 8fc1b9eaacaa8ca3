#include "harness/base/state_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours, a directory (no link to one), and closed to all others; made if it is not there. */
static int make_private(const char *dir, struct cb_error *err)
{
	struct stat st;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s", dir);
	if (lstat(dir, &st))
		return cb_error_errno(err, CB_ERR_HOST, errno, "%s", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return cb_error_set(err, CB_ERR_HOST,
			"%s must be a directory of user %u that is closed to others: remove it",
			dir, geteuid());
	return 0;
}

int cb_state_directory(char dir[PATH_MAX], struct cb_error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0) {
		snprintf(dir, PATH_MAX, "/run/capbench");
		if (make_private(dir, NULL) == 0)
			return 0;
	} else if (runtime && runtime[0] == '/') {
		snprintf(dir, PATH_MAX, "%s/capbench", runtime);
		if (make_private(dir, NULL) == 0)
			return 0;
	}
	snprintf(dir, PATH_MAX, "/tmp/capbench-%u", geteuid());
	return make_private(dir, err);
}
