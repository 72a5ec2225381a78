#include "transform/java_hash_code.h"

#include <bit>
#include <cmath>
#include <vector>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/text.h"
#include "record/json_value.h"

namespace millrace::transform {
namespace {

using record::Schema;
using record::Type;
using record::Value;

int32_t folded(uint64_t bits) {
    return static_cast<int32_t>(static_cast<uint32_t>(bits ^ bits >> 32));
}

uint32_t times_31_plus(uint32_t hash, uint32_t next) {
    return hash * 31 + next;
}

/// BigInteger.hashCode of two's complement bytes.
int32_t big_integer_hash(std::string_view bytes) {
    const bool is_negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
    std::vector<uint8_t> magnitude(bytes.begin(), bytes.end());
    if (is_negative) {
        uint32_t carry = 1;
        for (size_t i = magnitude.size(); i-- > 0;) {
            const uint32_t digit = static_cast<uint8_t>(~magnitude[i]) + carry;
            magnitude[i] = static_cast<uint8_t>(digit);
            carry = digit >> 8;
        }
    }
    size_t at = 0;
    while (at < magnitude.size() && magnitude[at] == 0) ++at;
    uint32_t hash = 0;
    for (size_t left = magnitude.size() - at; left > 0;) {
        const size_t take = left % 4 == 0 ? 4 : left % 4;
        uint32_t word = 0;
        for (size_t i = 0; i < take; ++i) word = word << 8 | magnitude[at++];
        left -= take;
        hash = times_31_plus(hash, word);
    }
    return static_cast<int32_t>(is_negative ? 0 - hash : hash);
}

/// ByteBuffer.hashCode: from the end, bytes with their signs.
int32_t buffer_hash(std::string_view bytes) {
    uint32_t hash = 1;
    for (size_t i = bytes.size(); i-- > 0;)
        hash = times_31_plus(hash, static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(bytes[i]))));
    return static_cast<int32_t>(hash);
}

/// Debezium's variant of MurmurHash3: bytes of the last block that are not shifted, or shifted high, keep their signs.
class Murmur {
  public:
    void block(uint64_t first, uint64_t second) {
        k1_ = first;
        k2_ = second;
        mix();
    }
    uint64_t finish(std::string_view tail, size_t length) {
        const auto signed_at = [&](size_t i) {
            return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(tail[i])));
        };
        k1_ = k2_ = 0;
        for (size_t i = tail.size(); i-- > 0;) (i >= 8 ? k2_ : k1_) ^= signed_at(i) << (i % 8 * 8);
        if (!tail.empty()) mix();
        h2_ ^= length;
        h1_ += h2_;
        h2_ += h1_;
        h1_ = last_mix(h1_);
        h2_ = last_mix(h2_);
        return h1_ + h2_;
    }

  private:
    void mix() {
        k1_ *= c1_;
        k1_ = std::rotl(k1_, 23);
        k1_ *= c2_;
        h1_ ^= k1_;
        h1_ += h2_;
        h2_ = std::rotl(h2_, 41);
        k2_ *= c2_;
        k2_ = std::rotl(k2_, 23);
        k2_ *= c1_;
        h2_ ^= k2_;
        h2_ += h1_;
        h1_ = h1_ * 3 + 0x52dce729;
        h2_ = h2_ * 3 + 0x38495ab5;
        c1_ = c1_ * 5 + 0x7b7d159c;
        c2_ = c2_ * 5 + 0x6bce6396;
    }
    static uint64_t last_mix(uint64_t k) {
        k ^= k >> 33;
        k *= 0xff51afd7ed558ccd;
        k ^= k >> 33;
        k *= 0xc4ceb9fe1a85ec53;
        return k ^ k >> 33;
    }

    static constexpr uint64_t kSeed = 9001;
    uint64_t h1_ = 0x9368e53c2f6af274 ^ kSeed, h2_ = 0x586dcd208f7cd3fd ^ kSeed;
    uint64_t c1_ = 0x87c37b91114253d5, c2_ = 0x4cf5ad432745937f;
    uint64_t k1_ = 0, k2_ = 0;
};

int32_t murmur(std::string_view bytes) {
    Murmur state;
    size_t at = 0;
    const auto word = [&](size_t from) {
        uint64_t out = 0;
        for (size_t i = 0; i < 8; ++i) out |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[from + i])) << (i * 8);
        return out;
    };
    for (; at + 16 <= bytes.size(); at += 16) state.block(word(at), word(at + 8));
    return static_cast<int32_t>(static_cast<uint32_t>(state.finish(bytes.substr(at), bytes.size()) >> 32));
}

}  // namespace

int32_t java_hash_code(const Schema& schema, const Value& raw, record::Arena& arena) {
    const Value value = record::opened(schema, raw, arena);
    switch (value.kind()) {
        case Value::Kind::Null:
            return 0;
        case Value::Kind::Boolean:
            return value.boolean() ? 1231 : 1237;
        case Value::Kind::Integer: {
            if (schema.is_logical(record::kDate)) return folded(static_cast<uint64_t>(value.integer() * kDayMs));
            const bool is_long = schema.type == Type::Int64 || schema.is_logical(record::kTime);
            return is_long ? folded(static_cast<uint64_t>(value.integer())) : static_cast<int32_t>(value.integer());
        }
        case Value::Kind::Float32: {
            const auto number = static_cast<float>(value.floating());
            return std::isnan(number) ? 0x7fc00000 : std::bit_cast<int32_t>(number);
        }
        case Value::Kind::Float64:
            return folded(std::isnan(value.floating()) ? 0x7ff8000000000000
                                                       : std::bit_cast<uint64_t>(value.floating()));
        case Value::Kind::Text:
            return java_hash(value.text());
        case Value::Kind::Bytes: {
            if (!schema.is_logical(record::kDecimal)) return buffer_hash(value.bytes());
            // BigDecimal: numbers of 64 bits hash by their halves, which is what BigInteger counts too.
            const auto hash = static_cast<uint32_t>(big_integer_hash(value.bytes()));
            return static_cast<int32_t>(31 * hash + static_cast<uint32_t>(record::decimal_scale(schema)));
        }
        case Value::Kind::List: {
            if (schema.type == Type::Struct) break;
            uint32_t hash = 1;
            for (const auto& item : value.children())
                hash = times_31_plus(hash, static_cast<uint32_t>(java_hash_code(*schema.items, item, arena)));
            return static_cast<int32_t>(hash);
        }
        case Value::Kind::Map: {
            uint32_t hash = 0;
            for (size_t i = 0; i < value.children().size(); i += 2)
                hash += static_cast<uint32_t>(java_hash_code(*schema.keys, value.children()[i], arena) ^
                                              java_hash_code(*schema.items, value.children()[i + 1], arena));
            return static_cast<int32_t>(hash);
        }
        case Value::Kind::Json:
            break;
    }
    throw FatalError("The hash of a struct is not defined outside Java; name one of its fields");
}

int32_t murmur_hash(const Schema& schema, const Value& raw, record::Arena& arena) {
    const Value value = record::opened(schema, raw, arena);
    if (value.is(Value::Kind::Text)) return murmur(value.text());
    const auto hash = static_cast<uint32_t>(java_hash_code(schema, value, arena));
    const char bytes[4] = {static_cast<char>(hash), static_cast<char>(hash >> 8), static_cast<char>(hash >> 16),
                           static_cast<char>(hash >> 24)};
    return murmur({bytes, 4});
}

}  // namespace millrace::transform
