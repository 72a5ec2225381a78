#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::record {

/// A value of Connect's data model, small and without an owner: texts and children lie in an Arena, a schema, or the
/// batch that it was read from. What it means is its schema's matter: a Decimal is its unscaled bytes, a Date its days.
///
/// A value that nobody has looked into yet is Json: the text of it that the source wrote. record::opened() opens it,
/// one level at a time, so that a transform pays for what it looks at and the rest is copied.
class Value {
  public:
    enum class Kind : uint8_t {
        Null,
        Json,     ///< json(): never "null".
        Boolean,  ///< integer() is 0 or 1.
        Integer,  ///< Int8 to Int64
        Float32,
        Float64,
        Text,  ///< UTF-8
        Bytes,
        List,  ///< children(): of an Array, or of a Struct in the order of its schema's fields.
        Map,   ///< children(): key, value, key, value …
    };

    Value() = default;
    static Value json(std::string_view text) { return text == "null" ? Value() : Value(Kind::Json, text); }
    static Value boolean(bool value) { return Value(Kind::Boolean, int64_t{value}); }
    static Value integer(int64_t value) { return Value(Kind::Integer, value); }
    static Value float32(float value) { return Value(Kind::Float32, static_cast<double>(value)); }
    static Value float64(double value) { return Value(Kind::Float64, value); }
    static Value text(std::string_view value) { return Value(Kind::Text, value); }
    static Value bytes(std::string_view value) { return Value(Kind::Bytes, value); }
    static Value list(std::span<Value> children) { return Value(Kind::List, children); }
    static Value map(std::span<Value> children) { return Value(Kind::Map, children); }

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::Null; }
    bool is(Kind kind) const { return kind_ == kind; }

    int64_t integer() const { return integer_; }
    bool boolean() const { return integer_ != 0; }
    double floating() const { return floating_; }  ///< Float32 and Float64
    std::string_view json() const { return {text_, size_}; }
    std::string_view text() const { return {text_, size_}; }   ///< Text
    std::string_view bytes() const { return {text_, size_}; }  ///< Bytes
    std::span<Value> children() const { return {children_, size_}; }
    /// Whether both are the same object: the same text or children in one place, or the same number.
    bool is_identical(const Value& other) const {
        return kind_ == other.kind_ && integer_ == other.integer_ && size_ == other.size_;
    }

  private:
    Value(Kind kind, int64_t value) : integer_(value), kind_(kind) {}
    Value(Kind kind, double value) : floating_(value), kind_(kind) {}
    Value(Kind kind, std::string_view value) : text_(value.data()), size_(value.size()), kind_(kind) {}
    Value(Kind kind, std::span<Value> value) : children_(value.data()), size_(value.size()), kind_(kind) {}

    union {
        int64_t integer_ = 0;
        double floating_;
        const char* text_;
        Value* children_;
    };
    size_t size_ = 0;
    Kind kind_ = Kind::Null;
};

}  // namespace millrace::record
