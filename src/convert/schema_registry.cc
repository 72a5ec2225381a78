#include "convert/schema_registry.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::convert {
namespace {

constexpr size_t kSchemasMax = 10'000;

/// "http://host:8081/apis/ccompat/v7" as the server's address and the path below which its API lies.
std::pair<std::string, std::string> parted(const std::string& url) {
    const size_t scheme = url.find("://");
    const size_t slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
    if (slash == std::string::npos) return {url, ""};
    std::string path = url.substr(slash);
    while (path.ends_with('/')) path.pop_back();
    return {url.substr(0, slash), path};
}

}  // namespace

struct SchemaRegistry::Server {
    Server(std::string api_path, const std::string& address, const Options& options)
        : path(std::move(api_path)), client(address, options.tls, options.read_timeout_ms) {}

    std::string path;
    net::HttpClient client;
};

SchemaRegistry::SchemaRegistry(Options options) : options_(std::move(options)) {
    for (const auto& url : options_.urls) {
        const auto [address, path] = parted(url);
        auto server = std::make_unique<Server>(path, address, options_);
        if (!options_.user_and_password.empty()) server->client.authenticate(options_.user_and_password);
        servers_.push_back(std::move(server));
    }
}

SchemaRegistry::~SchemaRegistry() = default;

int32_t SchemaRegistry::id_of(const std::string& subject, const std::string& schema) {
    const std::string key = subject + "\n" + schema;
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    const int32_t id = ask(subject, schema);
    if (known_.size() >= kSchemasMax) known_.clear();
    return known_.emplace(key, id).first->second;
}

/// The first server that answers, beginning with the one that did last.
net::HttpAnswer SchemaRegistry::send(const std::string& method, const std::string& path, const std::string& body) {
    std::string trouble;
    for (size_t tried = 0; tried < servers_.size(); ++tried) {
        Server& server = *servers_[current_];
        try {
            net::HttpAnswer answer = server.client.send(method, server.path + path, body);
            if (answer.status < 500) return answer;
            trouble = format("{} answers {} {}", options_.urls[current_], answer.status, answer.body.substr(0, 200));
        } catch (const EnvironmentError& fault) {
            trouble = format("{}: {}", options_.urls[current_], fault.what());
        }
        current_ = (current_ + 1) % servers_.size();
    }
    throw RetriableError(format("No schema registry of schema.registry.url can be used: {}", trouble));
}

int32_t SchemaRegistry::ask(const std::string& subject, const std::string& schema) {
    const std::string of_subject = "/subjects/" + net::encode_segment(subject);
    const std::string body = to_text(Json{{"schema", schema}});
    const auto answer = options_.use_latest      ? send("GET", of_subject + "/versions/latest", "")
                        : options_.auto_register ? send("POST", of_subject + "/versions", body)
                                                 : send("POST", of_subject, body);
    const auto json = parse_json(answer.body);
    if (answer.status >= 300 || !json || !json->contains("id"))
        throw FatalError(format("The schema registry refuses the schema for subject {}: {} {}{}", subject,
                                answer.status, answer.body.substr(0, 500),
                                answer.status == 404 && !options_.auto_register
                                    ? ". It is not there, and auto.register.schemas=false: register it, or allow that"
                                : answer.status == 409
                                    ? ". It is not compatible with the versions before it: change the "
                                      "subject's compatibility, or its strategy"
                                    : ""));
    if (options_.use_latest) {
        const auto latest = parse_json(json->value("schema", ""));
        if (!latest || *latest != *parse_json(schema))
            throw FatalError(
                format("The newest schema of subject {} is not that of the records, and use.latest.version=true "
                       "asks for it. Records are written in their own schema: register it",
                       subject));
    }
    return (*json)["id"].get<int32_t>();
}

}  // namespace millrace::convert
