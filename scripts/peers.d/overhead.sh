# What a trial of a run costs beyond warm-up, duration and drain.
# Sourced by scripts/peers.
# shellcheck shell=bash disable=SC2154

measure_overhead()
{
	local run n=40 start
	cat >overhead.yaml <<-YAML
		name: overhead
		title: Many short trials
		trial:
		  duration: 50ms
		  warmup: 10ms
		  drain: 10ms
		  traffic: {frame_size: 64, rate: 10k}
		  generator: {transmitter: packet}
		  capture: {mechanism: tpacket3, wait: poll, load: discard}
		vary:
		  traffic.rate: [10k, 20k]
		repetitions: $((n / 2))
		figures:
		  - {id: share, x: traffic.rate, y: captured_share}
	YAML
	for ((run = 1; run <= runs; run++)); do
		progress "overhead: run $run of $runs"
		start=$EPOCHREALTIME
		# 6: the machine was busy elsewhere, and trials were invalid and done again: time all the same.
		"$capbench" run overhead.yaml --no-report --set retries=0 --out "overhead-$run" >out 2>err \
			</dev/null || [ $? -eq 6 ] || {
			cat err >&2
			exit 1
		}
		note overhead "ms a trial, of $n, set-up of the run included" "$(awk -v a="$start" \
			-v b="$EPOCHREALTIME" -v n=$n 'BEGIN { print 1000 * (b - a) / n - 70 }')"
	done
	target overhead "ms a trial beyond warm-up, duration and drain" "<=" 200 '.overhead | add'
}
