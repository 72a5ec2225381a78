#include "net/key_store.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "base/byte_cursor.h"
#include "base/destroyer.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::net {
namespace {

using Bio = std::unique_ptr<BIO, Destroyer<&BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Destroyer<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Destroyer<&X509_free>>;
using EncryptedKey = std::unique_ptr<X509_SIG, Destroyer<&X509_SIG_free>>;
using PlainKey = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Destroyer<&PKCS8_PRIV_KEY_INFO_free>>;
using Bundle = std::unique_ptr<PKCS12, Destroyer<&PKCS12_free>>;

struct StoreContents {
    Key key;
    std::vector<Certificate> chain;  ///< Of the key, its own first.
    std::vector<Certificate> trusted;
};

std::string read_file(const std::string& path, const std::string& property) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw ConfigError(property, format("The file {} of '{}' cannot be read", path, property));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return {data, static_cast<size_t>(length)};
}

std::string certificates_pem(const std::vector<Certificate>& certificates) {
    const Bio bio(BIO_new(BIO_s_mem()));
    for (const auto& certificate : certificates) PEM_write_bio_X509(bio.get(), certificate.get());
    return text_of(bio.get());
}

std::string sha1(std::string_view bytes) {
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(octets(bytes), bytes.size(), digest.data());
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Java's chars, high byte first. Passwords beyond ASCII are not what JKS files are made with.
std::string utf16(const std::string& password) {
    std::string out;
    for (const char c : password) {
        out += '\0';
        out += c;
    }
    return out;
}

/// The key protector of Sun's JKS: salt, then the key XORed with a chain of SHA-1 digests, then a check digest.
std::string unprotected_key(std::string_view data, const std::string& password, const std::string& refusal) {
    constexpr size_t kDigest = SHA_DIGEST_LENGTH;
    if (data.size() < 2 * kDigest) throw ConfigError("", refusal);
    const std::string secret = utf16(password);
    std::string digest(data.substr(0, kDigest));
    std::string plain(data.substr(kDigest, data.size() - 2 * kDigest));
    for (size_t i = 0; i < plain.size(); ++i) {
        if (i % kDigest == 0) digest = sha1(secret + digest);
        plain[i] = static_cast<char>(plain[i] ^ digest[i % kDigest]);
    }
    if (sha1(secret + plain) != data.substr(data.size() - kDigest)) throw ConfigError("", refusal);
    return plain;
}

class JksReader {
  public:
    JksReader(std::string_view bytes, std::string key_password, std::string refusal)
        : cursor_(bytes), key_password_(std::move(key_password)), refusal_(std::move(refusal)) {}

    StoreContents read() {
        cursor_.skip(4);  // magic
        cursor_.skip(4);  // version
        const uint32_t count = static_cast<uint32_t>(cursor_.big(4));
        StoreContents contents;
        for (uint32_t i = 0; i < count && cursor_.ok(); ++i) {
            constexpr uint32_t kPrivateKey = 1, kTrusted = 2;
            const uint32_t tag = static_cast<uint32_t>(cursor_.big(4));
            cursor_.skip(cursor_.big(2));  // alias
            cursor_.skip(8);               // when it was made
            if (tag == kPrivateKey)
                read_key(contents);
            else if (tag == kTrusted)
                contents.trusted.push_back(read_certificate());
            else
                throw ConfigError("", refusal_);
        }
        if (!cursor_.ok()) throw ConfigError("", refusal_);
        return contents;
    }

  private:
    Certificate read_certificate() {
        cursor_.skip(cursor_.big(2));  // "X.509"
        const std::string_view der = cursor_.bytes(static_cast<uint32_t>(cursor_.big(4)));
        const unsigned char* at = octets(der);
        Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
        if (!cursor_.ok() || !certificate) throw ConfigError("", refusal_);
        return certificate;
    }

    void read_key(StoreContents& contents) {
        const std::string_view der = cursor_.bytes(static_cast<uint32_t>(cursor_.big(4)));
        const unsigned char* at = octets(der);
        const EncryptedKey encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
        if (!encrypted) throw ConfigError("", refusal_);
        const ASN1_OCTET_STRING* data = nullptr;
        X509_SIG_get0(encrypted.get(), nullptr, &data);
        const std::string plain = unprotected_key(
            {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)), static_cast<size_t>(ASN1_STRING_length(data))},
            key_password_, refusal_);
        const unsigned char* key_at = octets(plain);
        const PlainKey info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &key_at, static_cast<long>(plain.size())));
        if (info) contents.key.reset(EVP_PKCS82PKEY(info.get()));
        if (!contents.key) throw ConfigError("", refusal_);
        const uint32_t certificates = static_cast<uint32_t>(cursor_.big(4));
        contents.chain.clear();
        for (uint32_t i = 0; i < certificates && cursor_.ok(); ++i) contents.chain.push_back(read_certificate());
    }

    ByteCursor cursor_;
    const std::string key_password_;
    const std::string refusal_;
};

StoreContents read_pkcs12(const std::string& bytes, const std::string& password, const std::string& refusal) {
    const unsigned char* at = octets(bytes);
    const Bundle bundle(d2i_PKCS12(nullptr, &at, static_cast<long>(bytes.size())));
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (!bundle || PKCS12_parse(bundle.get(), password.c_str(), &key, &certificate, &others) != 1)
        throw ConfigError("", refusal);
    StoreContents contents;
    contents.key.reset(key);
    if (certificate != nullptr) contents.chain.emplace_back(certificate);
    while (others != nullptr && sk_X509_num(others) > 0) {
        Certificate other(sk_X509_shift(others));
        if (contents.key)
            contents.chain.push_back(std::move(other));
        else
            contents.trusted.push_back(std::move(other));
    }
    sk_X509_free(others);
    return contents;
}

/// Java calls its default key store type "JKS" or "PKCS12" and reads either; the file's first bytes tell.
StoreContents read_store(const std::string& path, const std::string& password, const std::string& key_password,
                         const std::string& property) {
    constexpr std::string_view kJksMagic("\xfe\xed\xfe\xed", 4);
    const std::string bytes = read_file(path, property + "location");
    const std::string refusal =
        format("The key store {} cannot be read: it is damaged or '{}password' is wrong", path, property);
    try {
        if (bytes.starts_with(kJksMagic))
            return JksReader(bytes, key_password.empty() ? password : key_password, refusal).read();
        return read_pkcs12(bytes, password, refusal);
    } catch (const ConfigError& fault) {
        throw ConfigError(property + "location", fault.what());
    }
}

}  // namespace

std::string truststore_pem(const std::string& path, const std::string& password, const std::string& property) {
    StoreContents contents = read_store(path, password, "", property);
    for (auto& certificate : contents.chain) contents.trusted.push_back(std::move(certificate));
    if (contents.trusted.empty())
        throw ConfigError(property + "location", format("The trust store {} holds no certificate", path));
    return certificates_pem(contents.trusted);
}

KeyPair keystore_pem(const std::string& path, const std::string& password, const std::string& key_password,
                     const std::string& property) {
    const StoreContents contents = read_store(path, password, key_password, property);
    if (!contents.key || contents.chain.empty())
        throw ConfigError(property + "location",
                          format("The key store {} holds no private key with a certificate", path));
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), contents.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(bio.get()), certificates_pem(contents.chain)};
}

std::string store_type(const std::string& given, const std::string& path) {
    if (!given.empty()) return upper(given);
    const std::string name = lower(path);
    if (name.ends_with(".p12") || name.ends_with(".pfx") || name.ends_with(".pkcs12")) return "PKCS12";
    return name.ends_with(".pem") || name.ends_with(".crt") ? "PEM" : "JKS";
}

}  // namespace millrace::net
