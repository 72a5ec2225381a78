#include "convert/protobuf_schema.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <vector>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "base/varint.h"
#include "convert/binary_format.h"
#include "record/struct_view.h"

namespace millrace::convert {
namespace {

using record::Schema;
using record::Type;
using record::Value;

enum class Kind { Integer, Float, Double, Boolean, Text, Decimal, Date, Time, Timestamp, Message, Map };

/// https://protobuf.dev/programming-guides/encoding/
enum class Wire : uint8_t { Varint = 0, Eight = 1, Length = 2, Four = 5 };

Wire wire_of(Kind kind) {
    switch (kind) {
        case Kind::Integer:
        case Kind::Boolean:
            return Wire::Varint;
        case Kind::Float:
            return Wire::Four;
        case Kind::Double:
            return Wire::Eight;
        default:
            return Wire::Length;
    }
}

void append_tag(std::string& out, uint32_t number, Wire wire) {
    varint::append(out, number << 3 | static_cast<uint32_t>(wire));
}

void append_integer(std::string& out, uint32_t number, int64_t value) {
    if (value == 0) return;
    append_tag(out, number, Wire::Varint);
    varint::append(out, static_cast<uint64_t>(value));
}

void append_bytes(std::string& out, uint32_t number, std::string_view bytes) {
    append_tag(out, number, Wire::Length);
    varint::append(out, bytes.size());
    out += bytes;
}

/// What `write` appends, with its length before it.
template <typename Write>
void append_sized(std::string& out, uint32_t number, Write&& write) {
    append_tag(out, number, Wire::Length);
    const size_t start = out.size();
    write();
    std::string length;
    varint::append(length, out.size() - start);
    out.insert(start, length);
}

Kind kind_of(const Schema& schema) {
    if (schema.is_logical(record::kDecimal)) return Kind::Decimal;
    if (schema.is_logical(record::kDate)) return Kind::Date;
    if (schema.is_logical(record::kTime)) return Kind::Time;
    if (schema.is_logical(record::kTimestamp)) return Kind::Timestamp;
    switch (schema.type) {
        case Type::Float32:
            return Kind::Float;
        case Type::Float64:
            return Kind::Double;
        case Type::Boolean:
            return Kind::Boolean;
        case Type::String:
        case Type::Bytes:
            return Kind::Text;
        case Type::Struct:
            return Kind::Message;
        case Type::Map:
            return Kind::Map;
        default:
            return Kind::Integer;
    }
}

/// The field of a scalar; empty: it has none.
std::string_view scalar_name(Type type) {
    switch (type) {
        case Type::Int8:
        case Type::Int16:
        case Type::Int32:
            return "int32";
        case Type::Int64:
            return "int64";
        case Type::Float32:
            return "float";
        case Type::Float64:
            return "double";
        case Type::Boolean:
            return "bool";
        case Type::String:
            return "string";
        case Type::Bytes:
            return "bytes";
        default:
            return {};
    }
}

/// google.protobuf.Int32Value and its like.
std::string wrapper_name(std::string_view scalar) {
    std::string name(scalar);
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return "google.protobuf." + name + "Value";
}

}  // namespace

struct ProtobufSchema::Field {
    const Schema* given = nullptr;
    const Schema* schema = nullptr;  ///< The same, or of an array's items.
    std::string name;
    uint32_t number = 0;
    Kind kind = Kind::Integer;
    bool is_repeated = false, is_wrapped = false;
    bool tells_zero = false;           ///< A default value is written too.
    bool takes_default = false;        ///< A null counts as the schema's default.
    std::shared_ptr<Message> message;  ///< Of a Message.
    std::vector<Field> entry;          ///< Of a Map: key and value.

    void append(std::string& out, const Value& raw, record::Arena& arena) const {
        const Value value = raw.is_null() && takes_default ? record::default_of(*given) : raw;
        if (value.is_null()) return;
        if (!is_repeated) return append_single(out, record::opened(*schema, value, arena), arena);
        append_repeated(out, record::opened(*given, value, arena), arena);
    }

  private:
    void append_repeated(std::string& out, const Value& list, record::Arena& arena) const {
        const auto each = [&](const auto& take) {
            for (const auto& item : list.children()) {
                if (item.is_null())
                    throw FatalError(format("The array {} holds a null, which Protobuf has no place for", name));
                take(record::opened(*schema, item, arena));
            }
        };
        if (list.children().empty()) return;
        if (wire_of(kind) == Wire::Length)
            each([&](const Value& item) { append_single(out, item, arena); });
        else
            append_sized(out, number, [&] { each([&](const Value& item) { append_bare(out, item); }); });
    }

    void append_single(std::string& out, const Value& value, record::Arena& arena) const {
        if (is_wrapped) {
            Field inner = *this;
            inner.number = 1;
            inner.is_wrapped = inner.tells_zero = false;
            append_sized(out, number, [&] { inner.append_single(out, value, arena); });
        } else if (kind == Kind::Text) {
            const std::string_view bytes = value.is(Value::Kind::Text) ? value.text() : value.bytes();
            if (tells_zero || is_repeated || !bytes.empty()) append_bytes(out, number, bytes);
        } else if (wire_of(kind) != Wire::Length) {
            if (!tells_zero && is_zero(value)) return;
            append_tag(out, number, wire_of(kind));
            append_bare(out, value);
        } else if (kind == Kind::Map) {
            append_map(out, value, arena);
        } else {
            append_sized(out, number, [&] { append_message(out, value, arena); });
        }
    }

    bool is_zero(const Value& value) const {
        if (kind == Kind::Float || kind == Kind::Double)
            return std::bit_cast<uint64_t>(value.floating()) == 0;  // -0.0 is none
        return value.integer() == 0;
    }

    /// A number without its tag.
    void append_bare(std::string& out, const Value& value) const {
        if (kind == Kind::Float)
            append_little_endian(out, std::bit_cast<uint32_t>(static_cast<float>(value.floating())));
        else if (kind == Kind::Double)
            append_little_endian(out, std::bit_cast<uint64_t>(value.floating()));
        else
            varint::append(out, static_cast<uint64_t>(value.integer()));
    }

    void append_map(std::string& out, const Value& map, record::Arena& arena) const {
        const auto pairs = map.children();
        for (size_t i = 0; i + 1 < pairs.size(); i += 2)
            append_sized(out, number, [&] {
                entry[0].append(out, pairs[i], arena);
                entry[1].append(out, pairs[i + 1], arena);
            });
    }

    void append_message(std::string& out, const Value& value, record::Arena& arena) const;
};

struct ProtobufSchema::Message {
    const Schema* schema = nullptr;
    std::string name, path;  ///< The latter with those that it is within.
    std::vector<Field> fields;
    std::vector<std::shared_ptr<Message>> nested;

    void append(std::string& out, const Value& value, record::Arena& arena) const {
        const auto children = record::opened(*schema, value, arena).children();
        for (size_t i = 0; i < fields.size(); ++i) fields[i].append(out, children[i], arena);
    }
};

void ProtobufSchema::Field::append_message(std::string& out, const Value& value, record::Arena& arena) const {
    switch (kind) {
        case Kind::Decimal: {
            const auto precision = parse_int(record::parameter(*schema, "connect.decimal.precision")).value_or(0);
            if (!value.bytes().empty()) append_bytes(out, 1, value.bytes());
            append_integer(out, 2, precision);
            append_integer(out, 3, record::decimal_scale(*schema));
            return;
        }
        case Kind::Date: {
            const CivilDate date = civil_from_days(value.integer());
            append_integer(out, 1, date.year);
            append_integer(out, 2, date.month);
            append_integer(out, 3, date.day);
            return;
        }
        case Kind::Time: {
            constexpr int64_t kHour = 3'600'000, kMinute = 60'000, kSecond = 1'000, kNanos = 1'000'000;
            append_integer(out, 1, value.integer() / kHour);
            append_integer(out, 2, value.integer() % kHour / kMinute);
            append_integer(out, 3, value.integer() % kMinute / kSecond);
            append_integer(out, 4, value.integer() % kSecond * kNanos);
            return;
        }
        case Kind::Timestamp: {
            constexpr int64_t kSecond = 1'000, kNanos = 1'000'000;
            const int64_t seconds = floor_div(value.integer(), kSecond);
            append_integer(out, 1, seconds);
            append_integer(out, 2, (value.integer() - seconds * kSecond) * kNanos);
            return;
        }
        default:
            message->append(out, value, arena);
    }
}

/// Makes the messages, and the file that tells of them.
class ProtobufSchema::Writer {
  public:
    explicit Writer(Options options) : options_(options) {}

    std::unique_ptr<Message> root(const Schema& schema, const std::string& name) {
        auto message = std::make_unique<Message>();
        fill(*message, schema, name, name);
        return message;
    }

    std::string text(const std::string& package, const Message& root) {
        std::string out = "syntax = \"proto3\";\n";
        if (!package.empty()) out += format("package {};\n", package);
        std::string body;
        append_message(body, root, "");
        if (!imports_.empty()) out += '\n';
        for (const auto& import : imports_) out += format("import \"{}\";\n", import);
        return out + '\n' + body;
    }

  private:
    void fill(Message& message, const Schema& schema, const std::string& name, const std::string& path) {
        require_name(name, "Protobuf", "schema.name.adjustment.mode");
        message.schema = &schema;
        message.name = name;
        message.path = path;
        for (const auto& field : schema.fields) {
            require_name(field.name, "Protobuf", "field.name.adjustment.mode");
            message.fields.push_back(
                field_of(message, *field.schema, field.name, static_cast<uint32_t>(message.fields.size() + 1)));
        }
    }

    Field field_of(Message& within, const Schema& given, const std::string& name, uint32_t number) {
        Field field;
        field.given = &given;
        field.name = name;
        field.number = number;
        field.is_repeated = given.type == Type::Array;
        const Schema& schema = field.is_repeated ? *given.items : given;
        if (field.is_repeated && (schema.type == Type::Array || schema.type == Type::Map))
            throw FatalError(format("The array {} holds arrays or maps, which Protobuf has no place for", name));
        field.schema = &schema;
        field.kind = kind_of(schema);
        const bool is_scalar = field.kind <= Kind::Text;
        if (given.optional && !field.is_repeated && is_scalar) {
            field.is_wrapped = options_.wrapper_for_nullables;
            field.tells_zero = options_.optional_for_nullables && !field.is_wrapped;
        }
        field.takes_default = given.default_json && !(options_.ignore_default_for_nullables && given.optional);
        if (field.kind == Kind::Message) field.message = message_of(within, schema, name);
        if (field.kind == Kind::Map) {
            if (schema.keys->type == Type::Float32 || schema.keys->type == Type::Float64 ||
                scalar_name(schema.keys->type).empty() || schema.keys->type == Type::Bytes)
                throw FatalError(format("The map {} has keys that Protobuf has no place for", name));
            field.entry.push_back(field_of(within, *schema.keys, "key", 1));
            field.entry.push_back(field_of(within, *schema.items, "value", 2));
            for (auto& part : field.entry) part.is_wrapped = false;
            field.entry[0].tells_zero = field.entry[1].tells_zero = true;
        }
        return field;
    }

    /// A struct is told where it is met first.
    std::shared_ptr<Message> message_of(Message& within, const Schema& schema, const std::string& field) {
        const size_t dot = schema.name.rfind('.');
        std::string name = dot == std::string::npos ? schema.name : schema.name.substr(dot + 1);
        if (name.empty()) name = format("ConnectDefault{}", ++unnamed_);
        if (name == field) name += "Message";  // one scope has no two of a name
        auto& known = known_[name];
        if (known != nullptr && !record::same_but_optional(*known->schema, schema))
            throw FatalError(
                format("The structs {} and {} would both be the message {}", known->schema->name, schema.name, name));
        if (known == nullptr) {
            known = std::make_shared<Message>();
            const auto made = known;
            within.nested.push_back(made);
            fill(*made, schema, name, within.path + "." + name);
            return made;
        }
        return known;
    }

    void append_message(std::string& out, const Message& message, const std::string& indent) {
        out += format("{}message {} {{\n", indent, message.name);
        for (const auto& field : message.fields) append_field(out, message, field, indent + "  ");
        for (const auto& nested : message.nested) {
            out += '\n';
            append_message(out, *nested, indent + "  ");
        }
        out += indent + "}\n";
    }

    void append_field(std::string& out, const Message& within, const Field& field, const std::string& indent) {
        const char* label = field.is_repeated ? "repeated " : field.tells_zero ? "optional " : "";
        out += format("{}{}{} {} = {}", indent, label, type_name(within, field), field.name, field.number);
        append_meta(out, *field.schema);
        out += ";\n";
    }

    std::string type_name(const Message& within, const Field& field) {
        const auto imported = [&](const char* file, std::string name) {
            imports_.insert(file);
            return name;
        };
        switch (field.kind) {
            case Kind::Decimal:
                return imported("confluent/type/decimal.proto", "confluent.type.Decimal");
            case Kind::Date:
                return imported("google/type/date.proto", "google.type.Date");
            case Kind::Time:
                return imported("google/type/timeofday.proto", "google.type.TimeOfDay");
            case Kind::Timestamp:
                return imported("google/protobuf/timestamp.proto", "google.protobuf.Timestamp");
            case Kind::Message: {
                const auto& path = field.message->path;
                return path == within.path + "." + field.message->name ? field.message->name : path;
            }
            case Kind::Map:
                return format("map<{}, {}>", type_name(within, field.entry[0]), type_name(within, field.entry[1]));
            default:
                break;
        }
        const std::string scalar(scalar_name(field.schema->type));
        return field.is_wrapped ? imported("google/protobuf/wrappers.proto", wrapper_name(scalar)) : scalar;
    }

    /// connect.type of what has no type of its own, a Decimal's precision and scale.
    void append_meta(std::string& out, const Schema& schema) {
        std::vector<std::pair<std::string, std::string>> told;
        if (schema.type == Type::Int8 || schema.type == Type::Int16)
            told.emplace_back("connect.type", record::name_of(schema.type));
        if (schema.is_logical(record::kDecimal)) {
            const auto precision = record::parameter(schema, "connect.decimal.precision");
            if (!precision.empty()) told.emplace_back("precision", precision);
            told.emplace_back("scale", std::to_string(record::decimal_scale(schema)));
        }
        if (told.empty()) return;
        imports_.insert("confluent/meta.proto");
        out += " [(confluent.field_meta) = { params: [";
        for (const auto& [key, value] : told) {
            if (&key != &told.front().first) out += ", ";
            out += format("{{ key: \"{}\", value: ", key);
            json_text::append_string(out, value);
            out += " }";
        }
        out += "] }]";
    }

    const Options options_;
    std::map<std::string, std::shared_ptr<Message>> known_;  ///< By name.
    std::set<std::string> imports_;
    int unnamed_ = 0;
};

ProtobufSchema::ProtobufSchema(record::SchemaPtr schema, Options options) : schema_(std::move(schema)) {
    if (schema_->type != Type::Struct)
        throw FatalError(
            format("Protobuf has messages only, and this is a {}: keep the struct, or take another converter",
                   record::name_of(schema_->type)));
    full_name_ = schema_->name.empty() ? "ConnectDefault1" : schema_->name;
    const size_t dot = full_name_.rfind('.');
    const std::string package = dot == std::string::npos ? "" : full_name_.substr(0, dot);
    if (!package.empty())
        for (const auto& part : split(package, '.')) require_name(part, "Protobuf", "schema.name.adjustment.mode");
    Writer writer(options);
    root_ = writer.root(*schema_, dot == std::string::npos ? full_name_ : full_name_.substr(dot + 1));
    text_ = writer.text(package, *root_);
}

ProtobufSchema::~ProtobufSchema() = default;

void ProtobufSchema::append(std::string& out, const Value& value, record::Arena& arena) {
    out += '\0';  // the first message of the file
    root_->append(out, value, arena);
}

}  // namespace millrace::convert
