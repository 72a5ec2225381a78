#include "transform/java_hash_code.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::StructView;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "partition.payload.fields",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation =
         "Fields that decide on the partition: after.name, source.table; change stands for the image that there is."},
    {.name = "partition.topic.num",
     .type = OptionType::Int,
     .importance = Importance::High,
     .required = true,
     .least = 1,
     .documentation = "How many partitions the topic has."},
    {.name = "partition.hash.function", .default_value = "java", .documentation = "java or murmur."},
};

/// io.debezium.transforms.partitions.PartitionRouting: the partition by fields of the change.
class PartitionRouting : public Transform {
  public:
    explicit PartitionRouting(const config::Settings& settings)
        : partitions_(static_cast<uint32_t>(settings.integer("partition.topic.num"))),
          is_murmur_(iequals(settings.text("partition.hash.function"), "murmur")) {
        if (partitions_ == 0) throw ConfigError("partition.topic.num", "partition.topic.num must be a positive number");
        for (const auto& field : settings.list("partition.payload.fields")) {
            auto& path = paths_.emplace_back();
            for (const auto& step : split(field, '.')) path.emplace_back(trimmed(step));
        }
    }

    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !is_envelope(record.value)) return true;
        const StructView envelope = require_struct(record.value, "partition routing", arena);
        const Value op = envelope.get("op");
        if (op.is_null() || op.text() == "t" || op.text() == "m") return true;
        uint32_t sum = 0;
        bool is_found = false;
        for (const auto& path : paths_) {
            const auto [schema, value] = value_at(envelope, path, op.text() == "d");
            if (value.is_null()) continue;
            is_found = true;
            sum += static_cast<uint32_t>(is_murmur_ ? murmur_hash(*schema, value, arena)
                                                    : java_hash_code(*schema, value, arena));
        }
        if (!is_found) return true;
        uint32_t hash = sum & INT32_MAX;
        if (hash == INT32_MAX) hash = 0;
        record.partition = static_cast<int32_t>(hash % partitions_);
        return true;
    }
    unsigned parts() const override { return kTopic | kValue; }

  private:
    using Path = std::vector<std::string>;
    static std::pair<const record::Schema*, Value> value_at(const StructView& envelope, const Path& path,
                                                            bool is_delete) {
        std::optional<StructView> at = envelope;
        for (size_t i = 0; i + 1 < path.size() && at; ++i)
            at = at->inner(path[i] == "change" ? (is_delete ? "before" : "after") : path[i]);
        if (!at) return {};
        const auto place = at->schema().index_of(path.back());
        if (!place) return {};
        return {at->schema().fields[*place].schema.get(), at->get(*place)};
    }

    std::vector<Path> paths_;
    const uint32_t partitions_;
    const bool is_murmur_;
};

}  // namespace

const TransformType kPartitionRouting{"io.debezium.transforms.partitions.PartitionRouting", table_of<kOptions>,
                                      make_from<PartitionRouting>};

}  // namespace millrace::transform
