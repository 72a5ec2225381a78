#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Base64 of RFC 4648: the standard alphabet with padding, and the URL-safe one.
namespace millrace::base64 {

void append(std::string& out, std::string_view bytes);
void append_url_safe(std::string& out, std::string_view bytes);

/// Nothing if `text` is not padded standard base64.
std::optional<std::string> decode(std::string_view text);

}  // namespace millrace::base64
