/*
 * spin: never leaves the CPU; looks for frames again and again (the paper's active wait). With a
 * ring no system call is made; with recv each look is one.
 */
#include "capturers/members.h"

/* Tells the core that this is a spin loop, so that it neither speculates ahead nor starves a
 * sibling thread. */
static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static int spin_wait(void *state, const struct cb_wait_call *call, struct cb_wait_counts *counts)
{
	relax();
	return 0;
}

const struct cb_wait cb_wait_spin = {
	.member = {.name = "spin",
		.help = "Looks again at once and never sleeps.",
		.paper = "active wait"},
	.wait = spin_wait,
};
