#pragma once

#include <string_view>

/// Places where a crash test kills the process. MILLRACE_FAILPOINT="NAME[:N]" in the environment makes the N-th
/// (default first) passage of that name raise SIGKILL. Compiled in everywhere: the check is one load of a
/// pointer that is null in production, and what is tested is then the very binary that is shipped.
namespace millrace::failpoint {

extern const char* const armed;
void passed(std::string_view name);

}  // namespace millrace::failpoint

#define MILLRACE_FAILPOINT(name)                                                          \
    do {                                                                                  \
        if (::millrace::failpoint::armed != nullptr) ::millrace::failpoint::passed(name); \
    } while (false)
