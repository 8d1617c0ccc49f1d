# templates.sh: writes one large C++ source that is the same everywhere: 2 classes, each in containers of the standard library.
cat <<'END'
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
END
for i in $(seq 2); do
    cat <<END
struct C$i { std::string name; int value; bool operator<(const C$i& other) const { return value < other.value; } };
long use$i() {
    std::map<int, C$i> by_value; std::set<C$i> all; std::unordered_map<std::string, std::shared_ptr<C$i>> by_name;
    std::vector<C$i> list;
    for (int i = 0; i < 10; i++) {
        C$i c{"name" + std::to_string(i), i * $i % 7};
        by_value[i] = c; all.insert(c); by_name[c.name] = std::make_shared<C$i>(c); list.push_back(c);
    }
    std::sort(list.begin(), list.end());
    std::function<long(const C$i&)> value = [&](const C$i& c) { return c.value + static_cast<long>(by_name.size()); };
    long sum = 0;
    for (const auto& c : list) sum += value(c);
    std::ostringstream text; text << sum << by_value.size() << all.size();
    return std::stol(text.str());
}
END
done
echo 'int main() { long sum = 0;'
for i in $(seq 2); do echo "sum += use$i();"; done
printf '%s\n' 'std::cout << sum << std::endl; }'
