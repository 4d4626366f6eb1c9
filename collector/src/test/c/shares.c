/* SPDX-License-Identifier: Apache-2.0 */
/* Burns MILLIS of CPU time in all, 60, 30 and 10 % of it in three functions, and prints how much it
 * burnt in each.
 */
#include "burn.h"

#include <stdio.h>

BURNER(burn_sixty)
BURNER(burn_thirty)
BURNER(burn_ten)

int main(int argc, char **argv)
{
	long total = millis(argv[argc - 1]);
	long sixty = 0, thirty = 0, ten = 0;

	while (sixty + thirty + ten < total) {
		sixty += burn_sixty(6000000);
		thirty += burn_thirty(3000000);
		ten += burn_ten(1000000);
	}
	printf("%ld %ld %ld\n", sixty, thirty, ten);
	return 0;
}
