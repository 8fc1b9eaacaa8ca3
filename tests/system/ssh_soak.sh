#!/usr/bin/env bash
# Faults at random times, of a random kind, on a random host: no run hangs, nothing is left behind, and no
# number of a trial that is marked valid is wrong.
#
#   CAPBENCH_FAULTS=200 tests/system/ssh_soak.sh     that many (default 4; in the tier all 30)
#   CAPBENCH_SEED=7                                  the same faults again, as far as time goes
# timeout: 600
# shellcheck disable=SC2016  # jq's
. "$(dirname "$0")/lib.sh"
. "$HERE/lib_machines.sh"
need_cores 2
. "$HERE/lib_faults.sh"
: "${CAPBENCH_FAULTS:=$([ "$CAPBENCH_TIER" = all ] && echo 30 || echo 4)}"
: "${CAPBENCH_SEED:=$RANDOM}"
RANDOM=$CAPBENCH_SEED
echo "CAPBENCH_SEED=$CAPBENCH_SEED"

# What may happen to a run ...
fault_agent() { kill -KILL "$(agent "$victim")"; }
fault_ssh() { kill -KILL "$(masters | shuf -n 1)"; }
fault_down() { in_machine "$victim" ip link set p0 down; }
fault_sshd() { kill_sshd "$victim"; }
fault_restart() { kill_sshd "$victim" && start_sshd "$victim"; }
fault_controller() { kill -KILL "${pid[run]}"; }
fault_capture() { kill -KILL "$(pgrep -f 'capbench capture' | shuf -n 1)"; }
fault_gone() { in_machine "$victim" ip link del p0; }
fault_namespace() { end_machine "$victim"; }
fault_freeze()
{
	local list
	mapfile -t list < <(processes_of "$victim")
	kill -STOP "${list[@]}"
	sleep $((RANDOM % 4))
	kill -CONT "${list[@]}"
}
kinds=(agent ssh down sshd restart controller capture gone namespace freeze)

# ... and what mends it afterwards.
mend()
{
	local flood=on
	[ "$1" != gen ] || flood=off
	alive "${machine_pid[$1]}" || start_machine "$1"
	sshd_listens "$1" || start_sshd "$1"
	if ! in_machine "$1" test -e /sys/class/net/p0; then
		until_true 5 eval "! ip -n hub link show h${machine_number[$1]}" || fail "the hub keeps a port"
		plug "$1" $flood
		note_ports "$1"
	fi
	in_machine "$1" ip link set p0 up
}

declare -A statuses=() counts=()
for ((i = 1; i <= CAPBENCH_FAULTS; i++)); do
	victims=(gen xeon amd)
	victim=${victims[RANDOM % 3]}
	kind=${kinds[RANDOM % ${#kinds[@]}]}
	dir=$T/random-$i
	background run "${run[@]}" --out "$dir" --keep-going --host-timeout 1s --set repetitions=2 --set retries=1
	sleep "$((RANDOM % 4)).$((RANDOM % 10))"
	"fault_$kind" 2>/dev/null || true # it may have ended already
	finish run 120
	statuses[$status]=$((${statuses[$status]:-0} + 1))
	counts[$kind]=$((${counts[$kind]:-0} + 1))
	for name in "${victims[@]}"; do
		mend "$name"
	done
	[ ! -s "$dir/trials.jsonl" ] || assert_no_wrong_number "$dir" "fault $i ($kind of $victim)"
	"$CAPBENCH" clean >/dev/null
	assert_clean "fault $i ($kind of $victim, exit status $status)" "${victims[@]}"
	case $status in
	0 | 5 | 6 | 137) ;;
	*) fail "fault $i ($kind of $victim): exit status $status: $(cat "$T/run.err")" ;;
	esac
	rm -rf "$dir"
done
for status in "${!statuses[@]}"; do
	echo "exit status $status: ${statuses[$status]} of $CAPBENCH_FAULTS"
done
for kind in "${!counts[@]}"; do
	echo "fault $kind: ${counts[$kind]} of $CAPBENCH_FAULTS"
done
