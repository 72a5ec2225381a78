#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "source/engine/incremental_snapshot.h"
#include "source/engine/record_shape.h"
#include "source/engine/source_figures.h"
#include "source/engine/transaction_monitor.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// Completes the row of an insert or update before its record is written.
class RowCompletion {
  public:
    virtual ~RowCompletion() = default;
    /// The row's struct begins at `begin` and ends `out`.
    virtual void complete(std::string& out, size_t begin) = 0;
};

/// Makes rows into records of an AppendBatch: envelope, key, headers, tombstones, and the delete-and-create pair of an
/// update that changes the key. A source gives functions that append a row's images, so that rows go from the log's
/// bytes to the record's bytes in one pass. Used under the record queue's lock.
class ChangeWriter {
  public:
    using Batch = topiclog::AppendBatch;
    struct Options {
        events::ConnectorIdentity identity;
        bool tombstones = true;       ///< tombstones.on.delete
        bool context_headers = true;  ///< extended.headers.enabled
        std::string run_id;
        bool is_open = false;      ///< See SourceContext.
        bool keeps_nulls = false;  ///< value.converter.replace.null.with.default=false
        bool skip_create = false, skip_update = false, skip_delete = false;  ///< skipped.operations
        /// A key change is skipped as the delete and the create that it becomes, not as the update that it was.
        bool skips_by_record = false;
        bool skip_unchanged = false;                 ///< skip.messages.without.change
        TransactionMonitor* transactions = nullptr;  ///< provide.transaction.metadata; nullptr: off.
        std::function<void(const std::string& topic)> topic_used;
        SourceFigures* figures = nullptr;
    };
    /// The source struct of an event's records: what stands before the row's number in it and what follows; where the
    /// struct has no such number, `before_row` is all of it.
    struct SourceText {
        std::string before_row, after_row;
        bool has_row = false;
    };
    enum class Operation { Create, Update, Delete };

    explicit ChangeWriter(Options options);

    const events::SourceHead& head() const { return head_; }  ///< events::source_block_head()
    const std::shared_ptr<const std::string>& headers() const { return headers_; }
    /// Rows that change are told to these from now on.
    void set_snapshots(std::vector<IncrementalSnapshot*> snapshots) { snapshots_ = std::move(snapshots); }
    /// Of the coming rows; nullptr: they are written as they are.
    void set_completion(RowCompletion* completion) { completion_ = completion; }
    /// Tells topic_used once per topic.
    void note_topic(const std::string& topic);
    /// skipped.operations
    bool skips(Operation operation) const {
        return (operation == Operation::Create && options_.skip_create) ||
               (operation == Operation::Update && options_.skip_update) ||
               (operation == Operation::Delete && options_.skip_delete);
    }

    /// The coming rows are of one event: of this table, with this source struct. `is_counted`: within the transaction
    /// that is open, if one is.
    void begin_event(Batch& batch, const std::shared_ptr<RecordShape>& shape, bool is_counted = true);
    SourceText& source_text() { return source_; }  ///< To be filled in before the first row.

    /// `append_row(std::string& out, KeyPlaces&)` appends the row's struct. With `is_wanted` false the row is decoded
    /// and left out.
    template <typename AppendRow>
    void create(Batch& batch, uint32_t row, bool is_wanted, AppendRow&& append_row) {
        std::string& out = batch.bytes();
        const size_t start = out.size();
        out += kNoBefore;
        const size_t after = out.size();
        append_row(out, after_places_);
        if (is_wanted)
            finish_row(batch, {start, after}, 'c', row);
        else
            out.resize(start);
    }
    template <typename AppendRow>
    void remove(Batch& batch, uint32_t row, bool is_wanted, AppendRow&& append_row) {
        std::string& out = batch.bytes();
        const size_t start = out.size();
        append_row(out, before_places_);
        const size_t key_start = out.size();
        if (is_wanted) shape_->append_key(out, before_places_);
        old_key_.assign(out, key_start);
        old_row_.assign(out, start, key_start - start);
        out.resize(start);
        if (is_wanted) write_delete(batch, old_row_, old_key_, row, plain_headers());
    }
    class UpdateImages;
    /// `append_images(std::string& out, UpdateImages&)` appends both rows' structs, each behind UpdateImages's word for
    /// it.
    template <typename AppendImages>
    void update(Batch& batch, uint32_t row, bool is_wanted, AppendImages&& append_images);

    /// One row of a snapshot: `row_json` and `key_json` are the structs.
    void write_read(Batch& batch, std::string_view row_json, std::string_view key_json);
    void write_truncate(Batch& batch, uint32_t row);

    /// Counts rows of the event, once for all.
    void count(Operation operation, uint32_t rows, int64_t committed_us) const;

  private:
    static constexpr std::string_view kBefore = "{\"before\":";
    static constexpr std::string_view kNoBefore = "{\"before\":null,\"after\":";

    const std::string* plain_headers() const { return headers_->empty() ? nullptr : headers_.get(); }
    /// Where a record's value and its image `after` begin in the buffer.
    struct Begin {
        size_t value = 0, after = 0;
    };
    void finish(Batch& batch, Begin begin, char op, uint32_t row, const KeyPlaces* key, const std::string* headers);
    void finish_row(Batch& batch, Begin begin, char op, uint32_t row);
    events::EnvelopePlaces append_end(std::string& out, char op, uint32_t row, int64_t ns);
    void set_key(Batch& batch, std::string_view key);
    void finish_update(Batch& batch, size_t start, uint32_t row, bool is_wanted, const UpdateImages& images);
    void write_delete(Batch& batch, std::string_view before, std::string_view key, uint32_t row,
                      const std::string* headers);
    void write_tombstone(Batch& batch, std::string_view key, const std::string* headers);
    void write_key_change(Batch& batch, size_t start, uint32_t row, const UpdateImages& images);
    void tell_snapshots(std::string_view key) const;
    Batch::Text key_text(Batch& batch, std::string_view key);
    const std::string* headers_with_key(Batch& batch, const char* name, const std::string& key);

    Options options_;
    events::SourceHead head_;
    std::shared_ptr<const std::string> headers_;
    RecordShape* shape_ = nullptr;  ///< Of the event.
    SourceText source_;
    KeyPlaces before_places_, after_places_;
    std::string old_key_, new_key_, old_row_;
    int64_t* transaction_counter_ = nullptr;  ///< Of the event's table; nullptr: no transaction is open.
    std::vector<IncrementalSnapshot*> snapshots_;
    RowCompletion* completion_ = nullptr;
    bool is_watched_ = false;  ///< A snapshot wants to know of the event's table.
    const RecordShape* noted_shape_ = nullptr;
    std::unordered_set<std::string> noted_topics_;
};

/// Where the images of an update stand in the buffer.
class ChangeWriter::UpdateImages {
  public:
    UpdateImages(KeyPlaces& before, KeyPlaces& after) : before_places(before), after_places(after) {}

    KeyPlaces& before_places;
    KeyPlaces& after_places;
    bool has_old_key = true;  ///< Where the old row's key stands is known.

    void begin_before(std::string& out) {
        out += kBefore;
        before_begin_ = out.size();
    }
    void begin_after(std::string& out) {
        before_end_ = out.size();
        out += ",\"after\":";
        after_begin_ = out.size();
    }
    void end(const std::string& out) { after_end_ = out.size(); }

    size_t after_begin() const { return after_begin_; }
    std::string_view before(const std::string& out) const {
        return std::string_view(out).substr(before_begin_, before_end_ - before_begin_);
    }
    std::string_view after(const std::string& out) const {
        return std::string_view(out).substr(after_begin_, after_end_ - after_begin_);
    }

  private:
    size_t before_begin_ = 0, before_end_ = 0, after_begin_ = 0, after_end_ = 0;
};

template <typename AppendImages>
void ChangeWriter::update(Batch& batch, uint32_t row, bool is_wanted, AppendImages&& append_images) {
    std::string& out = batch.bytes();
    const size_t start = out.size();
    UpdateImages images(before_places_, after_places_);
    append_images(out, images);
    if ((!is_wanted && !options_.skips_by_record) ||
        (options_.skip_unchanged && images.before(out) == images.after(out)))
        out.resize(start);
    else
        finish_update(batch, start, row, is_wanted, images);
}

}  // namespace millrace::engine
