#!/usr/bin/env bash
# `host:`, doctor and clean on machines over SSH: settings of ports are made before the first trial, put
# back at the end, by the guardian when the agent is killed, and by clean when both are. What these machines
# share (interrupts, governor, parameters of the kernel) is not touched.
# timeout: 240
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2

controller
make_machines gen xeon
join_link gen xeon
note_ports gen xeon
testbed "$T/bed.yaml" gen -- xeon
sed 's/  xeon: {ports: {p0: p0}}/  xeon: {ports: {p0: p0}, host: {mtu: 3000, offload: {gro: on}, threaded: on}}/' \
	"$T/bed.yaml" >"$T/tuned.yaml"
grep -q threaded "$T/tuned.yaml" || fail "the test-bed file isn't as this test wants it"
cat >"$T/long.yaml" <<'YAML'
name: long
repetitions: 1
retries: 0
host:
  mtu: 2000
  sensors: {promiscuous: on}
trial:
  duration: 20s
  warmup: 10ms
  receive: host
  traffic: {rate: 1k}
  capture: {mechanism: tpacket2}
YAML

of_xeon() # FILE: of p0
{
	in_machine xeon cat "/sys/class/net/p0/$1"
}

is_set()
{
	[ "$(of_xeon mtu)" = 3000 ]
}

is_back()
{
	[ "$(of_xeon mtu)" = 1500 ]
}

# ---- plan touches nobody, and knows the places ----

expect 0 "$CAPBENCH" plan "$T/long.yaml" --testbed "$T/tuned.yaml"
sed 's/mtu: 3000/mtu: 3/' "$T/tuned.yaml" >"$T/wrong.yaml"
expect 2 "$CAPBENCH" plan "$T/long.yaml" --testbed "$T/wrong.yaml"
assert_grep 'wrong.yaml:[0-9]+:[0-9]+: hosts.xeon.host.mtu: "3" is no number from 68' "$T/err" "a wrong value"

# ---- made, and put back ----

measure "$CAPBENCH" run "$T/long.yaml" --testbed "$T/tuned.yaml" --out "$T/made" --no-report --set duration=200ms
jq -s . "$T/made/hosts/xeon/undo.jsonl" >"$T/xeon.json"
jq -s . "$T/made/hosts/gen/undo.jsonl" >"$T/gen.json"
assert_json "$T/xeon.json" '[.[] | select(.setting == "mtu" and .state == "set" and .now == "3000")] | length == 1' "the host's own word is the last"
assert_json "$T/gen.json" '[.[] | select(.setting == "mtu" and .state == "set" and .now == "2000")] | length == 1' "the others have the scenario's"
assert_json "$T/xeon.json" '[.[] | select(.setting == "threaded" and .state == "set" and .now == "on")] | length == 1' "threaded NAPI"
assert_json "$T/xeon.json" '[.[] | select(.state == "undone").setting] | index("threaded") < index("mtu")' "the last change is undone first"
assert_json "$T/made/hosts/xeon/facts.json" '.settings.mtu == "3000" and .settings.threaded == "on"' "facts of the tuned host"
assert_clean "a run with host:" gen xeon

# ---- what a host does not allow ----

expect 4 "$CAPBENCH" run "$T/long.yaml" --testbed "$T/tuned.yaml" --out "$T/refused" --no-report --set host.sensors.ring.rx=64
assert_grep 'host.ring.rx: xeon: ' "$T/err" "which host refuses what"
assert_clean "a refusal" gen xeon

# ---- the agent is killed: its guardian ----

agent()
{
	local p
	for p in $(pgrep -f "agent --host=xeon "); do
		if [[ $(readlink "/proc/$p/exe") == */capbench && $(cat "/proc/$p/comm") == "$1" ]]; then
			echo "$p"
		fi
	done
}

background killed "$CAPBENCH" run "$T/long.yaml" --testbed "$T/tuned.yaml" --out "$T/killed" --no-report --host-timeout 1s
until_true 20 is_set || fail "the setting was not made: $(cat "$T/killed.err")"
kill -KILL "$(agent capbench-agent)"
until_true 10 is_back || fail "the guardian did not put the MTU back"
stop killed INT
assert_clean "an agent was killed" gen xeon

# ---- agent and guardian are killed: clean ----

# What connecting the test-bed changes is put back, too: here the port was down.
in_machine xeon ip link set p0 down
note_ports xeon

# kill_all NAME: at once: guardian before agent, and the controller before it sends another agent, which
# would clean up. The controller's ssh does not end by SIGTERM: that it ignores it stands for one that it comes too
# early for, between the look at its flag and poll() (OpenSSH 9.2).
mkdir "$T/stubborn"
printf '#!/bin/sh\ntrap "" TERM\nexec %s "$@"\n' "$(command -v ssh)" >"$T/stubborn/ssh"
chmod +x "$T/stubborn/ssh"
kill_all()
{
	local victims
	PATH=$T/stubborn:$PATH background "$1" "$CAPBENCH" run "$T/long.yaml" --testbed "$T/tuned.yaml" --out "$T/$1" --no-report --host-timeout 1s
	until_true 20 is_set || fail "the setting was not made: $(cat "$T/$1.err")"
	mapfile -t victims < <(agent capbench-undo; agent capbench-agent)
	kill -KILL "${victims[@]}" "${pid[$1]}"
	finish "$1" 10
	is_set || fail "the MTU went back by itself: this test shows nothing"
}

kill_all both
expect 0 "$CAPBENCH" clean --testbed "$T/tuned.yaml"
assert_grep 'xeon: mtu of p0 put back to 1500' "$T/out" "what clean says"
is_back || fail "clean --testbed did not put the MTU back"
assert_grep 'xeon: state of p0 put back to down, ARP' "$T/out" "the port is down again"
assert_grep 'xeon: tx-tcp-segmentation of p0 put back to on' "$T/out" "its offloads"
assert_clean "clean" gen xeon
expect 0 "$CAPBENCH" clean --testbed "$T/tuned.yaml" --json
assert_json "$T/out" '.removed == []' "a second clean"

# ... or the next run, which finds the port as it was at first.
kill_all again
measure "$CAPBENCH" run "$T/long.yaml" --testbed "$T/bed.yaml" --out "$T/next" --no-report --set duration=200ms
assert_grep 'mtu of p0 put back to 1500' "$T/next/hosts/xeon/agent.log" "what the next run's agent says"
assert_grep 'state of p0 put back to down' "$T/next/hosts/xeon/agent.log" "what the next run's agent says"
assert_clean "the next run" gen xeon

# ---- doctor ----

got=0
"$CAPBENCH" doctor --testbed "$T/bed.yaml" --json --window 100ms >"$T/doctor.json" 2>"$T/err" || got=$?
[ "$got" -eq 0 ] || [ "$got" -eq 6 ] || fail "exit status $got of doctor: $(cat "$T/err")"
assert_json "$T/doctor.json" '[.hosts[] | .host + "/" + .role] == ["gen/generator", "xeon/sensor"]' "both hosts"
assert_json "$T/doctor.json" '[.hosts[] | .interfaces == ["p0"]] | all' "their ports"
assert_json "$T/doctor.json" '[.hosts[].findings[] | select(.check == "time of day") | .verdict == "good"] == [true, true]' \
	"their clocks are one"
"$CAPBENCH" doctor --testbed "$T/bed.yaml" --window 0s --fix "$T/fix.yaml" >"$T/out" 2>"$T/err" || true
assert_grep '^# for hosts.xeon' "$T/fix.yaml" "a block for each"
stop_sshd xeon
expect 5 "$CAPBENCH" doctor --testbed "$T/bed.yaml" --window 0s
assert_grep xeon "$T/err" "which host can't be reached"
