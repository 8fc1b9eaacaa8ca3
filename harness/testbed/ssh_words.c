/* What ssh said, and what a user can do about it. */
#include "harness/testbed/ssh.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_READ 4096

/* What the command has printed so far, at most the last WORDS_READ - 1 bytes. */
static void read_words(const struct cb_ssh *s, char text[WORDS_READ])
{
	int fd = open(s->log_path, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), start = end - (WORDS_READ - 1);
	ssize_t n = 0;

	if (start < s->log_start)
		start = s->log_start;
	if (fd >= 0 && end > start)
		n = pread(fd, text, WORDS_READ - 1, start);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
}

void cb_ssh_last_words(const struct cb_ssh *s, char *out, size_t size)
{
	char text[WORDS_READ];
	size_t length;
	const char *from;

	read_words(s, text);
	length = strlen(text);
	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	from = length >= size ? text + length - size + 1 : text;
	if (from > text && strchr(from, '\n'))
		from = strchr(from, '\n') + 1;
	snprintf(out, size, "%s", from);
	for (char *p = out; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = *p == '\n' ? ';' : ' ';
}

/* The first line in which `what` is, without what ends it. */
static bool line_with(const char *text, const char *what, char *line, size_t size)
{
	const char *at = strstr(text, what), *end;

	if (!at)
		return false;
	while (at > text && at[-1] != '\n')
		at--;
	end = at + strcspn(at, "\r\n");
	while (*at == ' ')
		at++;
	snprintf(line, size, "%.*s", (int)(end - at), at);
	return true;
}

/* In this order: the first that fits. %s is the line of ssh that connects as we do. */
static const struct {
	const char *said, *means;
} rows[] = {
	{"Permission denied",
		"it lets nobody in as this user with the keys that there are; try: %s (another "
		"user is written user@host, and ssh-copy-id brings a key there)"},
	{"Could not resolve",
		"no such name; give the right one as `ssh`, or an address as `control`"},
	{"Connection refused", "no SSH server listens there; try: %s"},
	{"No route to host", "there is no way to it; try: %s"},
	{"Network is unreachable", "there is no way to it; try: %s"},
	{"timed out", "nobody answers; try: %s"},
	{"Too many authentication failures",
		"ssh offers too many keys; name the one with IdentityFile and IdentitiesOnly in "
		"its configuration"},
	{"Bad configuration option", "the configuration of ssh is wrong; try: %s"},
	{"Connection reset", "the server hangs up; try: %s"},
	{"Connection closed", "the server hangs up; try: %s"},
};

static int key_failed(
	const struct cb_ssh *s, const char *text, const char *line, struct cb_error *err)
{
	char remove[512];

	if (!strstr(text, "HAS CHANGED"))
		return cb_error_set(err, CB_ERR_HOST,
			"%s: its host key is not known yet: run  %s  once, compare the "
			"fingerprint, and say yes",
			s->host->name, line);
	if (!line_with(text, "ssh-keygen -f", remove, sizeof(remove)))
		snprintf(remove, sizeof(remove), "ssh-keygen -R %s", s->host->ssh);
	return cb_error_set(err, CB_ERR_HOST,
		"%s: its host key has CHANGED: it was set up anew, or somebody else answers in its "
		"place. If you know why, run  %s  and then  %s",
		s->host->name, remove, line);
}

int cb_ssh_failed(const struct cb_ssh *s, struct cb_error *err)
{
	char text[WORDS_READ], line[448], said[256], means[768];
	const char *format = NULL, *at;

	read_words(s, text);
	snprintf(line, sizeof(line), "ssh %s%s%s%s true", *s->host->control ? "-o HostName=" : "",
		s->host->control, *s->host->control ? " " : "", s->host->ssh);
	if (strstr(text, "Host key verification failed"))
		return key_failed(s, text, line, err);
	for (size_t i = 0; !format && i < sizeof(rows) / sizeof(*rows); i++)
		if (line_with(text, rows[i].said, said, sizeof(said)))
			format = rows[i].means;
	if (!format) {
		cb_ssh_last_words(s, said, sizeof(said));
		format = "try: %s";
	}
	at = strstr(format, "%s");
	snprintf(means, sizeof(means), "%.*s%s%s", at ? (int)(at - format) : (int)strlen(format),
		format, at ? line : "", at ? at + 2 : "");
	return cb_error_set(err, CB_ERR_HOST, "%s: ssh can't connect: %s: %s", s->host->name,
		*said ? said : "it ended without a word", means);
}
