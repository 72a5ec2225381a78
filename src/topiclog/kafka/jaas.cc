#include "topiclog/kafka/jaas.h"

#include <optional>

#include "base/errors.h"
#include "base/text.h"

namespace millrace::topiclog::kafka {
namespace {

/// CLASS FLAG name="value" …; as Kafka's JaasConfig reads it: values in quotes with backslash escapes, or bare words.
class JaasLine {
  public:
    explicit JaasLine(std::string_view text) : text_(text) {}

    std::string word() {
        skip_blanks();
        std::string out;
        while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != '=' && text_[at_] != ';')
            out += text_[at_++];
        return out;
    }
    /// The value behind a '='; nothing if there is none.
    std::optional<std::string> value() {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != '=') return std::nullopt;
        ++at_;
        skip_blanks();
        if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return word();
        const char quote = text_[at_++];
        std::string out;
        while (at_ < text_.size() && text_[at_] != quote) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            out += text_[at_++];
        }
        if (at_ >= text_.size()) return std::nullopt;
        ++at_;
        return out;
    }
    bool at_end() {
        skip_blanks();
        return at_ >= text_.size() || text_[at_] == ';';
    }

  private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

std::map<std::string, std::string> jaas_properties(const std::string& line, const std::string& mechanism,
                                                   const std::string& property) {
    JaasLine parser(line);
    const std::string module = parser.word();
    const std::string flag = parser.word();
    std::map<std::string, std::string> options;
    while (!parser.at_end()) {
        const std::string name = parser.word();
        const auto value = parser.value();
        if (name.empty() || !value)
            throw ConfigError(property, format("The value of '{}' is no JAAS line: expected CLASS required "
                                               "name=\"value\" …;",
                                               property));
        options[name] = *value;
    }
    if (flag.empty())
        throw ConfigError(property, format("The value of '{}' is no JAAS line: no control flag", property));
    std::map<std::string, std::string> out;
    const auto take = [&](const char* name, const char* native) {
        if (options.contains(name)) out[native] = options[name];
    };
    if (module.ends_with("PlainLoginModule") || module.ends_with("ScramLoginModule")) {
        take("username", "sasl.username");
        take("password", "sasl.password");
    } else if (module.ends_with("Krb5LoginModule")) {
        take("principal", "sasl.kerberos.principal");
        take("keyTab", "sasl.kerberos.keytab");
        take("serviceName", "sasl.kerberos.service.name");
    } else if (module.ends_with("OAuthBearerLoginModule")) {
        if (options.contains("unsecuredLoginStringClaim_sub")) {
            out["enable.sasl.oauthbearer.unsecure.jwt"] = "true";
            out["sasl.oauthbearer.config"] = "principal=" + options["unsecuredLoginStringClaim_sub"];
        } else {
            take("clientId", "sasl.oauthbearer.client.id");
            take("clientSecret", "sasl.oauthbearer.client.secret");
            take("scope", "sasl.oauthbearer.scope");
        }
    } else {
        throw ConfigError(property, format("The login module {} for {} is not known here; PlainLoginModule, "
                                           "ScramLoginModule, Krb5LoginModule and OAuthBearerLoginModule are",
                                           module, mechanism));
    }
    return out;
}

}  // namespace millrace::topiclog::kafka
