// Burns CPU time in a function that is inlined into another, for the tests of names that come late.
// Takes the seconds of CPU time that it shall use.
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

static inline __attribute__((always_inline)) void squares(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        sink += i * i;
}

static __attribute__((noinline)) void burn(unsigned long count) {
    squares(count);
    sink++;
}

static double used(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    while (used() < seconds)
        burn(1000000);
    return 0;
}
