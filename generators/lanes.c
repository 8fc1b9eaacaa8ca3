#include "generators/lanes.h"

#include "generators/sender.h"
#include "generators/whole.h"
#include "harness/base/clock.h"
#include "harness/base/process.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define START_IN_NS (500 * CB_NS_PER_US) /* what it takes all threads to wake up */

/* ---- set-up ---- */

static int open_lane(struct cb_lanes *l, unsigned i, const struct cb_lanes_spec *spec,
	const struct cb_link *link, struct cb_error *err)
{
	struct cb_lane *lane = &l->lane[i];
	struct cb_link own = *link;
	int r;

	lane->cpu = spec->n_cpus ? spec->cpus[i % spec->n_cpus] : -1;
	own.stream = lane->stream = (uint8_t)(link->stream + i);
	own.lane = i;
	own.cpus = spec->cpus;
	own.n_cpus = spec->n_cpus;
	if (link->shape) {
		lane->shape = *link->shape;
		lane->shape.lane = l->part + i * l->parts;
		lane->shape.lanes = spec->n * l->parts;
		own.shape = &lane->shape;
	}
	lane->state = calloc(1, spec->transmitter->state_size + 1);
	if (!lane->state)
		return cb_error_memory(err, "the transmitter");
	r = spec->transmitter->open(lane->state, &own, spec->options, err);
	lane->opened = r == 0;
	if (r && i)
		cb_error_prepend(err, "thread %u of %u", i + 1, spec->n);
	return r;
}

int cb_lanes_open(struct cb_lanes *l, const struct cb_lanes_spec *spec, const struct cb_link *link,
	struct cb_error *err)
{
	int r = 0;

	*l = (struct cb_lanes){.transmitter = spec->transmitter,
		.n = spec->n,
		.part = spec->part,
		.parts = spec->parts ? spec->parts : 1};
	if (spec->transmitter->run && spec->n > 1)
		return cb_error_set(err, CB_ERR_USAGE,
			"threads: transmitter %s has threads of its own: leave this at 1, and say "
			"%s:threads=%u",
			spec->transmitter->member.name, spec->transmitter->member.name, spec->n);
	if (spec->transmitter->run && l->parts > 1)
		return cb_error_set(err, CB_ERR_USAGE,
			"parts: transmitter %s keeps a schedule of its own, which several hosts "
			"can't share: use packet",
			spec->transmitter->member.name);
	l->lane = calloc(spec->n, sizeof(*l->lane));
	if (!l->lane)
		return cb_error_memory(err, "the transmitters");
	for (unsigned i = 0; !r && i < l->n; i++)
		r = open_lane(l, i, spec, link, err);
	return r;
}

void cb_lanes_close(struct cb_lanes *l)
{
	for (unsigned i = 0; l->lane && i < l->n; i++) {
		if (l->lane[i].opened)
			l->transmitter->close(l->lane[i].state);
		free(l->lane[i].state);
	}
	free(l->lane);
	*l = (struct cb_lanes){0};
}

/* ---- threads ---- */

struct crew;

/* One lane's run. */
struct hand {
	struct crew *crew;
	const struct cb_lane *lane;
	pthread_t thread;
	bool started; /* has a thread to be joined */
	struct cb_send_job job;
	struct cb_sender sender;
	struct cb_generator_record record;
	struct cb_error err;
	int result;
};

struct crew {
	const struct cb_lanes *lanes;
	const volatile sig_atomic_t *stop;
	atomic_bool abandoned;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned ready;    /* threads that wait for the start */
	uint64_t start_ns; /* 0: not yet */
	uint64_t earliest_ns;
	struct hand *hands;
};

static void work(struct hand *h)
{
	h->job.start_ns = h->crew->start_ns;
	h->result = cb_send_lane(&h->job, h->crew->stop, &h->sender, &h->record, &h->err);
	if (h->result)
		atomic_store(&h->crew->abandoned, true);
}

/* Pinned and awake; then all start at one time. */
static void *thread_main(void *arg)
{
	struct hand *h = arg;
	struct crew *c = h->crew;
	int r = h->lane->cpu >= 0 ? cb_process_pin(h->lane->cpu, &h->err) : 0;

	pthread_mutex_lock(&c->mutex);
	c->ready++;
	pthread_cond_broadcast(&c->changed);
	while (!c->start_ns)
		pthread_cond_wait(&c->changed, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
	h->result = r;
	if (r)
		atomic_store(&c->abandoned, true);
	else
		work(h);
	return NULL;
}

/* Signals are for the caller's thread: the others see *stop. */
static int start_threads(struct crew *c, struct cb_error *err)
{
	sigset_t all, outer;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &outer);
	for (unsigned i = 1; !r && i < c->lanes->n; i++) {
		r = pthread_create(&c->hands[i].thread, NULL, thread_main, &c->hands[i]);
		c->hands[i].started = r == 0;
	}
	pthread_sigmask(SIG_SETMASK, &outer, NULL);
	return r ? cb_error_errno(err, CB_ERR_HOST, r, "cannot start a thread") : 0;
}

static void start_all(struct crew *c)
{
	unsigned threads = 0;

	for (unsigned i = 1; i < c->lanes->n; i++)
		threads += c->hands[i].started;
	pthread_mutex_lock(&c->mutex);
	while (c->ready < threads)
		pthread_cond_wait(&c->changed, &c->mutex);
	c->start_ns = cb_now_ns() + START_IN_NS;
	if (c->start_ns < c->earliest_ns)
		c->start_ns = c->earliest_ns;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
}

/* ---- the sum ---- */

static void take_stream(const struct hand *h, struct cb_stream_record *to)
{
	const struct cb_generator_record *r = &h->record;

	*to = (struct cb_stream_record){.book = r->book,
		.unoffered = r->unoffered,
		.stream = h->lane->stream,
		.cpu = h->lane->cpu,
		.offered_pps = r->offered_pps,
		.lateness_max_ns = r->lateness_max_ns,
		.syscalls = r->syscalls,
		.cpu_ns = r->cpu_ns};
}

/* The account of all hands, as that of one sender with the whole schedule. */
static int add_up(const struct crew *c, const struct cb_send_job *job,
	struct cb_generator_record *record, struct cb_error *err)
{
	struct cb_sender *all = calloc(1, sizeof(*all));
	int64_t intended = job->max ? CB_UNKNOWN : 0;
	int r = 0;

	if (!all)
		return cb_error_memory(err, "the account");
	all->job = job;
	all->start_ns = all->last_ns = c->start_ns;
	if (!job->max)
		cb_schedule_init(&all->schedule, &job->pace, c->start_ns);
	record->started_ns = c->hands[0].record.started_ns;
	record->cpu_ns = record->context_switches = 0;
	for (unsigned i = 0; i < c->lanes->n; i++) {
		const struct cb_generator_record *own = &c->hands[i].record;

		cb_sender_merge(all, &c->hands[i].sender);
		intended = cb_count_add(intended, own->book.intended);
		record->cpu_ns = cb_count_add(record->cpu_ns, own->cpu_ns);
		record->context_switches =
			cb_count_add(record->context_switches, own->context_switches);
		record->file_truncated = own->file_truncated; /* all read one file */
		record->file_oversized = own->file_oversized;
		record->file_runts = own->file_runts;
		if (cb_series_join(&record->series, &own->series))
			r = cb_error_memory(err, "the series of offered frames");
	}
	if (job->max || intended != CB_UNKNOWN) /* else a thread never ran */
		cb_sender_settle(all, intended, record);
	free(all);
	return r;
}

static int take_streams(
	const struct crew *c, struct cb_generator_record *record, struct cb_error *err)
{
	const struct cb_lanes *l = c->lanes;
	uint64_t frames[CB_STREAMS_MAX] = {0}; /* those of other parts are not known here */

	for (unsigned i = 0; i < l->n; i++)
		frames[l->part + i * l->parts] = c->hands[i].sender.offered;
	if (l->lane[0].shape.frame)
		record->sizes_chi_square =
			cb_shape_chi_square(&l->lane[0].shape, frames, l->n * l->parts);
	record->book.unstamped = 0;
	if (!(l->transmitter->member.provides & CB_TRAIT_STAMPS)) {
		record->book.unstamped = record->book.offered;
		return 0;
	}
	record->streams = calloc(l->n, sizeof(*record->streams));
	if (!record->streams)
		return cb_error_memory(err, "the account");
	for (unsigned i = 0; i < l->n; i++)
		take_stream(&c->hands[i], &record->streams[i]);
	record->n_streams = l->n;
	return 0;
}

/* ---- a run ---- */

static int prepare(struct crew *c, const struct cb_send_job *job, struct cb_error *err)
{
	c->hands = calloc(c->lanes->n, sizeof(*c->hands));
	if (!c->hands)
		return cb_error_memory(err, "the threads");
	for (unsigned i = 0; i < c->lanes->n; i++) {
		struct hand *h = &c->hands[i];

		h->crew = c;
		h->lane = &c->lanes->lane[i];
		h->job = *job;
		h->job.state = h->lane->state;
		h->job.pace.lane = c->lanes->part + i * c->lanes->parts;
		h->job.pace.lanes = c->lanes->n * c->lanes->parts;
		h->job.abandoned = &c->abandoned;
		cb_generator_record_init(&h->record);
	}
	return 0;
}

static int run_all(struct crew *c, struct cb_error *err)
{
	struct cb_error none = {0};
	int r = start_threads(c, err);

	if (r)
		atomic_store(&c->abandoned, true);
	if (c->lanes->n > 1)
		start_all(c);
	if (!r)
		work(&c->hands[0]);
	for (unsigned i = 0; i < c->lanes->n; i++) {
		struct hand *h = &c->hands[i];

		if (h->started)
			pthread_join(h->thread, NULL);
		if (!r && h->result) {
			r = h->result;
			*(err ? err : &none) = h->err;
		}
	}
	return r;
}

static int run_whole(const struct cb_lanes *l, const struct cb_send_job *job,
	const volatile sig_atomic_t *stop, struct cb_generator_record *record, struct cb_error *err)
{
	struct cb_send_job own = *job;

	own.state = l->lane[0].state;
	return cb_whole_run(&own, stop, record, err);
}

int cb_lanes_run(const struct cb_lanes *l, const struct cb_send_job *job,
	const volatile sig_atomic_t *stop, struct cb_generator_record *record, struct cb_error *err)
{
	struct crew c = {.lanes = l,
		.stop = stop,
		.earliest_ns = job->start_ns,
		.start_ns = l->n == 1 ? job->start_ns : 0,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER};
	int r, r2;

	if (l->transmitter->run)
		return run_whole(l, job, stop, record, err);
	r = prepare(&c, job, err);
	if (r)
		return r;
	r = run_all(&c, err);
	if (l->n == 1)
		c.start_ns = c.hands[0].sender.start_ns;
	r2 = add_up(&c, job, record, r ? NULL : err);
	if (!r2)
		r2 = take_streams(&c, record, r ? NULL : err);
	for (unsigned i = 0; i < l->n; i++)
		cb_generator_record_finish(&c.hands[i].record);
	free(c.hands);
	return r ? r : r2;
}
