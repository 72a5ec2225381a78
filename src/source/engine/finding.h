#pragma once

#include <string>

namespace millrace::engine {

/// What an examination of the surroundings found: what is wrong, why it matters, and the command or SQL that mends it.
struct Finding {
    enum class Level { Fine, Warning, Problem };
    Level level = Level::Fine;
    std::string what;  ///< "the log is in statement form"
    std::string why;   ///< Empty when all is well.
    std::string mend;
    std::string property = {};  ///< Whose value cannot do its work as things are; empty: no property is to blame.
};

}  // namespace millrace::engine
