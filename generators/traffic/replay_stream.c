#include "generators/traffic/replay_stream.h"

#include "generators/traffic/readdress.h"
#include "harness/base/log.h"
#include "harness/net/pcap_file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS    8U
#define CHUNK_MIN ((size_t)1 << 20) /* more than any packet */
#define CHUNK_MAX ((size_t)32 << 20)
#define ALIGN     8U

/* Stands before each packet's bytes. */
struct entry {
	uint32_t length; /* of the packet */
	uint32_t size;   /* to the next entry */
};

struct chunk {
	uint8_t *bytes; /* owned */
	size_t used;
};

enum outcome { GOING_ON, OVER, FAILED };

struct cb_replay_stream {
	struct cb_replay_stream_spec spec;
	struct chunk chunks[CHUNKS];
	size_t chunk_bytes;
	/* Chunks filled and emptied since the start. The reader moves the one, the sender the
	 * other. */
	_Atomic uint64_t filled, emptied;
	_Atomic int outcome; /* enum outcome: behind the last chunk filled there are no others */
	size_t at;           /* the sender's place in its chunk */
	pthread_t thread;
	bool started;
	/* Under the lock; `changed` tells that a chunk was filled or emptied, or the end. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	struct cb_replay counts; /* of the first loop */
	struct cb_error why;     /* outcome FAILED */
};

/* ---- reading ---- */

static void wake(struct cb_replay_stream *s)
{
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* An empty chunk to fill; NULL: stop. */
static struct chunk *empty_chunk(struct cb_replay_stream *s)
{
	struct chunk *chunk = &s->chunks[s->filled % CHUNKS];
	bool stop;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && s->filled - s->emptied == CHUNKS)
		pthread_cond_wait(&s->changed, &s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	if (stop)
		return NULL;
	chunk->used = 0;
	return chunk;
}

static void hand_out(struct cb_replay_stream *s)
{
	atomic_fetch_add(&s->filled, 1);
	wake(s);
}

static void append(struct cb_replay_stream *s, struct chunk *chunk, const struct cb_pcap_packet *p,
	uint32_t length, uint32_t loop)
{
	uint8_t *at = chunk->bytes + chunk->used, *bytes = at + sizeof(struct entry);
	struct entry entry = {.length = length,
		.size = (uint32_t)sizeof(entry) + (length + ALIGN - 1) / ALIGN * ALIGN};
	uint32_t captured = p->captured < length ? p->captured : length;

	memcpy(at, &entry, sizeof(entry));
	memcpy(bytes, p->bytes, captured);
	memset(bytes + captured, 0, length - captured);
	if (s->spec.unique)
		cb_readdress(bytes, length, loop);
	chunk->used += entry.size;
}

/* One loop, into *chunk and those after it (NULL: stop). How many packets it had; -1: stop. */
static int64_t read_loop(struct cb_replay_stream *s, struct cb_pcap_file *file,
	struct chunk **chunk, struct cb_replay *counts, uint32_t loop)
{
	struct cb_error damage = {0};
	struct cb_pcap_packet p;
	int64_t n = 0;
	int more;

	while ((more = cb_pcap_file_next(file, &p, &damage)) > 0) {
		uint32_t length = cb_replay_length(counts, &s->spec.replay, &p);

		if (!length)
			continue;
		if ((*chunk)->used + sizeof(struct entry) + length + ALIGN > s->chunk_bytes) {
			hand_out(s);
			*chunk = empty_chunk(s);
			if (!*chunk)
				return -1;
		}
		append(s, *chunk, &p, length, loop);
		n++;
	}
	if (more < 0) {
		counts->damaged = true;
		snprintf(counts->why, sizeof(counts->why), "%s", damage.text);
	}
	return n;
}

static void publish(struct cb_replay_stream *s, const struct cb_replay *counts)
{
	pthread_mutex_lock(&s->lock);
	s->counts = *counts;
	pthread_mutex_unlock(&s->lock);
}

/* The file anew for each loop: what it holds may not fit into the page cache either. */
static enum outcome read_loops(struct cb_replay_stream *s)
{
	struct chunk *chunk = empty_chunk(s);
	uint64_t loops = s->spec.loops;

	for (uint64_t loop = 0; chunk && (!loops || loop < loops); loop++) {
		struct cb_replay counts = {0};
		struct cb_pcap_file *file;
		int64_t n;

		if (cb_pcap_file_open(&file, s->spec.replay.path, &s->why))
			return FAILED;
		n = read_loop(s, file, &chunk, &counts, (uint32_t)loop);
		cb_pcap_file_close(file);
		counts.n = n > 0 ? (size_t)n : 0;
		if (!loop)
			publish(s, &counts);
		if (!n) {
			cb_replay_nothing(&counts, s->spec.replay.path, &s->why);
			return FAILED;
		}
	}
	if (chunk && chunk->used)
		hand_out(s);
	return OVER;
}

static void *read_ahead(void *arg)
{
	struct cb_replay_stream *s = arg;

	atomic_store(&s->outcome, read_loops(s));
	wake(s);
	return NULL;
}

/* ---- set-up ---- */

/* Signals are for the thread that sends. */
static int start(struct cb_replay_stream *s, struct cb_error *err)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&s->thread, NULL, read_ahead, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->started = e == 0;
	return e ? cb_error_errno(err, CB_ERR_HOST, e, "a thread that reads ahead") : 0;
}

static int wait_for_first(struct cb_replay_stream *s, struct cb_error *err)
{
	pthread_mutex_lock(&s->lock);
	while (!s->filled && s->outcome == GOING_ON)
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (s->filled || s->outcome != FAILED)
		return 0;
	return cb_error_set(err, s->why.code, "%s", s->why.text);
}

static int allocate(struct cb_replay_stream *s, struct cb_error *err)
{
	size_t bytes = s->spec.replay.memory_bytes / CHUNKS;

	s->chunk_bytes = bytes < CHUNK_MIN ? CHUNK_MIN : bytes > CHUNK_MAX ? CHUNK_MAX : bytes;
	for (unsigned i = 0; i < CHUNKS; i++) {
		s->chunks[i].bytes = malloc(s->chunk_bytes);
		if (!s->chunks[i].bytes)
			return cb_error_memory(err, "packets that are read ahead");
	}
	return 0;
}

int cb_replay_stream_open(struct cb_replay_stream **stream,
	const struct cb_replay_stream_spec *spec, struct cb_error *err)
{
	struct cb_replay_stream *s = calloc(1, sizeof(*s));
	int r;

	*stream = NULL;
	if (!s)
		return cb_error_memory(err, "packets that are read ahead");
	s->spec = *spec;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	r = allocate(s, err);
	if (!r)
		r = start(s, err);
	if (!r)
		r = wait_for_first(s, err);
	if (r)
		cb_replay_stream_close(s);
	else
		*stream = s;
	return r;
}

void cb_replay_stream_close(struct cb_replay_stream *s)
{
	if (!s)
		return;
	if (s->started) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	for (unsigned i = 0; i < CHUNKS; i++)
		free(s->chunks[i].bytes);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- sending ---- */

static struct entry entry_at(const struct chunk *chunk, size_t at)
{
	struct entry entry;

	memcpy(&entry, chunk->bytes + at, sizeof(entry));
	return entry;
}

static int nothing_there(struct cb_replay_stream *s)
{
	int outcome = s->outcome;

	if (s->filled != s->emptied)
		return 0; /* filled between the two looks */
	if (outcome == FAILED)
		cb_warn("%s", s->why.text);
	return outcome == GOING_ON ? 0 : outcome == OVER ? -ENODATA : -EIO;
}

int cb_replay_stream_peek(struct cb_replay_stream *s, struct cb_replay_frame *frames, unsigned n)
{
	const struct chunk *chunk = &s->chunks[s->emptied % CHUNKS];
	size_t at = s->at;
	unsigned i;

	if (s->filled == s->emptied)
		return nothing_there(s);
	for (i = 0; i < n && at < chunk->used; i++) {
		struct entry entry = entry_at(chunk, at);

		frames[i] = (struct cb_replay_frame){
			.bytes = chunk->bytes + at + sizeof(entry), .length = entry.length};
		at += entry.size;
	}
	return (int)i;
}

void cb_replay_stream_take(struct cb_replay_stream *s, unsigned n)
{
	const struct chunk *chunk = &s->chunks[s->emptied % CHUNKS];

	while (n--)
		s->at += entry_at(chunk, s->at).size;
	if (s->at < chunk->used)
		return;
	s->at = 0;
	atomic_fetch_add(&s->emptied, 1);
	wake(s);
}

void cb_replay_stream_counts(struct cb_replay_stream *s, struct cb_replay *counts)
{
	pthread_mutex_lock(&s->lock);
	*counts = s->counts;
	pthread_mutex_unlock(&s->lock);
}
