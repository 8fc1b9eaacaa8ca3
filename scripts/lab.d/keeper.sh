# The verbs of scripts/lab: a laboratory is up as long as somebody holds the lock of build-vm/lab, in which
# its keeper's pid is. The keeper is `unshare`, and killing it ends all that is in the namespaces.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the scripts that share this

# no_lab REASON: there can be none here.
no_lab()
{
	say "$*"
	exit 4
}

need_machine()
{
	[ "$(id -u)" -eq 0 ] || no_lab "it needs root, for the namespaces and the wires"
	command -v qemu-system-x86_64 >/dev/null || no_lab "there is no qemu-system-x86_64: scripts/deps vm installs it"
	[ -c /dev/net/tun ] || no_lab "there is no /dev/net/tun, which the wires end in: modprobe tun, or let the container have it"
	(exec 3<>/dev/net/tun) 2>/dev/null || no_lab "/dev/net/tun can't be opened: $( (exec 3<>/dev/net/tun) 2>&1 | sed 's/.*: //')"
	[[ $root/ != /run/* ]] || no_lab "it has a /run of its own, and $root is there: have the checkout elsewhere"
	unshare --mount --net --pid --fork true 2>/dev/null || no_lab "this machine does not let root make namespaces"
}

# is_up: its keeper is in $keeper.
is_up()
{
	[ -f "$vm/lab" ] && ! flock -n "$vm/lab" true && keeper=$(cat "$vm/lab") && [ -n "$keeper" ]
}

need_up()
{
	[ "$(id -u)" -eq 0 ] || no_lab "it needs root"
	is_up && return
	say "the laboratory is not up: scripts/lab up"
	exit 1
}

# inside COMMAND...: in the namespaces, and in the same directory if it is seen there.
inside()
{
	local ns=/proc/$keeper/ns there=$PWD
	seen_inside || there=/
	nsenter --mount="$ns/mnt" --net="$ns/net" --pid="$ns/pid_for_children" --wdns="$there" \
		"$root/scripts/lab.d/inside" "$@"
}

# seen_inside: this directory is the same there. One below /run is not, nor one that was mounted since.
seen_inside()
{
	[ "/proc/$keeper/root$(pwd -P)" -ef . ]
}

# wait_gone: until nobody holds the lock any more; then it is not needed.
wait_gone()
{
	flock -w 20 "$vm/lab" rm -f "$vm/lab" && return
	say "it is still there after 20 s: process $(cat "$vm/lab")"
	return 1
}

# keep ARGUMENT...: becomes the keeper. It has nothing of its caller's open, who may be in a pipeline.
keep()
{
	trap - EXIT INT TERM
	until [ "$vm/lab" -ef /dev/fd/9 ]; do # not one that has just been removed
		exec 9>>"$vm/lab"
		flock -n 9 || exit 3
	done
	echo $BASHPID >"$vm/lab"
	exec setsid unshare --mount --net --pid --fork --kill-child=KILL --mount-proc \
		"$root/scripts/lab.d/inside" serve "$@" 2>&1
}

# abandon: what is not told to stay, ends.
abandon()
{
	local status=$?
	trap - EXIT
	# bash has closed it, and forgotten it, if the keeper is gone.
	[ -z "${LAB[1]:-}" ] || eval "exec ${LAB[1]}>&-"
	wait_gone
	exit $status
}

choices_of() # ARGUMENT...: of --nic, in $choices
{
	choices=()
	while [ $# -gt 0 ]; do
		if [ "$1" != --nic ] || ! [[ ${2:-} == *=* ]] || [ -z "${number[${2%%=*}]:-}" ] ||
			[ -z "${nic_device[${2#*=}]:-}" ]; then
			say "'$*': --nic HOST=NIC is wanted; HOST is one of ${hosts[*]}, NIC one of ${!nic_device[*]}"
			exit 2
		fi
		choices+=("$2")
		shift 2
	done
}

lab_up()
{
	local status=0 start=$EPOCHREALTIME ready='' limit=${CAPBENCH_LAB_LIMIT:-120}
	choices_of "$@"
	need_machine
	mkdir -p "$vm"
	already
	make_image machine || status=$?
	[ $status -ne 77 ] || no_lab "$image_said"
	[ $status -eq 0 ] || exit 1
	find_accelerator "$kernel"
	say "booting ${hosts[*]} ($accelerator)"
	coproc LAB { keep "$limit" "$accelerator" "$kernel" "$initramfs" "${choices[@]}"; }
	trap abandon EXIT
	while IFS= read -r -t $((limit + 30)) -u "${LAB[0]:-255}" ready 2>/dev/null && [ "$ready" != ready ]; do
		echo "$ready" >&2
	done
	if [ "$ready" != ready ]; then
		already
		say "it is down again"
		exit 1
	fi
	trap - EXIT
	echo stay >&"${LAB[1]}"
	say "up after $(seconds_since "$start"): scripts/lab run SCENARIO, status, shell HOST, down"
}

already()
{
	! is_up || {
		say "it is up already (process $keeper, of $(ps -o lstart= -p "$keeper")): scripts/lab down ends it"
		exit 1
	}
}

lab_status()
{
	need_up
	echo "up for $(ps -o etime= -p "$keeper" | tr -d ' '), by process $keeper"
	inside status
}

lab_down()
{
	if ! is_up; then
		say "the laboratory is not up"
		[ ! -f "$vm/lab" ] || wait_gone
		return
	fi
	[ "$(id -u)" -eq 0 ] || no_lab "it needs root"
	kill -KILL "$keeper"
	wait_gone
}

lab_on()
{
	need_up
	inside on "$@"
}

lab_off()
{
	need_up
	inside off "$@"
}

lab_shell()
{
	local tty=()
	need_up
	if [ -z "${number[${1:-}]:-}" ]; then
		say "there is no machine '${1:-}': ${hosts[*]} are the machines"
		exit 2
	fi
	[ $# -gt 1 ] || tty=(-t)
	inside with ssh "${tty[@]}" "$@"
}

lab_exec()
{
	need_up
	inside with "$@"
}

lab_run()
{
	need_up
	if ! seen_inside; then
		say "the laboratory does not see $PWD: it has a /run of its own, and what was mounted before it was up"
		say "go to another directory"
		exit 2
	fi
	if [ -z "${CAPBENCH:-}" ]; then
		"$root/scripts/deps" build report
		build build -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCAPBENCH_TESTS=OFF
		CAPBENCH=$root/build/capbench
	fi
	inside with "$CAPBENCH" run "$@" --testbed "/run/lab/testbed.yaml"
}
