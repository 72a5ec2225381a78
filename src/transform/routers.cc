#include "transform/options.h"
#include "transform/regex_router.h"
#include "transform/simple_date_format.h"
#include "transform/transform_types.h"

namespace millrace::transform {
namespace {

constexpr Property kRegexOptions[] = {
    {.name = "regex",
     .importance = Importance::High,
     .required = true,
     .documentation = "A Java regular expression for the whole name of a topic."},
    {.name = "replacement",
     .importance = Importance::High,
     .required = true,
     .documentation = "The topic of records whose topic matches, with $1 or ${name} for groups."},
};
constexpr Property kTimestampOptions[] = {
    {.name = "topic.format",
     .default_value = "${topic}-${timestamp}",
     .importance = Importance::High,
     .documentation = "The new topic, with ${topic} and ${timestamp}."},
    {.name = "timestamp.format",
     .default_value = "yyyyMMdd",
     .importance = Importance::High,
     .documentation = "How ${timestamp} is written, as java.text.SimpleDateFormat reads it; UTC."},
};

class TimestampRouter : public Transform {
  public:
    explicit TimestampRouter(const config::Settings& settings)
        : topic_(settings.text("topic.format")),
          time_(SimpleDateFormat::of(settings.text("timestamp.format"), "timestamp.format")) {}
    bool apply(record::Record& record, record::Arena& arena) override {
        if (!record.timestamp_ms)
            throw FatalError(
                "Timestamp missing on record: a source's records have their time only once they are sent; put "
                "the time into the topic's name by other means");
        std::string name = replace_all(topic_, "${topic}", record.topic);
        record.topic = arena.copy(replace_all(name, "${timestamp}", time_.text(*record.timestamp_ms)));
        return true;
    }
    unsigned parts() const override { return kTopic; }

  private:
    const std::string topic_;
    const SimpleDateFormat time_;
};

}  // namespace

RegexRouter::RegexRouter(const config::Settings& settings)
    : RegexRouter(regex_option(settings, "regex"), settings.text("replacement")) {}

RegexRouter::RegexRouter(Regex regex, std::string replacement)
    : regex_(std::move(regex)), replacement_(std::move(replacement)) {}

const std::optional<std::string>& RegexRouter::replaced(std::string_view topic) {
    const auto known = known_.find(topic);
    if (known != known_.end()) return known->second;
    if (known_.size() >= kTopicsMax) known_.clear();
    try {
        return known_.emplace(std::string(topic), regex_.replaced_if_matches(topic, replacement_)).first->second;
    } catch (const std::invalid_argument& fault) {
        throw FatalError(format("The replacement {} is none for {}: {}", replacement_, regex_.pattern(), fault.what()));
    }
}

bool RegexRouter::apply(record::Record& record, record::Arena& arena) {
    if (const auto& topic = replaced(record.topic)) record.topic = arena.copy(*topic);
    return true;
}

const TransformType kRegexRouter{"org.apache.kafka.connect.transforms.RegexRouter", table_of<kRegexOptions>,
                                 make_from<RegexRouter>};
const TransformType kTimestampRouter{"org.apache.kafka.connect.transforms.TimestampRouter", table_of<kTimestampOptions>,
                                     make_from<TimestampRouter>};

}  // namespace millrace::transform
