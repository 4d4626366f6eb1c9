// Says what Go's own run time knows of addresses in this program: it reads them from its standard
// input, in hex, and prints function and file:line of each frame in turn, the innermost first, and
// an empty line. An argument is where it was to begin in memory. To be linked with
// -checklinkname=0.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"unsafe"
)

type funcInfo struct{ function, module unsafe.Pointer }

type unwinder struct {
	function funcInfo
	tree     unsafe.Pointer
}

type frame struct {
	pc    uintptr
	index int32
}

type source struct {
	module    unsafe.Pointer
	name      int32
	startLine int32
	id        uint8
}

//go:linkname findFunction runtime.findfunc
func findFunction(pc uintptr) funcInfo

//go:linkname newUnwinder runtime.newInlineUnwinder
func newUnwinder(function funcInfo, pc uintptr) (unwinder, frame)

//go:linkname next runtime.(*inlineUnwinder).next
func next(of *unwinder, last frame) frame

//go:linkname sourceOf runtime.(*inlineUnwinder).srcFunc
func sourceOf(of *unwinder, at frame) source

//go:linkname lineOf runtime.(*inlineUnwinder).fileLine
func lineOf(of *unwinder, at frame) (string, int)

//go:linkname nameOf runtime.srcFunc.name
func nameOf(of source) string

// The rest is code to ask for: generic, inlined, closures, and much of Go's library.

type number interface{ ~int | ~float64 }

func total[T number](all []T) (sum T) {
	for _, one := range all {
		sum += square(one)
	}
	return
}

func square[T number](of T) T { return of * of }

type shape struct{ Width, Height int }

func (s shape) area() int { return twice(s.Width) * s.Height }

func twice(n int) int { return n + n }

// Set where there is more of the library.
var more = func([]byte) {}

func exercise() int {
	shapes := []shape{{1, 2}, {3, 4}}
	sort.Slice(shapes, func(i, j int) bool { return shapes[i].area() > shapes[j].area() })
	text, _ := json.Marshal(shapes)
	more(text)
	return total([]int{1, 2}) + int(total([]float64{3})) + shapes[0].area()
}

// Where the program is: its first mapping.
func start() uintptr {
	program, _ := os.Executable()
	maps, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.HasSuffix(line, program) {
			start, _ := strconv.ParseUint(strings.SplitN(line, "-", 2)[0], 16, 64)
			return uintptr(start)
		}
	}
	panic("it is not mapped")
}

func main() {
	var moved uintptr
	if len(os.Args) > 1 {
		linked, _ := strconv.ParseUint(os.Args[1], 16, 64)
		moved = start() - uintptr(linked)
	}
	if len(os.Args) > 2 {
		exercise()
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		address, _ := strconv.ParseUint(in.Text(), 16, 64)
		pc := uintptr(address) + moved
		function := findFunction(pc)
		if function.function == nil {
			fmt.Fprint(out, "??\n??:0\n")
		} else {
			of, at := newUnwinder(function, pc)
			for at.pc != 0 {
				file, line := lineOf(&of, at)
				if file == "?" {
					file = "??"
				}
				fmt.Fprintf(out, "%s\n%s:%d\n", nameOf(sourceOf(&of, at)), file, line)
				at = next(&of, at)
			}
		}
		fmt.Fprintln(out)
	}
}
