/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a library and burns MILLIS of CPU time in it: host LIBRARY MILLIS. */
#include "burn.h"

#include <dlfcn.h>

int main(int argc, char **argv)
{
	long (*work)(long nanos);
	void *library;

	if (argc != 3)
		return 2;
	library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		return 1;
	work = (long (*)(long))dlsym(library, "plugin_work");
	if (!work)
		return 1;
	work(millis(argv[2]));
	return 0;
}
