#pragma once

#include <vector>

#include "record/record.h"
#include "record/struct_view.h"

namespace millrace::transform {

/// A struct made of some fields of another, by its schema and where each field comes from.
struct FieldSelection {
    record::SchemaPtr schema;
    std::vector<size_t> from;

    record::SchemaAndValue of(const record::StructView& view, record::Nulls nulls, record::Arena& arena) const {
        const auto fields = record::new_fields(from.size(), arena);
        for (size_t i = 0; i < from.size(); ++i) fields[i] = view.raw(from[i], nulls);
        return {schema, record::Value::list(fields)};
    }

    /// The fields of `source` for which `is_kept(field)` holds, within a schema of the same name.
    template <typename IsKept>
    static FieldSelection filtered(const record::Schema& source, IsKept&& is_kept) {
        FieldSelection made;
        record::Schema to = record::basics_of(source);
        for (size_t i = 0; i < source.fields.size(); ++i) {
            if (!is_kept(source.fields[i])) continue;
            to.fields.push_back(source.fields[i]);
            made.from.push_back(i);
        }
        made.schema = record::made(std::move(to));
        return made;
    }
};

}  // namespace millrace::transform
