#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/errors.h"
#include "config/settings.h"
#include "relational/filters.h"
#include "source/engine/change_writer.h"
#include "source/engine/record_shape.h"

namespace millrace::engine {

/// Looks up the row that a change has just been read of, as it is on the server now.
class RowLookup {
  public:
    enum class Key { Primary, Event };
    virtual ~RowLookup() = default;
    /// Puts the row's struct into `row_json`; of its fields only `fields` (places in RecordShape::row_fields()) need be
    /// right. Returns why it could not, if so. Throws what ends the task's run.
    virtual std::optional<std::string> look_up(const std::vector<size_t>& fields, Key key, std::string& row_json) = 0;
};

/// `post.processors` with the class io.debezium.processors.reselect.ReselectColumnsPostProcessor: values that are null,
/// or not in the log, are asked for again before their record is written. Used by the source's thread.
class ColumnReselection {
  public:
    /// Throws ConfigError.
    explicit ColumnReselection(const config::Settings& settings);

    bool empty() const { return rules_.empty(); }
    /// Completes the row whose struct begins at `begin` and ends `out`. Throws FatalError with
    /// reselect.error.handling.mode=fail.
    void complete(const std::shared_ptr<const RecordShape>& shape, std::string& out, size_t begin, RowLookup& lookup);

  private:
    /// One processor.
    struct Rule {
        std::string name;
        relational::NamePatterns included, excluded;  ///< Of SCHEMA.TABLE:COLUMN; the latter counts without the former.
        bool unavailable_values = true, null_values = true;
        RowLookup::Key key = RowLookup::Key::Primary;
        bool fails = false;
    };
    /// A value in a struct's text.
    struct Span {
        size_t begin = 0, end = 0;
    };
    /// For each rule, which fields it is for.
    struct Selection {
        std::shared_ptr<const RecordShape> shape;
        std::vector<std::vector<bool>> by_rule;
    };
    static Rule rule_of(const std::string& name, const config::Settings& settings);
    const Selection& selection(const std::shared_ptr<const RecordShape>& shape);
    static void split_row(const std::string& text, size_t begin, std::vector<Span>& values);
    void find_wanted(const Rule& rule, const std::vector<bool>& selected, const RecordShape& shape,
                     const std::string& out);
    void replace_wanted(std::string& out) const;

    std::vector<Rule> rules_;
    std::unordered_map<const RecordShape*, Selection> selections_;
    std::vector<Span> values_, found_;
    std::vector<size_t> wanted_;
    std::string row_json_;
};

/// What the databases' ways to read a row again are built on: the processors, and what ends a wait for the server.
class RowReselectionBase : public RowCompletion, protected RowLookup {
  public:
    bool is_needed() const { return !columns_.empty(); }
    /// Before the first row.
    void set_stop(std::stop_token stop) { stop_ = std::move(stop); }

  protected:
    /// Throws ConfigError.
    explicit RowReselectionBase(const config::Settings& settings) : columns_(settings) {}

    void throw_if_stopped() const {
        if (stop_.stop_requested()) throw RetriableError("The connector stops before a row could be read again");
    }
    const std::stop_token& stop() const { return stop_; }
    ColumnReselection& columns() { return columns_; }

  private:
    ColumnReselection columns_;
    std::stop_token stop_;
};

}  // namespace millrace::engine
