#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "convert/json_converter.h"
#include "events/name_adjustment.h"
#include "events/source_block.h"
#include "events/topic_naming.h"
#include "relational/column_shaping.h"
#include "relational/filters.h"
#include "relational/table.h"
#include "source/engine/source_figures.h"

namespace millrace::engine {

/// What the shapes of all tables of a connector have in common.
struct ShapeSettings {
    events::ConnectorIdentity identity;
    convert::JsonConverterOptions key_json;
    convert::JsonConverterOptions value_json;
    events::TopicNaming naming;
    events::NameAdjustment schema_names, field_names;
    relational::ColumnShaping shaping;
};

/// Where the key columns' values of one row stand: in the buffer that the row was written to, or, of columns that
/// are in the key but not captured, in `hidden`.
struct KeyPlaces {
    struct Span {
        size_t begin = 0;
        size_t end = 0;
        bool is_hidden = false;
    };
    std::vector<Span> spans;
    std::string hidden;
};

/// A column as its table's records have it.
struct ShapeColumn {
    std::string name;   ///< The table's.
    std::string field;  ///< The record's.
    record::SchemaPtr schema, key_schema;
    bool is_captured = true;
    std::optional<int> decimal_scale = {};  ///< Of a Decimal: headers show it as a number.
    std::string unavailable_json = {};      ///< What stands for a value that is not in the log; empty: nothing can.
};

/// What all records of one table share, whatever its rows are decoded from: topic, ready-made schema parts, key. Made
/// once per schema version; batches hold its strings for as long as they need them.
class RecordShape {
  public:
    const relational::TableId& id() const { return id_; }
    const std::string& topic() const { return topic_; }
    const std::string& key_prefix() const { return key_prefix_; }
    const std::string& value_prefix() const { return value_prefix_; }
    std::string_view key_suffix() const { return key_suffix_; }
    std::string_view value_suffix() const { return value_suffix_; }
    bool has_key() const { return !key_.empty() || !key_field_json_.empty(); }
    /// The columns that a snapshot selects, in order: those that are captured or part of the key.
    const std::vector<std::string>& selected_columns() const { return selected_names_; }
    /// A field of the row's struct.
    struct RowField {
        std::string column;
        std::string unavailable_json;  ///< See ShapeColumn.
        bool has_default = false;
    };
    const std::vector<RowField>& row_fields() const { return row_fields_; }
    /// The columns of the key, in its order.
    std::vector<std::string> key_column_names() const;

    /// Appends the key's struct, copying its values from where the row's decoder put them in the same buffer.
    void append_key(std::string& out, const KeyPlaces& places) const;
    /// The key's struct as the headers of a key change carry it: as Connect's SimpleHeaderConverter prints it, with
    /// decimals as numbers and only quotes and backslashes escaped. `key_json` is what append_key gave.
    std::string header_key(std::string_view key_json) const;

    /// Where changes of the table are counted; nullptr until somebody says.
    SourceFigures::Table* figures() const { return figures_; }
    void set_figures(SourceFigures::Table& figures) { figures_ = &figures; }

  protected:
    RecordShape(relational::TableId id, const ShapeSettings& settings);
    /// `columns` are the table's, in order; `source` is the source struct's schema. Throws FatalError if two columns
    /// would have the same name in the record.
    void build(const std::vector<ShapeColumn>& columns, const std::vector<std::string>& key_columns,
               const record::SchemaPtr& source, const ShapeSettings& settings);

    /// Positions in the table of the key's columns, in the key's order.
    const std::vector<size_t>& key_columns() const { return key_positions_; }
    /// The place of a column in the key; -1: not part of it.
    int key_place(size_t column) const;
    /// Positions in the table of selected_columns().
    const std::vector<size_t>& selected() const { return selected_; }
    void begin_row(KeyPlaces& places) const {
        places.spans.resize(key_.size());
        places.hidden.clear();
    }

  private:
    struct KeyColumn {
        std::string column, field;
        std::string name_json;  ///< With quotes and colon.
        std::optional<int> decimal_scale;
    };
    void build_key(const std::vector<ShapeColumn>& columns, const std::vector<std::string>& key_columns,
                   const ShapeSettings& settings);

    relational::TableId id_;
    std::string topic_;
    std::string key_prefix_, value_prefix_;
    std::string_view key_suffix_, value_suffix_;
    std::vector<KeyColumn> key_;
    std::vector<size_t> key_positions_;
    std::string key_field_json_;  ///< What the topic naming adds to the key: "name":"value"; empty: nothing.
    std::vector<size_t> selected_;
    std::vector<std::string> selected_names_;
    std::vector<RowField> row_fields_;
    SourceFigures::Table* figures_ = nullptr;
};

/// A column's place in the rows of a table's plan. `ColumnPlan` turns a value into JSON: name_json(), append(out,
/// value), append_key(out, value) as keys have it, and whether that may differ, has_key_form().
template <typename ColumnPlan>
struct PlanSlot {
    ColumnPlan plan;
    bool captured = true;
    int key_place = -1;  ///< In the key; -1: not part of it.

    /// Appends name and value, if the column is captured, and notes where the key has its value.
    template <typename Value>
    void append(std::string& out, bool& is_first, KeyPlaces& places, const Value& value) {
        if (captured) {
            if (!std::exchange(is_first, false)) out += ',';
            out += plan.name_json();
            const size_t begin = out.size();
            plan.append(out, value);
            if (key_place < 0) return;
            if (!plan.has_key_form()) {
                places.spans[static_cast<size_t>(key_place)] = {begin, out.size(), false};
                return;
            }
        }
        if (key_place < 0) return;
        const size_t begin = places.hidden.size();
        plan.append_key(places.hidden, value);
        places.spans[static_cast<size_t>(key_place)] = {begin, places.hidden.size(), true};
    }
};

}  // namespace millrace::engine
