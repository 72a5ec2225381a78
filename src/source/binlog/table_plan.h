#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "relational/filters.h"
#include "relational/table.h"
#include "source/binlog/binlog_event.h"
#include "source/binlog/column_plan.h"
#include "source/binlog/custom_converters.h"
#include "source/binlog/lacking_image.h"
#include "source/binlog/source_info.h"
#include "source/engine/record_shape.h"

namespace millrace::binlog {

/// What all plans of a connector have in common.
struct PlanSettings : engine::ShapeSettings {
    ValueModes modes;
    CustomConverters converters;
};

/// How one table's rows become records, compiled once per schema version: its shape and column plans. Run by one
/// thread at a time.
class TablePlan : public engine::RecordShape {
  public:
    using KeyPlaces = engine::KeyPlaces;

    TablePlan(const relational::Table& table, const relational::Filters& filters, const relational::KeyColumns& keys,
              const PlanSettings& settings);

    size_t column_count() const { return columns_.size(); }

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
    /// The condition that one of the table's columns has the value that it has in a row image, for a SELECT; nothing:
    /// the image does not have it. `image` begins with the row's.
    std::optional<std::string> condition_on(size_t column, const TableMap& map, std::string_view present,
                                            std::string_view image);
    /// Moves past what precedes the after image in PARTIAL_UPDATE_ROWS; gives the bits of the columns that are diffs.
    static std::string_view read_diff_bits(const TableMap& map, ByteCursor& images);
    /// A snapshot's row; its columns are selected_columns().
    void append_text_row(std::string& out, char** values, const unsigned long* lengths, KeyPlaces& places);
    /// Whether rows under this TABLE_MAP event were found to fit the plan (see StructureCheck).
    bool fits(std::string_view table_map) const { return fitting_ == table_map; }
    void note_fit(std::string_view table_map) { fitting_ = table_map; }

  private:
    using Slot = engine::PlanSlot<ColumnPlan>;
    Slot make_slot(const relational::Table& table, const relational::Column& column, const relational::Filters& filters,
                   const PlanSettings& settings) const;

    std::vector<Slot> columns_;
    std::string scratch_;
    std::string fitting_;  ///< The last TABLE_MAP event's body that was found to fit.
};

}  // namespace millrace::binlog
