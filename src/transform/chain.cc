#include "transform/chain.h"

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "transform/options.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

constexpr Property kCommon[] = {
    {.name = "type",
     .type = OptionType::Class,
     .importance = Importance::High,
     .documentation = "The transform's class."},
    {.name = "predicate",
     .default_value = "",
     .importance = Importance::Medium,
     .documentation = "The alias of a predicate that decides whether the transform is applied to a record."},
    {.name = "negate",
     .type = OptionType::Boolean,
     .default_value = "false",
     .importance = Importance::Medium,
     .documentation = "Whether the transform is applied where the predicate does not hold."},
};

std::string prefix_of(std::string_view kind, const std::string& alias) {
    return format("{}.{}.", kind, alias);
}

/// A class may be named by its simple name too.
template <typename Made>
const Type<Made>* find_type(std::span<const Type<Made>* const> types, const std::string& name) {
    for (const auto* type : types) {
        const std::string_view full = type->class_name;
        if (name == full || name == full.substr(full.rfind('.') + 1)) return type;
    }
    return nullptr;
}

/// The class that an alias names. Throws ConfigError.
template <typename Made>
const Type<Made>& type_of(std::span<const Type<Made>* const> types, const config::Settings& settings,
                          const std::string& prefix) {
    const std::string property = prefix + "type";
    const std::string name = settings.text(property);
    if (name.empty())
        throw ConfigError(property,
                          format("Missing required configuration \"{}\" which has no default value.", property));
    const auto* type = find_type(types, name);
    if (type == nullptr && find_type(types, name + "$Value") != nullptr)
        throw ConfigError(property,
                          format("Invalid value {0} for configuration {1}: the class is abstract; use {0}$Key or "
                                 "{0}$Value",
                                 name, property));
    if (type == nullptr)
        throw ConfigError(
            property, format("Invalid value {0} for configuration {1}: Class {0} could not be found. Millrace "
                             "runs no Java; a transform of your own is a millrace.Script (docs/transforms.md) or in a "
                             "library of plugin.path (include/millrace/plugin.h)",
                             name, property));
    return *type;
}

/// Throws ConfigError with the property's full name.
template <typename Made>
std::unique_ptr<Made> make(const Type<Made>& type, const config::Settings& settings, const std::string& prefix) {
    const config::Settings own = type.properties().with_defaults(settings.below(prefix));
    try {
        return type.make(own);
    } catch (const ConfigError& fault) {
        throw ConfigError(prefix + fault.property(), fault.what());
    }
}

template <typename Made>
void add_problems(const Type<Made>& type, const config::Settings& settings, const std::string& prefix,
                  std::vector<config::Problem>& all) {
    const auto found = type.properties().check(settings.below(prefix));
    for (const auto& problem : found) all.push_back({prefix + problem.property, problem.message});
    if (!found.empty()) return;
    make(type, settings, prefix);
}

/// What a record is but for its headers: by this it shows whether a transform made a new one.
struct Contents {
    explicit Contents(const record::Record& record)
        : topic(record.topic),
          partition(record.partition),
          key_schema(record.key.schema.get()),
          value_schema(record.value.schema.get()),
          key(record.key.value),
          value(record.value.value) {}
    bool operator==(const Contents& other) const {
        return topic == other.topic && partition == other.partition && key_schema == other.key_schema &&
               value_schema == other.value_schema && key.is_identical(other.key) && value.is_identical(other.value);
    }

    std::string_view topic;
    std::optional<int32_t> partition;
    const record::Schema *key_schema, *value_schema;
    record::Value key, value;
};

void check_predicate(const config::Settings& settings, const std::string& prefix, std::vector<config::Problem>& all) {
    const std::string property = prefix + "predicate";
    const std::string predicate = settings.text(property);
    const auto known = settings.list("predicates");
    if (!predicate.empty() && std::find(known.begin(), known.end(), predicate) == known.end())
        all.push_back(
            {property, format("Predicate '{}' is not defined in the 'predicates' of this connector", predicate)});
    const std::string negate = prefix + "negate";
    if (!config::has_type(OptionType::Boolean, settings.text(negate, "false")))
        all.push_back(
            {negate, format("Invalid value {} for configuration {}: Expected value to be either true or false",
                            settings.text(negate), negate)});
    else if (predicate.empty() && settings.has(negate))
        all.push_back({negate, format("{} is set, but there is no {}", negate, property)});
}

}  // namespace

Chain Chain::of(const config::Settings& settings) {
    std::map<std::string, std::shared_ptr<Predicate>> predicates;
    for (const auto& alias : settings.list("predicates")) {
        const std::string prefix = prefix_of("predicates", alias);
        predicates[alias] = make(type_of(predicate_types(), settings, prefix), settings, prefix);
    }
    Chain chain;
    for (const auto& alias : settings.list("transforms")) {
        const std::string prefix = prefix_of("transforms", alias);
        const auto& type = type_of(transform_types(), settings, prefix);
        Link link{alias, std::string(type.class_name), make(type, settings, prefix), nullptr, false};
        if (const std::string name = settings.text(prefix + "predicate"); !name.empty()) {
            const auto predicate = predicates.find(name);
            if (predicate == predicates.end())
                throw ConfigError(prefix + "predicate", format("Predicate '{}' is not defined in predicates", name));
            link.predicate = predicate->second;
            link.negate = settings.boolean(prefix + "negate");
        }
        chain.links_.push_back(std::move(link));
    }
    return chain;
}

unsigned Chain::parts() const {
    unsigned parts = 0;
    for (const auto& link : links_) parts |= link.transform->parts() | (link.predicate ? link.predicate->parts() : 0);
    return parts;
}

bool Chain::apply(record::Record& record, record::Arena& arena) const {
    for (const auto& link : links_) {
        if (link.predicate && link.predicate->test(record) == link.negate) continue;
        const Contents before(record);
        try {
            if (!link.transform->apply(record, arena)) return false;
            record.shares_headers = record.shares_headers && before == Contents(record);
        } catch (const FatalError& fault) {
            throw FatalError(format("The transform {} ({}) fails on a record of topic {}: {}", link.name, link.type,
                                    record.topic, fault.what()));
        }
    }
    return true;
}

std::vector<config::Problem> chain_problems(const config::Settings& settings) {
    std::vector<config::Problem> all;
    const auto look = [&](const auto& work) {
        try {
            work();
        } catch (const ConfigError& fault) {
            all.push_back({fault.property(), fault.what()});
        }
    };
    for (const auto& alias : settings.list("transforms")) {
        const std::string prefix = prefix_of("transforms", alias);
        look([&] { add_problems(type_of(transform_types(), settings, prefix), settings, prefix, all); });
        check_predicate(settings, prefix, all);
    }
    for (const auto& alias : settings.list("predicates")) {
        const std::string prefix = prefix_of("predicates", alias);
        look([&] { add_problems(type_of(predicate_types(), settings, prefix), settings, prefix, all); });
    }
    return all;
}

std::vector<OptionGroup> option_groups(const config::Settings& settings) {
    std::vector<OptionGroup> groups;
    for (const auto& alias : settings.list("transforms")) {
        const std::string prefix = prefix_of("transforms", alias);
        groups.push_back({prefix, &transform_properties()});
        if (const auto* type = find_type(transform_types(), settings.text(prefix + "type")))
            groups.push_back({prefix, &type->properties()});
    }
    for (const auto& alias : settings.list("predicates")) {
        const std::string prefix = prefix_of("predicates", alias);
        if (const auto* type = find_type(predicate_types(), settings.text(prefix + "type")))
            groups.push_back({prefix, &type->properties()});
    }
    return groups;
}

const config::PropertyTable& transform_properties() {
    return table_of<kCommon>();
}

}  // namespace millrace::transform
