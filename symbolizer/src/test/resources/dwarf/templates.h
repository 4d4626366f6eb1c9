// Code that is made of templates, most of which are inlined into each other.
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace algebra {
// Sums and products that are only worked out when they are asked for.
template <class Self> struct Term {
    const Self &self() const { return static_cast<const Self &>(*this); }
};

template <std::size_t N, class T = double> struct Vector : Term<Vector<N, T>> {
    std::array<T, N> slots{};
    Vector() = default;
    template <class Other> Vector(const Term<Other> &other) {
        for (std::size_t i = 0; i < N; i++)
            slots[i] = other.self()[i];
    }
    T operator[](std::size_t i) const { return slots[i]; }
    T &operator[](std::size_t i) { return slots[i]; }
};

template <class Left, class Right, class How> struct Pair : Term<Pair<Left, Right, How>> {
    const Left &left;
    const Right &right;
    Pair(const Left &l, const Right &r) : left(l), right(r) {}
    auto operator[](std::size_t i) const { return How::of(left[i], right[i]); }
};

struct Plus { template <class T> static T of(T a, T b) { return a + b; } };
struct Times { template <class T> static T of(T a, T b) { return a * b; } };

template <class L, class R> Pair<L, R, Plus> operator+(const Term<L> &l, const Term<R> &r) {
    return {l.self(), r.self()};
}
template <class L, class R> Pair<L, R, Times> operator*(const Term<L> &l, const Term<R> &r) {
    return {l.self(), r.self()};
}

template <std::size_t N> struct Power {
    template <class T> static T of(T base) { return base * Power<N - 1>::of(base); }
};
template <> struct Power<0> {
    template <class T> static T of(T) { return T(1); }
};
} // namespace algebra

namespace shapes {
template <class... Cases> struct Overloaded : Cases... { using Cases::operator()...; };
template <class... Cases> Overloaded(Cases...) -> Overloaded<Cases...>;

struct Circle { double radius; };
struct Box { double width, height; };
template <int Corners> struct Polygon { std::array<double, Corners> sides; };
using Any = std::variant<Circle, Box, Polygon<3>, Polygon<5>>;

template <class Self> struct Counted {
    static inline int made = 0;
    Counted() { made++; }
    int twice() const { return static_cast<const Self *>(this)->once() * 2; }
};

double area(const Any &shape);
} // namespace shapes

namespace lists {
template <class Tuple, class F, std::size_t... At>
void each(Tuple &&tuple, F &&f, std::index_sequence<At...>) {
    (f(std::integral_constant<std::size_t, At>{}, std::get<At>(tuple)), ...);
}
template <class... Ts, class F> void each(const std::tuple<Ts...> &tuple, F &&f) {
    each(tuple, std::forward<F>(f), std::index_sequence_for<Ts...>{});
}
template <class T, class... Rest> auto sum(T first, Rest... rest) {
    if constexpr (sizeof...(rest) == 0)
        return first;
    else
        return first + sum(rest...);
}
template <template <class...> class Holder, class... Ts> struct Held {
    std::tuple<Holder<Ts>...> held;
    template <class T> void keep(T value) { std::get<Holder<T>>(held).push_back(value); }
    std::size_t count() const {
        return std::apply([](const auto &...all) { return (all.size() + ... + 0); }, held);
    }
};

extern template struct Held<std::vector, int, long, std::string>;
std::size_t lengthOf(const std::string &text);
int applied(const std::function<int(int)> &f, int times);
} // namespace lists
