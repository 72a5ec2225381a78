#include "net/tls.h"

#include <fstream>
#include <iterator>

#include "base/errors.h"
#include "base/text.h"
#include "net/key_store.h"

namespace millrace::net {
namespace {

std::string pem_file(const std::string& path, const std::string& property) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw ConfigError(property, format("The file {} of '{}' cannot be read", path, property));
    return {std::istreambuf_iterator<char>(file), {}};
}

Tls::ClientAuth asked_of_clients(const std::string& word, const std::string& property) {
    if (word.empty() || word == "none") return Tls::ClientAuth::None;
    if (word == "requested") return Tls::ClientAuth::Requested;
    if (word == "required") return Tls::ClientAuth::Required;
    throw ConfigError(property, format("Invalid value {} for configuration {}: String must be one of: required, "
                                       "requested, none",
                                       word, property));
}

}  // namespace

Tls Tls::from(const std::function<std::string(const std::string& name)>& property, const std::string& prefix) {
    Tls tls;
    tls.trusted = property("ssl.truststore.certificates");
    if (const auto path = property("ssl.truststore.location"); !path.empty()) {
        const bool is_pem = store_type(property("ssl.truststore.type"), path) == "PEM";
        tls.trusted = is_pem ? pem_file(path, prefix + "ssl.truststore.location")
                             : truststore_pem(path, property("ssl.truststore.password"), prefix + "ssl.truststore.");
    }
    tls.key = property("ssl.keystore.key");
    tls.certificates = property("ssl.keystore.certificate.chain");
    if (const auto path = property("ssl.keystore.location"); !path.empty()) {
        if (store_type(property("ssl.keystore.type"), path) == "PEM") {
            tls.key = tls.certificates = pem_file(path, prefix + "ssl.keystore.location");
        } else {
            auto pair = keystore_pem(path, property("ssl.keystore.password"), property("ssl.key.password"),
                                     prefix + "ssl.keystore.");
            tls.key = std::move(pair.key);
            tls.certificates = std::move(pair.certificates);
        }
    }
    tls.client_auth = asked_of_clients(lower(property("ssl.client.auth")), prefix + "ssl.client.auth");
    return tls;
}

}  // namespace millrace::net
