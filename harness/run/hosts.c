#include "harness/run/hosts.h"

#include "harness/base/clock.h"
#include "harness/base/log.h"
#include "harness/testbed/wait.h"

#define MEND_AGAIN_NS (3 * CB_NS_PER_SEC)

bool cb_run_is_of_host(const struct cb_run_state *r, int code)
{
	return r->options->bed &&
		(code == CB_ERR_HOST || code == CB_ERR_INTERNAL || code == CB_ERR_USAGE);
}

/* Get lost hosts back; where there is nothing else to do meanwhile, it may take a while. */
static int mend(struct cb_run_state *r, bool wait, struct cb_error *gone)
{
	uint64_t give_up = wait ? cb_deadline_in((uint64_t)r->options->host_timeout_ns) : 0;
	int rc;

	do {
		rc = cb_testbed_mend(r->testbed, gone);
		if (rc != CB_ERR_HOST || cb_now_ns() >= give_up)
			return rc;
		rc = cb_testbed_rest(MEND_AGAIN_NS, gone);
	} while (!rc);
	return rc;
}

/* Those that are back, whoever else is not, are set as they were: nothing is measured on others. */
int cb_run_mend(struct cb_run_state *r, bool wait, struct cb_error *gone)
{
	const struct cb_tuning tuning = cb_run_tuning(r);
	struct cb_error why = {0};
	int rc = mend(r, wait, gone), tuned;

	if (rc == CB_ERR_INTERRUPTED)
		return rc;
	tuned = cb_run_tune(&tuning, &why);
	if (tuned)
		*gone = why;
	/* A host that can't come back is lost, as any other; one that is back but can't be set is
	 * the end. */
	return tuned ? tuned : rc == CB_ERR_IMPOSSIBLE ? CB_ERR_HOST : rc;
}

int cb_run_recover(struct cb_run_state *r, int64_t failures, bool wait, const struct cb_error *why,
	struct cb_error *err)
{
	struct cb_error gone = {0};
	int rc;

	r->outcome->failure = *why;
	cb_warn("%s", why->text);
	rc = cb_run_mend(r, wait, &gone);
	if (rc == CB_ERR_INTERRUPTED || rc == CB_ERR_IMPOSSIBLE) {
		*err = gone;
		return rc;
	}
	if (rc)
		cb_warn("%s", gone.text);
	if (!rc && failures <= r->scenario->retries)
		return 0;
	*err = *why;
	err->code = CB_ERR_HOST;
	return CB_ERR_HOST;
}

static int journal_failure(
	struct cb_run_state *r, const char *name, const struct cb_error *why, struct cb_error *err)
{
	return cb_journal_append(&r->directory.journal,
		json_pack(
			"{s:s, s:s, s:s}", "event", "step-failed", "step", name, "host", why->text),
		err);
}

int cb_run_step(struct cb_run_state *r, const char *name,
	int (*step)(struct cb_run_state *r, struct cb_error *err), struct cb_error *err)
{
	for (int64_t failures = 1;; failures++) {
		struct cb_error why = {0};
		int rc = step(r, &why), lost;

		if (!rc)
			return 0;
		*err = why;
		if (!cb_run_is_of_host(r, rc))
			return rc;
		if (journal_failure(r, name, &why, err))
			return err->code;
		lost = cb_run_recover(r, failures, true, &why, err);
		if (lost == CB_ERR_HOST)
			*err = why;
		if (lost)
			return err->code;
	}
}
