#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// A message digest under the name that java.security.MessageDigest knows it by ("SHA-256", "SHA3-512", "MD5").
/// Not thread-safe.
class Digest {
  public:
    /// Nothing if there is no such algorithm here.
    static std::optional<Digest> make(const std::string& java_name);
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    ~Digest();

    void begin();
    void add(std::string_view bytes);
    /// Appends the digest in lower-case hexadecimal.
    void append_hex(std::string& out);

  private:
    struct State;
    explicit Digest(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace millrace
