#include "harness/host/doctor.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/host/doctor_check.h"
#include "harness/net/link.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_TEXT_MAX (8u << 20)

const char *const cb_finding_verdict_names[] = {"good", "note", "warn", "bad", "unknown"};

static const struct cb_check *const groups[] = {cb_doctor_load_checks, cb_doctor_cpu_checks,
	cb_doctor_kernel_checks, cb_doctor_port_checks, cb_doctor_steering_checks};

/* ---- for the checks ---- */

void cb_finding_set(struct cb_finding *f, const char *setting, const char *value)
{
	snprintf(f->setting, sizeof(f->setting), "%s", setting);
	snprintf(f->value, sizeof(f->value), "%s", value);
}

const char *cb_doctor_port(const struct cb_doctor *d, size_t port)
{
	return d->options->interfaces[port];
}

__attribute__((format(printf, 3, 0))) static void path_of(
	const struct cb_doctor *d, char path[PATH_MAX], const char *fmt, va_list args)
{
	size_t n = (size_t)snprintf(path, PATH_MAX, "%s", d->options->root ? d->options->root : "");

	if (n < PATH_MAX)
		vsnprintf(path + n, PATH_MAX - n, fmt, args);
}

bool cb_doctor_line(const struct cb_doctor *d, char *out, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, fmt);
	path_of(d, path, fmt, args);
	va_end(args);
	return !cb_file_read_line(path, out, size, NULL);
}

bool cb_doctor_number(const struct cb_doctor *d, int64_t *value, const char *fmt, ...)
{
	char path[PATH_MAX], line[64], *end;
	va_list args;

	va_start(args, fmt);
	path_of(d, path, fmt, args);
	va_end(args);
	if (cb_file_read_line(path, line, sizeof(line), NULL))
		return false;
	*value = strtoll(line, &end, 10);
	return end != line;
}

bool cb_doctor_there(const struct cb_doctor *d, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", d->options->root ? d->options->root : "", path);
	return !access(whole, F_OK);
}

/* ---- rates ---- */

static uint64_t read_switches(const struct cb_doctor *d)
{
	char path[PATH_MAX], *text = NULL;
	const char *at;
	uint64_t n = 0;

	snprintf(path, sizeof(path), "%s/proc/stat", d->options->root ? d->options->root : "");
	if (cb_file_read(path, PROC_TEXT_MAX, &text, NULL, NULL))
		return 0;
	at = strstr(text, "\nctxt ");
	if (at)
		n = strtoull(at + strlen("\nctxt "), NULL, 10);
	free(text);
	return n;
}

static void sample(const struct cb_doctor *d, struct cb_doctor_sample *s)
{
	char path[PATH_MAX], *text = NULL;

	s->time_ns = cb_now_ns();
	if (cb_host_counters_read(&s->counters, NULL))
		memset(&s->counters, 0, sizeof(s->counters));
	s->context_switches = read_switches(d);
	snprintf(
		path, sizeof(path), "%s/proc/interrupts", d->options->root ? d->options->root : "");
	if (!cb_file_read(path, PROC_TEXT_MAX, &text, NULL, NULL))
		s->n_interrupts = cb_interrupts_parse(text, s->interrupts, CB_DOCTOR_LINES);
	free(text);
	for (size_t i = 0; i < d->options->n_interfaces; i++) {
		struct cb_link_counters c;

		s->frames[i] = cb_link_counters(d->options->interfaces[i], &c, NULL) ? CB_UNKNOWN
										     : c.rx_packets;
	}
}

static void measure(struct cb_doctor *d)
{
	if (!d->options->window_ns)
		return;
	sample(d, &d->before);
	cb_sleep_until(cb_deadline_in(d->options->window_ns));
	sample(d, &d->after);
}

/* ---- findings ---- */

static json_t *finding_json(const struct cb_doctor *d, const struct cb_check *check, size_t port,
	const struct cb_finding *f)
{
	json_t *json = json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s?, s:s?, s:s?}", "check",
		check->name, "interface", check->of_interface ? cb_doctor_port(d, port) : NULL,
		"verdict", cb_finding_verdict_names[f->verdict], "read", "", "why", check->why,
		"todo", *f->todo ? f->todo : NULL, "setting", *f->setting ? f->setting : NULL,
		"value", *f->setting ? f->value : NULL);

	/* The one text that others have written. */
	cb_json_set_text(json, "read", f->read);
	return json;
}

static void look(const struct cb_doctor *d, const struct cb_check *check, size_t port, json_t *list)
{
	struct cb_finding f = {.verdict = CB_FINDING_UNKNOWN, .read = "not told"};

	check->look(d, port, &f);
	json_array_append_new(list, finding_json(d, check, port, &f));
}

static json_t *look_all(const struct cb_doctor *d)
{
	json_t *list = json_array();

	for (size_t g = 0; list && g < sizeof(groups) / sizeof(*groups); g++)
		for (const struct cb_check *check = groups[g]; check->name; check++)
			for (size_t port = 0;
				port < (check->of_interface ? d->options->n_interfaces : 1); port++)
				look(d, check, port, list);
	return list;
}

static int check_ports(const struct cb_doctor_options *options, struct cb_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < options->n_interfaces; i++) {
		struct cb_link_info info;

		r = cb_link_info(options->interfaces[i], &info, err);
	}
	return r;
}

json_t *cb_doctor(const struct cb_doctor_options *options, struct cb_error *err)
{
	struct cb_doctor *d = calloc(1, sizeof(*d));
	json_t *ports = json_array(), *json = NULL;

	if (!d || !ports)
		cb_error_memory(err, "the doctor");
	else if (!check_ports(options, err)) {
		d->options = options;
		measure(d);
		for (size_t i = 0; i < options->n_interfaces; i++)
			json_array_append_new(ports, json_string(options->interfaces[i]));
		json = json_pack("{s:O, s:I, s:o}", "interfaces", ports, "window_ns",
			(json_int_t)options->window_ns, "findings", look_all(d));
		if (!json)
			cb_error_memory(err, "the doctor");
	}
	json_decref(ports);
	free(d);
	return json;
}

size_t cb_doctor_ports(char (*names)[16], size_t max)
{
	DIR *d = opendir("/sys/class/net");
	const struct dirent *entry;
	size_t n = 0;

	while (d && (entry = readdir(d))) {
		struct cb_link_info info;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "lo") == 0 ||
			strlen(entry->d_name) > 15 || cb_link_info(entry->d_name, &info, NULL) ||
			!info.up)
			continue;
		if (n < max)
			cb_text_copy(names[n], 16, entry->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}
