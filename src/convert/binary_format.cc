#include "convert/binary_format.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::convert {

void require_name(std::string_view name, std::string_view format_name, std::string_view setting) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (!name.empty() && is_letter(name[0]) &&
        std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); }))
        return;
    throw FatalError(
        format("The name {} is none that {} takes (letters, digits and _, no digit in front): set {}=avro, or "
               "avro_unicode, for the connector",
               name, format_name, setting));
}

}  // namespace millrace::convert
