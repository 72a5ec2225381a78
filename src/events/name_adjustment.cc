#include "events/name_adjustment.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::events {
namespace {

bool is_letter(char16_t unit) {
    return (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z');
}
bool is_digit(char16_t unit) {
    return unit >= u'0' && unit <= u'9';
}

}  // namespace

std::string unicode_escape(char16_t unit) {
    const std::string digits = format("{:x}", static_cast<unsigned>(unit));
    return "_u" + std::string(digits.size() <= 2 ? "00" : "") + digits;
}

NameAdjustment NameAdjustment::from(const config::Settings& settings, Of of) {
    const char* property = of == Of::Schemas ? "schema.name.adjustment.mode" : "field.name.adjustment.mode";
    const std::string value = settings.text(property, "none");
    if (iequals(value, "none")) return {Mode::None, of};
    if (iequals(value, "avro")) return {Mode::Avro, of};
    if (iequals(value, "avro_unicode")) return {Mode::AvroUnicode, of};
    throw ConfigError(property,
                      format("The '{}' value is invalid: Value must be one of none, avro, avro_unicode", property));
}

bool NameAdjustment::is_valid(char16_t unit, bool is_first) const {
    if (is_letter(unit) || (unit == u'_' && mode_ == Mode::Avro)) return true;
    return !is_first && (is_digit(unit) || (unit == u'.' && of_ == Of::Schemas));
}

std::string NameAdjustment::apply(const std::string& name) const {
    if (mode_ == Mode::None) return name;
    std::string out;
    bool is_first = true;
    for (const char16_t unit : to_utf16(name)) {
        if (is_valid(unit, is_first)) {
            out += static_cast<char>(unit);
        } else if (mode_ == Mode::AvroUnicode) {
            out += unicode_escape(unit);
        } else {
            out += '_';
            if (is_first && is_digit(unit)) out += static_cast<char>(unit);
        }
        is_first = false;
    }
    return out;
}

}  // namespace millrace::events
