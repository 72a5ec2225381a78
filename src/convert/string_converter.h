#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace millrace::convert {

/// org.apache.kafka.connect.storage.StringConverter: a value's Java toString(). Structs are Struct{name=value,…}
/// without their nulls. It reads what the JSON converter wrote with schemas (and nulls left null), so that there is one
/// way from a row to text. Not thread-safe.
class StringConverter {
  public:
    StringConverter();
    ~StringConverter();
    StringConverter(StringConverter&&) noexcept;

    /// Appends the text of {"schema":…,"payload":…}, given in two parts: `prefix` ends behind "payload":, `rest` is the
    /// payload and the closing brace; or `prefix` is empty and `rest` is all of it. False if the value is null. Throws
    /// FatalError for what is none of the JSON converter's.
    bool append(std::string& out, std::string_view prefix, std::string_view rest);

  private:
    struct Shape;
    const Shape& shape_of(std::string_view prefix);

    std::map<std::string, std::unique_ptr<Shape>, std::less<>> shapes_;  ///< By prefix.
};

}  // namespace millrace::convert
