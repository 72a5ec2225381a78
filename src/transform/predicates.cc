#include "transform/options.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

constexpr Property kHeaderOptions[] = {
    {.name = "name",
     .importance = Importance::Medium,
     .required = true,
     .rule = config::Rule::NonEmpty,
     .documentation = "The header's name."},
};
constexpr Property kTopicOptions[] = {
    {.name = "pattern",
     .importance = Importance::Medium,
     .required = true,
     .documentation = "A Java regular expression for the whole name of the record's topic."},
};

class HasHeaderKey : public Predicate {
  public:
    explicit HasHeaderKey(const config::Settings& settings) : name_(settings.text("name")) {}
    bool test(const record::Record& record) override { return record.last_header(name_) != nullptr; }
    unsigned parts() const override { return kHeaders; }

  private:
    const std::string name_;
};

class RecordIsTombstone : public Predicate {
  public:
    explicit RecordIsTombstone(const config::Settings& /*settings*/) {}
    bool test(const record::Record& record) override { return record.value.value.is_null(); }
    unsigned parts() const override { return 0; }
};

class TopicNameMatches : public Predicate {
  public:
    explicit TopicNameMatches(const config::Settings& settings) : pattern_(regex_option(settings, "pattern")) {}
    bool test(const record::Record& record) override {
        if (record.topic == last_topic_) return last_;
        last_topic_ = record.topic;
        return last_ = pattern_.matches(record.topic);
    }
    unsigned parts() const override { return kTopic; }

  private:
    const Regex pattern_;
    std::string last_topic_;
    bool last_ = pattern_.matches("");
};

template <typename Made>
std::unique_ptr<Predicate> make_predicate(const config::Settings& settings) {
    return std::make_unique<Made>(settings);
}

}  // namespace

const PredicateType kHasHeaderKey{"org.apache.kafka.connect.transforms.predicates.HasHeaderKey",
                                  table_of<kHeaderOptions>, make_predicate<HasHeaderKey>};
const PredicateType kRecordIsTombstone{"org.apache.kafka.connect.transforms.predicates.RecordIsTombstone", no_options,
                                       make_predicate<RecordIsTombstone>};
const PredicateType kTopicNameMatches{"org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
                                      table_of<kTopicOptions>, make_predicate<TopicNameMatches>};

}  // namespace millrace::transform
