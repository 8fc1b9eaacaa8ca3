#!/usr/bin/env bash
# Hosts that are lost in the middle of a run: the trial is marked with the reason, what can be measured is,
# and nothing is left behind: no process, no lock, no setting. (At random: ssh_soak.sh.)
# timeout: 240
# shellcheck disable=SC2016  # jq's
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2
. "$HERE/lib_faults.sh"

# ---- one that comes back ----

begin agent
kill -KILL "$(agent gen)"
finish run 60
assert_survived "$T/agent" 'gen: the agent' "an agent that was killed"
assert_grep 'gen is back' "$T/run.err" "it is back"

begin interface
in_machine amd ip link del p0
until_true 20 grep -q trial-failed "$T/interface/journal.jsonl" || fail "nobody misses the interface"
plug amd on
finish run 60
assert_survived "$T/interface" 'amd: .*p0' "an interface that went"

# A port that went down between two trials is no lack of the host.
begin down
in_machine amd ip link set p0 down
finish run 60
assert_survived "$T/down" 'amd: .*p0.* is down' "a port that went down"

# Before there is a trial: what was calibrated with the agent that is gone is calibrated anew.
sizes='[64, 128, 256, 512, 1024]'
sed "s/  sensor:.*/  traffic.frame_size: $sizes/; s/x: sensor/x: traffic.frame_size/; s/^repetitions:.*/repetitions: 1/" \
	"$T/sensors.yaml" >"$T/sizes.yaml"
background run "$CAPBENCH" run "$T/sizes.yaml" --testbed "$T/bed.yaml" --set sensor=xeon --out "$T/early" --no-pictures
until_true 30 test -s "$T/early/calibration.jsonl" || fail "no calibration: $(cat "$T/run.err")"
kill -KILL "$(agent gen)"
finish run 60
assert_measured run
grep '"step-failed"' "$T/early/journal.jsonl" >"$T/failed" || fail "it was not killed in time: $(cat "$T/early/journal.jsonl")"
assert_grep '"calibration".*gen: the agent' "$T/failed" "the reason is in the journal"
assert_grep 'gen is back' "$T/run.err" "it is back"
jq -s . "$T/early/calibration.jsonl" >"$T/lines"
assert_json "$T/lines" '[.[].params["traffic.frame_size"]] == '"$sizes" "each ceiling once"
assert_no_wrong_number "$T/early" "an agent that was killed in the calibration"
assert_ended "$T/early" "an agent that was killed in the calibration"
assert_clean "an agent that was killed in the calibration" gen xeon amd

# ---- one that does not ----

# Without --keep-going the run ends there, with 5, and is finished later.
begin stop --host-timeout 500ms
kill_sshd amd
finish run 90
assert_eq "$status" 5 "exit status when a host is lost: $(cat "$T/run.err")"
assert_grep 'error: run: .*amd' "$T/run.err" "exit 5 says which host"
assert_grep 'amd: ssh can.t connect: .*Connection refused' "$T/run.err" "and why"
start_sshd amd
assert_clean "a host that was lost" gen xeon amd
measure "$CAPBENCH" run --resume "$T/stop" --no-pictures
assert_no_wrong_number "$T/stop" "resumed"
assert_ended "$T/stop" "resumed"

# With it the other sensor's trials are measured.
begin going --keep-going --host-timeout 500ms --set repetitions=4
kill_sshd xeon
finish run 120
assert_eq "$status" 5 "exit status with --keep-going: $(cat "$T/run.err")"
assert_grep 'trials could not be measured: .*xeon' "$T/run.err" "exit 5 says which host"
jq -s . "$T/going/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[] | select(.params.sensor == "amd" and .state != "invalid")] | length >= 1' \
	"the other sensor's trials"
start_sshd xeon
assert_clean "a host that was lost, with --keep-going" gen xeon amd

# ---- a full disk ----

# It fills in each trial that writes there, with a fifth of the frames even.
in_machine xeon mount -t tmpfs -o size=24k none /tmp
expect 6 "${run[@]}" --out "$T/disk" --set capture.load=write:file=/tmp/frames.pcap --set retries=0 \
	--set vary.sensor=xeon
jq -s . "$T/disk/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[] | .state == "invalid" and (.reasons | any(test("xeon: load write:file=/tmp/frames.pcap failed: No space left")))] |
	length == 2 and all' "the disk is named"
in_machine xeon umount /tmp
assert_clean "a full disk" gen xeon amd

# ---- the controller ----

begin controller
stop run KILL
until_true 10 nobody_left || fail "the controller was killed: $(others)"
expect 0 "$CAPBENCH" clean
assert_clean "a controller that was killed" gen xeon amd
begin interrupt
stop run INT
assert_eq "$status" 130 "exit status after ^C"
assert_clean "^C" gen xeon amd
[ "$CAPBENCH_TIER" = all ] || exit 0

# ---- one that is stuck, or frozen ----

begin stuck
kill -STOP "$(agent gen)"
finish run 120
assert_survived "$T/stuck" 'gen: the agent has not answered' "an agent that is stuck"

# All that runs there, for 30 s, as when a virtual machine is moved.
begin frozen
mapfile -t frozen < <(processes_of xeon)
kill -STOP "${frozen[@]}"
sleep 30
kill -CONT "${frozen[@]}" 2>/dev/null || true
finish run 120
assert_survived "$T/frozen" 'xeon: ' "a host that was frozen"
