#pragma once

namespace millrace::cli {

constexpr const char* kVersion = "0.1.0";

}  // namespace millrace::cli
