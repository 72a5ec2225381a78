#pragma once

#include <string>

#include "config/settings.h"

namespace millrace::events {

/// schema.name.adjustment.mode and field.name.adjustment.mode: names as Avro allows them. Works on Java's characters
/// (UTF-16 units), as consumers that look names up do.
class NameAdjustment {
  public:
    enum class Mode {
        None,
        Avro,         ///< What Avro forbids becomes '_'; a digit in front keeps its place behind one.
        AvroUnicode,  ///< What Avro forbids, and '_' itself, becomes _u and the character's hexadecimal number.
    };
    enum class Of { Schemas, Fields };  ///< Names of schemas may hold dots.

    NameAdjustment(Mode mode, Of of) : mode_(mode), of_(of) {}
    /// Throws ConfigError.
    static NameAdjustment from(const config::Settings& settings, Of of);

    std::string apply(const std::string& name) const;

  private:
    bool is_valid(char16_t unit, bool is_first) const;

    Mode mode_;
    Of of_;
};

/// "_u00e4": how the unicode modes write a character.
std::string unicode_escape(char16_t unit);

}  // namespace millrace::events
