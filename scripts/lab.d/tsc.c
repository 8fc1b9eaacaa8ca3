/*
 * Prints the rate of this machine's time-stamp counter in kHz, by CLOCK_MONOTONIC.
 *
 * It is an emulated machine's rate, too: qemu's TCG gives its guests the counter of the host
 * (cpu_get_ticks() in softmmu/cpu-timers.c, without -icount), and its timers are those of
 * CLOCK_MONOTONIC.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct sample {
	uint64_t tsc, width, ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Both clocks at once: the closest of many readings, as in any of them the CPU may have been taken
 * away. */
static struct sample sample_take(void)
{
	struct sample best = {.width = UINT64_MAX};

	for (int i = 0; i < 100; i++) {
		uint64_t before = __rdtsc(), ns = now_ns(), width = __rdtsc() - before;

		if (width < best.width)
			best = (struct sample){.tsc = before + width / 2, .width = width, .ns = ns};
	}
	return best;
}

int main(void)
{
	struct sample from = sample_take(), to;
	struct timespec pause = {.tv_nsec = 50000000};

	nanosleep(&pause, NULL);
	to = sample_take();
	printf("%llu\n", (unsigned long long)((to.tsc - from.tsc) * 1000000 / (to.ns - from.ns)));
	return 0;
}
