#pragma once

#include <optional>
#include <string>
#include <vector>

namespace millrace::binlog {

/// The values of a row image that lacks columns (binlog_row_image MINIMAL or NOBLOB), as JSON, by column; an empty
/// text: the column is not in the image, or not wanted.
struct LackingImage {
    std::vector<std::string> values;
    std::vector<std::string> key_values;  ///< As the key has them; of key columns only.
};

}  // namespace millrace::binlog
