#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <vector>

#include "base/destroyer.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::net {
namespace {

using Bio = std::unique_ptr<BIO, Destroyer<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Destroyer<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Destroyer<&EVP_PKEY_free>>;

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

[[noreturn]] void refuse(const char* property) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    ERR_clear_error();
    throw ConfigError(property, format("What '{}' names cannot be used: {}", property, reason.data()));
}

std::vector<Certificate> certificates_of(const std::string& pem) {
    const Bio bio = bio_of(pem);
    std::vector<Certificate> all;
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(certificate);
    ERR_clear_error();  // the end of the text is an error to OpenSSL
    return all;
}

void show(const Tls& tls, SSL_CTX* context) {
    constexpr const char* kProperty = "ssl.keystore.location";
    const auto chain = certificates_of(tls.certificates);
    if (chain.empty() || SSL_CTX_use_certificate(context, chain[0].get()) != 1) refuse(kProperty);
    for (size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) refuse(kProperty);
    const Bio bio = bio_of(tls.key);
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
        refuse(kProperty);
}

}  // namespace

void apply(const Tls& tls, SSL_CTX* context, bool is_server) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    if (!tls.certificates.empty()) show(tls, context);
    if (!tls.trusted.empty()) {
        const auto trusted = certificates_of(tls.trusted);
        if (trusted.empty()) refuse("ssl.truststore.location");
        X509_STORE* store = SSL_CTX_get_cert_store(context);
        for (const auto& certificate : trusted) X509_STORE_add_cert(store, certificate.get());
    } else if (!is_server) {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (!is_server) return;
    int mode = SSL_VERIFY_NONE;
    if (tls.client_auth != Tls::ClientAuth::None) mode = SSL_VERIFY_PEER;
    if (tls.client_auth == Tls::ClientAuth::Required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(context, mode, nullptr);
}

}  // namespace millrace::net
