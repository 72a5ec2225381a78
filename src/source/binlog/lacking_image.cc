#include "source/binlog/lacking_image.h"

#include <utility>

#include "base/errors.h"
#include "base/text.h"
#include "source/binlog/table_plan.h"

/// Rows that lack columns. What is not in the log is never made up: a column has the value that the row's other image
/// tells, or the placeholder, or the row cannot be told.
namespace millrace::binlog {

bool TablePlan::lacks_columns(const TableMap& map, std::string_view present) {
    for (size_t i = 0; i < map.columns.size(); ++i)
        if (!bit_at(present, i)) return true;
    return false;
}

LackingImage TablePlan::read_lacking(const TableMap& map, std::string_view present, ByteCursor& images) {
    size_t present_count = 0;
    for (size_t i = 0; i < map.columns.size(); ++i) present_count += bit_at(present, i) ? 1 : 0;
    const std::string_view nulls = images.bytes((present_count + 7) / 8);
    LackingImage image;
    image.values.resize(columns_.size());
    image.key_values.resize(columns_.size());
    size_t at = 0;  // among the columns that are there
    for (size_t i = 0; i < map.columns.size(); ++i) {
        if (!bit_at(present, i)) continue;
        const bool is_known = i < columns_.size();
        ColumnValue value;
        if (!bit_at(nulls, at++) &&
            !read_wire_value(map.columns[i], is_known && columns_[i].plan.is_unsigned(), images, scratch_, value))
            throw FatalError(format("Column {} of table {} has the binlog type {}, which Millrace does not know", i + 1,
                                    id().dotted(), static_cast<int>(map.columns[i].type)));
        if (!is_known) continue;  // MariaDB's versioning columns
        Slot& slot = columns_[i];
        if (slot.plan.form() == Form::Json && map.columns[i].type != WireType::Json) value.from_snapshot = true;
        if (slot.captured) slot.plan.append(image.values[i], value);
        if (slot.key_place >= 0) slot.plan.append_key(image.key_values[i], value);
    }
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", id().dotted()));
    return image;
}

std::optional<std::string> TablePlan::append_lacking(std::string& out, const LackingImage& image,
                                                     const LackingImage* other) const {
    const size_t begin = out.size();
    out += '{';
    for (size_t i = 0; i < columns_.size(); ++i) {
        const Slot& slot = columns_[i];
        if (!slot.captured) continue;
        if (out.size() > begin + 1) out += ',';
        out += slot.plan.name_json();
        if (!image.values[i].empty()) {
            out += image.values[i];
        } else if (other != nullptr && !other->values[i].empty()) {
            out += other->values[i];
        } else if (slot.plan.unavailable_json().empty()) {
            out.resize(begin);
            return slot.plan.field();
        } else {
            out += slot.plan.unavailable_json();
        }
    }
    out += '}';
    return std::nullopt;
}

void TablePlan::place_keys(const LackingImage& image, const LackingImage* other, KeyPlaces& places) const {
    begin_row(places);
    for (size_t place = 0; place < key_columns().size(); ++place) {
        const size_t column = key_columns()[place];
        const bool is_there = !image.key_values[column].empty();
        if (!is_there && (other == nullptr || other->key_values[column].empty()))
            throw lacks(columns_[column].plan.field());
        const size_t begin = places.hidden.size();
        places.hidden += is_there ? image.key_values[column] : other->key_values[column];
        places.spans[place] = {begin, places.hidden.size(), true};
    }
}

FatalError TablePlan::lacks(const std::string& column) const {
    return FatalError(format(
        "A row image of table {} lacks column {}, and no placeholder can stand for it; set binlog_row_image=FULL "
        "on the server and in the session that writes",
        id().dotted(), column));
}

}  // namespace millrace::binlog
