/* SPDX-License-Identifier: Apache-2.0 */
/* Calls library.c, through the linker's stubs and after dlopen. */
#include "chains.h"

#include <dlfcn.h>

extern long lib_tiny(long value);
extern long lib_tiny_often(long value, long times);
extern void lib_outer(void (*called)(long), long nanos);

FUNCTION void calls_library(long nanos)
{
	/* Bound now, if it is not always bound anew. */
	long value = lib_tiny(nanos);

	ENTER_LEAF("calls_library");
	REPEAT(nanos, 10000, value += lib_tiny(value), "lib_tiny@plt", "lib_tiny", "clock_gettime@plt");
	LEAVE();
	sink = value;
}

FUNCTION void calls_in_library(long nanos)
{
	long value = lib_tiny_often(nanos, 1);

	ENTER_LEAF("calls_in_library");
	REPEAT(nanos, 1, value += lib_tiny_often(value, 100000), "lib_tiny_often",
	       "lib_tiny_often;lib_tiny@plt", "lib_tiny_often;lib_tiny", "lib_tiny_often;*",
	       "lib_tiny_often@plt", "clock_gettime@plt");
	LEAVE();
	sink = value;
}

/* The dynamic linker looks every call up again. */
FUNCTION void calls_unbound(long nanos)
{
	char millis[32];

	if (getenv("LD_BIND_NOT")) {
		calls_library(nanos);
		return;
	}
	setenv("LD_BIND_NOT", "1", 1);
	snprintf(millis, sizeof(millis), "%ld", nanos / 1000000);
	execl("/proc/self/exe", "host", "stub-unbound", millis, (char *)NULL);
	chain_fail("exec");
}

FUNCTION void called_back(long nanos)
{
	ENTER("called_back");
	spin(nanos);
	LEAVE();
}

FUNCTION void goes_through(long nanos)
{
	ENTER("goes_through");
	lib_outer(called_back, nanos);
	LEAVE();
}

typedef void (*plugin_outer)(void (*called)(long), long nanos);

FUNCTION void *opens(const char *file, const char *function, long nanos)
{
	void *opened = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
	plugin_outer outer;

	if (!opened)
		chain_fail(dlerror());
	outer = (plugin_outer)dlsym(opened, function);
	if (!outer)
		chain_fail(dlerror());
	ENTER("opens");
	outer(called_back, nanos);
	LEAVE();
	return opened;
}

FUNCTION void opens_once(long nanos)
{
	ENTER("opens_once");
	opens("libplugin_a.so", "plugin_a_outer", nanos);
	LEAVE();
}

#define REOPENED 20

/* Other code again and again at the same address, if the kernel so chooses. */
FUNCTION void opens_again(long nanos)
{
	int i;

	ENTER("opens_again");
	for (i = 0; i < REOPENED; i++) {
		void *opened = i % 2 ? opens("libplugin_b.so", "plugin_b_outer", nanos / REOPENED)
				     : opens("libplugin_a.so", "plugin_a_outer", nanos / REOPENED);

		if (dlclose(opened))
			chain_fail(dlerror());
	}
	LEAVE();
}

static const struct scenario scenarios[] = {
	{ "stub", calls_library },
	{ "stub-in-library", calls_in_library },
	{ "stub-unbound", calls_unbound },
	{ "through-library", goes_through },
	{ "open", opens_once },
	{ "open-again", opens_again },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return run_scenario(scenarios, argc, argv);
}
