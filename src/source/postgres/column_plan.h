#pragma once

#include <string>

#include "record/schema.h"
#include "relational/column_shaping.h"
#include "source/engine/column_shaper.h"
#include "source/engine/record_shape.h"
#include "source/postgres/catalog.h"
#include "source/postgres/value_form.h"

namespace millrace::postgres {

/// How one column's values become JSON, worked out once per table structure. Not thread-safe: masks have state.
class ColumnPlan {
  public:
    ColumnPlan(const PgTable& table, const PgTable::Column& column, const PgType& type, ValueForm form,
               const engine::ShapeSettings& settings, const ValueModes& modes, relational::ColumnShape shape);

    const std::string& name_json() const { return name_json_; }  ///< The field's name with quotes and colon.
    const std::string& field() const { return field_; }
    const record::SchemaPtr& schema() const { return schema_; }
    /// Keys are neither masked nor cut, and carry no parameters that say so.
    const record::SchemaPtr& key_schema() const { return key_schema_; }
    /// Of a Decimal.
    std::optional<int> decimal_scale() const;

    /// A null becomes the column's default, as replace.null.with.default has it, unless that is off; in a NOT NULL
    /// column, where it stands for a value that the log does not tell, the type's zero. Throws FatalError if the value
    /// does not fit the column, or is not in the log and nothing can stand for it.
    void append(std::string& out, const TupleValue& value);
    /// Neither masked nor cut, and with decimals as the key's converter has them.
    void append_key(std::string& out, const TupleValue& value) const { append_in(out, key_form_, value); }
    /// Does append_key() give anything else?
    bool has_key_form() const { return shaper_.is_shaped() || key_form_.as_number != form_.as_number; }

    /// What stands for a value that was not changed and is not in the log; empty: nothing can.
    const std::string& unavailable_json() const { return unavailable_json_; }

    void keep_nulls();

  private:
    void append_in(std::string& out, const ValueForm& form, const TupleValue& value) const;
    void set_unavailable(const PgType& type, const std::string& placeholder);
    [[noreturn]] void cannot_read(const std::string& text) const;

    std::string place_;  ///< "column c of table s.t"
    std::string field_, name_json_;
    bool is_optional_ = true;
    ValueForm form_, key_form_;
    std::string null_json_;
    std::string unavailable_json_;
    record::SchemaPtr schema_, key_schema_;
    engine::ColumnShaper shaper_;
};

}  // namespace millrace::postgres
