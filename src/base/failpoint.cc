#include "base/failpoint.h"

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "base/text.h"

namespace millrace::failpoint {

const char* const armed = std::getenv("MILLRACE_FAILPOINT");

void passed(std::string_view name) {
    static std::atomic<int64_t> count{0};
    const std::string_view wanted = armed;
    const size_t colon = wanted.find(':');
    if (wanted.substr(0, colon) != name) return;
    const int64_t limit = colon == std::string_view::npos ? 1 : parse_int(wanted.substr(colon + 1)).value_or(1);
    if (++count == limit) std::raise(SIGKILL);
}

}  // namespace millrace::failpoint
