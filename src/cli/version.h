#pragma once

namespace millrace::cli {

constexpr const char* kVersion = "0.1.0";
/// What `GET /` reports: the version of Kafka Connect whose API this is.
constexpr const char* kConnectVersion = "4.1.0";

}  // namespace millrace::cli
