# Booting a guest: what tests in a virtual machine and the machines of the laboratory share.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of the scripts that share this

vm=$root/build-vm
leash=()
# yes: one emulated CPU, whose clock counts its instructions, 1 ns each. Slow, but nothing else that this
# machine does is felt in it.
instruction_clock=no

# make_image ROLE [PROGRAM]: kernel and initramfs in $kernel and $initramfs. When it fails, the reason is in
# $image_said and the status that of scripts/lab.d/image: 77 when they can't be made here.
make_image()
{
	local status=0 said
	said=$("$root/scripts/lab.d/image" "$@" 9>&-) || status=$?
	image_said=$(tail -n 1 <<<"$said")
	kernel=$(sed -n 2p <<<"$said") initramfs=$(sed -n 3p <<<"$said")
	return $status
}

# find_accelerator: kvm, when a kernel boots with it within five seconds (where machines are nested, it
# may be there and hang), else tcg; in $accelerator. It is tried once after each boot of this machine.
find_accelerator()
{
	local known=$vm/accelerator boot status=0
	boot=$(cat /proc/sys/kernel/random/boot_id)
	if [ -f "$known" ] && [ "$(cut -d ' ' -f 1 "$known")" = "$boot" ]; then
		accelerator=$(cut -d ' ' -f 2 "$known")
		return
	fi
	accelerator=tcg
	if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
		# Without a root file system it panics, which ends qemu.
		timeout -k 1 5 qemu-system-x86_64 -accel kvm -cpu host -M pc -m 256 -nodefaults -no-user-config \
			-display none -no-reboot -kernel "$1" -append "panic=-1" </dev/null >/dev/null 2>&1 || status=$?
		[ $status -ne 0 ] || accelerator=kvm
	fi
	echo "$boot $accelerator" >"$known"
}

# boot_guest MEGABYTES WORD... -- QEMU_ARGUMENT...: with $kernel and $initramfs; words go to the kernel. Its
# pid is in $guest. What qemu says, goes to stdout. $leash, if any, is what starts it.
boot_guest()
{
	local memory=$1 cpu=max machine=(-accel "$accelerator$(threads)" -smp 2)
	local words=(console=ttyS0 panic=-1 oops=panic mitigations=off no_timer_check
		random.trust_cpu=on net.ifnames=0)
	shift
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	case $accelerator:$instruction_clock in
	*:yes)
		machine=(-accel "tcg,thread=single" -icount "shift=0,sleep=off" -smp 1)
		words+=(tsc=reliable)
		;;
	# Without the first word the emulated clock is taken for unstable, and reading HPET in its place costs
	# ten times as much. Without the other the kernel measures the clock's rate when it boots, against an
	# emulated timer; on a busy machine it may be wrong by a third, and all its times and rates are, then.
	tcg:no) words+=(tsc=reliable "tsc_early_khz=$("$vm/tsc")") ;;
	kvm:no) cpu=host ;;
	esac
	"${leash[@]}" qemu-system-x86_64 "${machine[@]}" -cpu "$cpu" -M pc \
		-m "$memory" -nodefaults -no-user-config -display none -no-reboot -kernel "$kernel" -initrd "$initramfs" \
		-append "${words[*]}" "$@" 2>&1 </dev/null &
	guest=$!
}

threads()
{
	[ "$accelerator" != tcg ] || echo ,thread=multi
}
