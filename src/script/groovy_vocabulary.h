#pragma once

#include <span>
#include <string>
#include <string_view>

/// What groovy_translation knows of Groovy's words, and how they are written in JavaScript.
namespace millrace::script::groovy {

/// Whether a script sees a record's part under this name.
bool is_input(std::string_view name);
/// Whether no variable may be called so, in Groovy or in JavaScript.
bool is_keyword(std::string_view name);
/// Whether values can be cast to it.
bool is_cast_type(std::string_view name);

/// A method's name in JavaScript. Throws std::invalid_argument for one that is not known.
std::string method_of(const std::string& name);
/// A number as written, with its suffix, in JavaScript. Throws std::invalid_argument for what is none.
std::string number(const std::string& written);

struct BinaryOperator {
    std::string_view text;
    int strength;                  ///< The greater, the tighter it binds.
    std::string_view translation;  ///< With {0} and {1}.
};
std::span<const BinaryOperator> binary_operators();
constexpr int kCastStrength = 7;  ///< `as` binds as comparisons do.

}  // namespace millrace::script::groovy
