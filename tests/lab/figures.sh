#!/usr/bin/env bash
# The paper's figures by the real pktgen over real drivers, both sensors, and losses on the wire and at the tap.
# timeout: 480
# tier: all
# shellcheck disable=SC2016  # jq's variables
. "$(dirname "$0")/lib.sh"

make_image
lab_up
settings >"$T/before"

# A queue of few frames on the wire's way to xeon loses some for certain.
scenario_both both.yaml
"$lab" exec ip link set d-xeon txqueuelen 4
books wire both.yaml --no-pictures --set 'vary.traffic.rate=[max]' --set trial.capture.load=work:300us \
	--set trial.capture.buffer=64KiB
assert_json "$T/trials" '[.[].sensors[] | select(.host == "xeon").path.link_dropped] | add > 0' "loss on the wire"
assert_json "$T/trials" '[.[].views[].tap_dropped] | add > 0' "loss at the tap"
"$lab" exec ip link set d-xeon txqueuelen 10000

books fig05 "$ROOT/scenarios/imc10/fig05.yaml" --profile lab
[ -s "$T/run/report/fig05.svg" ] || fail "fig05 has no picture"
assert_json "$T/trials" '[.[].params.sensor] | unique == ["amd", "xeon"]' "both sensors"
assert_grep 'sensor xeon' "$T/out" "the sensor is a series"
books fig13 "$ROOT/scenarios/imc10/fig13.yaml" --profile lab
settings >"$T/after"
diff "$T/before" "$T/after" >&2 || fail "settings were left behind"

# pktgen by itself, by the program that the run has left there. Last, as the queues of sensors that are down keep it.
before=$(wire gen rx.packets)
expect 0 "$lab" shell gen 'ip link set data up && sleep 1 &&
	.cache/capbench/*/capbench generate data --transmitter pktgen --rate 1k --count 500 --json; ip link set data down'
assert_json "$T/out" ".offered == 500 and .offered == $(($(wire gen rx.packets) - before))" "pktgen's count is the wire's"
stage "pktgen"

lab_down
