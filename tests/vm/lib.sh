# The library of the tests in the virtual machine; sourced first by each of them.
# shellcheck shell=bash
#
# All of ../system/lib.sh, with the same meaning, and what has to do with the guest's kernel. A test
# runs as root in namespaces of its own inside a guest of its own (scripts/lab test).

if [ -z "${CAPBENCH_VM:-}" ]; then
	echo "skip: this is for the virtual machine: scripts/lab test $(basename "$0" .sh)"
	exit 77
fi
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"

# need_modules NAME...: loaded, or built in.
need_modules()
{
	local name
	for name in "$@"; do
		modprobe -q "$name" || skip "this kernel has no module $name"
	done
}

# kernel_before VERSION: such as 6.6.
kernel_before()
{
	local release
	release=$(uname -r)
	[ "${release%%-*}" != "$1" ] &&
		[ "$(printf '%s\n' "${release%%-*}" "$1" | sort -V | head -n 1)" != "$1" ]
}

# sleep SECONDS: without a process, which costs a tenth of a second here.
exec {nap}<> <(:)
sleep()
{
	read -r -t "$1" -u "$nap" || true
}
