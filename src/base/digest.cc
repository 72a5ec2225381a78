#include "base/digest.h"

#include <openssl/evp.h>

#include "base/destroyer.h"
#include "base/text.h"

namespace millrace {
namespace {

/// OpenSSL's name: "SHA-512/256" is "SHA512-256" there.
std::string openssl_name(const std::string& java_name) {
    std::string name = upper(java_name);
    if (name == "SHA") return "SHA1";
    if (name.starts_with("SHA-")) name = "SHA" + name.substr(4);
    return replace_all(name, "/", "-");
}

}  // namespace

struct Digest::State {
    const EVP_MD* algorithm = nullptr;
    std::unique_ptr<EVP_MD_CTX, Destroyer<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
};

Digest::Digest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

std::optional<Digest> Digest::make(const std::string& java_name) {
    auto state = std::make_unique<State>();
    state->algorithm = EVP_get_digestbyname(openssl_name(java_name).c_str());
    if (state->algorithm == nullptr) return std::nullopt;
    return Digest(std::move(state));
}

void Digest::begin() {
    EVP_DigestInit_ex(state_->context.get(), state_->algorithm, nullptr);
}

void Digest::add(std::string_view bytes) {
    EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

void Digest::append_hex(std::string& out) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(state_->context.get(), bytes, &size);
    out += hex({reinterpret_cast<const char*>(bytes), size});
}

}  // namespace millrace
