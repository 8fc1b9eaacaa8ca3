#!/usr/bin/env bash
# Runs over SSH: the same scenario as on the built-in test-bed, and the link of the paper's figure 4 with
# two generators and two sensors. Machines are namespaces with an sshd each (lib_machines.sh).
# timeout: 240
# shellcheck disable=SC2016  # variables of jq and of other shells
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2

controller
make_machines gen1 gen2 xeon amd
join_link gen1 xeon
note_ports gen1 xeon
testbed "$T/two.yaml" gen1 -- xeon
quick=$ROOT/scenarios/quick.yaml

# ---- plan touches nobody ----

expect 0 "$CAPBENCH" plan "$quick" --profile smoke --testbed "$T/two.yaml" --json
cp "$T/out" "$T/plan.json"
assert_json "$T/plan.json" '.trials > 0' plan
if [ -e /root/.cache ] || in_machine xeon test -e /root/.cache; then
	fail "plan has touched a host"
fi
expect 2 "$CAPBENCH" plan "$quick" --testbed "$T/two.yaml" --set sensor=amd
assert_grep 'amd is no sensor of this test-bed: it may be all, xeon' "$T/err" "an unknown sensor"

# ---- the same scenario as on the local test-bed ----

trials=$(json "$T/plan.json" .trials)
measure "$SANITIZED" run "$quick" --profile smoke --testbed "$T/two.yaml" --out "$T/two" --no-pictures
assert_complete "$T/two" "$trials" "two machines"
assert_clean "a run on two machines" gen1 xeon
cmp "$T/two.yaml" "$T/two/testbed.yaml" || fail "testbed.yaml is not the file that was used"
assert_json "$T/two/run.json" '.testbed.kind == "ssh" and .testbed.sensors == ["xeon"]' "run.json"
for host in gen1 xeon; do
	assert_json "$T/two/hosts/$host/facts.json" '.kernel' "facts of $host"
	[ ! -s "$T/two/hosts/$host/ssh.log" ] || fail "ssh has something to say: $(cat "$T/two/hosts/$host/ssh.log")"
	if grep -E 'warning|error|Sanitizer' "$T/two/hosts/$host/agent.log"; then
		fail "the agent of $host has something to say"
	fi
done
jq -c 'select(.state != "invalid") | [.cell_id, .path.link_dropped, .path.nic_dropped]' "$T/two/trials.jsonl" \
	>"$T/two.paths"
if grep null "$T/two.paths"; then
	fail "the path is not known, although it is a veth"
fi

# With claims: cells and verdicts are those of the built-in test-bed. The effect is there even if the generator is so late
# that it offers a tenth of the frames: 60 of 1000 are read in the trial's time and the second after it.
cat >"$T/verdicts.yaml" <<'YAML'
name: verdicts
trial:
  duration: 250ms
  warmup: 50ms
  traffic: {frame_size: 64, rate: 4k}
  generator: {transmitter: packet}
  capture: {mechanism: tpacket2, buffer: 256KiB}
vary:
  capture.load: [discard, "work:20ms"]
repetitions: 8 # six decide two claims, if none of them was disturbed
retries: 3
order: interleave
figures:
  - {id: share, x: capture.load, y: captured_share}
claims:
  - id: loses
    says: A process that works 20 ms on each frame captures less
    figure: share
    expect: {less: [{capture.load: "work:20ms"}, {capture.load: discard}], by: 2%}
  - id: gains
    says: It captures more
    figure: share
    expect: {greater: [{capture.load: "work:20ms"}, {capture.load: discard}], by: 2%}
YAML
for bed in two local; do
	options=()
	[ $bed = local ] || options=(--testbed "$T/two.yaml")
	measure "$CAPBENCH" run "$T/verdicts.yaml" "${options[@]}" --out "$T/verdicts-$bed" --no-pictures
	assert_complete "$T/verdicts-$bed" 16 "claims on $bed"
	jq -S '{cells: [.cells[] | {id, params}], verdicts: [.claims[] | {id, verdict}]}' \
		"$T/verdicts-$bed/report/summary.json" >"$T/verdicts-$bed.json"
done
assert_json "$T/verdicts-local.json" '[.verdicts[].verdict] == ["reproduced", "not reproduced"]' "verdicts"
diff "$T/verdicts-local.json" "$T/verdicts-two.json" >&2 || fail "not those of the local test-bed"

# The build is there now: nothing is copied again, and it is whole.
copies()
{
	in_machine xeon find /root/.cache/capbench -mindepth 1 -maxdepth 1
}
assert_eq "$(copies | wc -l)" "$([ "$CAPBENCH" = "$SANITIZED" ] && echo 1 || echo 2)" "builds on a host"
tiny_scenario "$T/tiny.yaml"
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/again" --no-pictures -v \
	--set repetitions=1
if grep copying "$T/err"; then
	fail "copied although it is there"
fi
# One that is damaged is copied anew; old ones go, and so does what a broken copy left.
in_machine xeon bash -c 'cd /root/.cache/capbench && echo >>"$(ls -t | head -n 1)/capbench" &&
	for i in 1 2 3 4 5; do mkdir old$i; touch -d "$i days ago" old$i; done
	mkdir .0123.99; touch -d yesterday .0123.99'
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/two.yaml" --out "$T/damaged" --no-pictures -v \
	--set repetitions=1
assert_grep 'copying .* to 1 hosts' "$T/err" "a damaged copy is replaced"
assert_eq "$(copies | wc -l)" 4 "builds that are kept: $(copies)"
assert_complete "$T/damaged" 2 "after a damaged copy"

# ---- figure 4 ----

for name in gen1 xeon; do
	in_machine $name ip link del p0 2>/dev/null || true
done
join_hub gen1 gen2 -- xeon amd
note_ports gen1 gen2 xeon amd
testbed "$T/four.yaml" gen1 gen2 -- xeon amd
cat >"$T/sensors.yaml" <<'YAML'
name: sensors
trial:
  duration: 200ms
  warmup: 50ms
  traffic: {frame_size: 64, rate: 20k}
  generator: {transmitter: packet}
  capture: {mechanism: tpacket2, load: count, processes: 2} # whose buffer has room for each frame of a trial
vary:
  sensor: [xeon, amd, all]
repetitions: 2
figures:
  - {id: share, x: sensor, y: captured_share}
YAML
measure "$CAPBENCH" run "$T/sensors.yaml" --testbed "$T/four.yaml" --out "$T/four" --no-pictures
assert_complete "$T/four" 6 "figure 4"
assert_clean "figure 4" gen1 gen2 xeon amd
jq -s . "$T/four/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[] | .generator.streams | map(.host) == ["gen1", "gen2"] and
	map(.stream) == [0, 1] and map(.intended) == [2500, 2500]] | all' "two generators, a stream each"
assert_json "$T/trials.json" '[.[] | .generator.intended == 5000 and
	.generator.offered == (.generator.streams | map(.offered) | add)] | all' "they add up"
assert_json "$T/trials.json" '[.[] | .generator.start_skew_ns >= 0 and .generator.start_skew_error_ns >= 0] | all' \
	"the skew of their starts"
assert_json "$T/trials.json" '[.[] | select(.state != "invalid") | .generator.start_skew_ns < 20000000] | any' \
	"they start together"
assert_json "$T/trials.json" '[.[] | select(.params.sensor != "all") | (.views | length == 2) and
	(.params.sensor as $s | .views | map(.host == $s) | all)] | all' "one sensor at a time"
assert_json "$T/trials.json" '[.[] | select(.params.sensor == "all") | (.views | map(.host) ==
	["xeon", "xeon", "amd", "amd"]) and (.sensors | map(.host) == ["xeon", "amd"])] | all' "both at once"
assert_json "$T/trials.json" '[.[] | select(.state == "valid") | .views[] | .unique == 5000 and .duplicate == 0 and
	.reordered == 0] | all' "each sensor gets each frame of both, once"

# ---- commands, cores, ports by other names ----

mac=$(in_machine xeon cat /sys/class/net/p0/address)
cat >"$T/other.yaml" <<YAML
name: other
hosts:
  gen1: {ports: {p0: p0}, cores: [1]}
  sensor1:
    ssh: xeon
    ports: {data: {mac: "$mac"}}
    directory: /run/builds
    cores: [1, 0]
    pre: [[touch, /run/pre file], [sh, -c, "echo \$MACHINE >/run/pre-machine"]]
    post: [[sh, -c, "cat /sys/class/net/p0/flags >/run/post-flags"]]
links: [[gen1.p0, sensor1.data]]
roles: {generators: [gen1], sensors: [sensor1]}
YAML
measure "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/other.yaml" --out "$T/other" --no-pictures \
	--set placement=A:B --set evidence=light --set repetitions=1
assert_complete "$T/other" 2 "other names"
assert_clean "other names" gen1 xeon
in_machine xeon test -f "/run/pre file" || fail "pre was not run"
assert_eq "$(in_machine xeon cat /run/pre-machine)" xeon "pre is run by the agent's host"
assert_eq "$(in_machine xeon cat /run/post-flags)" "$(head -n 1 "$T/ports.xeon" | cut -d : -f 2)" \
	"post is run when everything is put back"
jq -s . "$T/other/trials.jsonl" >"$T/trials.json"
assert_json "$T/trials.json" '[.[].views[].cpu] | unique == [0]' "B is the second of the host's cores"
assert_json "$T/trials.json" '[.[].generator.streams[].cpu] | unique == [1]' "the generator's core"

expect 4 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/other.yaml" --out "$T/cores" \
	--set 'placement={capture: [2]}'
assert_grep 'placement|core' "$T/err" "a core that is not there"
sed 's/ports: {p0: p0}/ports: {p0: ctl}/' "$T/other.yaml" >"$T/ctl.yaml"
expect 2 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/ctl.yaml" --out "$T/ctl"
assert_grep 'gen1: .*ctl carries the SSH connection' "$T/err" "the port of the SSH connection"
sed 's/ports: {p0: p0}/ports: {p0: eth7}/' "$T/other.yaml" >"$T/eth7.yaml"
expect 5 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/eth7.yaml" --out "$T/eth7"
assert_grep 'gen1: .*no interface eth7: its interfaces are .*p0' "$T/err" "a port that is not there"
sed 's/pre: .*/pre: [[false]]/' "$T/other.yaml" >"$T/false.yaml"
expect 5 "$CAPBENCH" run "$T/tiny.yaml" --testbed "$T/false.yaml" --out "$T/false"
assert_grep 'sensor1: .*pre: false ended with status 1' "$T/err" "a command that fails"
assert_clean "what was refused" gen1 xeon
