#include "capturers/share.h"

#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int share_with(const struct cb_mechanism *mechanism, const struct cb_capture_job *job,
	unsigned processes, void *options, struct cb_shared_tap **shared, struct cb_error *err)
{
	struct cb_tap tap;
	int rc = cb_member_parse(&cb_mechanism_axis, job->mechanism, NULL, options, err);

	if (!rc && mechanism->member.probe)
		rc = mechanism->member.probe(err);
	if (!rc)
		rc = cb_capture_tap(&tap, job, err);
	return rc ? rc : mechanism->extra->share(&tap, options, processes, shared, err);
}

int cb_share_open(const struct cb_capture_job *job, unsigned processes,
	struct cb_shared_tap **shared, struct cb_error *err)
{
	const struct cb_mechanism *mechanism;
	const struct cb_member *member;
	void *options;
	int rc;

	*shared = NULL;
	/* what is no mechanism, the processes will say */
	if (cb_member_parse(&cb_mechanism_axis, job->mechanism, &member, NULL, NULL))
		return 0;
	mechanism = (const struct cb_mechanism *)member;
	if (!mechanism->extra || !mechanism->extra->share)
		return 0;
	if (processes > CB_SHARED_PROCESSES_MAX)
		return cb_error_set(err, CB_ERR_USAGE, "%s: at most %d processes can share a tap",
			member->name, CB_SHARED_PROCESSES_MAX);
	options = calloc(1, member->options_size + 1);
	if (!options)
		return cb_error_memory(err, "options");
	rc = share_with(mechanism, job, processes, options, shared, err);
	free(options);
	return rc;
}

void cb_share_close(struct cb_shared_tap *shared)
{
	if (shared)
		shared->close(shared);
}

bool cb_share_print(const struct cb_shared_tap *shared, unsigned index, char *out, size_t size)
{
	struct cb_text text = {0};
	bool fits;

	cb_text_addf(&text, "%u/%u", index, shared->processes);
	for (unsigned i = 0; i < shared->n_fds; i++)
		cb_text_addf(&text, "%c%d", i ? ',' : ':', shared->fds[index][i]);
	fits = !text.failed && cb_text_copy(out, size, cb_text_get(&text));
	cb_text_finish(&text);
	return fits;
}

/* A number up to `max` at *at, and the character behind it. */
static bool read_number(const char **at, long max, char *behind, long *n)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*n = strtol(*at, &end, 10);
	if (errno || *n > max)
		return false;
	*behind = *end;
	*at = end + (*end != 0);
	return true;
}

static bool read_parts(struct cb_tap_share *share, const char *text)
{
	long n;
	char behind;

	if (!read_number(&text, CB_SHARED_PROCESSES_MAX - 1, &behind, &n) || behind != '/')
		return false;
	share->index = (unsigned)n;
	if (!read_number(&text, CB_SHARED_PROCESSES_MAX, &behind, &n) || n <= share->index)
		return false;
	share->processes = (unsigned)n;
	while (behind == (share->n_fds ? ',' : ':')) {
		if (share->n_fds == CB_SHARED_FDS_MAX || !read_number(&text, 1 << 20, &behind, &n))
			return false;
		share->fds[share->n_fds++] = (int)n;
	}
	return !behind && share->n_fds;
}

int cb_share_read(struct cb_tap_share *share, const char *text, struct cb_error *err)
{
	*share = (struct cb_tap_share){0};
	if (!read_parts(share, text))
		return cb_error_set(err, CB_ERR_USAGE,
			"shared-tap: \"%s\" is not INDEX/PROCESSES:FD,FD,...", text);
	for (unsigned i = 0; i < share->n_fds; i++) {
		if (fcntl(share->fds[i], F_SETFD, FD_CLOEXEC))
			return cb_error_errno(err, CB_ERR_USAGE, errno,
				"shared-tap: file descriptor %d", share->fds[i]);
	}
	return 0;
}

int cb_share_inherit(void *heir)
{
	const struct cb_share_heir *h = heir;

	for (unsigned i = 0; i < h->shared->n_fds; i++) {
		if (fcntl(h->shared->fds[h->index][i], F_SETFD, 0))
			return -1;
	}
	return 0;
}
