#include "source/binlog/change_writer.h"

#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

using engine::KeyPlaces;

/// Of an insert.
void append_after(std::string& out, KeyPlaces& places, bool lacks_columns, TablePlan& plan, const TableMap& map,
                  const Rows& rows, ByteCursor& images) {
    if (!lacks_columns) {
        plan.append_row(out, map, rows.columns_before, images, places);
        return;
    }
    const auto image = plan.read_lacking(map, rows.columns_before, images);
    if (const auto column = plan.append_lacking(out, image, nullptr)) throw plan.lacks(*column);
    plan.place_keys(image, nullptr, places);
}

/// Of a delete. A row that is gone and was not logged whole is not known.
void append_before(std::string& out, KeyPlaces& places, bool lacks_columns, TablePlan& plan, const TableMap& map,
                   const Rows& rows, ByteCursor& images) {
    if (!lacks_columns) {
        plan.append_row(out, map, rows.columns_before, images, places);
        return;
    }
    const auto image = plan.read_lacking(map, rows.columns_before, images);
    if (plan.append_lacking(out, image, nullptr)) out += "null";
    plan.place_keys(image, nullptr, places);
}

void append_lacking_images(std::string& out, ChangeWriter::UpdateImages& update, TablePlan& plan, const TableMap& map,
                           const Rows& rows, ByteCursor& images, LoggedRow& row) {
    const auto before = plan.read_lacking(map, rows.columns_before, images);
    row.after = images.rest();
    const auto after = plan.read_lacking(map, rows.columns_after, images);
    update.begin_before(out);
    if (plan.append_lacking(out, before, nullptr)) out += "null";
    update.begin_after(out);
    if (const auto column = plan.append_lacking(out, after, &before)) throw plan.lacks(*column);
    update.end(out);
    plan.place_keys(before, nullptr, update.before_places);
    plan.place_keys(after, &before, update.after_places);
}

void append_images(std::string& out, ChangeWriter::UpdateImages& update, TablePlan& plan, const TableMap& map,
                   const Rows& rows, ByteCursor& images, LoggedRow& row) {
    const std::string_view before_image = images.rest();
    update.begin_before(out);
    plan.append_row(out, map, rows.columns_before, images, update.before_places);
    update.begin_after(out);
    ByteCursor after(images.rest());
    if (rows.is_partial) TablePlan::read_diff_bits(map, after);
    row.after = after.rest();
    if (rows.is_partial)
        plan.append_partial_row(out, map, rows, before_image, images, update.after_places);
    else
        plan.append_row(out, map, rows.columns_after, images, update.after_places);
    update.end(out);
}

engine::ChangeWriter::Operation operation_of(Rows::Kind kind) {
    switch (kind) {
        case Rows::Kind::Write:
            return engine::ChangeWriter::Operation::Create;
        case Rows::Kind::Update:
            return engine::ChangeWriter::Operation::Update;
        case Rows::Kind::Delete:
            break;
    }
    return engine::ChangeWriter::Operation::Delete;
}

}  // namespace

void ChangeWriter::begin(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info,
                         bool is_counted) {
    begin_event(batch, plan, is_counted && info.snapshot == "false");
    auto& source = source_text();
    source.has_row = true;
    append_source_before_row(source.before_row, head(), info);
    append_source_after_row(source.after_row, info);
}

uint32_t ChangeWriter::write_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                                  const Rows& rows, const SourceInfo& info, uint32_t first_row) {
    begin(batch, plan, info, true);
    if (reselection_ != nullptr) reselection_->set_event(plan, map, rows, row_);
    const Operation operation = operation_of(rows.kind);
    const uint32_t rows_in_event = write_each(batch, *plan, map, rows, first_row, !skips(operation));
    if (rows_in_event > 0 && !skips(operation))
        last_row_ = rows_in_event - 1;  // Debezium does not see the events that it skips
    count(operation, rows_in_event, info.ts_us);
    return rows_in_event;
}

void ChangeWriter::write_all_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                                  const Rows& rows, const SourceInfo& info, uint32_t first_row) {
    begin(batch, plan, info, false);
    write_each(batch, *plan, map, rows, first_row, true);
}

uint32_t ChangeWriter::write_each(Batch& batch, TablePlan& plan, const TableMap& map, const Rows& rows,
                                  uint32_t first_row, bool are_wanted) {
    const bool lacks_columns = TablePlan::lacks_columns(map, rows.columns_before) ||
                               (rows.kind == Rows::Kind::Update && TablePlan::lacks_columns(map, rows.columns_after));
    ByteCursor images(rows.images);
    uint32_t row = 0;
    for (; !images.empty() && images.ok(); ++row) {
        const bool is_wanted = are_wanted && row >= first_row;
        row_ = {images.rest(), rows.kind == Rows::Kind::Write ? images.rest() : std::string_view()};
        switch (rows.kind) {
            case Rows::Kind::Write:
                create(batch, row, is_wanted, [&](std::string& out, KeyPlaces& places) {
                    append_after(out, places, lacks_columns, plan, map, rows, images);
                });
                break;
            case Rows::Kind::Update:
                update(batch, row, is_wanted, [&](std::string& out, UpdateImages& both) {
                    if (lacks_columns && !rows.is_partial)
                        append_lacking_images(out, both, plan, map, rows, images, row_);
                    else
                        append_images(out, both, plan, map, rows, images, row_);
                });
                break;
            case Rows::Kind::Delete:
                remove(batch, row, is_wanted, [&](std::string& out, KeyPlaces& places) {
                    append_before(out, places, lacks_columns, plan, map, rows, images);
                });
                break;
        }
    }
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", plan.id().dotted()));
    return row;
}

void ChangeWriter::write_read(Batch& batch, const std::shared_ptr<TablePlan>& plan, std::string_view row_json,
                              std::string_view key_json, const SourceInfo& info) {
    begin(batch, plan, info, false);
    engine::ChangeWriter::write_read(batch, row_json, key_json);
}

void ChangeWriter::write_truncate(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info) {
    begin(batch, plan, info, true);
    engine::ChangeWriter::write_truncate(batch, last_row_);
}

}  // namespace millrace::binlog
