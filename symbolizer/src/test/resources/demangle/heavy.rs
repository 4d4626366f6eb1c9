// Names of every kind that Rust makes. It is compiled, and never run.
#![allow(dead_code, non_snake_case, uncommon_codepoints)]
use std::collections::BTreeMap;

#[inline(never)]
pub fn number<const N: usize>() {}
#[inline(never)]
pub fn signed<const N: i128>() {}
#[inline(never)]
pub fn wide<const N: u128>() {}
#[inline(never)]
pub fn character<const C: char>() {}
#[inline(never)]
pub fn boolean<const B: bool>() {}
#[inline(never)]
pub fn of<T: ?Sized>() {}

pub trait Shape {
    type Area;
    fn area(&self);
}
pub trait Borrowing<'a, T> {
    type Out;
}
pub struct Point<T> {
    x: T,
}
impl Shape for (i32, &str) {
    type Area = u8;
    #[inline(never)]
    fn area(&self) {
        let inner = || of::<Self>();
        inner();
    }
}
impl<T> Shape for [T] {
    type Area = u8;
    #[inline(never)]
    fn area(&self) {}
}
impl<T: Clone> Point<T> {
    #[inline(never)]
    pub fn method(&self) -> T {
        fn local<U>() {
            let nested = |x: i32| {
                let deeper = move || x;
                deeper()
            };
            nested(3);
            of::<U>();
        }
        local::<T>();
        self.x.clone()
    }
}
pub mod größe {
    pub struct Ψ;
    #[inline(never)]
    pub fn 函数() {
        super::of::<Ψ>()
    }
}
extern "C" fn of_c() {}

macro_rules! each {
    ($($t:ty),* $(,)?) => { $( of::<$t>(); )* }
}

fn main() {
    number::<0>();
    number::<17>();
    number::<{ usize::MAX }>();
    signed::<-5>();
    signed::<{ i128::MIN }>();
    wide::<{ u128::MAX }>();
    character::<'a'>();
    character::<'\''>();
    character::<'"'>();
    character::<'\n'>();
    character::<'\u{202e}'>();
    character::<'é'>();
    character::<'\u{301}'>();
    character::<'\0'>();
    character::<'\u{1F600}'>();
    boolean::<true>();
    boolean::<false>();
    each!(
        fn(),
        fn(u8) -> u8,
        unsafe fn(),
        extern "C" fn(u8),
        unsafe extern "system" fn(),
        for<'a> fn(&'a u8) -> &'a u8,
        for<'a, 'b> fn(&'a u8, &'b mut u16, fn(&'a u8)),
        dyn Fn(u8) -> u8,
        dyn Fn(&u8) -> &u8 + Send,
        dyn Shape<Area = u8>,
        dyn Shape<Area = u8> + Sync + Send + 'static,
        dyn for<'a> Borrowing<'a, &'a u8, Out = &'a str>,
        dyn for<'a> Borrowing<'a, for<'b> fn(&'b &'a u8), Out = ()>,
        [u8],
        [u8; 3],
        [&'static str; 0],
        (),
        (u8,),
        (u8, u16),
        *const u8,
        *mut u8,
        &'static mut u8,
        str,
        char,
        f32,
        f64,
        i8,
        i16,
        i64,
        u64,
        isize,
        usize,
        u128,
        i128,
        Option<Box<dyn Shape<Area = [u8; 7]>>>,
        <[u8] as Shape>::Area,
    );
    (1i32, "").area();
    [1u8].area();
    Point { x: 1 }.method();
    Point { x: String::new() }.method();
    größe::函数();
    of_c();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for word in std::env::args().map(|x| {
        let again = move || x.clone();
        again()
    }) {
        *counts.entry(word).or_default() += 1;
    }
    println!("{counts:?}");
    std::thread::spawn(|| println!("x")).join().unwrap();
}
