#include "base/java_serialization.h"

#include <cstring>
#include <map>
#include <memory>

#include "base/byte_cursor.h"
#include "base/decimal.h"

namespace millrace::java_serialization {
namespace {

using Kind = Value::Kind;

constexpr uint8_t kNull = 0x70, kReference = 0x71, kClassDesc = 0x72, kObject = 0x73, kString = 0x74, kArray = 0x75,
                  kBlockData = 0x77, kEndBlockData = 0x78;
constexpr uint8_t kWriteMethod = 1, kSerializable = 2;
constexpr uint32_t kFirstHandle = 0x7E0000;

void big(std::string& out, uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
}
void utf(std::string& out, std::string_view text) {
    big(out, text.size(), 2);
    out += text;
}

struct Field {
    char type = 0;
    std::string_view name, class_name;
};
struct Class {
    std::string_view name;
    uint64_t version = 0;  ///< serialVersionUID
    uint8_t flags = kSerializable;
    std::vector<Field> fields;
    const Class* parent = nullptr;
};

const Class kNumberClass{"java.lang.Number", 0x86AC951D0B94E08B, kSerializable, {}, nullptr};
const Class kIntegerClass{"java.lang.Integer", 0x12E2A0A4F7818738, kSerializable, {{'I', "value", {}}}, &kNumberClass};
const Class kLongClass{"java.lang.Long", 0x3B8BE490CC8F23DF, kSerializable, {{'J', "value", {}}}, &kNumberClass};
const Class kShortClass{"java.lang.Short", 0x684D37133460DA52, kSerializable, {{'S', "value", {}}}, &kNumberClass};
const Class kFloatClass{"java.lang.Float", 0xDAEDC9A2DB3CF0EC, kSerializable, {{'F', "value", {}}}, &kNumberClass};
const Class kDoubleClass{"java.lang.Double", 0x80B3C24A296BFB04, kSerializable, {{'D', "value", {}}}, &kNumberClass};
const Class kBooleanClass{"java.lang.Boolean", 0xCD207280D59CFAEE, kSerializable, {{'Z', "value", {}}}, nullptr};
const Class kBigIntegerClass{"java.math.BigInteger",
                             0x8CFC9F1FA93BFB1D,
                             kSerializable | kWriteMethod,
                             {{'I', "bitCount", {}},
                              {'I', "bitLength", {}},
                              {'I', "firstNonzeroByteNum", {}},
                              {'I', "lowestSetBit", {}},
                              {'I', "signum", {}},
                              {'[', "magnitude", "[B"}},
                             &kNumberClass};
const Class kBigDecimalClass{"java.math.BigDecimal",
                             0x54C71557F981284F,
                             kSerializable | kWriteMethod,
                             {{'I', "scale", {}}, {'L', "intVal", "Ljava/math/BigInteger;"}},
                             &kNumberClass};
const Class kUtilDateClass{"java.util.Date", 0x686A81014B597419, kSerializable | kWriteMethod, {}, nullptr};
const Class kSqlDateClass{"java.sql.Date", 0x14FA46683F356697, kSerializable, {}, &kUtilDateClass};
const Class kSqlTimeClass{"java.sql.Time", 0x74894A0DD9BD8F1B, kSerializable, {}, &kUtilDateClass};
const Class kTimestampClass{
    "java.sql.Timestamp", 0x2618D5C80153BF65, kSerializable, {{'I', "nanos", {}}}, &kUtilDateClass};
const Class kBytesClass{"[B", 0xACF317F8060854E0, kSerializable, {}, nullptr};
const Class kObjectsClass{"[Ljava.lang.Object;", 0x90CE589F1073296C, kSerializable, {}, nullptr};

/// Writes objects; a class that was described before is referred to by its handle, as a string of a field's type is.
class Encoder {
  public:
    std::string run(const std::optional<std::vector<Value>>& array) {
        out_ = std::string("\xAC\xED\x00\x05", 4);
        if (!array) {
            out_ += static_cast<char>(kNull);
            return out_;
        }
        tag(kArray);
        describe(&kObjectsClass);
        ++next_;
        big(out_, array->size(), 4);
        for (const auto& value : *array) append(value);
        return out_;
    }

  private:
    void tag(uint8_t value) { out_ += static_cast<char>(value); }

    void describe(const Class* type) {
        if (type == nullptr) {
            tag(kNull);
            return;
        }
        if (refer(type->name)) return;
        tag(kClassDesc);
        utf(out_, type->name);
        big(out_, type->version, 8);
        handles_[std::string(type->name)] = next_++;
        tag(type->flags);
        big(out_, type->fields.size(), 2);
        for (const auto& field : type->fields) {
            out_ += field.type;
            utf(out_, field.name);
            if (!field.class_name.empty()) append_text("field " + std::string(field.class_name), field.class_name);
        }
        tag(kEndBlockData);
        describe(type->parent);
    }

    bool refer(std::string_view name) {
        const auto known = handles_.find(std::string(name));
        if (known == handles_.end()) return false;
        tag(kReference);
        big(out_, kFirstHandle + known->second, 4);
        return true;
    }

    void append_text(const std::string& identity, std::string_view text) {
        if (refer(identity)) return;
        handles_[identity] = next_++;
        tag(kString);
        utf(out_, text);
    }

    void begin(const Class& type) {
        tag(kObject);
        describe(&type);
        ++next_;
    }

    void append_bytes(std::string_view bytes) {
        tag(kArray);
        describe(&kBytesClass);
        ++next_;
        big(out_, bytes.size(), 4);
        out_ += bytes;
    }

    void append_big_integer(std::string_view text) {
        const bool is_negative = text.starts_with('-');
        std::string magnitude;
        decimal::append_twos_complement(magnitude, is_negative ? text.substr(1) : text);
        const size_t first = magnitude.find_first_not_of('\0');
        magnitude.erase(0, first == std::string::npos ? magnitude.size() : first);
        begin(kBigIntegerClass);
        big(out_, 0xFFFFFFFF, 4);  // bitCount, bitLength, firstNonzeroByteNum, lowestSetBit: as Java leaves them
        big(out_, 0xFFFFFFFF, 4);
        big(out_, 0xFFFFFFFE, 4);
        big(out_, 0xFFFFFFFE, 4);
        big(out_, magnitude.empty() ? 0u : is_negative ? 0xFFFFFFFFu : 1u, 4);
        append_bytes(magnitude);
        tag(kEndBlockData);
    }

    void append_date(const Class& type, const Value& value) {
        begin(type);
        const int64_t whole =
            type.name == kTimestampClass.name ? value.integer - value.nanos / 1'000'000 : value.integer;
        tag(kBlockData);  // java.util.Date's part comes first
        tag(8);
        big(out_, static_cast<uint64_t>(whole), 8);
        tag(kEndBlockData);
        if (type.name == kTimestampClass.name) big(out_, static_cast<uint32_t>(value.nanos), 4);
    }

    void append(const Value& value) {
        switch (value.kind) {
            case Kind::Null:
                tag(kNull);
                break;
            case Kind::Integer:
                begin(kIntegerClass);
                big(out_, static_cast<uint64_t>(value.integer), 4);
                break;
            case Kind::Long:
                begin(kLongClass);
                big(out_, static_cast<uint64_t>(value.integer), 8);
                break;
            case Kind::Short:
                begin(kShortClass);
                big(out_, static_cast<uint64_t>(value.integer), 2);
                break;
            case Kind::Boolean:
                begin(kBooleanClass);
                tag(value.integer != 0 ? 1 : 0);
                break;
            case Kind::Float: {
                const auto number = static_cast<float>(value.number);
                uint32_t bits = 0;
                std::memcpy(&bits, &number, sizeof bits);
                begin(kFloatClass);
                big(out_, bits, 4);
                break;
            }
            case Kind::Double: {
                uint64_t bits = 0;
                std::memcpy(&bits, &value.number, sizeof bits);
                begin(kDoubleClass);
                big(out_, bits, 8);
                break;
            }
            case Kind::String:
                ++next_;
                tag(kString);
                utf(out_, std::string_view(value.text).substr(0, 0xFFFF));
                break;
            case Kind::Bytes:
                append_bytes(value.text);
                break;
            case Kind::BigInteger:
                append_big_integer(value.text);
                break;
            case Kind::BigDecimal: {
                const size_t point = value.text.find('.');
                std::string digits = value.text;
                if (point != std::string::npos) digits.erase(point, 1);
                begin(kBigDecimalClass);
                big(out_, point == std::string::npos ? 0 : value.text.size() - point - 1, 4);
                append_big_integer(digits);
                tag(kEndBlockData);
                break;
            }
            case Kind::Date:
                append_date(kSqlDateClass, value);
                break;
            case Kind::Time:
                append_date(kSqlTimeClass, value);
                break;
            case Kind::Timestamp:
                append_date(kTimestampClass, value);
                break;
        }
    }

    std::string out_;
    std::map<std::string, uint32_t> handles_;
    uint32_t next_ = 0;
};

/// Reads any serialised objects into trees, as far as fields go.
class Decoder {
  public:
    explicit Decoder(std::string_view bytes) : in_(bytes) {}

    struct Node {
        enum class Is { Null, Object, String, Array };
        Is is = Is::Null;
        std::string class_name, text;
        std::map<std::string, int64_t> numbers;
        std::map<std::string, std::shared_ptr<Node>> objects;
        std::vector<std::shared_ptr<Node>> items;
    };
    using NodePtr = std::shared_ptr<Node>;

    NodePtr run() {
        if (in_.big(4) != 0xACED0005) return nullptr;
        NodePtr node = object(0);
        return in_.ok() && !failed_ ? node : nullptr;
    }

  private:
    static constexpr int kDepthMax = 8;
    static constexpr uint32_t kItemsMax = 1024;

    struct Description {
        std::string name;
        uint8_t flags = 0;
        std::vector<std::pair<char, std::string>> fields;
        std::shared_ptr<Description> parent;
    };
    using DescriptionPtr = std::shared_ptr<Description>;
    struct Handle {
        NodePtr node;
        DescriptionPtr description;
    };

    NodePtr fail() {
        failed_ = true;
        return nullptr;
    }
    std::string utf() { return std::string(in_.bytes(static_cast<size_t>(in_.big(2)))); }
    const Handle* referred() {
        const auto at = static_cast<uint32_t>(in_.big(4)) - kFirstHandle;
        if (at >= handles_.size()) {
            failed_ = true;
            return nullptr;
        }
        return &handles_[at];
    }

    NodePtr object(int depth) {
        if (depth > kDepthMax || failed_ || !in_.ok()) return fail();
        const uint8_t tag = in_.u8();
        auto node = std::make_shared<Node>();
        switch (tag) {
            case kNull:
                return node;
            case kReference: {
                const Handle* handle = referred();
                return handle != nullptr && handle->node ? handle->node : fail();
            }
            case kString:
                handles_.push_back({node, nullptr});
                node->is = Node::Is::String;
                node->text = utf();
                return node;
            case kArray:
                return array(depth, node);
            case kObject:
                return instance(depth, node);
            default:
                return fail();
        }
    }

    NodePtr array(int depth, const NodePtr& node) {
        const DescriptionPtr type = description(depth + 1);
        if (!type) return fail();
        handles_.push_back({node, nullptr});
        node->is = Node::Is::Array;
        node->class_name = type->name;
        const auto count = static_cast<uint32_t>(in_.big(4));
        if (type->name == "[B") {
            node->text = std::string(in_.bytes(count));
            return node;
        }
        if (type->name != kObjectsClass.name || count > kItemsMax) return fail();
        for (uint32_t i = 0; i < count && !failed_; ++i) node->items.push_back(object(depth + 1));
        return node;
    }

    NodePtr instance(int depth, const NodePtr& node) {
        const DescriptionPtr type = description(depth + 1);
        if (!type) return fail();
        handles_.push_back({node, nullptr});
        node->is = Node::Is::Object;
        node->class_name = type->name;
        std::vector<const Description*> chain;  // the uppermost class comes first
        for (const Description* at = type.get(); at != nullptr; at = at->parent.get()) chain.insert(chain.begin(), at);
        for (const Description* at : chain) {
            for (const auto& [kind, name] : at->fields) field(depth, *node, kind, name);
            if ((at->flags & kWriteMethod) != 0) annotation(depth, *node);
        }
        return failed_ ? nullptr : node;
    }

    void field(int depth, Node& node, char kind, const std::string& name) {
        switch (kind) {
            case 'B':
            case 'Z':
                node.numbers[name] = in_.u8();
                break;
            case 'S':
            case 'C':
                node.numbers[name] = static_cast<int16_t>(in_.big(2));
                break;
            case 'I':
            case 'F':
                node.numbers[name] = static_cast<int32_t>(in_.big(4));
                break;
            case 'J':
            case 'D':
                node.numbers[name] = static_cast<int64_t>(in_.big(8));
                break;
            default:
                node.objects[name] = object(depth + 1);
        }
    }

    /// What a class's own writeObject added: blocks of bytes; those of java.util.Date hold its time.
    void annotation(int depth, Node& node) {
        for (;;) {
            if (failed_ || !in_.ok()) return;
            const uint8_t tag = in_.u8();
            if (tag == kEndBlockData) return;
            if (tag != kBlockData || depth > kDepthMax) {
                failed_ = true;
                return;
            }
            node.text += in_.bytes(in_.u8());
        }
    }

    DescriptionPtr description(int depth) {
        if (depth > 2 * kDepthMax || failed_ || !in_.ok()) return nullptr;
        const uint8_t tag = in_.u8();
        if (tag == kReference) {
            const Handle* handle = referred();
            return handle != nullptr ? handle->description : nullptr;
        }
        if (tag != kClassDesc) return nullptr;
        auto made = std::make_shared<Description>();
        made->name = utf();
        in_.skip(8);
        handles_.push_back({nullptr, made});
        made->flags = in_.u8();
        const auto count = static_cast<uint32_t>(in_.big(2));
        for (uint32_t i = 0; i < count && i < kItemsMax && in_.ok(); ++i) {
            const char kind = static_cast<char>(in_.u8());
            std::string name = utf();
            if (kind == 'L' || kind == '[') object(depth + 1);  // the field's class, a string
            made->fields.emplace_back(kind, std::move(name));
        }
        if (in_.u8() != kEndBlockData) return nullptr;
        ByteCursor ahead = in_;
        if (ahead.u8() == kNull) {
            in_.skip(1);
            return made;
        }
        made->parent = description(depth + 1);
        return made->parent ? made : nullptr;
    }

    ByteCursor in_;
    std::vector<Handle> handles_;
    bool failed_ = false;
};

std::optional<std::string> big_integer_text(const Decoder::Node& node) {
    const auto magnitude = node.objects.find("magnitude");
    const auto sign = node.numbers.find("signum");
    if (magnitude == node.objects.end() || !magnitude->second || sign == node.numbers.end()) return std::nullopt;
    std::string text = decimal::text_of(std::string(1, '\0') + magnitude->second->text, 0);
    return sign->second < 0 ? "-" + text : text;
}

int64_t date_ms(const Decoder::Node& node) {
    return static_cast<int64_t>(ByteCursor(node.text).big(8));
}

std::optional<Value> value_of(const Decoder::Node& node) {
    Value value;
    if (node.is == Decoder::Node::Is::Null) return value;
    if (node.is == Decoder::Node::Is::String || node.class_name == "[B") {
        value.kind = node.is == Decoder::Node::Is::String ? Kind::String : Kind::Bytes;
        value.text = node.text;
        return value;
    }
    const std::string& name = node.class_name;
    const auto number = node.numbers.find("value");
    if (number != node.numbers.end()) value.integer = number->second;
    if (name == kIntegerClass.name) {
        value.kind = Kind::Integer;
    } else if (name == kLongClass.name) {
        value.kind = Kind::Long;
    } else if (name == kShortClass.name) {
        value.kind = Kind::Short;
    } else if (name == kBooleanClass.name) {
        value.kind = Kind::Boolean;
    } else if (name == kFloatClass.name) {
        value.kind = Kind::Float;
        float number32 = 0;
        const auto bits = static_cast<uint32_t>(value.integer);
        std::memcpy(&number32, &bits, sizeof number32);
        value.number = static_cast<double>(number32);
        value.integer = 0;
    } else if (name == kDoubleClass.name) {
        value.kind = Kind::Double;
        std::memcpy(&value.number, &value.integer, sizeof value.number);
        value.integer = 0;
    } else if (name == kBigIntegerClass.name) {
        const auto text = big_integer_text(node);
        if (!text) return std::nullopt;
        value.kind = Kind::BigInteger;
        value.text = *text;
    } else if (name == kBigDecimalClass.name) {
        const auto whole = node.objects.find("intVal");
        const auto scale = node.numbers.find("scale");
        if (whole == node.objects.end() || !whole->second || scale == node.numbers.end()) return std::nullopt;
        auto text = big_integer_text(*whole->second);
        if (!text || scale->second < 0 || scale->second > 100) return std::nullopt;
        value.kind = Kind::BigDecimal;
        const bool is_negative = text->starts_with('-');
        std::string digits = is_negative ? text->substr(1) : *text;
        const auto places = static_cast<size_t>(scale->second);
        if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
        if (places > 0) digits.insert(digits.size() - places, 1, '.');
        value.text = is_negative ? "-" + digits : digits;
    } else if (name == kSqlDateClass.name || name == kUtilDateClass.name) {
        value.kind = Kind::Date;
        value.integer = date_ms(node);
    } else if (name == kSqlTimeClass.name) {
        value.kind = Kind::Time;
        value.integer = date_ms(node);
    } else if (name == kTimestampClass.name) {
        value.kind = Kind::Timestamp;
        const auto nanos = node.numbers.find("nanos");
        value.nanos = nanos == node.numbers.end() ? 0 : static_cast<int32_t>(nanos->second);
        value.integer = date_ms(node) + value.nanos / 1'000'000;
    } else {
        return std::nullopt;
    }
    return value;
}

}  // namespace

std::string encode(const std::optional<std::vector<Value>>& array) {
    return Encoder().run(array);
}

std::optional<std::optional<std::vector<Value>>> decode(std::string_view bytes) {
    const auto node = Decoder(bytes).run();
    if (!node) return std::nullopt;
    std::optional<std::vector<Value>> array;
    if (node->is == Decoder::Node::Is::Null) return array;
    if (node->is != Decoder::Node::Is::Array || node->class_name != kObjectsClass.name) return std::nullopt;
    array.emplace();
    for (const auto& item : node->items) {
        const auto value = item ? value_of(*item) : std::nullopt;
        if (!value) return std::nullopt;
        array->push_back(*value);
    }
    return array;
}

}  // namespace millrace::java_serialization
