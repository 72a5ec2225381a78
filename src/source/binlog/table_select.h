#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/java_serialization.h"
#include "relational/table.h"
#include "source/binlog/connection.h"
#include "source/binlog/table_plan.h"

namespace millrace::binlog {

/// A row's key as a place to go on from: one value per key column.
using SelectKey = std::vector<java_serialization::Value>;

/// The statements that read a table's rows in the order of a key, from one key to another. Result columns are those of
/// TablePlan::selected_columns(), behind them the key columns that are not among these.
class TableSelect {
  public:
    TableSelect(const relational::Table& table, const TablePlan& plan, std::vector<std::string> key_columns);

    bool has_key() const { return !key_.empty(); }
    /// Do the texts in which the server gives the key's values compare as the values do? Not those of FLOAT, ENUM, SET.
    bool can_resume() const { return can_resume_; }

    /// All rows, in whatever order the server likes.
    std::string all() const;
    /// Rows behind `after`, up to and with `to`, in order.
    std::string range(const std::optional<SelectKey>& after, const std::optional<SelectKey>& to,
                      const std::string& condition = {}, size_t limit = 0) const;
    /// Rows whose key is just this one.
    std::string equal(const SelectKey& key, const std::string& condition) const;
    /// The key columns of the last row.
    std::string last_key(const std::string& condition) const;
    /// The key columns of the row that stands `rows` rows behind `after`.
    std::string key_behind(const std::optional<SelectKey>& after, size_t rows) const;

    /// Of a row of all(), range() or equal().
    SelectKey key_of(const TextRow& row) const;
    /// Of a row of last_key() or key_behind().
    SelectKey bare_key_of(const TextRow& row) const;

  private:
    struct KeyColumn {
        std::string name;  ///< Quoted.
        std::string type;  ///< Upper case.
        bool is_optional = false;
        bool is_binary = false;
        size_t place = 0;  ///< In the result.
    };
    java_serialization::Value value_of(const KeyColumn& column, const char* text, size_t length) const;
    std::string literal(const KeyColumn& column, const java_serialization::Value& value) const;
    std::string behind(const SelectKey& key) const;
    std::string order(const char* direction = "") const;
    std::string where(const std::vector<std::string>& conditions) const;

    std::string table_;
    std::string columns_;
    std::vector<KeyColumn> key_;
    bool can_resume_ = true;
};

/// As it appears in logs and notifications: "5,abc".
std::string text_of(const SelectKey& key);

}  // namespace millrace::binlog
