/* SPDX-License-Identifier: Apache-2.0 */
/* Burns MILLIS of CPU time in a handler of a signal, and as much before that. */
#include "burn.h"

#include <signal.h>

static long nanos;

BURNER(early_work)
BURNER(handler_work)

static void handle(int number)
{
	(void)number;
	handler_work(nanos);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handle };

	if (argc != 2)
		return 2;
	nanos = millis(argv[1]);
	/* A binary is unwound by its tables from a moment after it is seen first. */
	early_work(nanos);
	return sigaction(SIGUSR1, &action, NULL) || raise(SIGUSR1);
}
