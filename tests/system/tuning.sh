#!/usr/bin/env bash
# `host:`: settings made before the first trial, undone at the end, by clean after a crash, and left
# alone when somebody else has changed them. One parameter of the whole machine is changed for seconds:
# vm.stat_interval, which moves nothing but a timer of statistics.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_root

sysctl=/proc/sys/vm/stat_interval
[ -w $sysctl ] || skip "$sysctl can't be written"
before=$(cat $sysctl)
wanted=$((before % 100 + 3))
trap 'echo "$before" >$sysctl' EXIT

scenario() # NAME DURATION: its host: block is read from stdin
{
	{
		cat <<-EOF
			name: $1
			repetitions: 1
			retries: 0
			trial:
			  duration: $2
			  warmup: 10ms
			  receive: host
			  traffic: {rate: 1k}
			  capture: {mechanism: tpacket2}
		EOF
		cat
	} >"$T/$1.yaml"
}

# ---- what is wrong has its place, before anything starts ----

scenario wrong 100ms <<-EOF
	host:
	  sensors:
	    mtv: 9000
EOF
expect 2 "$CAPBENCH" plan "$T/wrong.yaml"
assert_grep 'wrong.yaml:12:5: host.sensors.mtv: there is no such setting; did you mean "mtu"' "$T/err" "a typo"
expect 2 "$CAPBENCH" plan "$ROOT/scenarios/quick.yaml" --set host.rps=[0]
assert_grep 'host.rps: trials with receive: [a-z]+ set this themselves' "$T/err" "rps beside receive"
expect 0 "$CAPBENCH" list settings
assert_grep 'irq_affinity CORES' "$T/out" "list settings"
expect 0 "$CAPBENCH" list settings --json
assert_json "$T/out" '.settings | map(.name) | index("sysctl.vm.stat_interval")' "list settings --json"

# ---- made, recorded, undone ----

scenario made 200ms <<-EOF
	host:
	  mtu: 4000
	  sysctl: {vm.stat_interval: $wanted}
	  sensors:
	    promiscuous: on
	    rps: [0]
	    offload: {tso: off}
EOF
measure "$CAPBENCH" run "$T/made.yaml" --out "$T/made" --no-report
assert_eq "$(cat $sysctl)" "$before" "the old value is back"
assert_nothing_left "run with host:"
lines=$T/made/hosts/sensor/undo.jsonl
# The sensor needs what the generator has made: whoever ends last puts it back.
cat "$T"/made/hosts/*/undo.jsonl >"$T/all.jsonl"
jq -s . "$T/all.jsonl" >"$T/all.json"
jq -s . "$lines" >"$T/sensor.json"
assert_json "$T/sensor.json" '[.[] | select(.setting == "mtu" and .state == "set" and .now == "4000")] | length == 1' "mtu"
assert_json "$T/sensor.json" '[.[] | select(.setting == "rps" and .instance == "rx-0" and .state == "set" and .now == "0")] | length == 1' "rps"
assert_json "$T/sensor.json" '[.[] | select(.setting == "rps" and .state == "undone" and .now == "off")] | length == 1' "rps undone"
assert_json "$T/sensor.json" '[.[] | select(.setting == "promiscuous" and .state == "undone" and .now == "off")] | length == 1' promiscuous
assert_json "$T/all.json" "[.[] | select(.setting == \"sysctl.vm.stat_interval\" and .state == \"set\" and .now == \"$wanted\" and .was == \"$before\")] | length == 1" "one has set it"
assert_json "$T/all.json" '[.[] | select(.setting == "sysctl.vm.stat_interval" and .state == "as-wanted")] | length == 1' "the other shares it"
assert_json "$T/all.json" '[.[] | select(.setting == "sysctl.vm.stat_interval" and .state == "undone")] | length == 1' "one has undone it"

# ---- not allowed: before the first trial, or a warning ----

scenario refused 100ms <<-EOF
	host:
	  sensors:
	    ring: {rx: 1024}
EOF
expect 4 "$CAPBENCH" run "$T/refused.yaml" --out "$T/refused" --no-report
assert_grep 'refused.yaml:12:16: host.ring.rx: sensor: .*required: false' "$T/err" "where, what, who and the cure"
[ ! -s "$T/refused/trials.jsonl" ] || fail "a trial was run although a setting was refused"
measure "$CAPBENCH" run "$T/refused.yaml" --out "$T/warned" --no-report --set host.required=false
assert_grep 'sensor: host.ring.rx is not set' "$T/err" "a warning in its place"
[ -s "$T/warned/trials.jsonl" ] || fail "no trial although the setting is not required"

expect 2 "$CAPBENCH" run "$T/refused.yaml" --out "$T/gro" --no-report --set host.required=false --set receive=softirq \
	--set host.offload.gro=off
assert_grep 'host.offload.gro: on a veth each trial sets this itself' "$T/err" "GRO beside receive"

# ---- threads that can't be seen from this PID namespace ----

expect 4 "$CAPBENCH" run "$T/refused.yaml" --out "$T/pid" --no-report --set host.required=false --set receive=threaded
assert_grep 'PID namespace' "$T/err" "NAPI threads of another PID namespace"

# ---- somebody else changes it meanwhile ----

is_set()
{
	[ "$(cat $sysctl)" = "$wanted" ]
}

scenario long 20s <<-EOF
	host: {sysctl: {vm.stat_interval: $wanted}}
EOF
background long "$CAPBENCH" run "$T/long.yaml" --out "$T/long" --no-report
until_true 10 is_set || fail "the setting was not made: $(cat "$T/long.err")"
echo $((wanted + 1)) >$sysctl
stop long INT
assert_eq "$(cat $sysctl)" $((wanted + 1)) "somebody's value is left"
cat "$T/long.err" "$T"/long/hosts/*/agent.log >"$T/said"
assert_grep 'stat_interval.*somebody has changed it' "$T/said" "that it is left"
echo "$before" >$sysctl

# ---- everybody is killed ----

background killed "$CAPBENCH" run "$T/long.yaml" --out "$T/killed" --no-report
until_true 10 is_set || fail "the setting was not made: $(cat "$T/killed.err")"
mapfile -t agents < <(jq -r '.agents[].pid' /run/capbench/*.json)
kill -KILL "${agents[@]}" "${pid[killed]}"
finish killed 10
is_set || fail "the value went back by itself: this test shows nothing"
expect 0 "$CAPBENCH" clean
assert_grep "sysctl.vm.stat_interval put back to $before" "$T/out" "clean"
assert_eq "$(cat $sysctl)" "$before" "after clean"
assert_nothing_left "clean"
expect 0 "$CAPBENCH" clean
assert_grep 'nothing to clean' "$T/out" "a second clean"

# ---- agents are killed, the controller lives ----

background orphan "$CAPBENCH" run "$T/long.yaml" --out "$T/orphan" --no-report
until_true 10 is_set || fail "the setting was not made: $(cat "$T/orphan.err")"
mapfile -t agents < <(jq -r '.agents[].pid' /run/capbench/*.json)
kill -KILL "${agents[@]}"
finish orphan 20
assert_eq "$(cat $sysctl)" "$before" "the controller puts back what its agents could not"
assert_nothing_left "a run whose agents were killed"

# ---- two runs ----

scenario short 100ms <<-EOF
	host: {sysctl: {vm.stat_interval: $wanted}}
EOF
background long "$CAPBENCH" run "$T/long.yaml" --out "$T/two" --no-report
until_true 10 is_set || fail "the setting was not made: $(cat "$T/long.err")"
measure "$CAPBENCH" run "$T/short.yaml" --out "$T/short" --no-report
is_set || fail "the first run to end took the setting away from the other"
expect 4 "$CAPBENCH" run "$T/short.yaml" --out "$T/other" --no-report --set host.sysctl.vm.stat_interval=$((wanted + 2))
assert_grep 'for a measurement that is under way' "$T/err" "another value meanwhile"
stop long INT
assert_eq "$(cat $sysctl)" "$before" "after both"
assert_nothing_left "two runs"
if compgen -G "/run/capbench/*.undo" >/dev/null; then
	fail "undo files were left: $(cat /run/capbench/*.undo)"
fi
