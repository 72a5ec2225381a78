#include <algorithm>
#include <set>

#include "record/plan_cache.h"
#include "transform/connect_literal.h"
#include "transform/field_selection.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

constexpr Property kDropOptions[] = {
    {.name = "headers",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "Names of the headers that go."},
};
constexpr Property kInsertOptions[] = {
    {.name = "header", .importance = Importance::High, .required = true, .documentation = "The header's name."},
    {.name = "value.literal",
     .importance = Importance::High,
     .required = true,
     .documentation = "Its value, read as Connect reads literals: 42 is a number, true a boolean."},
};
constexpr Property kFromOptions[] = {
    {.name = "fields",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "Fields whose values become headers."},
    {.name = "headers",
     .type = OptionType::List,
     .importance = Importance::High,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "The headers' names, in the order of the fields."},
    {.name = "operation",
     .importance = Importance::High,
     .required = true,
     .allowed = "move, copy",
     .documentation = "Whether the fields go (move) or stay (copy)."},
    kReplaceNullWithDefault,
};

class Filter : public Transform {
  public:
    explicit Filter(const config::Settings& /*settings*/) {}
    bool apply(record::Record& /*record*/, record::Arena& /*arena*/) override { return false; }
    unsigned parts() const override { return 0; }
};

class DropHeaders : public Transform {
  public:
    explicit DropHeaders(const config::Settings& settings) {
        for (auto& name : settings.list("headers")) names_.insert(std::move(name));
    }
    bool apply(record::Record& record, record::Arena& /*arena*/) override {
        const auto dropped =
            std::erase_if(record.headers, [&](const auto& header) { return names_.contains(header.name); });
        record.headers_changed = record.headers_changed || dropped > 0;
        return true;
    }
    unsigned parts() const override { return kHeaders; }

  private:
    std::set<std::string, std::less<>> names_;
};

class InsertHeader : public Transform {
  public:
    explicit InsertHeader(const config::Settings& settings)
        : name_(settings.text("header")), value_(connect_literal(settings.text("value.literal"), literal_)) {}
    bool apply(record::Record& record, record::Arena& /*arena*/) override {
        record.add_header(name_, value_);
        return true;
    }
    unsigned parts() const override { return kHeaders; }

  private:
    const std::string name_;
    record::Arena literal_;
    const record::SchemaAndValue value_;
};

class HeaderFrom : public Transform {
  public:
    HeaderFrom(const config::Settings& settings, Side side)
        : fields_(settings.list("fields")),
          headers_(settings.list("headers")),
          is_move_(settings.text("operation") == "move"),
          nulls_(nulls_of(settings)),
          side_(side) {
        if (headers_.size() != fields_.size())
            throw ConfigError("headers", "'fields' config must have the same number of elements as 'headers' config.");
    }
    bool apply(record::Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        const auto view = require_struct(side, is_move_ ? "header move" : "header copy", arena);
        const record::SchemaPtr schema = side.schema;
        for (size_t i = 0; i < fields_.size(); ++i) {
            const auto at = schema->index_of(fields_[i]);
            if (!at) throw FatalError(format("Field does not exist: {}", fields_[i]));
            record.add_header(headers_[i], {schema->fields[*at].schema, view.get(*at, nulls_)});
        }
        if (is_move_) move(side, view, arena);
        return true;
    }
    unsigned parts() const override { return kHeaders | part_of(side_); }

  private:
    void move(record::SchemaAndValue& side, const record::StructView& view, record::Arena& arena) {
        const auto& kept = plans_.get(side.schema, [&](const record::SchemaPtr& from) {
            return FieldSelection::filtered(*from, [&](const record::Field& field) {
                return std::find(fields_.begin(), fields_.end(), field.name) == fields_.end();
            });
        });
        side = kept.of(view, nulls_, arena);
    }

    const std::vector<std::string> fields_, headers_;
    const bool is_move_;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<FieldSelection> plans_;
};

}  // namespace

const TransformType kFilter{"org.apache.kafka.connect.transforms.Filter", no_options, make_from<Filter>};
const TransformType kDropHeaders{"org.apache.kafka.connect.transforms.DropHeaders", table_of<kDropOptions>,
                                 make_from<DropHeaders>};
const TransformType kInsertHeader{"org.apache.kafka.connect.transforms.InsertHeader", table_of<kInsertOptions>,
                                  make_from<InsertHeader>};
const TransformType kHeaderFromKey{"org.apache.kafka.connect.transforms.HeaderFrom$Key", table_of<kFromOptions>,
                                   make_side<HeaderFrom, Side::Key>};
const TransformType kHeaderFromValue{"org.apache.kafka.connect.transforms.HeaderFrom$Value", table_of<kFromOptions>,
                                     make_side<HeaderFrom, Side::Value>};

}  // namespace millrace::transform
