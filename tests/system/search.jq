# One goal of a search, from the search's trials (jq -s) alone. $g is its entry in search.json; $goal says
# what was asked: {of, burst, loss, exceed, final, sum, width}, with
# the width of the narrowest goal that has these trials too. The answer is what the entry should be.
#
# Each load is judged by the time of its trials: those of full length count for what they showed, of
# shorter ones only the bad time does, less what their good time makes up for.

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def other_speed: [.views[].load_result | select(.link_ns? and .link_meanwhile_ns?)
	| (.link_meanwhile_ns / .link_ns - 1 | fabs) > ([0.05, $goal.width] | max)] | any;
def interrupted: [.views[] | select(.interrupted_ns != null and .elapsed_ns > 0 and .interrupted_ns > 5e6
	and .interrupted_ns > .elapsed_ns * ([0.01, $goal.width] | max))] | any;
def stood_still: .state == "generator-limited" and .generator.lateness_p99_ns != null and .generator.lateness_p99_ns < 1e6;
def in_vain: .state == "invalid" or other_speed or interrupted or stood_still;
def loss: if (.views | length) > 0 and ([.views[].captured_share] | all(. != null))
	then 1 - ([.views[].captured_share] | min) else null end;
def time(f): map(select(f) | .s) | add // 0;

map(select(.params["search.of"] == $goal.of)) as $all
| [$all[] | {load: .params["search.load"], loss: loss, in_vain: in_vain, limited: (.state == "generator-limited"),
	s: (if $goal.burst then 1 else .params["search.length_ns"] / 1e9 end)}] as $tried
| [$tried[] | select((.in_vain | not) and .loss != null and (.load | type) == "number")
	| .bad = (.loss > $goal.loss) | .full = (.s >= $goal.final - 1e-9) | select(.bad or (.limited | not))] as $telling
| ($telling | group_by(.load) | map(
	{load: .[0].load, good: time(.full and (.bad | not)), bad: time(.full and .bad),
		soon_good: time((.full or .bad) | not), soon_bad: time((.full | not) and .bad)}
	| .bad += ([0, .soon_bad - .soon_good * $goal.exceed / ([1 - $goal.exceed, 1e-9] | max)] | max)
	| .all = ([.good + .bad, $goal.sum] | max)
	| {load, low: (.all - .good <= .all * $goal.exceed + 1e-9), high: (.bad > .all * $goal.exceed + 1e-9)})) as $loads
| ($loads | map(select(.high and (.low | not)) | .load) | min) as $high
| ($loads | map(select(.low and ($high == null or .load < $high)) | .load) | max) as $low
| [$tried[] | select(.load == $low and .s >= $goal.final - 1e-9 and (.in_vain | not))] as $there
| {low: $low, high: $high, trials: ($all | length), trials_in_vain: ([$tried[] | select(.in_vain)] | length),
	low_trials: ($there | length), low_kept: ([$there[] | select(.loss != null and .loss <= $goal.loss)] | length),
	inconsistent: ([$loads[] | select($high != null and .load > $high and .low)] | length),
	seconds_sent: ([$all[].generator.elapsed_ns // 0] | (add // 0) / 1e9),
	seconds: ([$all[].params.took_ns] | (add // 0) / 1e9),
	hidden_by_buffer: ([$all[] | select(.params["search.load"] == $low and .views[0].buffer_frames != null
		and ($goal.burst or .params["search.length_ns"] / 1e9 >= $goal.final)
		and .generator.window_offered > 0) | .views[0].buffer_frames / .generator.window_offered] | .[0])}
	+ if $goal.burst then {burst_pps: $goal.pps, implied_buffer_seconds: (if $low then $low / $goal.pps else null end),
		corrected_buffer_seconds: (if $low and $goal.known then $low / $goal.pps * (1 - ([$goal.known, $goal.pps] | min) / $goal.pps)
			else null end)} else {} end
| to_entries | map(select((.value as $mine | $g[.key] as $told |
	if ($mine | type) == "number" and ($told | type) == "number"
	then ($mine - $told | fabs) > 1e-9 + 1e-9 * ($mine | fabs) else $mine != $told end)) | {key, value, told: $g[.key]})
