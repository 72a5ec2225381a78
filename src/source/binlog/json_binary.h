#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// MySQL's binary JSON (sql/json_binary.h describes the format) and the diffs of PARTIAL_UPDATE_ROWS events.
namespace millrace::binlog::json_binary {

/// Appends the document as compact JSON text, as Debezium prints documents from the binlog: doubles in exact
/// decimal expansion where Java would use an exponent, temporal values quoted, opaque ones as base64. False if
/// the bytes are damaged or nested more than 200 levels deep; `out` may then hold a part.
bool append_text(std::string& out, std::string_view bytes);

/// Applies a vector of diffs (partial update of one column) to `document` and appends the result as text. False
/// if either is damaged or a path leads nowhere.
bool append_patched_text(std::string& out, std::string_view document, std::string_view diffs);

}  // namespace millrace::binlog::json_binary
