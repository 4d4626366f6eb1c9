#include "templates.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>

using algebra::Vector;

template <std::size_t... Sizes> static double dots(double by) {
    auto one = [by](auto size) {
        Vector<decltype(size)::value> a, b;
        for (std::size_t i = 0; i < size; i++) {
            a[i] = by * i;
            b[i] = algebra::Power<3>::of(by + i);
        }
        Vector<decltype(size)::value> all = a * b + a + b * b;
        return std::accumulate(all.slots.begin(), all.slots.end(), 0.0);
    };
    return (one(std::integral_constant<std::size_t, Sizes>{}) + ...);
}

struct Token : shapes::Counted<Token> {
    int value;
    explicit Token(int v) : value(v) {}
    int once() const { return value + made; }
};

template <class Key, class Value, class Compare = std::less<>> class Index {
    std::map<Key, std::vector<std::unique_ptr<Value>>, Compare> entries;

  public:
    template <class... Arguments> Value &add(const Key &key, Arguments &&...arguments) {
        auto &all = entries[key];
        all.push_back(std::make_unique<Value>(std::forward<Arguments>(arguments)...));
        return *all.back();
    }
    template <class F> auto fold(F f) const {
        decltype(f(std::declval<const Value &>())) total{};
        for (const auto &[key, all] : entries)
            for (const auto &one : all)
                total += f(*one) + static_cast<int>(key.size());
        return total;
    }
};

int main(int argc, char **argv) {
    double total = dots<2, 3, 5, 8>(argc);
    std::vector<shapes::Any> all;
    for (int i = 0; i < argc + 3; i++) {
        if (i % 2)
            all.emplace_back(shapes::Circle{double(i)});
        else
            all.emplace_back(shapes::Polygon<3>{{1.0, 2.0, double(i)}});
    }
    std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
        return shapes::area(a) < shapes::area(b);
    });
    for (const auto &shape : all)
        total += shapes::area(shape);
    Index<std::string, Token> tokens;
    lists::Held<std::vector, int, long, std::string> held;
    for (int i = 0; i < argc; i++) {
        tokens.add(argv[i], i);
        held.keep<std::string>(argv[i]);
        held.keep(int(lists::lengthOf(argv[i])));
    }
    total += tokens.fold([](const Token &token) { return token.twice(); });
    lists::each(std::make_tuple(argc, 2L, std::string("three")), [&](auto at, const auto &one) {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(one)>>)
            total += one * int(at);
        else
            total += one.size();
    });
    total += lists::applied([&](int x) { return lists::sum(x, argc, int(held.count())); }, argc);
    std::printf("%f\n", total);
    return 0;
}
