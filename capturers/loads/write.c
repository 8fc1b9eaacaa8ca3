/*
 * write: puts each frame into a pcap file, with nanosecond timestamps (magic 0xa1b23c4d), as
 * tcpdump does. The default, /dev/null, takes all the work but the disk's.
 *
 * Time is the tap's; where the tap gives none (recv), that of the batch.
 *
 * When the disk is full, or another error comes, the file is cut behind its last whole record and
 * nothing more is written; the capture goes on, and the result says how many frames did not get in.
 */
#include "capturers/members.h"
#include "harness/base/clock.h"
#include "harness/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC_NS          UINT32_C(0xa1b23c4d)
#define LINKTYPE_ETHERNET 1
#define BUFFER_BYTES      ((size_t)256 << 10) /* a record of the longest snaplen fits */

struct write_options {
	char file[256];
};

/* The file's header, and each record's; in the byte order of this machine, as the magic tells. */
struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy; /* 0, as in every file */
	uint32_t snaplen, linktype;
};

struct record_header {
	uint32_t sec, nsec, caplen, len;
};

struct write_state {
	char file[256];
	int fd;
	bool regular;                /* can be cut */
	int error;                   /* errno of the write that failed, 0: none */
	int64_t frames, left_out;    /* in the file for good; not written */
	int64_t bytes, calls;        /* the file's length; of write(2) */
	int64_t buffered;            /* frames in `buffer` */
	size_t used;                 /* bytes in `buffer`, whole records */
	struct sigaction signals[2]; /* as they were */
	uint8_t buffer[BUFFER_BYTES];
};

static const struct cb_option write_options[] = {
	{.name = "file",
		CB_OPTION_TEXT_AT(struct write_options, file),
		.fallback = "/dev/null",
		.metavar = "PATH",
		.help = "where to; a file that is there is overwritten"},
	CB_OPTION_END,
};

/* Beyond the limit of file sizes, and to a pipe that nobody reads, write(2) also raises a signal
 * that would end the capture. */
static const int raised[] = {SIGXFSZ, SIGPIPE};

static void ignore_signals(struct write_state *s)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++)
		sigaction(raised[i], &ignore, &s->signals[i]);
}

static void restore_signals(const struct write_state *s)
{
	for (size_t i = 0; i < sizeof(raised) / sizeof(*raised); i++)
		sigaction(raised[i], &s->signals[i], NULL);
}

/* Emptied, and ours alone: two capture processes in one file would spoil it for both. */
static int claim(struct write_state *s, struct cb_error *err)
{
	struct stat st;

	if (fstat(s->fd, &st))
		return cb_error_errno(err, CB_ERR_HOST, errno, "file \"%s\"", s->file);
	s->regular = S_ISREG(st.st_mode);
	if (!s->regular)
		return 0;
	if (flock(s->fd, LOCK_EX | LOCK_NB))
		return cb_error_set(err, CB_ERR_USAGE,
			"load write: \"%s\" is being written by another process: each needs a file "
			"of its own",
			s->file);
	if (ftruncate(s->fd, 0))
		return cb_error_errno(err, CB_ERR_HOST, errno, "emptying \"%s\"", s->file);
	return 0;
}

/* What of `n` bytes of whole records is whole, and how many records that is. */
static size_t whole_records(const uint8_t *bytes, size_t n, int64_t *records)
{
	struct record_header header;
	size_t whole = 0;

	for (*records = 0; n - whole >= sizeof(header); (*records)++) {
		memcpy(&header, bytes + whole, sizeof(header));
		if (n - whole - sizeof(header) < header.caplen)
			break;
		whole += sizeof(header) + header.caplen;
	}
	return whole;
}

/* Bytes that the file took; fewer than `n`: s->error is set. */
static size_t write_bytes(struct write_state *s, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = write(s->fd, (const uint8_t *)bytes + done, n - done);

		s->calls++;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			s->error = got < 0 ? errno : EIO;
			break;
		}
		done += (size_t)got;
	}
	return done;
}

static void give_up(struct write_state *s)
{
	/* not even a record in parts */
	if (s->regular && ftruncate(s->fd, s->bytes))
		cb_warn("\"%s\" ends in the middle of a record: %s", s->file, strerror(errno));
	cb_warn("load write: \"%s\" takes no more after %" PRId64
		" frames: %s; the capture goes on without it",
		s->file, s->frames, strerror(s->error));
}

static void flush(struct write_state *s)
{
	size_t done = write_bytes(s, s->buffer, s->used);
	int64_t whole = s->buffered;

	if (s->error)
		done = whole_records(s->buffer, done, &whole);
	s->bytes += (int64_t)done;
	s->frames += whole;
	s->left_out += s->buffered - whole;
	s->used = 0;
	s->buffered = 0;
	if (s->error)
		give_up(s);
}

static int write_open(
	void *state, const struct cb_tap *tap, const void *options, struct cb_error *err)
{
	const struct write_options *o = options;
	struct file_header header = {.magic = MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = (uint32_t)tap->snaplen,
		.linktype = LINKTYPE_ETHERNET};
	struct write_state *s = state;
	int rc;

	memcpy(s->file, o->file, sizeof(s->file));
	s->fd = open(s->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (s->fd < 0)
		return cb_error_errno(
			err, CB_ERR_USAGE, errno, "load write: opening \"%s\"", s->file);
	ignore_signals(s);
	rc = claim(s, err);
	if (!rc && write_bytes(s, &header, sizeof(header)) != sizeof(header))
		rc = cb_error_errno(err, CB_ERR_HOST, s->error, "load write: \"%s\"", s->file);
	if (rc) {
		restore_signals(s);
		close(s->fd);
		return rc;
	}
	s->bytes = sizeof(header);
	return 0;
}

static void add_record(struct write_state *s, const struct cb_frame *frame, uint64_t time_ns)
{
	struct record_header header = {.sec = (uint32_t)(time_ns / CB_NS_PER_SEC),
		.nsec = (uint32_t)(time_ns % CB_NS_PER_SEC),
		.caplen = frame->caplen,
		.len = frame->len};

	if (BUFFER_BYTES - s->used < sizeof(header) + frame->caplen)
		flush(s);
	if (s->error) {
		s->left_out++;
		return;
	}
	memcpy(s->buffer + s->used, &header, sizeof(header));
	memcpy(s->buffer + s->used + sizeof(header), frame->data, frame->caplen);
	s->used += sizeof(header) + frame->caplen;
	s->buffered++;
}

static void write_take(void *state, const struct cb_frame *frames, unsigned n)
{
	struct write_state *s = state;
	uint64_t now = 0;

	if (s->error) {
		s->left_out += n;
		return;
	}
	if (n && !frames[0].time_ns)
		now = cb_real_ns();
	for (unsigned i = 0; i < n; i++)
		add_record(s, &frames[i], frames[i].time_ns ? frames[i].time_ns : now);
}

static int write_report(void *state, json_t *result, struct cb_error *err)
{
	struct write_state *s = state;

	if (!s->error)
		flush(s);
	if (cb_json_set_text(result, "file", s->file) ||
		json_object_set_new(result, "frames", json_integer(s->frames)) ||
		json_object_set_new(result, "frames_left_out", json_integer(s->left_out)) ||
		json_object_set_new(result, "bytes", json_integer(s->bytes)) ||
		json_object_set_new(result, "write_calls", json_integer(s->calls)) ||
		(s->error ? cb_json_set_text(result, "error", strerror(s->error))
			  : json_object_set_new(result, "error", json_null())))
		return cb_error_memory(err, "the result of load write");
	return 0;
}

static void write_close(void *state)
{
	struct write_state *s = state;

	if (!s->error)
		flush(s);
	close(s->fd);
	restore_signals(s);
}

const struct cb_load cb_load_write = {
	.member = {.name = "write",
		.help = "Writes each frame to a pcap file with nanosecond timestamps.",
		.paper = "tcpdump writing to a file, or to /dev/null",
		.options = write_options,
		.options_size = sizeof(struct write_options)},
	.state_size = sizeof(struct write_state),
	.open = write_open,
	.take = write_take,
	.report = write_report,
	.close = write_close,
};
