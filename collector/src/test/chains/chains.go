// SPDX-License-Identifier: Apache-2.0

// Stacks that Go makes, in the format that chains.h describes. It imports little, as every package
// has to be compiled where there is no cache, and it allocates only before it burns.
package main

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

const (
	monotonic = 1
	threadCPU = 3
	workRound = 20000
)

type shadow struct {
	names []string
	// Goroutines have stacks of their own, and so shadows.
	nanos int64
}

func (s *shadow) enter(name string) { s.names = append(s.names, name) }
func (s *shadow) leave()            { s.names = s.names[:len(s.names)-1] }

func print(line string) {
	if _, err := syscall.Write(1, []byte(line+"\n")); err != nil {
		os.Exit(3)
	}
}

func number(n int64) string {
	digits := ""
	for ; n >= 10; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return string(rune('0'+n)) + digits
}

func (s *shadow) tell(also string) {
	print("chain: - " + strings.Join(s.names, ";") + also)
}

func nanosOf(clock uintptr) int64 {
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

func begin() {
	print("burning " + number(int64(syscall.Gettid())) + " " + number(nanosOf(monotonic)+1000000))
}

func end(nanos int64) {
	print("done " + number(int64(syscall.Gettid())) + " " + number(nanos))
}

var sink int64

//go:noinline
func work(rounds int64) {
	value := rounds
	for i := int64(0); i < rounds; i++ {
		value = value*6364136223846793005 + i
	}
	sink = value
}

//go:noinline
func spin(s *shadow) {
	// Its window is one of one thread.
	runtime.LockOSThread()
	s.enter("main.spin")
	s.tell("")
	s.tell(";main.work")
	s.tell(";*")
	begin()
	for start := nanosOf(threadCPU); nanosOf(threadCPU)-start < s.nanos; {
		work(workRound)
	}
	end(nanosOf(monotonic))
	s.leave()
	runtime.UnlockOSThread()
}

//go:noinline
func recurse(s *shadow, depth int) {
	s.enter("main.recurse")
	switch {
	case depth == 0:
		spin(s)
	case depth%50 == 0:
		recurseLarge(s, depth-1)
	default:
		recurse(s, depth-1)
	}
	s.leave()
}

//go:noinline
func touch(much *[5000]byte) {
	much[len(os.Args)]++
}

//go:noinline
func recurseLarge(s *shadow, depth int) {
	var much [5000]byte
	touch(&much)
	s.enter("main.recurseLarge")
	recurse(s, depth-1)
	s.leave()
	touch(&much)
}

// A leaf without a frame.
//
//go:noinline
func tiny(value int64) int64 {
	return value + 1
}

// With a frame, but of a few bytes.
//
//go:noinline
func small(value int64) int64 {
	return tiny(value) + tiny(value+1)
}

//go:noinline
func hot(s *shadow) {
	runtime.LockOSThread()
	s.enter("main.hot")
	s.tell("")
	s.tell(";main.tiny")
	s.tell(";main.small")
	s.tell(";main.small;main.tiny")
	s.tell(";*")
	begin()
	value := int64(1)
	for start := nanosOf(threadCPU); nanosOf(threadCPU)-start < s.nanos; {
		for i := 0; i < workRound; i++ {
			value = tiny(value) + small(value)
		}
	}
	end(nanosOf(monotonic))
	sink = value
	s.leave()
	runtime.UnlockOSThread()
}

//go:noinline
func calls(f func()) {
	f()
}

//go:noinline
func closure(s *shadow) {
	s.enter("main.closure")
	s.enter("main.calls")
	calls(func() {
		s.enter("main.closure.func1")
		recurse(s, 3)
		s.leave()
	})
	s.leave()
	s.leave()
}

var deferredShadow *shadow

// Without arguments, so that the compiler needs no function between.
//
//go:noinline
func deferred() {
	deferredShadow.enter("main.deferred")
	// Without optimization it is the runtime that calls it.
	unoptimized := &shadow{names: []string{"main.main", "main.defers", "*", "main.deferred"}}
	unoptimized.tell(";main.spin")
	unoptimized.tell(";main.spin;main.work")
	unoptimized.tell(";main.spin;*")
	spin(deferredShadow)
	deferredShadow.leave()
	deferredShadow.leave()
}

//go:noinline
func defers(s *shadow) {
	s.enter("main.defers")
	deferredShadow = s
	defer deferred()
}

// The deferred function runs while a panic passes: frames of the runtime are between.
//
//go:noinline
func panics(s *shadow) {
	s.enter("main.panics")
	defer func() {
		s.enter("*")
		s.enter("main.panics.func1")
		if recover() == nil {
			os.Exit(3)
		}
		spin(s)
		s.leave()
		s.leave()
		s.leave()
	}()
	panic(s)
}

type shape interface{ area(s *shadow) }
type circle struct{ radius int }

//go:noinline
func (c *circle) area(s *shadow) {
	s.enter("main.(*circle).area")
	spin(s)
	s.leave()
}

//go:noinline
func dynamic(s *shadow, of shape) {
	s.enter("main.dynamic")
	of.area(s)
	s.leave()
}

//go:noinline
func worker(s *shadow, done chan bool) {
	s.enter("main.worker")
	recurse(s, 20)
	s.leave()
	done <- true
}

//go:noinline
func systemCalls(s *shadow) {
	runtime.LockOSThread()
	s.enter("main.systemCalls")
	s.tell("")
	s.tell(";*")
	begin()
	for start := nanosOf(threadCPU); nanosOf(threadCPU)-start < s.nanos; {
		for i := 0; i < 1000; i++ {
			sink = int64(syscall.Getppid())
		}
	}
	end(nanosOf(monotonic))
	s.leave()
	runtime.UnlockOSThread()
}

//go:noinline
func goroutines(s *shadow) {
	done := make(chan bool)
	for i := 0; i < 2; i++ {
		go worker(&shadow{names: make([]string, 0, 1024), nanos: s.nanos / 2}, done)
	}
	<-done
	<-done
}

//go:noinline
func recursion300(s *shadow) {
	s.enter("main.recursion300")
	recurse(s, 290)
	s.leave()
}

//go:noinline
func recursion900(s *shadow) {
	s.enter("main.recursion900")
	recurse(s, 880)
	s.leave()
}

//go:noinline
func callsShape(s *shadow) {
	s.enter("main.callsShape")
	dynamic(s, &circle{})
	s.leave()
}

var scenarios = []struct {
	name string
	run  func(s *shadow)
}{
	{"recursion-300", recursion300},
	{"recursion-900", recursion900},
	{"hot", hot},
	{"closure", closure},
	{"defer", defers},
	{"panic", panics},
	{"dynamic", callsShape},
	{"system-call", systemCalls},
	{"goroutines", goroutines},
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "scenarios" {
		for _, scenario := range scenarios {
			print(scenario.name)
		}
		return
	}
	if len(os.Args) != 3 {
		os.Exit(2)
	}
	// Go's own signals would add stacks of its runtime.
	if os.Getenv("GODEBUG") == "" {
		environment := append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
		syscall.Exec("/proc/self/exe", os.Args, environment)
		os.Exit(3)
	}
	millis := int64(0)
	for _, digit := range os.Args[2] {
		millis = millis*10 + int64(digit-'0')
	}
	s := &shadow{names: make([]string, 0, 1024), nanos: millis * 1000000}
	print("library: linked")
	s.enter("main.main")
	for _, scenario := range scenarios {
		if scenario.name == os.Args[1] {
			scenario.run(s)
			return
		}
	}
	os.Exit(2)
}
