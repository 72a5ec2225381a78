#pragma once

#include <map>
#include <string>

namespace millrace::topiclog::kafka {

/// What a line of `sasl.jaas.config` says, as librdkafka's properties:
///   org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
/// Modules: Plain, Scram, Krb5 (keytab and principal), OAuthBearer (clientId, clientSecret, scope). Throws ConfigError
/// with `property` for anything else.
std::map<std::string, std::string> jaas_properties(const std::string& line, const std::string& mechanism,
                                                   const std::string& property);

}  // namespace millrace::topiclog::kafka
