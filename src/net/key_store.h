#pragma once

#include <string>

namespace millrace::net {

/// The certificates of a JKS or PKCS12 trust store as PEM. `property` is the prefix of names in messages
/// ("producer.ssl.truststore."). Throws ConfigError.
std::string truststore_pem(const std::string& path, const std::string& password, const std::string& property);

/// "PEM", "PKCS12" or "JKS": as given, else by the file's name.
std::string store_type(const std::string& given, const std::string& path);

struct KeyPair {
    std::string key;
    std::string certificates;
};
/// The private key and its certificates of a JKS or PKCS12 key store as PEM. Throws ConfigError.
KeyPair keystore_pem(const std::string& path, const std::string& password, const std::string& key_password,
                     const std::string& property);

}  // namespace millrace::net
