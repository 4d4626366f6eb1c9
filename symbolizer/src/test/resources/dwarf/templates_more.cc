#include "templates.h"
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace shapes {
template <int Corners> static double rough(const Polygon<Corners> &polygon) {
    double around = std::accumulate(polygon.sides.begin(), polygon.sides.end(), 0.0);
    return around * around / (4 * Corners * std::tan(3.14159 / Corners));
}

double area(const Any &shape) {
    return std::visit(
        Overloaded{
            [](const Circle &c) { return 3.14159 * c.radius * c.radius; },
            [](const Box &b) { return b.width * b.height; },
            [](const auto &polygon) { return rough(polygon); },
        },
        shape);
}
} // namespace shapes

namespace lists {
template struct Held<std::vector, int, long, std::string>;

std::size_t lengthOf(const std::string &text) {
    if (text.size() > 1000)
        throw std::length_error(text.substr(0, 10));
    return text.find_last_not_of(' ') + 1;
}

int applied(const std::function<int(int)> &f, int times) {
    int value = 0;
    for (int i = 0; i < times; i++)
        value = f(value);
    return value;
}
} // namespace lists
