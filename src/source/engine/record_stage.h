#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "convert/converter.h"
#include "convert/schema_reader.h"
#include "record/record.h"
#include "topiclog/append_batch.h"
#include "transform/chain.h"

namespace millrace::engine {

/// The way of a batch of records from what sources write to what topics hold: transforms, then converters.
///
/// Sources write JSON. Where no transform looks into keys and values and the converters are JSON, these are the bytes
/// of the topic already, and the stage moves them as they are (is_open false), also where transforms read them. Else
/// sources write what the stage can read without loss, kOpenJson with structured key headers, and the stage opens of it
/// what a transform asks for. Used by one thread.
class RecordStage {
  public:
    /// What becomes of a record that a transform or converter fails on.
    struct Faults {
        bool skips = false;  ///< errors.tolerance=all: it is left out; else the task fails.
        std::string
            dead_letter_topic;      ///< errors.deadletterqueue.topic.name: takes what the source wrote; empty: none.
        bool adds_context = false;  ///< With headers __connect.errors.*.
        bool logs_content = false;  ///< errors.log.include.messages
        std::string connector;
        /// One was left out; whether the dead letter topic has it.
        std::function<void(bool is_kept)> skipped;
    };
    struct Options {
        transform::Chain chain;
        bool is_open = false;
        bool is_read = false;  ///< Not open, but the chain reads keys and values: the sources' JSON has its schemas.
        std::unique_ptr<convert::Converter> key, value;  ///< Where is_open.
        std::unique_ptr<convert::Converter> header;
        bool has_simple_headers = true;  ///< `header` writes of a text the text, as sources do.
        Faults faults;
    };
    explicit RecordStage(Options options);

    /// Records of these topics are left as they are.
    void set_internal_topics(std::set<std::string> topics) { internal_topics_ = std::move(topics); }
    /// Told of each topic before its first record.
    void set_new_topic(std::function<void(const std::string&)> new_topic) { new_topic_ = std::move(new_topic); }
    /// Whether records may get another topic than the source gave them.
    bool has_transforms() const { return !options_.chain.empty(); }

    /// Replaces what `batch` holds; what its entries point to stays alive until the next call. Throws FatalError, and
    /// RetriableError where a schema registry is away; the batch is void then.
    void apply(topiclog::AppendBatch& batch);

  private:
    using Batch = topiclog::AppendBatch;

    bool process(Batch& to, const Batch::Entry& entry);
    record::SchemaAndValue opened(const Batch::Text& text, const Batch::FieldPlaces* fields = nullptr);
    record::Value cut(const record::Schema& schema, std::string_view json, const Batch::FieldPlaces& fields);
    const record::SchemaPtr& schema_of(const std::string* prefix);
    void read_headers(record::Record& record, const std::string& encoded);
    Batch::Text converted(Batch& to, convert::Converter& converter, const record::Record& record,
                          const record::SchemaAndValue& side);
    void write_headers(Batch::Entry& made, const record::Record& record);
    void note_topic(std::string_view topic);
    void copy_unchanged(Batch& to, const Batch::Entry& entry, const std::string& topic);
    void leave_out(Batch& to, const Batch::Entry& entry, const std::string& why);
    Batch::Text copied(Batch& to, const Batch::Text& text) const;

    Options options_;
    const bool opens_values_;  ///< A transform opens them.
    const bool adds_headers_;  ///< A converter does.
    const bool reads_headers_;
    std::string encoded_, header_text_;  ///< Used again.
    std::set<std::string> internal_topics_;
    std::function<void(const std::string&)> new_topic_;
    std::unordered_set<std::string> known_topics_;
    std::string last_topic_;  ///< One of those.
    Batch source_;            ///< What the last batch was made from; owns what its entries point to.
    record::Arena arena_;
    convert::SchemaReader schemas_;
    std::unordered_map<const std::string*, record::SchemaPtr> schema_of_prefix_;  ///< Of this batch.
    const std::string* last_prefix_[2] = {};
    record::SchemaPtr last_schema_[2];
    size_t next_last_ = 0;
    std::deque<std::string> own_headers_;  ///< Of this batch.
    record::Record record_;
    const char* stage_ = "";                     ///< Where a fault came up, in Kafka Connect's word.
    const std::string* last_headers_ = nullptr;  ///< Of the record before.
    record::SchemaPtr text_schema_ = record::plain(record::Type::String);
};

}  // namespace millrace::engine
