#include "base/calendar.h"
#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/simple_date_format.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::Type;
using record::Value;

constexpr Property kOptions[] = {
    {.name = "field",
     .default_value = "",
     .importance = Importance::High,
     .documentation = "The field that holds the time; empty: the whole."},
    {.name = "target.type",
     .importance = Importance::High,
     .required = true,
     .allowed = "string, unix, Date, Time, Timestamp",
     .documentation = "What it becomes."},
    {.name = "format",
     .default_value = "",
     .importance = Importance::Medium,
     .documentation = "How a text is written or read, as java.text.SimpleDateFormat reads it; UTC."},
    {.name = "unix.precision",
     .default_value = "milliseconds",
     .importance = Importance::Low,
     .allowed = "nanoseconds, microseconds, milliseconds, seconds",
     .documentation = "What a number counts, as source and as target."},
    kReplaceNullWithDefault,
};

enum class Form { Text, Unix, Date, Time, Timestamp };

/// What of a wider unit fits: TimeUnit saturates.
int64_t multiplied(int64_t value, int64_t by) {
    int64_t product = 0;
    if (!__builtin_mul_overflow(value, by, &product)) return product;
    return value < 0 ? INT64_MIN : INT64_MAX;
}

class TimestampConverter : public Transform {
  public:
    TimestampConverter(const config::Settings& settings, Side side)
        : field_(settings.text("field")),
          target_(form_named(settings.text("target.type"))),
          nulls_(nulls_of(settings)),
          side_(side) {
        const std::string pattern = settings.text("format");
        if (!pattern.empty()) format_ = SimpleDateFormat::of(pattern, "format");
        if (target_ == Form::Text && !format_)
            throw ConfigError("format",
                              "TimestampConverter requires format option to be specified when using string timestamps");
        const std::string precision = settings.text("unix.precision");
        units_per_ms_ = precision == "nanoseconds" ? 1'000'000 : precision == "microseconds" ? 1'000 : 1;
        is_seconds_ = precision == "seconds";
    }
    bool apply(Record& record, record::Arena& arena) override {
        auto& side = side_of(record, side_);
        if (!side.schema && side.value.is_null()) return true;
        if (!side.schema) throw FatalError("TimestampConverter needs records with a schema");
        if (field_.empty()) {
            const Value value = converted(*side.schema, side.value, arena);
            side = {target_schema(side.schema->optional), value};
            return true;
        }
        const auto view = require_struct_or_null(side, "converting timestamp formats", arena);
        if (side.schema->type != Type::Struct)
            throw FatalError("Only Struct objects supported for [converting timestamp formats]");
        const Plan& plan = plans_.get(side.schema, [&](const SchemaPtr& from) { return plan_of(*from); });
        if (!view) {
            side.schema = plan.schema;
            return true;
        }
        const auto fields = record::new_fields(view->size(), arena);
        for (size_t i = 0; i < view->size(); ++i) {
            fields[i] = view->raw(i, nulls_);
            if (plan.place == i) fields[i] = converted(*view->schema().fields[i].schema, fields[i], arena);
        }
        side = {plan.schema, Value::list(fields)};
        return true;
    }
    unsigned parts() const override { return part_of(side_); }

  private:
    struct Plan {
        SchemaPtr schema;
        std::optional<size_t> place;
    };

    static Form form_named(const std::string& name) {
        if (name == "string") return Form::Text;
        if (name == "unix") return Form::Unix;
        if (name == "Date") return Form::Date;
        return name == "Time" ? Form::Time : Form::Timestamp;
    }
    static Form form_of(const Schema& schema) {
        if (schema.is_logical(record::kTimestamp)) return Form::Timestamp;
        if (schema.is_logical(record::kDate)) return Form::Date;
        if (schema.is_logical(record::kTime)) return Form::Time;
        if (schema.type == Type::String) return Form::Text;
        if (schema.type == Type::Int64) return Form::Unix;
        throw FatalError(format("A value of type {} does not correspond to a known timestamp type format",
                                record::name_of(schema.type)));
    }
    SchemaPtr target_schema(bool optional) const {
        switch (target_) {
            case Form::Text:
                return record::plain(Type::String, optional);
            case Form::Unix:
                return record::plain(Type::Int64, optional);
            case Form::Date:
                return record::logical(Type::Int32, std::string(record::kDate), optional);
            case Form::Time:
                return record::logical(Type::Int32, std::string(record::kTime), optional);
            default:
                return record::logical(Type::Int64, std::string(record::kTimestamp), optional);
        }
    }
    Plan plan_of(const Schema& from) const {
        Plan plan;
        Schema to = record::basics_of(from);
        to.optional = from.optional;
        for (size_t i = 0; i < from.fields.size(); ++i) {
            const bool is_it = from.fields[i].name == field_;
            if (is_it) plan.place = i;
            to.fields.push_back(
                {from.fields[i].name, is_it ? target_schema(from.fields[i].schema->optional) : from.fields[i].schema});
        }
        plan.schema = record::made(std::move(to));
        return plan;
    }

    Value converted(const Schema& schema, const Value& raw, record::Arena& arena) const {
        const Value value = record::opened(schema, raw, arena);
        if (value.is_null()) return value;
        const int64_t ms = to_ms(schema, value);
        const int64_t of_day = (ms % kDayMs + kDayMs) % kDayMs;
        switch (target_) {
            case Form::Text:
                return Value::text(arena.copy(format_->text(ms)));
            case Form::Unix:
                return Value::integer(is_seconds_ ? ms / 1000 : multiplied(ms, units_per_ms_));
            case Form::Date:
                return Value::integer((ms - of_day) / kDayMs);
            case Form::Time:
                return Value::integer(of_day);
            default:
                return Value::integer(ms);
        }
    }
    int64_t to_ms(const Schema& schema, const Value& value) const {
        switch (form_of(schema)) {
            case Form::Text: {
                if (!format_) throw FatalError("A text is to be read as a time, but there is no format");
                const auto ms = format_->parse(value.text());
                if (!ms)
                    throw FatalError(
                        format("Could not parse timestamp: value ({}) does not match pattern", value.text()));
                return *ms;
            }
            case Form::Unix:
                return is_seconds_ ? multiplied(value.integer(), 1000) : value.integer() / units_per_ms_;
            case Form::Date:
                return value.integer() * kDayMs;
            default:
                return value.integer();
        }
    }

    const std::string field_;
    const Form target_;
    std::optional<SimpleDateFormat> format_;
    int64_t units_per_ms_ = 1;
    bool is_seconds_ = false;
    const record::Nulls nulls_;
    const Side side_;
    record::PlanCache<Plan> plans_;
};

}  // namespace

const TransformType kTimestampConverterKey{"org.apache.kafka.connect.transforms.TimestampConverter$Key",
                                           table_of<kOptions>, make_side<TimestampConverter, Side::Key>};
const TransformType kTimestampConverterValue{"org.apache.kafka.connect.transforms.TimestampConverter$Value",
                                             table_of<kOptions>, make_side<TimestampConverter, Side::Value>};

}  // namespace millrace::transform
