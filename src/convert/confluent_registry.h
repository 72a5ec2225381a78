#pragma once

#include "convert/schema_registry.h"

namespace millrace::convert {

/// A registry with Confluent's API (Confluent's own, or Apicurio's /apis/ccompat/v7).
/// https://docs.confluent.io/platform/current/schema-registry/develop/api.html
class ConfluentRegistry final : public SchemaRegistry {
  public:
    struct Options {
        bool auto_register = true;  ///< auto.register.schemas; else the schema must be there.
        bool use_latest = false;    ///< use.latest.version: the subject's newest schema must be ours.
        std::string schema_type;    ///< JSON, PROTOBUF; empty: Avro.
    };
    ConfluentRegistry(Connection connection, Options options)
        : SchemaRegistry(std::move(connection)), options_(std::move(options)) {}

  private:
    int64_t ask(const Subject& subject, const std::string& schema) override;

    const Options options_;
};

}  // namespace millrace::convert
