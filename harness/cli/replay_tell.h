/* What came of a replay, on stdout: for people, and as the one JSON document. */
#ifndef CB_HARNESS_CLI_REPLAY_TELL_H
#define CB_HARNESS_CLI_REPLAY_TELL_H

#include "generators/tcp_replay/replay.h"

/* `err`: why the program will not end well; NULL: it will. */
typedef void cb_replay_tell(const struct cb_tcp_replay *replay,
	const struct cb_tcp_replay_result *result, const struct cb_error *err);

cb_replay_tell cb_replay_summary, cb_replay_json;

#endif
