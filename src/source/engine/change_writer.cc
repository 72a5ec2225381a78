#include "source/engine/change_writer.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/json_text.h"
#include "events/envelope.h"

namespace millrace::engine {
namespace {

/// Counted from the value's first byte.
ChangeWriter::Batch::FieldPlaces field_places(const events::EnvelopePlaces& places, size_t value) {
    const auto from = [&](size_t place) { return static_cast<uint32_t>(place - value); };
    return {from(places.before), from(places.after), from(places.source), from(places.transaction),
            from(places.op),     from(places.ts_ms), from(places.ts_us),  from(places.ts_ns)};
}

topiclog::Headers context_headers(const ChangeWriter::Options& options) {
    if (!options.context_headers) return {};
    return {{"__debezium.context.connectorLogicalName", options.identity.topic_prefix},
            {"__debezium.context.taskId", "0"},
            {"__debezium.context.connectorName", options.identity.name},
            {"__debezium.context.runId", options.run_id}};
}

}  // namespace

ChangeWriter::ChangeWriter(Options options)
    : options_(std::move(options)), head_(events::source_block_head(options_.identity, options_.keeps_nulls)) {
    const auto headers = context_headers(options_);
    headers_ = std::make_shared<const std::string>(headers.empty() ? std::string() : topiclog::encode_headers(headers));
}

void ChangeWriter::note_topic(const std::string& topic) {
    if (options_.topic_used && noted_topics_.insert(topic).second) options_.topic_used(topic);
}

void ChangeWriter::begin_event(Batch& batch, const std::shared_ptr<RecordShape>& shape, bool is_counted) {
    shape_ = shape.get();
    batch.keep(shape);
    batch.keep(headers_);
    if (shape->figures() == nullptr) shape->set_figures(options_.figures->table(shape->id().dotted()));
    if (noted_shape_ != shape_) {
        noted_shape_ = shape_;
        note_topic(shape->topic());
    }
    source_.before_row.clear();
    source_.after_row.clear();
    is_watched_ = std::any_of(snapshots_.begin(), snapshots_.end(),
                              [&](const auto* snapshot) { return snapshot->watches(shape->id().dotted()); });
    const bool in_transaction = is_counted && options_.transactions != nullptr && options_.transactions->is_open();
    transaction_counter_ = in_transaction ? &options_.transactions->counter(shape->id().dotted()) : nullptr;
}

/// What stands behind the images: source, transaction, op, time.
events::EnvelopePlaces ChangeWriter::append_end(std::string& out, char op, uint32_t row, int64_t ns) {
    events::EnvelopePlaces places;
    out += ",\"source\":";
    places.source = out.size();
    out += source_.before_row;
    if (source_.has_row) {
        json_text::append_int(out, row);
        out += source_.after_row;
    }
    out += ",\"transaction\":";
    places.transaction = out.size();
    if (transaction_counter_ == nullptr)
        out += "null";
    else
        options_.transactions->append_block(out, *transaction_counter_);
    out += ",\"op\":";
    places.op = out.size();
    out += '"';
    out += op;
    out += "\",";
    events::append_timestamps(out, ns, places);
    out += '}';
    return places;
}

/// Behind the images; then the key; then the record is complete.
void ChangeWriter::finish(Batch& batch, Begin begin, char op, uint32_t row, const KeyPlaces* key,
                          const std::string* headers) {
    std::string& out = batch.bytes();
    const int64_t ns = now_ns();
    events::EnvelopePlaces places = append_end(out, op, row, ns);
    places.before = begin.value + kBefore.size();
    places.after = begin.after;
    out += shape_->value_suffix();
    Batch::Entry entry;
    entry.slot = batch.slot(shape_->topic());
    entry.timestamp_ms = ns / 1'000'000;
    entry.headers = headers;
    entry.value = batch.text_from(begin.value, &shape_->value_prefix());
    if (options_.is_open) entry.fields = batch.note_fields(field_places(places, begin.value));
    if (key != nullptr && shape_->has_key()) {
        const size_t key_start = out.size();
        shape_->append_key(out, *key);
        if (is_watched_) tell_snapshots(std::string_view(out).substr(key_start));
        out += shape_->key_suffix();
        entry.key = batch.text_from(key_start, &shape_->key_prefix());
    }
    batch.add(entry);
}

/// An insert or update whose image ends the buffer. Its key is what the log says, whatever completes the row.
void ChangeWriter::finish_row(Batch& batch, Begin begin, char op, uint32_t row) {
    if (completion_ == nullptr) {
        finish(batch, begin, op, row, &after_places_, plain_headers());
        return;
    }
    std::string& out = batch.bytes();
    const size_t key_start = out.size();
    if (shape_->has_key()) shape_->append_key(out, after_places_);
    new_key_.assign(out, key_start);
    out.resize(key_start);
    completion_->complete(out, begin.after);
    finish(batch, begin, op, row, nullptr, plain_headers());
    set_key(batch, new_key_);
}

/// Of the record that was added last.
void ChangeWriter::set_key(Batch& batch, std::string_view key) {
    if (!shape_->has_key()) return;
    auto entry = batch.entries().back();
    entry.key = key_text(batch, key);
    batch.replace_last(entry);
    if (is_watched_) tell_snapshots(key);
}

ChangeWriter::Batch::Text ChangeWriter::key_text(Batch& batch, std::string_view key) {
    if (!shape_->has_key()) return {};
    const size_t start = batch.bytes().size();
    batch.bytes() += key;
    batch.bytes() += shape_->key_suffix();
    return batch.text_from(start, &shape_->key_prefix());
}

void ChangeWriter::write_tombstone(Batch& batch, std::string_view key, const std::string* headers) {
    Batch::Entry entry;
    entry.slot = batch.slot(shape_->topic());
    entry.timestamp_ms = now_ms();
    entry.headers = headers;
    entry.key = key_text(batch, key);
    batch.add(entry);
}

const std::string* ChangeWriter::headers_with_key(Batch& batch, const char* name, const std::string& key) {
    std::string value =
        options_.is_open ? shape_->key_prefix() + key + std::string(shape_->key_suffix()) : shape_->header_key(key);
    topiclog::Headers headers = {{name, std::move(value)}};
    for (auto& header : context_headers(options_)) headers.push_back(std::move(header));
    const auto owned = std::make_shared<const std::string>(topiclog::encode_headers(headers));
    batch.keep(owned);
    return owned.get();
}

/// `before` and `key` must not point into the batch's own bytes.
void ChangeWriter::write_delete(Batch& batch, std::string_view before, std::string_view key, uint32_t row,
                                const std::string* headers) {
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += kBefore;
    out += before;
    out += ",\"after\":";
    const size_t after = out.size();
    out += "null";
    finish(batch, {start, after}, 'd', row, nullptr, headers);
    set_key(batch, key);
    if (options_.tombstones) write_tombstone(batch, key, headers);
}

void ChangeWriter::finish_update(Batch& batch, size_t start, uint32_t row, bool is_wanted, const UpdateImages& images) {
    if (shape_->has_key() && images.has_old_key) {
        std::string& out = batch.bytes();
        const size_t key_start = out.size();
        shape_->append_key(out, before_places_);
        old_key_.assign(out, key_start);
        out.resize(key_start);
        shape_->append_key(out, after_places_);
        new_key_.assign(out, key_start);
        out.resize(key_start);
        if (old_key_ != new_key_) {
            write_key_change(batch, start, row, images);
            return;
        }
    }
    if (!is_wanted) {
        batch.bytes().resize(start);
        return;
    }
    finish_row(batch, {start, images.after_begin()}, 'u', row);
}

/// An update that changes the key is a delete of the old key and a create of the new one.
void ChangeWriter::write_key_change(Batch& batch, size_t start, uint32_t row, const UpdateImages& images) {
    std::string& out = batch.bytes();
    const std::string before(images.before(out));
    std::string after(images.after(out));
    out.resize(start);
    const bool has_create = !options_.skips_by_record || !options_.skip_create;
    if (completion_ != nullptr && has_create) completion_->complete(after, 0);  // it may throw: both records or none
    if (!options_.skips_by_record || !options_.skip_delete)
        write_delete(batch, before, old_key_, row, headers_with_key(batch, "__debezium.newkey", new_key_));
    if (!has_create) return;
    const size_t create_start = out.size();
    out += kNoBefore;
    const size_t row_start = out.size();
    out += after;
    finish(batch, {create_start, row_start}, 'c', row, nullptr, headers_with_key(batch, "__debezium.oldkey", old_key_));
    set_key(batch, new_key_);
}

void ChangeWriter::tell_snapshots(std::string_view key) const {
    for (auto* snapshot : snapshots_) snapshot->row_changed(shape_->id().dotted(), key);
}

void ChangeWriter::count(Operation operation, uint32_t rows, int64_t committed_us) const {
    auto& figures = *options_.figures;
    auto& table = *shape_->figures();
    switch (operation) {
        case Operation::Create:
            table.creates += rows;
            figures.creates += rows;
            break;
        case Operation::Update:
            table.updates += rows;
            figures.updates += rows;
            break;
        case Operation::Delete:
            table.deletes += rows;
            figures.deletes += rows;
            break;
    }
    const int64_t now = now_ms();
    figures.last_event_ms = now;
    figures.behind_ms = std::max<int64_t>(0, now - committed_us / 1000);
}

void ChangeWriter::write_read(Batch& batch, std::string_view row_json, std::string_view key_json) {
    is_watched_ = false;
    shape_->figures()->reads.fetch_add(1, std::memory_order_relaxed);
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += kNoBefore;
    const size_t after = out.size();
    out += row_json;
    finish(batch, {start, after}, 'r', 0, nullptr, plain_headers());
    set_key(batch, key_json);
}

void ChangeWriter::write_truncate(Batch& batch, uint32_t row) {
    ++options_.figures->truncates;
    ++shape_->figures()->truncates;
    std::string& out = batch.bytes();
    const size_t start = out.size();
    out += kNoBefore;
    const size_t after = out.size();
    out += "null";
    finish(batch, {start, after}, 't', row, nullptr, plain_headers());
}

}  // namespace millrace::engine
