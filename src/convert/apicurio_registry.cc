#include "convert/apicurio_registry.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::convert {
namespace {

std::string group_of(const SchemaRegistry::Subject& subject) {
    return subject.group.empty() ? "default" : subject.group;
}

std::string artifacts_of(const SchemaRegistry::Subject& subject) {
    return format("/groups/{}/artifacts", net::encode_segment(group_of(subject)));
}

std::string artifact_of(const SchemaRegistry::Subject& subject) {
    return format("{}/{}", artifacts_of(subject), net::encode_segment(subject.name));
}

/// What version 3 calls what version 2's serializers ask for.
std::string if_exists_of_v3(const std::string& if_exists) {
    if (if_exists == "UPDATE") return "CREATE_VERSION";
    return if_exists == "FAIL" ? if_exists : "FIND_OR_CREATE_VERSION";
}

}  // namespace

net::HttpAnswer ApicurioRegistry::register_schema(const Subject& subject, const std::string& schema) {
    if (options_.api == Api::V2)
        return send("POST", format("{}?ifExists={}", artifacts_of(subject), options_.if_exists), schema,
                    {{"X-Registry-ArtifactId", subject.name}, {"X-Registry-ArtifactType", options_.artifact_type}});
    const Json body = {
        {"artifactId", subject.name},
        {"artifactType", options_.artifact_type},
        {"firstVersion", {{"content", {{"content", schema}, {"contentType", "application/json"}}}}},
    };
    return send("POST", format("{}?ifExists={}", artifacts_of(subject), if_exists_of_v3(options_.if_exists)),
                to_text(body));
}

net::HttpAnswer ApicurioRegistry::latest(const Subject& subject) {
    return send("GET", artifact_of(subject) + (options_.api == Api::V2 ? "/meta" : "/versions/branch=latest"), "");
}

net::HttpAnswer ApicurioRegistry::find(const Subject& subject, const std::string& schema) {
    if (options_.api == Api::V2) return send("POST", artifact_of(subject) + "/meta?canonical=true", schema);
    return send(
        "POST",
        format("/search/versions?canonical=true&artifactType={}&limit=1&groupId={}&artifactId={}",
               options_.artifact_type, net::encode_segment(group_of(subject)), net::encode_segment(subject.name)),
        schema);
}

int64_t ApicurioRegistry::ask(const Subject& subject, const std::string& schema) {
    const auto answer = options_.auto_register ? register_schema(subject, schema)
                        : options_.find_latest ? latest(subject)
                                               : find(subject, schema);
    auto json = parse_json(answer.body);
    bool is_found = answer.status < 300 && json.has_value();
    if (is_found && json->contains("version") && (*json)["version"].is_object()) json = Json((*json)["version"]);
    if (is_found && json->contains("versions")) {
        is_found = !(*json)["versions"].empty();
        if (is_found) json = Json((*json)["versions"][0]);
    }
    const bool is_absent = answer.status == 404 || (answer.status < 300 && !is_found);
    if (!is_found || !json->contains("globalId"))
        throw FatalError(format(
            "Apicurio Registry refuses the schema for artifact {} in group {}: {} {}{}", subject.name,
            group_of(subject), answer.status, answer.body.substr(0, 500),
            is_absent && !options_.auto_register
                ? ". It is not there, and apicurio.registry.auto-register=false: register it, or allow that"
            : answer.status == 409 ? ". It breaks a rule of the artifact, or exists already: see to its rules, or to "
                                     "apicurio.registry.auto-register.if-exists"
                                   : ""));
    const auto global_id = (*json)["globalId"].get<int64_t>();
    if (!options_.auto_register && options_.find_latest) compare_latest(subject, schema, global_id);
    return options_.is_content_id ? (*json)["contentId"].get<int64_t>() : global_id;
}

void ApicurioRegistry::compare_latest(const Subject& subject, const std::string& schema, int64_t global_id) {
    const auto answer = send("GET", format("/ids/globalIds/{}", global_id), "");
    const auto found = parse_json(answer.body);
    if (answer.status < 300 && found && *found == *parse_json(schema)) return;
    throw FatalError(
        format("The newest schema of artifact {} in group {} is not that of the records, and "
               "apicurio.registry.find-latest=true asks for it. Records are written in their own schema: "
               "register it, or set apicurio.registry.auto-register=true",
               subject.name, group_of(subject)));
}

}  // namespace millrace::convert
