#include "convert/confluent_registry.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::convert {

int64_t ConfluentRegistry::ask(const Subject& subject, const std::string& schema) {
    const std::string of_subject = "/subjects/" + net::encode_segment(subject.name);
    Json request{{"schema", schema}};
    if (!options_.schema_type.empty()) request["schemaType"] = options_.schema_type;
    const std::string body = to_text(request);
    const auto answer = options_.use_latest      ? send("GET", of_subject + "/versions/latest", "")
                        : options_.auto_register ? send("POST", of_subject + "/versions", body)
                                                 : send("POST", of_subject, body);
    const auto json = parse_json(answer.body);
    if (answer.status >= 300 || !json || !json->contains("id"))
        throw FatalError(format("The schema registry refuses the schema for subject {}: {} {}{}", subject.name,
                                answer.status, answer.body.substr(0, 500),
                                answer.status == 404 && !options_.auto_register
                                    ? ". It is not there, and auto.register.schemas=false: register it, or allow that"
                                : answer.status == 409
                                    ? ". It is not compatible with the versions before it: change the "
                                      "subject's compatibility, or its strategy"
                                    : ""));
    if (options_.use_latest) {
        const std::string latest = json->value("schema", "");
        const auto latest_json = parse_json(latest), own_json = parse_json(schema);
        const bool is_same = latest_json && own_json ? *latest_json == *own_json : latest == schema;
        if (!is_same)
            throw FatalError(
                format("The newest schema of subject {} is not that of the records, and use.latest.version=true "
                       "asks for it. Records are written in their own schema: register it",
                       subject.name));
    }
    return (*json)["id"].get<int64_t>();
}

}  // namespace millrace::convert
