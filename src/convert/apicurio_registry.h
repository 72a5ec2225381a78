#pragma once

#include "convert/schema_registry.h"

namespace millrace::convert {

/// A registry with Apicurio's own API, version 2 or 3 (/apis/registry/v2, /apis/registry/v3). A subject is an artifact
/// in a group. https://www.apicur.io/registry/docs/apicurio-registry/3.0.x/index.html
///
/// Apicurio's serializers register the records within a record as artifacts of their own; here a schema is registered
/// as one, with all that it holds.
class ApicurioRegistry final : public SchemaRegistry {
  public:
    enum class Api { V2, V3 };
    struct Options {
        Api api = Api::V2;
        std::string artifact_type = "AVRO";
        bool auto_register = false;                  ///< apicurio.registry.auto-register
        std::string if_exists = "RETURN_OR_UPDATE";  ///< apicurio.registry.auto-register.if-exists
        bool find_latest = false;                    ///< apicurio.registry.find-latest: it must be ours.
        bool is_content_id = false;                  ///< apicurio.registry.use-id=contentId, else globalId.
    };
    ApicurioRegistry(Connection connection, Options options)
        : SchemaRegistry(std::move(connection)), options_(std::move(options)) {}

  private:
    int64_t ask(const Subject& subject, const std::string& schema) override;
    net::HttpAnswer register_schema(const Subject& subject, const std::string& schema);
    net::HttpAnswer latest(const Subject& subject);
    net::HttpAnswer find(const Subject& subject, const std::string& schema);
    void compare_latest(const Subject& subject, const std::string& schema, int64_t global_id);

    const Options options_;
};

}  // namespace millrace::convert
