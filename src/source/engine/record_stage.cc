#include "source/engine/record_stage.h"

#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "record/struct_view.h"

namespace millrace::engine {
namespace {

bool is_key_header(std::string_view name) {
    return name == "__debezium.newkey" || name == "__debezium.oldkey";
}

/// Whether the first header is one of a key change.
bool begins_with_key(const std::string& encoded) {
    const auto first = topiclog::HeaderCursor(encoded).next();
    return first && is_key_header(first->first);
}

}  // namespace

RecordStage::RecordStage(Options options)
    : options_(std::move(options)),
      opens_values_((options_.chain.parts() & transform::kValue) != 0),
      adds_headers_(options_.is_open && (options_.key->adds_headers() || options_.value->adds_headers())),
      reads_headers_((options_.chain.parts() & transform::kHeaders) != 0 || !options_.has_simple_headers ||
                     (options_.is_open && (options_.key->looks_at_headers() || options_.value->looks_at_headers())) ||
                     adds_headers_) {}

void RecordStage::apply(topiclog::AppendBatch& batch) {
    arena_.clear();
    own_headers_.clear();
    schema_of_prefix_.clear();
    record_.shared_headers.clear();
    last_headers_ = nullptr;
    last_prefix_[0] = last_prefix_[1] = nullptr;
    std::swap(source_, batch);
    batch.clear();
    batch.set_commits(source_.take_commits());
    for (const auto& entry : source_.entries()) {
        const std::string& topic = source_.topic(entry.slot);
        if (internal_topics_.contains(topic)) {
            copy_unchanged(batch, entry, topic);
            continue;
        }
        try {
            process(batch, entry);
        } catch (const FatalError& fault) {
            if (!options_.faults.skips) throw;
            leave_out(batch, entry, fault.what());
        }
    }
}

void RecordStage::leave_out(Batch& to, const Batch::Entry& entry, const std::string& why) {
    const auto& faults = options_.faults;
    const std::string& topic = source_.topic(entry.slot);
    std::string content;
    if (faults.logs_content && !entry.value.is_null) content = "; it is " + source_.full_text(entry.value);
    log::warn("transform",
              format("Error encountered in task {}-0. Executing stage '{}': a record of topic {} is left out: {}{}",
                     faults.connector, stage_, topic, why, content));
    const bool is_kept = !faults.dead_letter_topic.empty();
    if (faults.skipped) faults.skipped(is_kept);
    if (!is_kept) return;
    copy_unchanged(to, entry, faults.dead_letter_topic);
    if (!faults.adds_context) return;
    auto headers = entry.headers == nullptr ? topiclog::Headers() : topiclog::decode_headers(*entry.headers);
    const auto add = [&](const char* name, std::string value) {
        headers.emplace_back(std::string("__connect.errors.") + name, std::move(value));
    };
    add("topic", topic);
    add("connector.name", faults.connector);
    add("task.id", "0");
    add("stage", stage_);
    add("class.name", "org.apache.kafka.connect.runtime.WorkerSourceTask");
    add("exception.class.name", "org.apache.kafka.connect.errors.DataException");
    add("exception.message", why);
    own_headers_.push_back(topiclog::encode_headers(headers));
    Batch::Entry letter = to.entries().back();
    letter.headers = &own_headers_.back();
    letter.has_own_headers = true;
    to.replace_last(letter);
}

void RecordStage::copy_unchanged(Batch& to, const Batch::Entry& entry, const std::string& topic) {
    Batch::Entry made = entry;
    made.slot = to.slot_named(topic);
    made.fields = 0;
    made.key = copied(to, entry.key);
    made.value = copied(to, entry.value);
    to.add(made);
}

RecordStage::Batch::Text RecordStage::copied(Batch& to, const Batch::Text& text) const {
    if (text.is_null) return {};
    const size_t start = to.bytes().size();
    to.bytes() += source_.own_bytes(text);
    return to.text_from(start, text.prefix);
}

/// False: a transform dropped it.
bool RecordStage::process(Batch& to, const Batch::Entry& entry) {
    record::Record& record = record_;
    record.topic = source_.topic(entry.slot);
    record.partition.reset();
    record.timestamp_ms.reset();
    record.headers.clear();
    record.headers_changed = false;
    const bool is_tombstone = entry.value.is_null && entry.headers != nullptr && entry.headers == last_headers_;
    const std::vector<record::Header> shared = std::exchange(record.shared_headers, {});
    record.shares_headers = true;
    last_headers_ = entry.headers;
    if (entry.headers != nullptr && (reads_headers_ || (options_.is_open && begins_with_key(*entry.headers))))
        read_headers(record, *entry.headers);
    if (is_tombstone)
        for (const auto& header : shared) record.add_header(header.name, header.content);
    if (options_.is_open || options_.is_read) {
        record.key = opened(entry.key);
        record.value = opened(entry.value, opens_values_ ? source_.fields_of(entry) : nullptr);
    } else {
        // Whether they are null is all that may be asked of them.
        record.key.value = entry.key.is_null ? record::Value() : record::Value::json("{}");
        record.value.value = entry.value.is_null ? record::Value() : record::Value::json("{}");
    }
    stage_ = "TRANSFORMATION";
    if (!options_.chain.empty() && !options_.chain.apply(record, arena_)) return false;
    const size_t start = to.bytes().size();
    try {
        Batch::Entry made = entry;
        made.fields = 0;
        if (options_.is_open) {
            stage_ = "KEY_CONVERTER";
            made.key = converted(to, *options_.key, record, record.key);
            stage_ = "VALUE_CONVERTER";
            made.value = converted(to, *options_.value, record, record.value);
        } else {
            made.key = copied(to, entry.key);
            made.value = copied(to, entry.value);
        }
        made.partition = record.partition.value_or(-1);
        if (record.timestamp_ms) made.timestamp_ms = *record.timestamp_ms;
        stage_ = "HEADER_CONVERTER";
        if (record.headers_changed || adds_headers_) write_headers(made, record);
        note_topic(record.topic);
        made.slot = to.slot_named(record.topic);
        to.add(made);
    } catch (...) {
        to.bytes().resize(start);
        throw;
    }
    return true;
}

const record::SchemaPtr& RecordStage::schema_of(const std::string* prefix) {
    for (size_t i = 0; i < 2; ++i)
        if (last_prefix_[i] == prefix) return last_schema_[i];
    auto& schema = schema_of_prefix_[prefix];
    if (!schema) schema = schemas_.of_prefix(*prefix);
    next_last_ ^= 1;
    last_prefix_[next_last_] = prefix;
    last_schema_[next_last_] = schema;
    return last_schema_[next_last_];
}

/// `fields`: where they are known to stand, an object is cut into them.
record::SchemaAndValue RecordStage::opened(const Batch::Text& text, const Batch::FieldPlaces* fields) {
    if (text.is_null) return {};
    const std::string_view own = source_.own_bytes(text);
    if (text.prefix != nullptr) {
        const auto& schema = schema_of(text.prefix);
        const std::string_view json = own.substr(0, own.size() - 1);
        return {schema, fields == nullptr ? record::Value::json(json) : cut(*schema, json, *fields)};
    }
    std::string_view payload;
    const auto& schema = schemas_.of_record(own, payload);
    return {schema, record::Value::json(payload)};
}

/// What record::opened() makes of the object, without reading it.
record::Value RecordStage::cut(const record::Schema& schema, std::string_view json, const Batch::FieldPlaces& places) {
    if (schema.fields.size() != places.size()) return record::Value::json(json);
    const auto fields = record::new_fields(places.size(), arena_);
    size_t end = json.size() - 1;
    for (size_t i = places.size(); i-- > 0;) {
        fields[i] = record::Value::json(json.substr(places[i], end - places[i]));
        end = places[i] - schema.fields[i].name.size() - std::string_view(",\"\":").size();
    }
    return record::Value::list(fields);
}

/// Those of key changes hold the key as a record: see ChangeWriter.
void RecordStage::read_headers(record::Record& record, const std::string& encoded) {
    topiclog::HeaderCursor cursor(encoded);
    while (const auto header = cursor.next()) {
        const auto& [name, text] = *header;
        if (options_.is_open && is_key_header(name) && text) {
            std::string_view payload;
            const auto& schema = schemas_.of_record(*text, payload);
            record.headers.push_back({name, {schema, record::Value::json(payload)}});
            record.headers_changed = true;
        } else {
            record.headers.push_back({name, {text_schema_, text ? record::Value::text(*text) : record::Value()}});
        }
    }
    if (!options_.has_simple_headers) record.headers_changed = true;
}

RecordStage::Batch::Text RecordStage::converted(Batch& to, convert::Converter& converter, const record::Record& record,
                                                const record::SchemaAndValue& side) {
    const size_t start = to.bytes().size();
    const auto made = converter.append_record(to.bytes(), record, side, arena_);
    if (made.is_null) return {};
    if (made.prefix == nullptr) return to.text_from(start);
    to.keep(*made.prefix);
    return to.text_from(start, made.prefix->get());
}

void RecordStage::write_headers(Batch::Entry& made, const record::Record& record) {
    std::span<const convert::WireHeader> of_key, of_value;
    if (adds_headers_) {
        of_key = options_.key->wire_headers();
        of_value = options_.value->wire_headers();
    }
    if (record.headers.empty() && of_key.empty() && of_value.empty()) {
        made.headers = nullptr;
        made.has_own_headers = false;
        return;
    }
    encoded_.clear();
    topiclog::begin_headers(encoded_, record.headers.size() + of_key.size() + of_value.size());
    for (const auto& header : record.headers) {
        header_text_.clear();
        const auto& [schema, content] = header.content;
        const bool has_value =
            options_.header->append_header(header_text_, record.topic, header.name, schema, content, arena_);
        topiclog::append_header(encoded_, header.name, has_value ? &header_text_ : nullptr);
    }
    for (const auto& added : {of_key, of_value})
        for (const auto& [name, value] : added) topiclog::append_header(encoded_, name, &value);
    // Those that are the same for one record after the other are shared.
    made.has_own_headers = own_headers_.empty() || own_headers_.back() != encoded_;
    if (made.has_own_headers) own_headers_.push_back(encoded_);
    made.headers = &own_headers_.back();
}

void RecordStage::note_topic(std::string_view topic) {
    if (topic == last_topic_ || !new_topic_ || options_.chain.empty()) return;
    last_topic_ = topic;
    std::string name(topic);
    if (known_topics_.contains(name)) return;
    if (topic.empty()) throw FatalError("A transform gave a record an empty topic");
    new_topic_(name);
    known_topics_.insert(std::move(name));
}

}  // namespace millrace::engine
