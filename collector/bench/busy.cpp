// Keeps a CPU busy the way C++ programs do: strings, a map, sorting, virtual calls.
//
//   busy PERCENT    of one CPU; 100 never rests
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Shape {
    virtual ~Shape() = default;
    virtual uint64_t area(uint64_t side) const = 0;
};

struct Square final : Shape {
    uint64_t area(uint64_t side) const override { return side * side; }
};

struct Hexagon final : Shape {
    uint64_t area(uint64_t side) const override { return side * side * 2598 / 1000; }
};

uint64_t sum_areas(const std::vector<std::unique_ptr<Shape>>& shapes, uint64_t seed) {
    uint64_t sum = seed;
    for (const auto& shape : shapes) sum += shape->area(sum & 0xffff);
    return sum;
}

uint64_t count_words(uint64_t seed) {
    std::map<std::string, int> counts;
    for (int i = 0; i < 400; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        counts["word-" + std::to_string(seed >> 55)]++;
    }
    return seed + counts.size();
}

uint64_t sort_numbers(uint64_t seed) {
    std::vector<uint64_t> numbers(2000);
    for (auto& number : numbers) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        number = seed;
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers[seed % numbers.size()];
}

}  // namespace

int main(int argc, char** argv) {
    using clock = std::chrono::steady_clock;
    const int percent = argc == 2 ? std::atoi(argv[1]) : 100;
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 500; i++)
        if (i % 3)
            shapes.push_back(std::make_unique<Square>());
        else
            shapes.push_back(std::make_unique<Hexagon>());
    for (uint64_t seed = 1;;) {
        const auto start = clock::now();
        while (clock::now() - start < std::chrono::milliseconds(10)) {
            seed = count_words(seed);
            seed = sort_numbers(seed);
            seed = sum_areas(shapes, seed);
        }
        if (percent < 100)
            std::this_thread::sleep_for(std::chrono::milliseconds(10 * (100 - percent) / percent));
    }
}
