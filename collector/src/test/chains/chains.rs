// SPDX-License-Identifier: Apache-2.0
//! Stacks that Rust makes, in the format that chains.h describes.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::io::Write;

#[repr(C)]
struct TimeSpec {
    seconds: i64,
    nanos: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut TimeSpec) -> i32;
    fn gettid() -> i32;
}

const MONOTONIC: i32 = 1;
const THREAD_CPU: i32 = 3;

#[inline(always)]
fn nanos_of(clock: i32) -> i64 {
    let mut now = TimeSpec { seconds: 0, nanos: 0 };
    // SAFETY: the library only writes to the structure.
    unsafe { clock_gettime(clock, &mut now) };
    now.seconds * 1_000_000_000 + now.nanos
}

thread_local! {
    static SHADOW: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    static THREAD: Cell<&'static str> = const { Cell::new("-") };
}

/// Hides from the optimizer what a number is; without optimization, black_box would be a call.
macro_rules! opaque {
    ($number:ident) => {
        // SAFETY: there is no instruction in it.
        unsafe { std::arch::asm!("/* {0} */", inout(reg) $number, options(nomem, nostack)) }
    };
}

/// On the shadow stack as long as it lives, also while a panic passes.
struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        SHADOW.with_borrow_mut(|stack| stack.pop().expect("left more than entered"));
    }
}

fn enter(name: &'static str) -> Entered {
    SHADOW.with_borrow_mut(|stack| stack.push(name));
    Entered
}

fn print(line: String) {
    // One write, so that lines of several threads stay whole; Rust's own standard output would
    // split a long line.
    let mut out = std::mem::ManuallyDrop::new(unsafe {
        <std::fs::File as std::os::fd::FromRawFd>::from_raw_fd(1)
    });
    out.write_all((line + "\n").as_bytes()).expect("standard output");
}

#[inline(never)]
fn tell(also: &str) {
    let chain = SHADOW.with_borrow(|stack| stack.join(";"));
    print(format!("chain: {} {}{}", THREAD.get(), chain, also));
}

#[inline(never)]
fn begin() {
    print(format!("burning {} {}", unsafe { gettid() }, nanos_of(MONOTONIC) + 1_000_000));
}

#[inline(never)]
fn end(nanos: i64) {
    print(format!("done {} {}", unsafe { gettid() }, nanos));
}

#[no_mangle]
#[inline(never)]
pub fn rust_work(rounds: i64) {
    let (mut value, mut round) = (rounds, 0);
    while round < rounds {
        value ^= value << 5;
        opaque!(value);
        round += 1;
    }
}

#[no_mangle]
#[inline(never)]
pub fn rust_spin(nanos: i64) {
    let start = nanos_of(THREAD_CPU);
    let entered = enter("rust_spin");
    tell("");
    tell(";rust_work");
    tell(";*");
    begin();
    while nanos_of(THREAD_CPU) - start < nanos {
        rust_work(20_000);
    }
    end(nanos_of(MONOTONIC));
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_recurse(depth: u32, nanos: i64) {
    let entered = enter("rust_recurse");
    let some = black_box([depth; 4]);
    if depth == 0 {
        rust_spin(nanos);
    } else if depth % 100 == 0 {
        rust_recurse_large(depth - 1, nanos);
    } else {
        rust_recurse(depth - 1, nanos);
    }
    black_box(some);
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_recurse_large(depth: u32, nanos: i64) {
    let entered = enter("rust_recurse_large");
    let much = black_box([depth as u8; 5000]);
    rust_recurse(depth.saturating_sub(1), nanos);
    black_box(&much);
    drop(entered);
}

trait Shape {
    fn area(&self, nanos: i64);
}

struct Circle;
struct Square(Circle);

/// Methods have names that only the compiler knows; what they call is inlined into none of them.
#[no_mangle]
#[inline(never)]
pub fn rust_circle(nanos: i64) {
    let entered = enter("rust_circle");
    rust_spin(nanos);
    drop(entered);
}

impl Shape for Circle {
    #[export_name = "rust_circle_area"]
    #[inline(never)]
    fn area(&self, nanos: i64) {
        let entered = enter("rust_circle_area");
        rust_circle(nanos);
        drop(entered);
    }
}

impl Shape for Square {
    #[export_name = "rust_square_area"]
    #[inline(never)]
    fn area(&self, nanos: i64) {
        let entered = enter("rust_square_area");
        let inner: &dyn Shape = black_box(&self.0);
        inner.area(nanos);
        drop(entered);
    }
}

#[no_mangle]
#[inline(never)]
pub fn rust_dynamic(nanos: i64) {
    let entered = enter("rust_dynamic");
    let shape: Box<dyn Shape> = black_box(Box::new(Square(Circle)));
    shape.area(nanos);
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_tiny(mut value: i64) -> i64 {
    opaque!(value);
    value ^ 1
}

#[no_mangle]
#[inline(never)]
pub fn rust_hot(nanos: i64) {
    let start = nanos_of(THREAD_CPU);
    let entered = enter("rust_hot");
    tell("");
    tell(";rust_tiny");
    tell(";*");
    begin();
    let mut value = 0;
    while nanos_of(THREAD_CPU) - start < nanos {
        let mut round = 0;
        while round < 20_000 {
            value = rust_tiny(value);
            round += 1;
        }
    }
    end(nanos_of(MONOTONIC));
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_in_thread(nanos: i64) {
    THREAD.set("rust-thread");
    let entered = enter("rust_in_thread");
    rust_recurse(60, nanos);
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_panics(depth: u32) {
    if depth == 0 {
        std::panic::resume_unwind(Box::new(black_box(1)));
    }
    rust_panics(depth - 1);
    black_box(depth);
}

/// Without optimization a destructor is called by a function whose name only the compiler knows.
const PANICS: bool = cfg!(all(panic = "unwind", not(debug_assertions)));

/// Works in a destructor that a panic runs.
struct Guard(i64);

impl Drop for Guard {
    #[export_name = "rust_guard"]
    #[inline(never)]
    fn drop(&mut self) {
        let entered = enter("rust_guard");
        rust_spin(self.0);
        drop(entered);
    }
}

#[no_mangle]
#[inline(never)]
pub fn rust_unwinds(nanos: i64) {
    std::mem::forget(enter("rust_unwinds"));
    let guard = Guard(nanos);
    rust_panics(20);
    drop(guard);
}

#[no_mangle]
#[inline(never)]
pub fn rust_catches(nanos: i64) {
    let entered = enter("rust_catches");
    let caught = std::panic::catch_unwind(|| rust_unwinds(nanos));
    assert!(caught.is_err());
    drop(Entered);
    rust_spin(nanos);
    drop(entered);
}

#[no_mangle]
#[inline(never)]
pub fn rust_root(scenario: &str, nanos: i64) -> bool {
    let entered = enter("rust_root");
    match scenario {
        "recursion-300" => rust_recurse(290, nanos),
        "recursion-900" => rust_recurse(880, nanos),
        "dynamic" => rust_dynamic(nanos),
        "hot" => rust_hot(nanos),
        "panic" if PANICS => rust_catches(nanos / 2),
        "thread" => std::thread::Builder::new()
            .name("rust-thread".into())
            .spawn(move || rust_in_thread(nanos))
            .expect("a thread")
            .join()
            .expect("its end"),
        _ => return false,
    }
    drop(entered);
    true
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[1] == "scenarios" {
        println!("recursion-300\nrecursion-900\ndynamic\nhot\nthread");
        if PANICS {
            println!("panic");
        }
        return;
    }
    if cfg!(target_feature = "crt-static") {
        print("library: linked".into());
    }
    if cfg!(panic = "abort") {
        print("entry: main".into());
    }
    let millis: i64 = arguments[2].parse().expect("MILLIS");
    if !rust_root(&arguments[1], millis * 1_000_000) {
        eprintln!("{}: no such scenario", arguments[1]);
        std::process::exit(2);
    }
}
