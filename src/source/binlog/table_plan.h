#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "convert/json_converter.h"
#include "events/name_adjustment.h"
#include "events/topic_naming.h"
#include "relational/column_shaping.h"
#include "relational/filters.h"
#include "relational/table.h"
#include "source/binlog/binlog_event.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/custom_converters.h"
#include "source/binlog/lacking_image.h"
#include "source/binlog/source_info.h"
#include "source/engine/source_figures.h"

namespace millrace::binlog {

/// What all plans of a connector have in common.
struct PlanSettings {
    ConnectorIdentity identity;
    ValueModes modes;
    convert::JsonConverterOptions key_json;
    convert::JsonConverterOptions value_json;
    events::TopicNaming naming;
    events::NameAdjustment schema_names, field_names;
    relational::ColumnShaping shaping;
    CustomConverters converters;
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

/// How one table's rows become records, compiled once per schema version: topic, ready-made schema parts, column
/// plans. Shared by batches for as long as they hold its strings; run by one thread at a time.
class TablePlan {
  public:
    TablePlan(const relational::Table& table, const relational::Filters& filters, const relational::KeyColumns& keys,
              const PlanSettings& settings);

    const relational::TableId& id() const { return id_; }
    const std::string& topic() const { return topic_; }
    const std::string& key_prefix() const { return key_prefix_; }
    const std::string& value_prefix() const { return value_prefix_; }
    std::string_view key_suffix() const { return key_suffix_; }
    std::string_view value_suffix() const { return value_suffix_; }
    bool has_key() const { return !key_columns_.empty() || !key_field_json_.empty(); }
    size_t column_count() const { return columns_.size(); }
    /// The columns that a snapshot selects, in order: those that are captured or part of the key.
    const std::vector<std::string>& selected_columns() const { return selected_names_; }

    /// Appends the row's struct; `places` gets those of the key columns' values. `images` moves past the row.
    /// Throws FatalError naming table and cause if the image does not fit the schema.
    void append_row(std::string& out, const TableMap& map, std::string_view present, ByteCursor& images,
                    KeyPlaces& places);
    /// Whether rows of such an event are without some of the columns.
    static bool lacks_columns(const TableMap& map, std::string_view present);
    /// Such a row's values. `images` moves past the row.
    LackingImage read_lacking(const TableMap& map, std::string_view present, ByteCursor& images);
    /// Appends its struct; a column that is not there has the value of `other`, the row's other image (nullptr: there
    /// is none), or unavailable.value.placeholder. Returns the column for which there is none of them, if so; then
    /// nothing is appended.
    std::optional<std::string> append_lacking(std::string& out, const LackingImage& image,
                                              const LackingImage* other) const;
    /// Where its key stands. Throws FatalError if neither image has it.
    void place_keys(const LackingImage& image, const LackingImage* other, KeyPlaces& places) const;
    /// What is to be said of a row that cannot be told for want of a column.
    FatalError lacks(const std::string& column) const;
    /// The after image of a PARTIAL_UPDATE_ROWS event, whose JSON columns may be diffs to `before` (its image).
    void append_partial_row(std::string& out, const TableMap& map, const Rows& rows, std::string_view before,
                            ByteCursor& images, KeyPlaces& places);
    /// A snapshot's row; its columns are selected_columns().
    void append_text_row(std::string& out, char** values, const unsigned long* lengths, KeyPlaces& places);
    /// Appends the key's struct, copying its values from where append_row put them in the same buffer.
    void append_key(std::string& out, const KeyPlaces& places) const;
    /// The key's struct as the headers of a key change carry it: as Connect's SimpleHeaderConverter prints it, with
    /// decimals as numbers and only quotes and backslashes escaped. `key_json` is what append_key gave.
    std::string header_key(std::string_view key_json) const;

    /// Where changes of the table are counted; nullptr until somebody says.
    engine::SourceFigures::Table* figures() const { return figures_; }
    void set_figures(engine::SourceFigures::Table& figures) { figures_ = &figures; }

    /// Whether rows under this TABLE_MAP event were found to fit the plan (see StructureCheck).
    bool fits(std::string_view table_map) const { return fitting_ == table_map; }
    void note_fit(std::string_view table_map) { fitting_ = table_map; }

  private:
    struct Slot {
        ColumnPlan plan;
        bool captured = true;
        int key_place = -1;  ///< In the key; -1: not part of it.
    };
    Slot make_slot(const relational::Table& table, const relational::Column& column, const relational::Filters& filters,
                   const PlanSettings& settings) const;
    void make_key(const relational::Table& table, const relational::KeyColumns& keys, const PlanSettings& settings);
    void append_column(std::string& out, Slot& slot, bool& first, KeyPlaces& places, const ColumnValue& value);

    relational::TableId id_;
    std::string topic_;
    std::string key_prefix_, value_prefix_;
    std::string_view key_suffix_, value_suffix_;
    std::vector<Slot> columns_;
    std::vector<size_t> key_columns_;
    std::string key_field_json_;  ///< What the topic naming adds to the key: "name":"value"; empty: nothing.
    std::vector<size_t> selected_;
    std::vector<std::string> selected_names_;
    std::string scratch_;
    std::string fitting_;  ///< The last TABLE_MAP event's body that was found to fit.
    engine::SourceFigures::Table* figures_ = nullptr;
};

}  // namespace millrace::binlog
