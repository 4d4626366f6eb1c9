// Names of every kind that compilers of C++20 make. It is compiled, and never run.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#define KEEP __attribute__((used, noinline))

namespace {
struct Hidden {
	KEEP int f() { return 1; }
};
} // namespace

namespace outer::inner {
struct Base {
	virtual ~Base() = default;
	KEEP virtual Base *self() { return this; }
	explicit KEEP Base(int) {}
	Base() = default;
};
struct Left : virtual Base {
	KEEP Left *self() override { return this; }
};
struct Right : virtual Base {
	using Base::Base;
	KEEP Right *self() override { return this; }
};
struct Both : Left, Right {
	KEEP Both *self() override { return this; }
};
enum class Color { RED, GREEN = -3 };
struct Value {
	int a;
	constexpr bool operator==(const Value &) const = default;
};
} // namespace outer::inner

using namespace outer::inner;

template <typename T> struct Box {
	T t;
	template <typename U> KEEP operator U *() { return nullptr; }
	KEEP operator T() const { return t; }
	KEEP int operator<=>(const Box &) const { return 0; }
	template <int N> struct In {
		KEEP void f(In<N> *) {}
	};
	KEEP void l() & {}
	KEEP void r() && {}
	KEEP void cv() const volatile {}
	KEEP T operator[](int) { return t; }
	KEEP T *operator->() { return &t; }
	KEEP T operator()(int, ...) { return t; }
	KEEP void *operator new(unsigned long, void *p) { return p; }
	KEEP Box &operator+=(const Box &) { return *this; }
	KEEP Box &operator,(const Box &) { return *this; }
	friend KEEP bool operator<(const Box &, const Box &) { return false; }
};

template <auto... V> KEEP void values() {}
template <typename... T> KEEP void types(T...) {}
template <typename... T> KEEP void references(T &&...) {}
template <template <typename> class C, typename T> KEEP void templates(C<T>) {}
template <typename T> KEEP auto sum(T a, T b) -> decltype(a + b * a) { return a; }
template <typename T> KEEP auto call(T f) -> decltype(f(1, 2)) { return f(1, 2); }
template <typename T> KEEP auto member(T t) -> decltype(t.a) { return t.a; }
template <typename T> KEEP auto arrow(T *t) -> decltype((t->a, t->T::a)) { return t->a; }
template <typename T> KEEP auto made() -> decltype(new T(1)) { return nullptr; }
template <typename T> KEEP auto thrown(T t) -> decltype(t ? throw 1 : t) { return t; }
template <typename T> KEEP auto casted(T t) -> decltype(static_cast<long>(t), (short)t) { return 1; }
template <typename T> KEEP auto listed(T t) -> decltype(Box<T>{t}) { return {t}; }
template <typename T> KEEP auto size(T) -> decltype(sizeof(T) + sizeof(T{})) { return 1; }
template <typename... T> KEEP auto sizes(T...) -> decltype(sizeof...(T)) { return 1; }
template <typename... T> KEEP auto folded(T... t) -> decltype((t + ...)) { return 1; }
template <typename... T> KEEP auto foldedFrom(T... t) -> decltype((0 + ... + t)) { return 1; }
template <typename T> KEEP auto scoped() -> decltype(typename T::template In<3>()) { return {}; }
template <typename T> KEEP typename T::template In<4> named(typename T::template In<4> *) { return {}; }
template <int N> KEEP void array(int (&)[N], int (*)[N + 1]) {}
template <int N> struct Sized {};
template <int N> KEEP void computed(Sized<N * 2 + 1>, Sized<(N > 3)>, Sized<(N >> 1)>, Sized<-N>, Sized<!N>) {}
template <typename T> concept Small = sizeof(T) <= 8;
template <typename T> KEEP void constrained(T) requires Small<T> && (sizeof(T) > 1) {}
template <Small T> KEEP void terse(T, Small auto) {}
template <typename T> KEEP void required(T) requires requires(T a) { a + a; typename Box<T>; { a * a } noexcept; } {}
template <typename R, typename... A> KEEP void signature(R (*)(A...) noexcept, R (Box<int>::*)(A...) const &) {}
template <typename T> struct [[gnu::abi_tag("one", "two")]] Tagged {
	KEEP void f(Tagged) {}
};
template <typename F> KEEP void with(F f) { f(); }
template <typename T> KEEP void inLocal(T) {
	struct Local {
		KEEP void f(T) {}
		struct Deep {
			KEEP void g() {}
		};
	};
	Local().f({});
	typename Local::Deep().g();
	static T once = T();
	(void)once;
	with([] { with([] {}); });
	with([=, k = 1]() mutable { return k; });
	auto generic = [](auto a, auto &&...b) { return sizeof(a) + sizeof...(b); };
	generic(1, 2, 3);
	auto templated = []<typename U, int N>(U, int (&)[N]) {};
	int x[3];
	templated(1, x);
}
KEEP void defaults(std::function<int(int)> = [](int a) { return a; }, Hidden = {}) {}
struct Anonymous {
	struct {
		KEEP void f() {}
	} unnamed;
	int member = [] { return 3; }();
	enum { A, B };
};
KEEP unsigned long long operator""_units(unsigned long long n) { return n; }
KEEP long double operator""_units(const char *, unsigned long) { return 1; }
typedef int Vector __attribute__((vector_size(16)));
KEEP void vectors(Vector, Vector *, __int128, unsigned __int128, char8_t, char16_t, char32_t, wchar_t) {}
KEEP void pointers(int **const *, int *(*)[3], int (*(*)(int))(char), void (*[3])(), int Both::*, const volatile int *__restrict) {}
KEEP void varargs(const char *, ...) {}
KEEP void complexes(_Complex float, _Complex double) {}
KEEP void nothing(std::nullptr_t, decltype(nullptr) *) {}
inline thread_local std::string perThread = "x";
template <typename T> T variable = T(3);
template <> KEEP int variable<int> = 4;
static void (*volatile sink)(int **const *, int *(*)[3], int (*(*)(int))(char), void (*[3])(), int Both::*, const volatile int *) =
	pointers;

KEEP int main_(int argc, char **) {
	Box<int> box{1};
	box.l(), Box<int>{}.r(), box.cv(), box[1], box(1), box += box, (box, box);
	(void)(box < box), (void)(box <=> box), (void)static_cast<char *>(box), (void)static_cast<int>(box);
	Box<std::string>::In<3> in;
	in.f(nullptr);
	values<1, -2l, 3u, true, 'x', Color::GREEN, nullptr, &pointers, &Both::self, (short)3>();
#if !defined(__clang__) || __clang_major__ >= 18
	values<Value{3}, 1.5, 2.5f>();
#endif
	types(1, 2.0, "x", box, Hidden(), [] {}, nullptr, std::string(), std::vector<std::map<int, std::string>>());
	types();
	references(box, 1, std::move(box), main_);
	templates(box);
	sum(1, 2), member(Value{1}), thrown(1), casted(1), listed(1), size(1), sizes(1, 2), folded(1, 2), foldedFrom(1);
	call([](int, int) { return 1; }), arrow(new Value{1}), made<int>();
	scoped<Box<int>>(), named<Box<int>>(nullptr);
	int three[3];
	int four[4];
	array(three, &four);
	computed<5>({}, {}, {}, {}, {});
	constrained(2), terse(1, 2), required(1);
	signature((int (*)(int) noexcept) nullptr, (int (Box<int>::*)(int) const &)nullptr);
	Tagged<int>().f({});
	inLocal(1), inLocal(std::string()), inLocal(Color::RED);
	defaults();
	Anonymous().unnamed.f();
	types(Anonymous::A, Anonymous().unnamed);
	(void)(1_units), (void)("x"_units);
	std::variant<int, std::string> either = 1;
	std::visit([](auto &v) { types(v); }, either);
	std::make_shared<Both>()->self();
	auto [a, b] = std::tuple(1, std::string());
	perThread += variable<int> + variable<long>;
	Hidden().f();
	vectors(Vector{}, nullptr, 1, 1, u8'a', u'a', U'a', L'a'), varargs("x", 1), complexes(1, 1), nothing(nullptr, nullptr);
	return argc + a;
}
static const std::string &bound = std::string("reference");
KEEP const std::string *boundTo() { return &bound; }
Both both;
