#include "convert/string_converter.h"

#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/text.h"

namespace millrace::convert {

/// What toString() needs to know of a schema.
struct StringConverter::Shape {
    std::string type;
    int scale = -1;                  ///< Of a Decimal; -1: none.
    std::vector<std::string> names;  ///< Of a struct's fields,
    std::vector<Shape> fields;       ///< and their shapes.
    std::unique_ptr<Shape> items;

    static Shape of(const Json& schema) {
        Shape shape;
        shape.type = schema.value("type", "");
        if (schema.value("name", "") == "org.apache.kafka.connect.data.Decimal")
            shape.scale = static_cast<int>(parse_int(schema.at("parameters").value("scale", "0")).value_or(0));
        if (const auto fields = schema.find("fields"); fields != schema.end())
            for (const auto& field : *fields) {
                shape.names.push_back(field.value("field", ""));
                shape.fields.push_back(of(field));
            }
        if (const auto items = schema.find("items"); items != schema.end())
            shape.items = std::make_unique<Shape>(of(*items));
        return shape;
    }

    void append(std::string& out, const Json& value) const {
        if (type == "struct")
            append_struct(out, value);
        else if (type == "array")
            append_array(out, value);
        else if (type == "bytes")
            append_bytes(out, value);
        else if (value.is_number_float() && type == "float")
            json_text::append_float(out, value.get<float>());
        else if (value.is_number_float())
            json_text::append_double(out, value.get<double>());
        else if (value.is_string())
            out += value.get_ref<const std::string&>();
        else
            out += to_text(value);
    }

  private:
    void append_struct(std::string& out, const Json& value) const {
        out += "Struct{";
        bool first = true;
        for (size_t i = 0; i < fields.size(); ++i) {
            const auto found = value.find(names[i]);
            if (found == value.end() || found->is_null()) continue;
            if (!std::exchange(first, false)) out += ',';
            out += names[i];
            out += '=';
            fields[i].append(out, *found);
        }
        out += '}';
    }

    void append_array(std::string& out, const Json& value) const {
        out += '[';
        for (size_t i = 0; i < value.size(); ++i) {
            if (i > 0) out += ", ";
            if (value[i].is_null())
                out += "null";
            else
                items->append(out, value[i]);
        }
        out += ']';
    }

    void append_bytes(std::string& out, const Json& value) const {
        const auto bytes = base64::decode(value.get<std::string>());
        if (!bytes) throw FatalError("A value of type bytes is no Base64");
        if (scale >= 0)
            out += decimal::text_of(*bytes, scale);
        else
            out += format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes->size());
    }
};

StringConverter::StringConverter() = default;
StringConverter::~StringConverter() = default;
StringConverter::StringConverter(StringConverter&&) noexcept = default;

const StringConverter::Shape& StringConverter::shape_of(std::string_view prefix) {
    const auto known = shapes_.find(prefix);
    if (known != shapes_.end()) return *known->second;
    const auto json = parse_json(std::string(prefix) + "null}");
    if (!json || !json->contains("schema")) throw FatalError("A record for the StringConverter has no schema");
    auto shape = std::make_unique<Shape>(Shape::of((*json)["schema"]));
    return *shapes_.emplace(std::string(prefix), std::move(shape)).first->second;
}

bool StringConverter::append(std::string& out, std::string_view prefix, std::string_view rest) {
    if (prefix.empty()) {
        // Rare records (schema changes, heartbeats) come whole.
        constexpr std::string_view kPayload = ",\"payload\":";
        const size_t at = rest.find(kPayload);
        if (at == std::string_view::npos) throw FatalError("A record for the StringConverter has no payload");
        prefix = rest.substr(0, at + kPayload.size());
        rest = rest.substr(at + kPayload.size());
    }
    const Shape& shape = shape_of(prefix);
    const auto payload = parse_json(rest.substr(0, rest.size() - 1));
    if (!payload) throw FatalError("A record for the StringConverter cannot be read");
    if (payload->is_null()) return false;
    shape.append(out, *payload);
    return true;
}

}  // namespace millrace::convert
