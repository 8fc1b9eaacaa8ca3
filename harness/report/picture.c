#include "harness/report/picture.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/process.h"
#include "harness/report/format.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAW_NS       (60 * CB_NS_PER_SEC)
#define SVG_BYTES_MAX (32u << 20)

static int enter(void *directory)
{
	return chdir(directory);
}

/* The first line that says something: gnuplot puts the script's line and a caret before it. */
static void read_complaint(int fd, char *out, size_t size)
{
	char text[2048];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	struct cb_text line = {0};

	text[n > 0 ? n : 0] = '\0';
	cb_format_line(&line, text);
	snprintf(out, size, "%.400s", cb_text_get(&line));
	cb_text_finish(&line);
}

static int wait_for(struct cb_process *p, int complaints, const char *id, struct cb_error *err)
{
	char text[512];
	int status = 0;

	if (cb_process_wait(p, cb_deadline_in(DRAW_NS), &status, NULL, err))
		return cb_error_set(err, CB_ERR_INTERNAL,
			"gnuplot took longer than a minute over %s.gp and was stopped", id);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	read_complaint(complaints, text, sizeof(text));
	return cb_error_set(err, CB_ERR_INTERNAL, "gnuplot could not draw %s.gp: %s", id, text);
}

int cb_picture_draw(const char *directory, const char *id, struct cb_error *err)
{
	char script[128], where[4096];
	/* -d: without ~/.gnuplot, so that a figure looks the same for everyone. */
	const char *argv[] = {"gnuplot", "-d", script, NULL};
	struct cb_process_spec spec = {.argv = argv,
		.search_path = true,
		.cpu = -1,
		.parent_death_signal = SIGKILL,
		.before_exec = enter,
		.before_exec_arg = where};
	struct cb_process p = {0};
	int r;

	if (!cb_text_copy(where, sizeof(where), directory))
		return cb_error_set(
			err, CB_ERR_INTERNAL, "the report's directory name is too long");
	snprintf(script, sizeof(script), "./%s.gp", id);
	spec.stderr_fd = memfd_create("gnuplot", MFD_CLOEXEC);
	if (spec.stderr_fd < 0)
		return cb_error_errno(
			err, CB_ERR_INTERNAL, errno, "no file for gnuplot's messages");
	r = cb_process_start(&p, &spec, err);
	if (r && err && err->sys_errno == ENOENT)
		r = cb_error_set(err, CB_ERR_IMPOSSIBLE,
			"there is no gnuplot here: pictures are missing; install it (apt-get "
			"install "
			"gnuplot-nox) and run `capbench report` on this directory again");
	else if (!r)
		r = wait_for(&p, spec.stderr_fd, id, err);
	cb_process_finish(&p, CB_NS_PER_SEC);
	close(spec.stderr_fd);
	return r;
}

static bool harmless(const char *svg)
{
	static const char *const refused[] = {"<script", "<foreignObject", "javascript:", "<iframe",
		"<object", "<embed", "<image", "<!ENTITY", " onload", " onclick"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		if (strcasestr(svg, refused[i]))
			return false;
	}
	return true;
}

/* Copies `svg` with "ID-" put before every id and every reference to one. */
static void add_with_own_ids(const char *svg, const char *id, struct cb_text *out)
{
	static const char *const places[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};

	while (*svg) {
		size_t take = 1;
		bool place = false;

		for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !place; i++) {
			place = strncmp(svg, places[i], strlen(places[i])) == 0;
			take = place ? strlen(places[i]) : 1;
		}
		cb_text_add_n(out, svg, take);
		if (place)
			cb_text_addf(out, "%s-", id);
		svg += take;
	}
}

bool cb_picture_inline(
	const char *directory, const char *id, const char *title, struct cb_text *out)
{
	char path[4096], *text = NULL, *svg, *end;
	size_t size;
	bool ok = false;

	if (snprintf(path, sizeof(path), "%s/%s.svg", directory, id) >= (int)sizeof(path) ||
		cb_file_read(path, SVG_BYTES_MAX, &text, &size, NULL))
		return false;
	svg = strstr(text, "<svg");
	end = svg ? strchr(svg, '>') : NULL;
	if (svg && end && harmless(svg)) {
		char *inner = strstr(end, "</desc>");

		/* gnuplot's own <title> and <desc> would be shown as a tool tip. */
		inner = inner ? inner + strlen("</desc>") : end + 1;
		cb_text_add(out, "<svg role=\"img\" aria-label=\"");
		cb_format_html(out, title);
		cb_text_add(out, "\"");
		cb_text_add_n(out, svg + 4, (size_t)(end - svg) - 3);
		add_with_own_ids(inner, id, out);
		ok = true;
	}
	free(text);
	return ok;
}
