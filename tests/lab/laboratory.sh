#!/usr/bin/env bash
# The laboratory: three machines that boot, measure with books that balance over their wire, and are gone. What
# can't be is said.
# timeout: 240
# tier: all
. "$(dirname "$0")/lib.sh"

# ---- what can't be -------------------------------------------------------------------------------

mkdir "$T/bin"
for name in bash dirname nproc id mkdir cat flock sed tail; do
	ln -s "$(command -v $name)" "$T/bin/$name"
done
expect 4 env PATH="$T/bin" "$lab" up
assert_grep 'no qemu-system-x86_64' "$T/err" "no qemu"
# shellcheck disable=SC2016  # bash's variable
expect 4 unshare --mount bash -c 'mount -t tmpfs none /dev/net && exec "$0" up' "$lab"
assert_grep 'no /dev/net/tun' "$T/err" "no tun"
expect 2 "$lab" up --nic xeon=ne2000
assert_grep 'NIC one of .*e1000' "$T/err" "a NIC that there is not"
expect 1 "$lab" status
assert_grep 'not up' "$T/err" "no laboratory"
expect 0 "$lab" down

# ---- up ------------------------------------------------------------------------------------------

make_image
lab_up
expect 1 "$lab" up
assert_grep 'up already \(process [0-9]+' "$T/err" "a second laboratory"
expect 0 "$lab" status
for name in gen xeon amd; do
	assert_grep "^$name .* on +answers +0 +0 +0$" "$T/out" "status"
done
expect 2 "$lab" shell nobody
assert_grep "no machine 'nobody'" "$T/err" "no such machine"
# It has a /run of its own: a command needs no directory, but a run does.
mkdir /run/here
cd /run/here
expect 0 "$lab" exec pwd
assert_eq "$(cat "$T/out")" / "a directory that is not seen"
expect 2 "$lab" run both.yaml
assert_grep 'does not see /run/here' "$T/err" "a directory that is not seen"
cd "$T"

# clock HOST: "BEFORE HERS AFTER", in ns: what hers is lies between ours.
clock()
{
	local before=${EPOCHREALTIME/[.,]/}000 hers
	hers=$("$lab" shell "$1" date +%s%N)
	echo "$before $hers ${EPOCHREALTIME/[.,]/}000"
}
read -r from_before from_hers from_after <<<"$(clock gen)"
settings >"$T/before"
assert_grep 'queues/rx-1/rps_cpus' "$T/before" "the queues of amd"
assert_grep 'driver: e1000$' "$T/before" "the NIC of the paper"
stage "looked at"

# ---- books ---------------------------------------------------------------------------------------

scenario_both both.yaml
books both both.yaml --no-pictures
assert_json "$T/trials" '[.[].views | length == 2] | all' "both sensors"
assert_json "$T/run/hosts/wire/facts.json" .kernel "facts of who counts"
settings >"$T/after"
diff "$T/before" "$T/after" >&2 || fail "settings were left behind"

# A kernel that took its clock's rate wrong, as it may on a busy machine, would send at other rates.
read -r before hers after <<<"$(clock gen)"
hers=$((hers - from_hers)) least=$((before - from_after)) most=$((after - from_before))
if [ $hers -lt $((least * 99 / 100)) ] || [ $hers -gt $((most * 101 / 100)) ]; then
	fail "the clock of gen went on by $hers ns, and ours by $least to $most"
fi
stage "compared"

# ---- down ----------------------------------------------------------------------------------------

expect 0 "$lab" off amd
expect 0 "$lab" status
assert_grep '^amd .* off ' "$T/out" "a machine that is off"
lab_down
