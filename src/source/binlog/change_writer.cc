#include "source/binlog/change_writer.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json_text.h"
#include "base/text.h"
#include "events/envelope.h"

namespace millrace::binlog {
namespace {

topiclog::Headers context_headers(const ChangeWriter::Options& options) {
    if (!options.context_headers) return {};
    return {{"__debezium.context.connectorLogicalName", options.identity.topic_prefix},
            {"__debezium.context.taskId", "0"},
            {"__debezium.context.connectorName", options.identity.name},
            {"__debezium.context.runId", options.run_id}};
}

}  // namespace

ChangeWriter::ChangeWriter(Options options) : options_(std::move(options)), head_(identity_head(options_.identity)) {
    const auto headers = context_headers(options_);
    headers_ = std::make_shared<const std::string>(headers.empty() ? std::string() : topiclog::encode_headers(headers));
}

void ChangeWriter::note_topic(const std::string& topic) {
    if (options_.topic_used && noted_topics_.insert(topic).second) options_.topic_used(topic);
}

/// Behind the images: source, transaction, op, time; then the key; then the record is complete.
void ChangeWriter::finish(Batch& batch, const TablePlan& plan, size_t start, char op, uint32_t row,
                          const KeyPlaces* key, const std::string* headers) {
    std::string& out = batch.bytes();
    const int64_t ns = now_ns();
    out += ",\"source\":";
    out += source_before_row_;
    json_text::append_int(out, row);
    out += source_after_row_;
    out += ",\"transaction\":";
    if (transaction_counter_ == nullptr)
        out += "null";
    else
        options_.transactions->append_block(out, *transaction_counter_);
    out += ",\"op\":\"";
    out += op;
    out += "\",";
    events::append_timestamps(out, ns);
    out += '}';
    out += plan.value_suffix();
    Batch::Entry entry;
    entry.slot = batch.slot(plan.topic());
    entry.timestamp_ms = ns / 1'000'000;
    entry.headers = headers;
    entry.value = batch.text_from(start, &plan.value_prefix());
    if (key != nullptr && plan.has_key()) {
        const size_t key_start = out.size();
        plan.append_key(out, *key);
        if (is_watched_) tell_snapshots(plan, std::string_view(out).substr(key_start));
        out += plan.key_suffix();
        entry.key = batch.text_from(key_start, &plan.key_prefix());
    }
    batch.add(entry);
}

ChangeWriter::Batch::Text ChangeWriter::key_text(Batch& batch, const TablePlan& plan, std::string_view key) {
    if (!plan.has_key()) return {};
    const size_t start = batch.bytes().size();
    batch.bytes() += key;
    batch.bytes() += plan.key_suffix();
    return batch.text_from(start, &plan.key_prefix());
}

void ChangeWriter::write_tombstone(Batch& batch, const TablePlan& plan, std::string_view key,
                                   const std::string* headers) {
    Batch::Entry entry;
    entry.slot = batch.slot(plan.topic());
    entry.timestamp_ms = now_ms();
    entry.headers = headers;
    entry.key = key_text(batch, plan, key);
    batch.add(entry);
}

const std::string* ChangeWriter::headers_with(Batch& batch, const char* name, std::string_view value) {
    topiclog::Headers headers = {{name, std::string(value)}};
    for (auto& header : context_headers(options_)) headers.push_back(std::move(header));
    const auto owned = std::make_shared<const std::string>(topiclog::encode_headers(headers));
    batch.keep(owned);
    return owned.get();
}

/// `before` and `key` must not point into the batch's own bytes.
void ChangeWriter::write_delete(Batch& batch, const TablePlan& plan, std::string_view before, std::string_view key,
                                uint32_t row, const std::string* headers) {
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += "{\"before\":";
    out += before;
    out += ",\"after\":null";
    finish(batch, plan, start, 'd', row, nullptr, headers);
    if (plan.has_key()) {
        auto entry = batch.entries().back();
        entry.key = key_text(batch, plan, key);
        batch.replace_last(entry);
        if (is_watched_) tell_snapshots(plan, key);
    }
    if (options_.tombstones) write_tombstone(batch, plan, key, headers);
}

/// An update that changes the key is a delete of the old key and a create of the new one.
void ChangeWriter::write_key_change(Batch& batch, const TablePlan& plan, size_t start, std::string_view old_key,
                                    std::string_view new_key, uint32_t row) {
    std::string& out = batch.bytes();
    const std::string before = out.substr(before_begin_, before_end_ - before_begin_);
    const std::string after = out.substr(after_begin_, after_end_ - after_begin_);
    out.resize(start);
    write_delete(batch, plan, before, old_key, row, headers_with(batch, "__debezium.newkey", plan.header_key(new_key)));
    const size_t create_start = out.size();
    out += "{\"before\":null,\"after\":";
    out += after;
    finish(batch, plan, create_start, 'c', row, nullptr,
           headers_with(batch, "__debezium.oldkey", plan.header_key(old_key)));
    auto entry = batch.entries().back();
    entry.key = key_text(batch, plan, new_key);
    batch.replace_last(entry);
    if (is_watched_) tell_snapshots(plan, new_key);
}

void ChangeWriter::tell_snapshots(const TablePlan& plan, std::string_view key) const {
    for (auto* snapshot : snapshots_) snapshot->row_changed(plan.id().dotted(), key);
}

/// Of an insert.
void ChangeWriter::append_after(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows,
                                ByteCursor& images) {
    if (!event_lacks_columns_) {
        plan.append_row(out, map, rows.columns_before, images, after_places_);
        return;
    }
    const auto image = plan.read_lacking(map, rows.columns_before, images);
    if (const auto column = plan.append_lacking(out, image, nullptr)) throw plan.lacks(*column);
    plan.place_keys(image, nullptr, after_places_);
}

/// Of a delete. A row that is gone and was not logged whole is not known.
void ChangeWriter::append_before(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows,
                                 ByteCursor& images) {
    if (!event_lacks_columns_) {
        plan.append_row(out, map, rows.columns_before, images, before_places_);
        return;
    }
    const auto image = plan.read_lacking(map, rows.columns_before, images);
    if (plan.append_lacking(out, image, nullptr)) out += "null";
    plan.place_keys(image, nullptr, before_places_);
}

void ChangeWriter::append_lacking_images(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows,
                                         ByteCursor& images) {
    const auto before = plan.read_lacking(map, rows.columns_before, images);
    const auto after = plan.read_lacking(map, rows.columns_after, images);
    out += "{\"before\":";
    before_begin_ = out.size();
    if (plan.append_lacking(out, before, nullptr)) out += "null";
    before_end_ = out.size();
    out += ",\"after\":";
    after_begin_ = out.size();
    if (const auto column = plan.append_lacking(out, after, &before)) throw plan.lacks(*column);
    after_end_ = out.size();
    plan.place_keys(before, nullptr, before_places_);
    plan.place_keys(after, &before, after_places_);
}

void ChangeWriter::append_images(std::string& out, TablePlan& plan, const TableMap& map, const Rows& rows,
                                 ByteCursor& images) {
    const std::string_view before_image = images.rest();
    out += "{\"before\":";
    before_begin_ = out.size();
    plan.append_row(out, map, rows.columns_before, images, before_places_);
    before_end_ = out.size();
    out += ",\"after\":";
    after_begin_ = out.size();
    if (rows.is_partial)
        plan.append_partial_row(out, map, rows, before_image, images, after_places_);
    else
        plan.append_row(out, map, rows.columns_after, images, after_places_);
    after_end_ = out.size();
}

void ChangeWriter::write_update(Batch& batch, TablePlan& plan, const TableMap& map, const Rows& rows,
                                ByteCursor& images, uint32_t row, bool wanted) {
    std::string& out = batch.bytes();
    const size_t start = out.size();
    if (event_lacks_columns_ && !rows.is_partial)
        append_lacking_images(out, plan, map, rows, images);
    else
        append_images(out, plan, map, rows, images);
    if (!wanted || (options_.skip_unchanged && is_unchanged(out))) {
        out.resize(start);
        return;
    }
    if (plan.has_key()) {
        const size_t key_start = out.size();
        plan.append_key(out, before_places_);
        old_key_.assign(out, key_start);
        out.resize(key_start);
        plan.append_key(out, after_places_);
        new_key_.assign(out, key_start);
        out.resize(key_start);
        if (old_key_ != new_key_) {
            write_key_change(batch, plan, start, old_key_, new_key_, row);
            return;
        }
    }
    finish(batch, plan, start, 'u', row, &after_places_, headers_->empty() ? nullptr : headers_.get());
}

/// What all rows of an event have in common.
void ChangeWriter::begin_event(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info) {
    batch.keep(plan);
    batch.keep(headers_);
    if (plan->figures() == nullptr) plan->set_figures(options_.figures->table(plan->id().dotted()));
    if (noted_plan_ != plan.get()) {
        noted_plan_ = plan.get();
        note_topic(plan->topic());
    }
    source_before_row_.clear();
    source_after_row_.clear();
    append_source_before_row(source_before_row_, head_, info);
    append_source_after_row(source_after_row_, info);
    is_watched_ = std::any_of(snapshots_.begin(), snapshots_.end(),
                              [&](const auto* snapshot) { return snapshot->watches(plan->id().dotted()); });
    const bool in_transaction =
        options_.transactions != nullptr && options_.transactions->is_open() && info.snapshot == "false";
    transaction_counter_ = in_transaction ? &options_.transactions->counter(plan->id().dotted()) : nullptr;
}

bool ChangeWriter::is_unchanged(const std::string& out) const {
    const std::string_view all(out);
    return all.substr(before_begin_, before_end_ - before_begin_) ==
           all.substr(after_begin_, after_end_ - after_begin_);
}

uint32_t ChangeWriter::write_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                                  const Rows& rows, const SourceInfo& info, uint32_t first_row) {
    begin_event(batch, plan, info);
    const bool skip = (rows.kind == Rows::Kind::Write && options_.skip_create) ||
                      (rows.kind == Rows::Kind::Update && options_.skip_update) ||
                      (rows.kind == Rows::Kind::Delete && options_.skip_delete);
    const uint32_t count_of_rows = write_each(batch, *plan, map, rows, first_row, !skip);
    if (count_of_rows > 0 && !skip) last_row_ = count_of_rows - 1;  // Debezium does not see the events that it skips
    count(*plan, rows.kind, count_of_rows, info);
    return count_of_rows;
}

void ChangeWriter::write_all_rows(Batch& batch, const std::shared_ptr<TablePlan>& plan, const TableMap& map,
                                  const Rows& rows, const SourceInfo& info, uint32_t first_row) {
    begin_event(batch, plan, info);
    transaction_counter_ = nullptr;
    write_each(batch, *plan, map, rows, first_row, true);
}

uint32_t ChangeWriter::write_each(Batch& batch, TablePlan& plan, const TableMap& map, const Rows& rows,
                                  uint32_t first_row, bool are_wanted) {
    const std::string* headers = headers_->empty() ? nullptr : headers_.get();
    event_lacks_columns_ = TablePlan::lacks_columns(map, rows.columns_before) ||
                           (rows.kind == Rows::Kind::Update && TablePlan::lacks_columns(map, rows.columns_after));
    ByteCursor images(rows.images);
    std::string& out = batch.bytes();
    uint32_t row = 0;
    for (; !images.empty() && images.ok(); ++row) {
        const size_t start = out.size();
        const bool wanted = are_wanted && row >= first_row;
        switch (rows.kind) {
            case Rows::Kind::Write:
                out += "{\"before\":null,\"after\":";
                append_after(out, plan, map, rows, images);
                if (wanted)
                    finish(batch, plan, start, 'c', row, &after_places_, headers);
                else
                    out.resize(start);
                break;
            case Rows::Kind::Update:
                write_update(batch, plan, map, rows, images, row, wanted);
                break;
            case Rows::Kind::Delete: {
                append_before(out, plan, map, rows, images);
                const size_t key_start = out.size();
                plan.append_key(out, before_places_);
                old_key_.assign(out, key_start);
                const std::string before = out.substr(start, key_start - start);
                out.resize(start);
                if (wanted) write_delete(batch, plan, before, old_key_, row, headers);
                break;
            }
        }
    }
    if (!images.ok()) throw FatalError(format("A row event of table {} is cut short", plan.id().dotted()));
    return row;
}

/// Once an event, not once a row.
void ChangeWriter::count(const TablePlan& plan, Rows::Kind kind, uint32_t rows, const SourceInfo& info) {
    auto& figures = *options_.figures;
    auto& table = *plan.figures();
    (kind == Rows::Kind::Write ? table.creates : kind == Rows::Kind::Update ? table.updates : table.deletes) += rows;
    (kind == Rows::Kind::Write    ? figures.creates
     : kind == Rows::Kind::Update ? figures.updates
                                  : figures.deletes) += rows;
    const int64_t now = now_ms();
    figures.last_event_ms = now;
    figures.behind_ms = std::max<int64_t>(0, now - info.ts_us / 1000);
}

void ChangeWriter::write_read(Batch& batch, const std::shared_ptr<TablePlan>& plan, std::string_view row_json,
                              std::string_view key_json, const SourceInfo& info) {
    begin_event(batch, plan, info);
    transaction_counter_ = nullptr;
    is_watched_ = false;
    plan->figures()->reads.fetch_add(1, std::memory_order_relaxed);
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += "{\"before\":null,\"after\":";
    out += row_json;
    finish(batch, *plan, start, 'r', 0, nullptr, headers_->empty() ? nullptr : headers_.get());
    if (!plan->has_key()) return;
    auto entry = batch.entries().back();
    entry.key = key_text(batch, *plan, key_json);
    batch.replace_last(entry);
}

void ChangeWriter::write_truncate(Batch& batch, const std::shared_ptr<TablePlan>& plan, const SourceInfo& info) {
    begin_event(batch, plan, info);
    ++options_.figures->truncates;
    ++plan->figures()->truncates;
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += "{\"before\":null,\"after\":null";
    finish(batch, *plan, start, 't', last_row_, nullptr, headers_->empty() ? nullptr : headers_.get());
}

}  // namespace millrace::binlog
