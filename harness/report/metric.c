#include "harness/report/metric.h"

#include "harness/base/clock.h"
#include "harness/report/format.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static double number(int64_t count)
{
	return count == CB_UNKNOWN ? NAN : (double)count;
}

/* NaN when the divisor is 0 or either is not known. */
static double ratio(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

/* A count of every view, summed; NaN when one of them is not known, or there is no view. */
#define SUM_OF_VIEWS(r, field) (sum_of_views(r, offsetof(struct cb_view_record, field)))

static double sum_of_views(const struct cb_trial_record *r, size_t offset)
{
	double sum = r->n_views ? 0 : NAN;
	int64_t count;

	for (size_t i = 0; i < r->n_views; i++) {
		memcpy(&count, (const char *)&r->views[i] + offset, sizeof(count));
		sum += number(count);
	}
	return sum;
}

static double captured_share(const struct cb_trial_record *r)
{
	double sum = 0;

	for (size_t i = 0; i < r->n_views; i++)
		sum += r->views[i].book.captured_share;
	return ratio(sum, (double)r->n_views);
}

static double captured_share_min(const struct cb_trial_record *r)
{
	double least = r->n_views ? INFINITY : NAN;

	for (size_t i = 0; i < r->n_views; i++) {
		double share = r->views[i].book.captured_share;

		/* fmin would pass over a view that is not known. */
		least = isnan(share) || isnan(least) ? NAN : fmin(least, share);
	}
	return least;
}

/* Over the whole attempt: what a full buffer or ring refused was attempted, too. */
static double attempt_share(const struct cb_trial_record *r)
{
	return ratio(ratio(SUM_OF_VIEWS(r, book.unique), number(r->generator.book.offered)),
		(double)r->n_views);
}

bool cb_metric_whole_attempt(const struct cb_trial_record *r)
{
	for (size_t i = 0; i < r->n_views; i++) {
		const struct cb_view_book *b = &r->views[i].book;

		if (b->unique != CB_UNKNOWN && b->window_unique == CB_UNKNOWN)
			return true;
	}
	return false;
}

static double captured_pps(const struct cb_trial_record *r)
{
	bool whole = cb_metric_whole_attempt(r);
	double frames = whole ? SUM_OF_VIEWS(r, book.unique) : SUM_OF_VIEWS(r, book.window_unique);
	double ns = number(whole ? r->generator.elapsed_ns : r->generator.window_elapsed_ns);

	return ratio(ratio(frames, ns / (double)CB_NS_PER_SEC), (double)r->n_views);
}

static double offered_pps(const struct cb_trial_record *r)
{
	return r->generator.offered_pps;
}

static double unoffered_share(const struct cb_trial_record *r)
{
	return ratio(number(r->generator.unoffered), number(r->generator.book.intended));
}

static double path_dropped_share(const struct cb_trial_record *r)
{
	double dropped = number(r->path.link_dropped) + number(r->path.nic_dropped) +
		number(r->path.backlog_dropped);

	return ratio(dropped, number(r->generator.book.offered));
}

static double tap_dropped_share(const struct cb_trial_record *r)
{
	return ratio(ratio(SUM_OF_VIEWS(r, book.tap_dropped), number(r->generator.book.offered)),
		(double)r->n_views);
}

static double received(const struct cb_trial_record *r)
{
	return SUM_OF_VIEWS(r, book.received);
}

static double cpu_ns_per_frame(const struct cb_trial_record *r)
{
	return ratio(SUM_OF_VIEWS(r, cpu_ns), received(r));
}

static double cpu_share(const struct cb_trial_record *r)
{
	return ratio(SUM_OF_VIEWS(r, cpu_ns), SUM_OF_VIEWS(r, elapsed_ns));
}

static double receive_ns_per_frame(const struct cb_trial_record *r)
{
	double ns = number(r->evidence.receive_softirq_ns);

	/* A threaded NAPI runs outside of softirq context; no thread is no time. */
	if (r->evidence.napi_thread_ns != CB_UNKNOWN)
		ns += number(r->evidence.napi_thread_ns);
	return ratio(ns, number(r->generator.book.offered));
}

static double frames_per_wakeup(const struct cb_trial_record *r)
{
	return ratio(received(r), SUM_OF_VIEWS(r, wakeups));
}

static double frames_per_batch(const struct cb_trial_record *r)
{
	return ratio(received(r), SUM_OF_VIEWS(r, batches));
}

static double syscalls_per_frame(const struct cb_trial_record *r)
{
	return ratio(SUM_OF_VIEWS(r, syscalls), received(r));
}

static double context_switches_per_second(const struct cb_trial_record *r)
{
	double switches = SUM_OF_VIEWS(r, context_switches_voluntary) +
		SUM_OF_VIEWS(r, context_switches_involuntary);

	/* The views run side by side: their elapsed times are summed too. */
	return ratio(
		switches * (double)r->n_views * (double)CB_NS_PER_SEC, SUM_OF_VIEWS(r, elapsed_ns));
}

static double softnet_squeezed(const struct cb_trial_record *r)
{
	return number(r->evidence.softnet_squeezed);
}

static double interrupts_per_second(const struct cb_trial_record *r)
{
	return ratio(number(r->evidence.interrupts) * (double)CB_NS_PER_SEC,
		number(r->evidence.elapsed_ns));
}

static double interrupts_per_frame(const struct cb_trial_record *r)
{
	return ratio(number(r->evidence.interrupts), number(r->generator.book.offered));
}

static double steal_share(const struct cb_trial_record *r)
{
	return r->evidence.steal_share;
}

static double generator_cpu_ns_per_frame(const struct cb_trial_record *r)
{
	return ratio(number(r->generator.cpu_ns), number(r->generator.book.offered));
}

static double generator_lateness_p99_ns(const struct cb_trial_record *r)
{
	return number(r->generator.lateness_p99_ns);
}

static double generator_gap_p99_ns(const struct cb_trial_record *r)
{
	return number(r->generator.gap_p99_ns);
}

static double generator_gap_within_1us_share(const struct cb_trial_record *r)
{
	return r->generator.gap_within_share[CB_GAP_BOUNDS - 1];
}

static double generator_back_to_back_share(const struct cb_trial_record *r)
{
	return r->generator.back_to_back_share;
}

static double generator_drift_ppm(const struct cb_trial_record *r)
{
	return r->generator.drift_ppm;
}

const struct cb_metric cb_metrics[] = {
	{"captured_share", "captured share", "%",
		"Frames of the measurement window that the capture process saw, of those offered; "
		"mean over the views",
		CB_METRIC_SHARE, captured_share},
	{"captured_share_min", "captured share, worst view", "%",
		"The captured share of the capture process that saw least", CB_METRIC_SHARE,
		captured_share_min},
	{"attempt_share", "captured share of the whole attempt", "%",
		"Frames that the capture process saw, of all that the generator attempted to send: "
		"warm-up included, and frames that a full ring or backlog refused; mean over the "
		"views",
		CB_METRIC_SHARE, attempt_share},
	{"captured_pps", "captured rate", "frames/s",
		"Frames of the measurement window captured per second; mean over the views",
		CB_METRIC_RATE, captured_pps},
	{"offered_pps", "offered rate", "frames/s",
		"Frames handed to the link per second of the measurement window", CB_METRIC_RATE,
		offered_pps},
	{"unoffered_share", "unoffered", "%",
		"Slots of the schedule that the generator missed, of all slots", CB_METRIC_SHARE,
		unoffered_share},
	{"path_dropped_share", "dropped by the path", "%",
		"Frames dropped by link, receiving device and backlog, of those offered",
		CB_METRIC_SHARE, path_dropped_share},
	{"tap_dropped_share", "dropped by the tap", "%",
		"Frames lost between the kernel's tap and the capture process, of those offered; "
		"mean over the views",
		CB_METRIC_SHARE, tap_dropped_share},
	{"cpu_ns_per_frame", "capture CPU time per frame", "ns",
		"CPU time of the capture processes, interrupting softirqs taken off, per frame "
		"received",
		CB_METRIC_TIME, cpu_ns_per_frame},
	{"cpu_share", "capture CPU use", "%",
		"CPU time of the capture processes, of the time they ran; 100 % is one core",
		CB_METRIC_SHARE, cpu_share},
	{"receive_ns_per_frame", "receive path time per frame", "ns",
		"NET_RX softirq time and NAPI threads' time on the sensor host per frame offered",
		CB_METRIC_TIME, receive_ns_per_frame},
	{"frames_per_wakeup", "frames per wake-up", "",
		"Frames received per return from blocking with frames ready", CB_METRIC_RATIO,
		frames_per_wakeup},
	{"frames_per_batch", "frames per batch", "",
		"Frames received per non-empty receive call of the mechanism", CB_METRIC_RATIO,
		frames_per_batch},
	{"syscalls_per_frame", "system calls per frame", "",
		"System calls of wait and mechanism on the frame path, per frame received",
		CB_METRIC_RATIO, syscalls_per_frame},
	{"context_switches_per_second", "context switches per second", "1/s",
		"Voluntary and involuntary context switches of all capture processes per second",
		CB_METRIC_RATE, context_switches_per_second},
	{"softnet_squeezed", "softirq squeezes", "",
		"Times that the kernel's receive softirq ended because its budget was used up",
		CB_METRIC_COUNT, softnet_squeezed},
	{"interrupts_per_second", "interrupts per second", "1/s",
		"Interrupts of devices on the sensor host per second", CB_METRIC_RATE,
		interrupts_per_second},
	{"interrupts_per_frame", "interrupts per frame", "",
		"Interrupts of devices on the sensor host per frame offered", CB_METRIC_RATIO,
		interrupts_per_frame},
	{"steal_share", "steal", "%",
		"Time stolen by the hypervisor from the CPU that lost most, of the attempt's time",
		CB_METRIC_SHARE, steal_share},
	{"generator_cpu_ns_per_frame", "generator CPU time per frame", "ns",
		"CPU time of the generator per frame offered (on veth with an inline receive path "
		"it holds the receive work too)",
		CB_METRIC_TIME, generator_cpu_ns_per_frame},
	{"generator_lateness_p99_ns", "generator lateness, 99th percentile", "ns",
		"How late a batch of frames was handed over against the ideal schedule",
		CB_METRIC_TIME, generator_lateness_p99_ns},
	{"generator_gap_p99_ns", "gap between frames, 99th percentile", "ns",
		"Time from one frame's hand-over to the next one's", CB_METRIC_TIME,
		generator_gap_p99_ns},
	{"generator_gap_within_1us_share", "gaps within 1 us of the schedule's", "%",
		"Gaps between frames that are at most 1 us off what the schedule asked for, of all",
		CB_METRIC_SHARE, generator_gap_within_1us_share},
	{"generator_back_to_back_share", "frames back to back", "%",
		"Gaps between frames of less than half of what the schedule asked for, of all",
		CB_METRIC_SHARE, generator_back_to_back_share},
	{"generator_drift_ppm", "generator drift", "ppm",
		"By how much longer than scheduled the generator took, in millionths",
		CB_METRIC_RATIO, generator_drift_ppm},
	{0},
};

const struct cb_metric *cb_metric_find(const char *name)
{
	for (const struct cb_metric *m = cb_metrics; m->name; m++) {
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

void cb_metric_print(const struct cb_metric *metric, double value, struct cb_text *out)
{
	if (!isfinite(value))
		cb_text_add(out, "-");
	else if (metric->kind == CB_METRIC_SHARE)
		cb_format_percent(out, value);
	else if (metric->kind == CB_METRIC_COUNT)
		cb_format_count(out, (int64_t)llround(value));
	else
		cb_format_number(out, value);
}

void cb_metric_print_summary(
	const struct cb_metric *metric, const struct cb_summary *s, struct cb_text *out)
{
	struct cb_text median = {0}, min = {0}, max = {0};

	cb_metric_print(metric, s->n ? s->median : NAN, &median);
	cb_metric_print(metric, s->min, &min);
	cb_metric_print(metric, s->max, &max);
	cb_text_add(out, cb_text_get(&median));
	if (s->n > 1 && strcmp(cb_text_get(&min), cb_text_get(&max)) != 0)
		cb_text_addf(out, " [%s, %s]", cb_text_get(&min), cb_text_get(&max));
	cb_text_finish(&median);
	cb_text_finish(&min);
	cb_text_finish(&max);
}
