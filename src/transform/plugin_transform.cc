#include "transform/plugin_transform.h"

#include <exception>
#include <map>
#include <string>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "convert/json_converter.h"
#include "convert/schema_reader.h"
#include "record/json_value.h"
#include "record/plan_cache.h"

/// What create() is called with.
struct millrace_options {
    std::string refused_option, why;
    std::map<std::string, std::string, std::less<>> texts;  ///< By name.
};

namespace millrace::transform {
namespace {

/// Records as JSON and back, for one transform.
class PluginJson {
  public:
    std::string_view payload(const record::SchemaAndValue& side, record::Arena& arena) {
        text_.clear();
        if (side.schema)
            json_.append_payload(text_, side.schema, side.value, arena);
        else
            convert::append_schemaless_json(text_, side.value);
        return arena.copy(text_);
    }
    std::string_view schema(const record::SchemaPtr& schema, record::Arena& arena) {
        return arena.copy(schemas_.get(schema, [](const record::SchemaPtr& one) {
            std::string json;
            convert::append_schema_json(json, *one);
            return json;
        }));
    }
    /// Throws FatalError where the payload is none of the schema's.
    record::SchemaAndValue read(const record::SchemaPtr& former, millrace_text schema, millrace_text payload,
                                record::Arena& arena) {
        if (payload.data == nullptr) return {};
        record::SchemaPtr own = former;
        if (schema.data != nullptr) own = reader_.of_schema({schema.data, schema.size});
        if (!own) throw FatalError("It gives a payload without a schema");
        const auto value = read_value(*own, {payload.data, payload.size}, arena);
        require_values(*own, value, "payload");
        return {own, value};
    }

  private:
    /// Ours is JSON without blanks; whoever writes it otherwise pays for a second look.
    static record::Value read_value(const record::Schema& schema, std::string_view json, record::Arena& arena) {
        const auto compact = [&](std::string_view text) {
            const char* const end = text.data() + text.size();
            if (record::skip_json(text.data(), end) != end) throw FatalError("It gives a payload that is no JSON");
            return record::opened_whole(schema, record::Value::json(text), arena);
        };
        try {
            return compact(arena.copy(json));
        } catch (const FatalError&) {
            const auto parsed = parse_json(json);
            if (!parsed) throw FatalError("It gives a payload that is no JSON");
            return compact(arena.copy(to_text(*parsed)));
        }
    }
    /// Throws FatalError for a null that the schema does not allow.
    static void require_values(const record::Schema& schema, const record::Value& value, std::string_view where) {
        if (value.is_null() && !schema.optional && !schema.default_json)
            throw FatalError(format("It gives no value of {}, which the schema requires", where));
        if (!value.is(record::Value::Kind::List)) return;
        for (size_t i = 0; i < value.children().size(); ++i)
            if (schema.type == record::Type::Struct)
                require_values(*schema.fields[i].schema, value.children()[i], schema.fields[i].name);
            else
                require_values(*schema.items, value.children()[i], where);
    }
    convert::JsonConverter json_{{.schemas_enable = false, .replace_null_with_default = false}};
    record::PlanCache<std::string> schemas_;
    convert::SchemaReader reader_;
    std::string text_;
};

millrace_text text_of(std::string_view text) {
    return {text.data() == nullptr ? "" : text.data(), text.size()};
}
std::string_view view_of(millrace_text text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace
}  // namespace millrace::transform

/// What apply() is called with.
struct millrace_record {
    millrace::record::Record& record;
    millrace::record::Arena& arena;
    millrace::transform::PluginJson& json;
    std::string why;              ///< What fail() was told.
    std::exception_ptr thrown{};  ///< By a function of the host; no exception passes the library.

    millrace::record::SchemaAndValue& side(millrace_side side) const {
        return side == MILLRACE_KEY ? record.key : record.value;
    }
    /// `work`'s result, or nothing where it throws.
    template <typename Work>
    auto guarded(Work&& work) -> decltype(work()) {
        try {
            return work();
        } catch (...) {
            if (!thrown) thrown = std::current_exception();
            return decltype(work())();
        }
    }
};

namespace millrace::transform {
namespace {

constexpr millrace_text kNone = {nullptr, 0};

millrace_text header_json(millrace_record* record, size_t at, bool is_schema) {
    return record->guarded([&]() -> millrace_text {
        if (at >= record->record.headers.size()) return kNone;
        const auto& content = record->record.headers[at].content;
        if (!is_schema) return text_of(record->json.payload(content, record->arena));
        return content.schema ? text_of(record->json.schema(content.schema, record->arena)) : kNone;
    });
}

const millrace_host kHost = {
    .size = sizeof(millrace_host),
    .option =
        [](const millrace_options* options, const char* name) {
            const auto& texts = options->texts;
            const auto found = texts.find(std::string_view(name));
            return found == texts.end() ? kNone : text_of(found->second);
        },
    .refuse =
        [](millrace_options* options, const char* name, millrace_text why) {
            options->refused_option = name;
            options->why = view_of(why);
        },
    .topic = [](const millrace_record* record) { return text_of(record->record.topic); },
    .set_topic =
        [](millrace_record* record, millrace_text topic) {
            record->guarded([&] {
                if (view_of(topic).empty()) throw FatalError("It gives the record an empty topic");
                record->record.topic = record->arena.copy(view_of(topic));
            });
        },
    .partition = [](const millrace_record* record) { return record->record.partition.value_or(MILLRACE_NO_PARTITION); },
    .set_partition =
        [](millrace_record* record, int32_t partition) {
            record->record.partition = partition < 0 ? std::nullopt : std::optional(partition);
        },
    .timestamp_ms =
        [](const millrace_record* record) { return record->record.timestamp_ms.value_or(MILLRACE_NO_TIMESTAMP); },
    .set_timestamp_ms =
        [](millrace_record* record, int64_t timestamp_ms) {
            record->record.timestamp_ms =
                timestamp_ms == MILLRACE_NO_TIMESTAMP ? std::nullopt : std::optional(timestamp_ms);
        },
    .payload =
        [](millrace_record* record, millrace_side side) {
            return record->guarded([&]() -> millrace_text {
                const auto& content = record->side(side);
                if (!content.schema && content.value.is_null()) return kNone;
                return text_of(record->json.payload(content, record->arena));
            });
        },
    .schema =
        [](millrace_record* record, millrace_side side) {
            return record->guarded([&]() -> millrace_text {
                const auto& content = record->side(side);
                return content.schema ? text_of(record->json.schema(content.schema, record->arena)) : kNone;
            });
        },
    .set =
        [](millrace_record* record, millrace_side side, millrace_text schema, millrace_text payload) {
            record->guarded([&] {
                auto& content = record->side(side);
                content = record->json.read(content.schema, schema, payload, record->arena);
            });
        },
    .header_count = [](const millrace_record* record) { return record->record.headers.size(); },
    .header_name =
        [](const millrace_record* record, size_t at) {
            return at < record->record.headers.size() ? text_of(record->record.headers[at].name) : kNone;
        },
    .header_payload = [](millrace_record* record, size_t at) { return header_json(record, at, false); },
    .header_schema = [](millrace_record* record, size_t at) { return header_json(record, at, true); },
    .add_header =
        [](millrace_record* record, millrace_text name, millrace_text schema, millrace_text payload) {
            record->guarded([&] {
                record->record.add_header(record->arena.copy(view_of(name)),
                                          record->json.read(nullptr, schema, payload, record->arena));
            });
        },
    .remove_headers =
        [](millrace_record* record, millrace_text name) {
            if (std::erase_if(record->record.headers, [&](const auto& one) { return one.name == view_of(name); }) > 0)
                record->record.headers_changed = true;
        },
    .fail = [](millrace_record* record, millrace_text why) { record->why = view_of(why); },
};

class PluginTransform final : public Transform {
  public:
    PluginTransform(const millrace_transform& type, void* self) : type_(type), self_(self) {}
    ~PluginTransform() override { type_.destroy(self_); }
    PluginTransform(const PluginTransform&) = delete;
    PluginTransform& operator=(const PluginTransform&) = delete;

    bool apply(record::Record& record, record::Arena& arena) override {
        millrace_record handle{record, arena, json_, {}};
        const int outcome = type_.apply(self_, &kHost, &handle);
        if (handle.thrown) std::rethrow_exception(handle.thrown);
        if (outcome == MILLRACE_PASSED) return true;
        if (outcome == MILLRACE_DROPPED) return false;
        if (outcome != MILLRACE_FAILED) throw FatalError(format("It returns {}, which means nothing", outcome));
        throw FatalError(handle.why.empty() ? "It does not say why" : handle.why);
    }
    unsigned parts() const override {
        const auto part = [&](unsigned bit, Part own) { return (type_.uses & bit) != 0 ? unsigned{own} : 0U; };
        return part(MILLRACE_USES_TOPIC, kTopic) | part(MILLRACE_USES_HEADERS, kHeaders) |
               part(MILLRACE_USES_KEY, kKey) | part(MILLRACE_USES_VALUE, kValue);
    }

  private:
    const millrace_transform& type_;
    void* const self_;
    PluginJson json_;
};

}  // namespace

std::unique_ptr<Transform> make_plugin(const millrace_transform& type, const config::Settings& settings) {
    millrace_options options;
    for (size_t i = 0; i < type.option_count; ++i)
        if (const auto text = settings.find(type.options[i].name)) options.texts.emplace(type.options[i].name, *text);
    void* const self = type.create(&kHost, &options);
    if (self != nullptr) return std::make_unique<PluginTransform>(type, self);
    const std::string option = options.refused_option.empty() ? "type" : options.refused_option;
    throw ConfigError(option,
                      format("Invalid value {} for configuration {}: {}", settings.text(option), option,
                             options.why.empty() ? "the transform refuses it and does not say why" : options.why));
}

}  // namespace millrace::transform
