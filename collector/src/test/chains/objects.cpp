/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that C++ makes: virtual calls, exceptions, its threads. */
#include "chains.h"

#include <exception>
#include <thread>

struct Shape {
	virtual ~Shape() = default;
	virtual void area(long nanos) = 0;
};

struct Circle : Shape {
	void area(long nanos) override;
};

struct Square : Shape {
	long edge = 1;
	void area(long nanos) override;
};

FUNCTION void Circle::area(long nanos)
{
	ENTER("_ZN6Circle4areaEl");
	spin(nanos);
	LEAVE();
}

static Circle circle;

FUNCTION void Square::area(long nanos)
{
	ENTER("_ZN6Square4areaEl");
	circle.area(nanos);
	LEAVE();
}

static Square square;
static Shape *volatile shape = &square;

EXTERN_C FUNCTION void virtual_call(long nanos)
{
	ENTER("virtual_call");
	shape->area(nanos);
	LEAVE();
}

/* ---- exceptions ---- */

static long end_nanos;

struct Thrown {
	long value;
	~Thrown();
};

/* An object that is thrown is destroyed by the runtime library. */
FUNCTION Thrown::~Thrown()
{
	if (end_nanos == 0)
		return;
	ENTER_FOREIGN();
	ENTER("_ZN6ThrownD1Ev|_ZN6ThrownD2Ev");
	spin(end_nanos);
	LEAVE();
	LEAVE();
}

struct Guard {
	~Guard();
};

static long guard_nanos;

FUNCTION Guard::~Guard()
{
	if (guard_nanos == 0)
		return;
	ENTER("_ZN5GuardD1Ev|_ZN5GuardD2Ev");
	spin(guard_nanos);
	LEAVE();
}

EXTERN_C FUNCTION void thrower(long value)
{
	if (value)
		throw Thrown{value};
	sink = value;
}

/* Its destructor runs while the exception passes. */
EXTERN_C FUNCTION void passes(long value)
{
	Guard guard;

	thrower(value);
	sink = value;
}

EXTERN_C FUNCTION void works_in_catch(long nanos)
{
	ENTER("works_in_catch");
	try {
		passes(nanos);
	} catch (const Thrown &thrown) {
		spin(thrown.value);
	}
	LEAVE();
}

EXTERN_C FUNCTION void works_in_destructor(long nanos)
{
	ENTER("works_in_destructor");
	try {
		ENTER("passes");
		guard_nanos = nanos;
		passes(nanos);
	} catch (const Thrown &) {
		LEAVE();
	}
	LEAVE();
}

EXTERN_C FUNCTION void works_in_end_of_catch(long nanos)
{
	ENTER("works_in_end_of_catch");
	end_nanos = nanos;
	try {
		passes(nanos);
	} catch (const Thrown &) {
		sink = nanos;
	}
	LEAVE();
}

/* Clang calls a function here that has neither unwind information nor a frame. */
#ifndef __clang__
static long terminate_nanos;

EXTERN_C FUNCTION void on_terminate()
{
	ENTER("on_terminate");
	spin(terminate_nanos);
	_exit(0);
}

EXTERN_C FUNCTION void never_throws(long nanos) noexcept
{
	ENTER("never_throws");
	ENTER("thrower");
	ENTER_FOREIGN();
	thrower(nanos);
	LEAVE();
}

/* The runtime library finds no handler, and works above the function that threw. */
EXTERN_C FUNCTION void terminates(long nanos)
{
	terminate_nanos = nanos;
	std::set_terminate(on_terminate);
	ENTER("terminates");
	never_throws(nanos);
	LEAVE();
}
#endif

/* When the unwinder of libgcc is about to jump, it has overwritten what its own frame saved: nobody
 * can tell who called it then. So that this stays rare, most of the time is spent in the handler.
 */
EXTERN_C FUNCTION void throws_often(long nanos)
{
	ENTER_LEAF("throws_often");
	REPEAT(nanos, 10,
	       {
		       try {
			       passes(1);
		       } catch (const Thrown &thrown) {
			       work(thrown.value * 10000);
		       }
	       },
	       "work",
	       "passes", "passes;*", "passes;thrower", "passes;thrower;*",
	       "passes;_ZN5GuardD1Ev|_ZN5GuardD2Ev", "*;_ZN6ThrownD1Ev|_ZN6ThrownD2Ev",
	       "passes;*;_ZN6ThrownD1Ev|_ZN6ThrownD2Ev");
	LEAVE();
}

/* ---- a thread of the library: its root is called by code of templates ---- */

EXTERN_C FUNCTION void in_thread(long nanos)
{
	ENTER("in_thread");
	virtual_call(nanos);
	LEAVE();
}

static void in_std_thread(long nanos)
{
	std::thread(in_thread, nanos).join();
}

static const struct scenario scenarios[] = {
	{ "virtual", virtual_call },
	{ "catch", works_in_catch },
	{ "destructor", works_in_destructor },
	{ "end-of-catch", works_in_end_of_catch },
#ifndef __clang__
	{ "terminate", terminates },
#endif
	{ "throw-often", throws_often },
	{ "std-thread", in_std_thread },
	{ nullptr, nullptr },
};

int main(int argc, char **argv)
{
	return run_scenario(scenarios, argc, argv);
}
