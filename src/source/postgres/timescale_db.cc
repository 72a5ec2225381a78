#include "source/postgres/timescale_db.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "record/struct_view.h"
#include "source/postgres/connection.h"
#include "transform/options.h"

namespace millrace::postgres {
namespace {

using record::Nulls;
using record::Record;
using record::StructView;
using record::Value;
using transform::Importance;
using transform::OptionType;
using transform::Property;
using transform::Width;

constexpr Property kOptions[] = {
    {.name = "schema.list",
     .type = OptionType::List,
     .default_value = "_timescaledb_internal",
     .importance = Importance::High,
     .width = Width::Medium,
     .display_name = "The list of TimescaleDB data schemas",
     .documentation = "The schemas that hold chunks. Beside this option the transform has a connector's database.* of "
                      "its own: database.hostname, database.port, database.user, database.password, database.dbname, "
                      "database.ssl*."},
    {.name = "target.topic.prefix",
     .default_value = "timescaledb",
     .importance = Importance::Medium,
     .width = Width::Medium,
     .display_name = "The prefix of TimescaleDB topic names",
     .documentation = "What the topics of hypertables and aggregates begin with: PREFIX.SCHEMA.TABLE."},
};

/// Schema and table.
using Name = std::pair<std::string, std::string>;

/// What the server's catalogue says of its chunks. It is read again for a chunk that is not in it.
class Catalogue {
  public:
    explicit Catalogue(ConnectionOptions options) : options_(std::move(options)) {}

    std::optional<Name> hypertable_of(const Name& chunk) {
        if (const auto known = hypertables_.find(chunk); known != hypertables_.end()) return known->second;
        load();
        const auto found = hypertables_.find(chunk);
        return found == hypertables_.end() ? std::nullopt : std::optional(found->second);
    }
    /// The continuous aggregate that a hypertable holds.
    std::optional<Name> aggregate_of(const Name& hypertable) const {
        const auto found = aggregates_.find(hypertable);
        return found == aggregates_.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    using Names = std::map<Name, Name>;

    void load() {
        for (bool is_new = !connection_;; is_new = true) {
            try {
                if (!connection_) connection_.emplace(options_);
                hypertables_ = read(
                    "SELECT c.schema_name, c.table_name, h.schema_name, h.table_name FROM _timescaledb_catalog.chunk c "
                    "JOIN _timescaledb_catalog.hypertable h ON c.hypertable_id = h.id");
                aggregates_ = read(
                    "SELECT h.schema_name, h.table_name, a.user_view_schema, a.user_view_name FROM "
                    "_timescaledb_catalog.continuous_agg a JOIN _timescaledb_catalog.hypertable h ON "
                    "a.mat_hypertable_id = h.id");
                return;
            } catch (const ServerError& fault) {
                const std::string message = "TimescaleDB's catalogue cannot be read: " + fault.message;
                if (!is_retriable(fault)) throw FatalError(message);
                connection_.reset();
                if (is_new) throw RetriableError(message);  // else it may have been idle for too long
            }
        }
    }
    Names read(const std::string& sql) {
        Names names;
        for (const auto& row : connection_->rows(sql))
            names[{row[0].value_or(""), row[1].value_or("")}] = {row[2].value_or(""), row[3].value_or("")};
        return names;
    }

    const ConnectionOptions options_;
    std::optional<Connection> connection_;
    Names hypertables_, aggregates_;  ///< By chunk; by hypertable.
};

class TimescaleDb final : public transform::Transform {
  public:
    explicit TimescaleDb(const config::Settings& settings)
        : catalogue_(ConnectionOptions::from(settings)), prefix_(settings.text("target.topic.prefix") + ".") {
        for (auto& schema : settings.list("schema.list")) schemas_.insert(std::move(schema));
    }

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !transform::is_envelope(record.value)) return true;
        const StructView envelope(*record.value.schema, record.value.value, arena);
        const auto source_at = envelope.schema().index_of("source");
        const auto source = source_at ? envelope.inner(*source_at) : std::nullopt;
        if (!source) return true;
        const Value schema = source->get("schema"), table = source->get("table");
        if (schema.is_null() || table.is_null()) return true;
        const Name chunk(schema.text(), table.text());
        if (!schemas_.contains(chunk.first)) return true;
        const auto hypertable = catalogue_.hypertable_of(chunk);
        if (!hypertable) {
            log::warn("transform", format("Unable to find hypertable for chunk '{}.{}'", chunk.first, chunk.second));
            return true;
        }
        const auto aggregate = catalogue_.aggregate_of(*hypertable);
        add_headers(record, chunk, *hypertable, aggregate.has_value(), arena);
        rename(record, envelope, *source_at, aggregate.value_or(*hypertable), arena);
        return true;
    }
    unsigned parts() const override { return transform::kTopic | transform::kHeaders | transform::kValue; }

  private:
    void add_headers(Record& record, const Name& chunk, const Name& hypertable, bool is_aggregate,
                     record::Arena& arena) const {
        const auto add = [&](std::string_view name, const std::string& text) {
            record.add_header_in_place(name, {text_schema_, Value::text(arena.copy(text))});
        };
        add("__debezium_timescaledb_chunk_table", chunk.second);
        add("__debezium_timescaledb_chunk_schema", chunk.first);
        if (!is_aggregate) return;
        add("__debezium_timescaledb_hypertable_table", hypertable.second);
        add("__debezium_timescaledb_hypertable_schema", hypertable.first);
    }

    void rename(Record& record, const StructView& envelope, size_t source_at, const Name& name,
                record::Arena& arena) const {
        const StructView source = *envelope.inner(source_at);
        const auto fields = copied(source, arena);
        fields[*source.schema().index_of("schema")] = Value::text(arena.copy(name.first));
        fields[*source.schema().index_of("table")] = Value::text(arena.copy(name.second));
        const auto whole = copied(envelope, arena);
        whole[source_at] = Value::list(fields);
        record.value.value = Value::list(whole);
        record.topic = arena.copy(format("{}{}.{}", prefix_, name.first, name.second));
    }
    static std::span<Value> copied(const StructView& from, record::Arena& arena) {
        const auto fields = record::new_fields(from.size(), arena);
        for (size_t i = 0; i < from.size(); ++i) fields[i] = from.raw(i, Nulls::AsTheyAre);
        return fields;
    }

    Catalogue catalogue_;
    std::set<std::string, std::less<>> schemas_;
    const std::string prefix_;
    const record::SchemaPtr text_schema_ = record::plain(record::Type::String);
};

}  // namespace

const transform::TransformType kTimescaleDb{"io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb",
                                            transform::table_of<kOptions>, transform::make_from<TimescaleDb>};

}  // namespace millrace::postgres
