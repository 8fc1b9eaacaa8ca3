# Tests of capbench on Debian's own kernel, in a virtual machine: scripts/lab test. Each has a guest of its
# own, without any network. One that says "# tier: all" is tried in that tier only, or when it is named.
# One line a test, as scripts/test prints it.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the scripts that share this

# Added to a test's own limit, which is kept in the guest: what is late by more hangs as a whole.
grace_seconds=10

guest='' work=''
end_guest()
{
	[ -n "$guest" ] || return 0
	kill -KILL "$guest" 2>/dev/null || true
	wait "$guest" 2>/dev/null || true
	guest=
}

no_guest() # REASON
{
	verdict skip vm "$*"
	exit 77
}

# start_test NAME LIMIT: a guest with one test. Its lines on the second serial port begin with $token.
start_test()
{
	token=$(od -An -v -tx8 -N 8 /dev/urandom | tr -d ' ')
	rm -f "$work"/{console,told}
	local leash=(setpriv --pdeathsig KILL)
	boot_seconds=60 instruction_clock=no
	if grep -qx '# clock: instructions' "$root/tests/vm/$1.sh"; then
		boot_seconds=240 instruction_clock=yes
	fi
	boot_guest 1024 loglevel=5 lab.role=test "lab.token=$token" "lab.test=$1" "lab.limit=$2" \
		"lab.tier=${CAPBENCH_TIER:-commit}" -- \
		-serial "file:$work/console" -serial "file:$work/told" >"$work/qemu"
}

# told WORD: the guest has said it.
told()
{
	grep -q "^$token $1" "$work/told" 2>/dev/null
}

# wait_until SECONDS WORD: 1 when the guest has not said it by then, or is gone.
wait_until()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	while ! told "$2"; do
		if ! kill -0 "$guest" 2>/dev/null || [ "${EPOCHREALTIME/[.,]/}" -gt $end ]; then
			told "$2"
			return
		fi
		sleep 0.1
	done
}

# what_happened NAME LIMIT: without a verdict.
what_happened()
{
	if ! kill -0 "$guest" 2>/dev/null; then
		echo "the guest crashed"
	elif ! told begin; then
		echo "the guest was not up after $boot_seconds s"
	else
		echo "not done after $2 s"
	fi
}

show_guest()
{
	sed -n 's/^| \{0,1\}//p' "$work/told" >"$work/log" 2>/dev/null || true
	show_log "$work/log"
	[ "${1:-}" != console ] || show_log <(cat "$work/qemu" "$work/console" 2>/dev/null | tr -d '\r') 40
}

run_test() # FILE
{
	local name limit start=$EPOCHREALTIME status why
	name=$(basename "$1" .sh) limit=$(limit_of "$1")
	start_test "$name" "$limit"
	if wait_until $boot_seconds begin && wait_until $((limit + grace_seconds)) end; then
		status=$(sed -n "s/^$token end \\([0-9]*\\).*/\\1/p" "$work/told")
	else
		why=$(what_happened "$name" "$limit") status=none
	fi
	end_guest
	case $status in
	0) verdict ok "vm/$name" "$(seconds_since "$start")" ;;
	77) verdict skip "vm/$name" "$(sed -n 's/^| skip: //p' "$work/told" | tail -n 1)" ;;
	137) verdict FAIL "vm/$name" "not done after $limit s" && show_guest ;;
	none) verdict FAIL "vm/$name" "$why" && show_guest console ;;
	*) verdict FAIL "vm/$name" "$(seconds_since "$start")" && show_guest ;;
	esac
	if [ -n "${CAPBENCH_KEEP:-}" ]; then
		mkdir -p "$CAPBENCH_KEEP/$name"
		cp "$work"/{console,told} "$CAPBENCH_KEEP/$name/"
	fi
}

# lab_test [NAME...]: all, or those named. The status is 77 when there can be no virtual machine here.
lab_test()
{
	local status=0 found=0 file name
	work=$(mktemp -d)
	trap 'end_guest; rm -rf "$work"' EXIT
	command -v qemu-system-x86_64 >/dev/null || no_guest "there is no qemu-system-x86_64: scripts/deps vm installs it"
	if [ -z "${CAPBENCH_FAST:-}" ]; then
		build_release
		CAPBENCH_FAST=$root/$release/capbench
	fi
	make_image test "$CAPBENCH_FAST" || status=$?
	[ $status -ne 77 ] || no_guest "$image_said"
	[ $status -eq 0 ] || exit 1
	find_accelerator "$kernel"
	for file in "$root"/tests/vm/*.sh; do
		name=$(basename "$file" .sh)
		if [ "$name" = lib ] || { [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; }; then
			continue
		fi
		found=$((found + 1))
		if [ $# -eq 0 ] && [ "${CAPBENCH_TIER:-commit}" != all ] && grep -qx '# tier: all' "$file"; then
			verdict skip "vm/$name" "for the long tier"
			continue
		fi
		run_test "$file"
	done
	[ $found -ge $(($# > 1 ? $# : 1)) ] || verdict FAIL vm "no such test among: $*"
	tally
}
