#include "transform/field_reference.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::transform {

using record::Nulls;
using record::Schema;
using record::Value;

std::vector<FieldReference> FieldReference::list(const std::string& text, const std::string& prefix,
                                                 const std::string& property) {
    std::vector<FieldReference> all;
    for (const auto& item : split_list(text)) {
        const auto parts = split(item, ':');
        if (parts.size() > 2)
            throw ConfigError(property, format("Invalid value {} for configuration {}: Unexpected field name: {}", text,
                                               property, item));
        const auto path = split(parts[0], '.');
        FieldReference made;
        made.field_ = path.size() == 1 ? path[0] : path[1];
        const auto& name = made.field_;
        if (path.size() > 1)
            made.parent_ = path[0];
        else if (name == "id" || name == "total_order" || name == "data_collection_order")
            made.parent_ = "transaction";
        else if (name != "op" && name != "ts_ms" && name != "ts_us" && name != "ts_ns")
            made.parent_ = name == "updateDescription" ? name : "source";
        if (parts.size() == 2)
            made.new_name_ = prefix + parts[1];
        else
            made.new_name_ = prefix + (path.size() == 1 ? name : format("{}_{}", made.parent_, name));
        all.push_back(std::move(made));
    }
    return all;
}

std::optional<FieldReference::Place> FieldReference::place_in(const Schema& envelope) const {
    Place place;
    const Schema* holder = &envelope;
    if (!parent_.empty()) {
        place.parent = envelope.index_of(parent_);
        if (!place.parent)
            throw FatalError(format("The envelope has no field {}, which add.fields or add.headers names", parent_));
        holder = envelope.fields[*place.parent].schema.get();
        place.is_in_parent = holder->field(field_) != nullptr;
        if (!place.is_in_parent) holder = &envelope;
    }
    const auto at = holder->index_of(field_);
    if (!at) return std::nullopt;
    place.field = *at;
    const Schema& field = *holder->fields[*at].schema;
    Schema made = record::basics_of(field);
    made.fields = field.fields;
    made.optional = true;
    place.schema = record::made(std::move(made));
    return place;
}

Value FieldReader::read(const FieldReference::Place& place) {
    if (!place.parent) return envelope_.raw(place.field, Nulls::AsTheyAre);
    if (open_ != place.parent) {
        open_ = place.parent;
        parent_ = envelope_.inner(*place.parent, Nulls::AsTheyAre);
    }
    if (!parent_) return {};
    return (place.is_in_parent ? *parent_ : envelope_).raw(place.field, Nulls::AsTheyAre);
}

}  // namespace millrace::transform
