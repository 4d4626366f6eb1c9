/* SPDX-License-Identifier: Apache-2.0 */
/* Burns MILLIS of CPU time in a function whose name is given to the compiler, then executes the
 * program named by the arguments behind it, if there are any.
 */
#include "burn.h"

#include <unistd.h>

/* Makes the build ids of two such programs differ, which do not cover the names of functions. */
const int salt = SALT;

BURNER(WORK)

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	WORK(millis(argv[1]));
	if (argc > 2) {
		execv(argv[2], argv + 2);
		return 1;
	}
	return 0;
}
