#pragma once

#include <map>
#include <string>
#include <vector>

#include "topiclog/kafka/handles.h"

namespace millrace::topiclog::kafka {

/// Properties by the names that Kafka's Java clients give them, without "producer." or such a prefix.
using JavaProperties = std::map<std::string, std::string>;

enum class Role { Producer, Consumer, Admin };

/// librdkafka's configuration from the properties of a Java client: names that differ are translated, key and trust
/// stores (JKS, PKCS12, PEM) and JAAS lines are taken apart, and what has no counterpart is warned about once per
/// process. `prefix` ("producer.", "") is put before a property's name in messages. librdkafka's log lines and errors
/// go to our log. Throws ConfigError naming the property. Source: Kafka's ProducerConfig, ConsumerConfig,
/// CommonClientConfigs, SaslConfigs, SslConfigs; librdkafka's CONFIGURATION.md.
ConfHandle client_conf(const JavaProperties& properties, Role role, const std::string& prefix);

/// Sets one of librdkafka's own properties. Throws ConfigError.
void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value, const std::string& shown_name);

}  // namespace millrace::topiclog::kafka
