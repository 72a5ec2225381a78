#include "source/postgres/column_plan.h"

#include "base/digest.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "source/postgres/default_value.h"

namespace millrace::postgres {
namespace {

using Kind = ValueForm::Kind;

/// java.util.UUID.nameUUIDFromBytes
std::string name_uuid(const std::string& bytes) {
    auto digest = Digest::make("MD5");
    digest->begin();
    digest->add(bytes);
    std::string hexadecimal;
    digest->append_hex(hexadecimal);
    auto raw = unhex(hexadecimal).value_or(std::string(16, '\0'));
    raw[6] = static_cast<char>((raw[6] & 0x0F) | 0x30);
    raw[8] = static_cast<char>((raw[8] & 0x3F) | 0x80);
    std::string text = hex(raw);
    for (const size_t at : {8u, 13u, 18u, 23u}) text.insert(at, "-");
    return text;
}

std::string quoted(const std::string& text) {
    std::string json;
    json_text::append_string(json, text);
    return json;
}

bool is_no_number(const ValueForm& form, std::string_view text) {
    return (form.kind == Kind::Decimal || form.kind == Kind::VariableDecimal) &&
           (text == "NaN" || text == "Infinity" || text == "-Infinity");
}

}  // namespace

ColumnPlan::ColumnPlan(const PgTable& table, const PgTable::Column& column, const PgType& type, ValueForm form,
                       const engine::ShapeSettings& settings, const ValueModes& modes, relational::ColumnShape shape)
    : place_(format("column {} of table {}", column.column.name, table.id.dotted())),
      field_(settings.field_names.apply(column.column.name)),
      is_optional_(column.column.optional),
      form_(with_decimals(std::move(form), settings.value_json.decimals_are_numbers)),
      key_form_(with_decimals(form_, settings.key_json.decimals_are_numbers)) {
    name_json_ = quoted(field_) + ":";
    record::Schema schema = form_.schema;
    schema.optional = is_optional_;
    if (auto json = default_json(column.column, type, form_)) schema.default_json = std::move(json);
    null_json_ = schema.default_json ? *schema.default_json : is_optional_ ? "null" : form_.zero_json;
    if (null_json_.empty()) null_json_ = "null";
    key_schema_ = std::make_shared<const record::Schema>(schema);
    shaper_ = engine::ColumnShaper(std::move(shape), table.id.dotted(), column.column, column.column.type_name, schema);
    schema_ = std::make_shared<const record::Schema>(std::move(schema));
    set_unavailable(type, modes.unavailable);
}

std::optional<int> ColumnPlan::decimal_scale() const {
    if (form_.kind != Kind::Decimal && form_.kind != Kind::Money) return std::nullopt;
    return form_.scale;
}

void ColumnPlan::keep_nulls() {
    if (is_optional_) null_json_ = "null";
}

/// What Debezium's UnchangedToastedPlaceholder has for each type.
void ColumnPlan::set_unavailable(const PgType& type, const std::string& placeholder) {
    const std::string text = quoted(placeholder);
    const auto numbers = [&] {
        std::vector<std::string> all;
        for (const char c : placeholder) all.push_back(std::to_string(static_cast<int>(static_cast<signed char>(c))));
        return '[' + join(all, ",") + ']';
    };
    switch (form_.kind) {
        case Kind::Text:
            unavailable_json_ = text;
            break;
        case Kind::Bytes:
        case Kind::TextAsBytes:
        case Kind::ShapeAsBytes:
            if (form_.binary == relational::BinaryMode::Hex)
                unavailable_json_ = text;
            else
                append_bytes(unavailable_json_, form_.binary, placeholder);
            break;
        case Kind::HstoreMap:
            unavailable_json_ = '{' + text + ':' + text + '}';
            break;
        case Kind::HstoreJson:
            unavailable_json_ = quoted('{' + text + ':' + text + '}');
            break;
        case Kind::Array:
            if (form_.element->kind == Kind::Bytes) {
                unavailable_json_ = "[";
                append_bytes(unavailable_json_, form_.element->binary, placeholder);
                unavailable_json_ += ']';
            } else if (form_.element->kind == Kind::Integer || form_.element->kind == Kind::Date) {
                unavailable_json_ = numbers();
            } else if (type.name == "_uuid") {
                unavailable_json_ = '[' + quoted(name_uuid(placeholder)) + ']';
            } else if (form_.element->kind == Kind::Text) {
                unavailable_json_ = '[' + text + ']';
            }
            break;
        default:
            break;
    }
}

void ColumnPlan::cannot_read(const std::string& text) const {
    throw FatalError(format("The value '{}' in {} cannot be read; leave the column out with column.exclude.list",
                            text.substr(0, 100), place_));
}

void ColumnPlan::append_in(std::string& out, const ValueForm& form, const TupleValue& value) const {
    switch (value.state) {
        case TupleValue::State::Null:
            out += null_json_;
            return;
        case TupleValue::State::Unchanged:
            if (unavailable_json_.empty())
                throw FatalError(
                    format("The unchanged value in {} is not in the log (it is stored out of line), and no placeholder "
                           "can stand for one of its type; set ALTER TABLE … REPLICA IDENTITY FULL",
                           place_));
            out += unavailable_json_;
            return;
        case TupleValue::State::Text:
            break;
    }
    if (is_no_number(form, value.text)) {
        out += null_json_;
        return;
    }
    try {
        append_value(out, form, value.text, value.is_snapshot);
    } catch (const UnreadableValue& unreadable) {
        cannot_read(unreadable.text);
    }
}

void ColumnPlan::append(std::string& out, const TupleValue& value) {
    const size_t start = out.size();
    append_in(out, form_, value);
    if (shaper_.is_shaped()) shaper_.shape(out, start, value.state == TupleValue::State::Null, null_json_);
}

}  // namespace millrace::postgres
