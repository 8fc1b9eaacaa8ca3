#!/usr/bin/env bash
# A link that counts for itself: a third host says what it handed to the sensor, so that what the link lost
# is told from what the sensor's NIC lost.
# timeout: 180
# shellcheck disable=SC2016  # jq's
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cmd tc
need_cores 2

controller
make_machines gen xeon wire
ip netns attach hub "${machine_pid[wire]}"
join_hub gen -- xeon
note_ports gen xeon
testbed "$T/bed.yaml" gen -- xeon
sed 's/^links:/  wire: {ports: {to-xeon: h2}}\nlink_counters: {xeon.p0: wire.to-xeon}\n&/' "$T/bed.yaml" >"$T/wired.yaml"
cat >"$T/lossy.yaml" <<'YAML'
name: lossy
trial:
  duration: 200ms
  warmup: 50ms
  traffic: {frame_size: 64}
  generator: {transmitter: packet}
  capture: {mechanism: tpacket3, load: count}
vary:
  traffic.rate: [20k]
repetitions: 2
retries: 10
figures:
  - {id: share, x: traffic.rate, y: captured_share}
YAML
run()
{
	measure "$CAPBENCH" run "$T/lossy.yaml" --no-pictures "$@"
	jq -s 'map(select(.state != "invalid"))' "$T/r/trials.jsonl" >"$T/trials.json"
	assert_json "$T/trials.json" 'length >= 1' "a trial"
}

# The port has room for half of what comes.
if ! ip netns exec hub tc qdisc add dev h2 root tbf rate 5mbit burst 4kb limit 4kb; then
	skip "needs the kernel's tbf"
fi
run --testbed "$T/wired.yaml" --out "$T/r"
assert_json "$T/trials.json" '[.[].path | .link_dropped > 0 and .nic_dropped == 0] | all' "the link lost them"
assert_json "$T/trials.json" '[.[].views[].unaccounted == 0] | all' "the books balance"
[ -s "$T/r/hosts/wire/facts.json" ] || fail "no facts of the host that counts"
assert_clean "link counters" gen xeon
# Nothing is changed there.
ip -n hub -d link show h2 | grep -q tbf || fail "the port is not as it was"

expect 2 "$CAPBENCH" plan "$T/lossy.yaml" --testbed <(sed 's/xeon.p0: wire.to-xeon/gen.p0: wire.to-xeon/' "$T/wired.yaml")
assert_grep 'link_counters: gen.p0 is no sensor.s port' "$T/err" "a generator's port"
sed 's/to-xeon: h2/to-xeon: h9/' "$T/wired.yaml" >"$T/h9.yaml"
expect 5 "$CAPBENCH" run "$T/lossy.yaml" --testbed "$T/h9.yaml" --out "$T/h9"
assert_grep 'wire: .*no interface h9' "$T/err" "a port that is not there"
