#include "rest/access_rules.h"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "base/base64.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::rest {
namespace {

constexpr std::string_view kBasicAuthExtension =
    "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
constexpr const char* kExtensions = "rest.extension.classes";

/// -Djava.security.auth.login.config=FILE, as Kafka's start scripts hand it to the JVM.
std::string jaas_file(const config::Settings& settings) {
    if (const auto own = settings.text("rest.auth.jaas.file"); !own.empty()) return own;
    const char* options = std::getenv("KAFKA_OPTS");
    std::smatch found;
    const std::string text = options == nullptr ? "" : options;
    if (std::regex_search(text, found, std::regex(R"(-Djava\.security\.auth\.login\.config=(\S+))"))) return found[1];
    throw ConfigError(kExtensions,
                      "BasicAuthSecurityRestExtension needs a JAAS file: name it by rest.auth.jaas.file, or by "
                      "KAFKA_OPTS=-Djava.security.auth.login.config=FILE; or name the file with the users by "
                      "rest.auth.users.file instead");
}

/// The file that the entry KafkaConnect gives to Kafka's PropertyFileLoginModule.
std::string users_file_of(const std::string& jaas_path) {
    const std::string text = config::read_file(jaas_path);
    std::smatch entry;
    if (!std::regex_search(text, entry, std::regex(R"(KafkaConnect\s*\{([^}]*)\})")))
        throw ConfigError(kExtensions, format("The JAAS file {} has no entry KafkaConnect", jaas_path));
    const std::string body = entry[1];
    std::smatch module;
    const std::regex form(
        R"(^\s*\S*\bPropertyFileLoginModule\s+(?:required|requisite|sufficient)\s+file\s*=\s*"([^"]+)\"\s*;\s*$)");
    if (!std::regex_match(body, module, form))
        throw ConfigError(
            kExtensions,
            format("The entry KafkaConnect of {} must be one PropertyFileLoginModule with file=\"…\"; other "
                   "login modules need a JVM",
                   jaas_path));
    return module[1];
}

/// In a time that does not tell how much of it is right.
bool is_same(const std::string& a, const std::string& b) {
    unsigned difference = static_cast<unsigned>(a.size() ^ b.size());
    for (size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
    return difference == 0;
}

/// response.http.headers.config: "add X-A: b, \"set X-C: d,e\"".
std::map<std::string, std::string> header_rules(const std::string& text) {
    constexpr const char* kProperty = "response.http.headers.config";
    std::map<std::string, std::string> headers;
    std::vector<std::string> rules(1);
    bool quoted = false;
    for (const char c : text) {
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            rules.emplace_back();
        else
            rules.back() += c;
    }
    for (const auto& rule : rules) {
        if (trimmed(rule).empty()) continue;
        std::smatch parts;
        const std::string plain(trimmed(rule));
        if (!std::regex_match(plain, parts, std::regex(R"((add|set|addDate|setDate)\s+([^\s:]+)\s*:\s*(.*))")) ||
            parts[1].str().ends_with("Date"))
            throw ConfigError(
                kProperty, format("Invalid header config '{}' in '{}': it is of the form [add|set] NAME: VALUE", plain,
                                  kProperty));
        headers[parts[2]] = parts[3];
    }
    return headers;
}

}  // namespace

AccessRules AccessRules::from(const config::Settings& settings) {
    AccessRules rules;
    std::string users = settings.text("rest.auth.users.file");
    for (const auto& extension : settings.list(kExtensions)) {
        if (extension != kBasicAuthExtension)
            throw ConfigError(kExtensions, format("The class {} needs a JVM; what there is here is {}, and rest.auth.*",
                                                  extension, kBasicAuthExtension));
        if (users.empty()) users = users_file_of(jaas_file(settings));
    }
    if (!users.empty()) {
        rules.users_ = config::parse_properties(config::read_file(users));
        if (rules.users_.empty())
            throw ConfigError("rest.auth.users.file",
                              format("The file {} names no user: nobody could use the REST API", users));
    }
    rules.open_paths_ = settings.list("rest.auth.open.paths");
    rules.origins_ = settings.list("access.control.allow.origin");
    rules.methods_ = settings.list("access.control.allow.methods");
    if (rules.methods_.empty()) rules.methods_ = {"GET", "POST", "HEAD"};
    rules.headers_ = header_rules(settings.text("response.http.headers.config"));
    return rules;
}

std::optional<net::HttpResponse> AccessRules::refusal(const net::HttpRequest& request) const {
    if (users_.empty() || std::find(open_paths_.begin(), open_paths_.end(), request.path) != open_paths_.end())
        return std::nullopt;
    constexpr std::string_view kScheme = "basic ";
    if (lower(request.authorization.substr(0, kScheme.size())) == kScheme) {
        const auto given = base64::decode(trimmed(std::string_view(request.authorization).substr(kScheme.size())));
        const size_t colon = given ? given->find(':') : std::string::npos;
        if (colon != std::string::npos) {
            const auto user = users_.find(given->substr(0, colon));
            if (user != users_.end() && is_same(given->substr(colon + 1), user->second)) return std::nullopt;
        }
    }
    return net::HttpResponse{
        401, "User cannot access the resource.", "text/plain", {{"WWW-Authenticate", "Basic realm=\"Millrace\""}}};
}

void AccessRules::decorate(const net::HttpRequest& request, net::HttpResponse& response) const {
    for (const auto& [name, value] : headers_) response.headers[name] = value;
    if (origins_.empty()) return;
    response.headers["Vary"] = "Origin";
    const bool is_allowed =
        !request.origin.empty() &&
        std::any_of(origins_.begin(), origins_.end(), [&](const auto& o) { return o == "*" || o == request.origin; });
    if (!is_allowed) return;
    response.headers["Access-Control-Allow-Origin"] = request.origin;
    if (request.method != "OPTIONS" || request.wanted_method.empty()) return;
    response.headers["Access-Control-Allow-Methods"] = join(methods_, ",");
    response.headers["Access-Control-Allow-Headers"] = "Content-Type";
    response.headers["Access-Control-Max-Age"] = "60";
}

}  // namespace millrace::rest
