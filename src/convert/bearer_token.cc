#include "convert/bearer_token.h"

#include <algorithm>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"

namespace millrace::convert {

BearerToken::BearerToken(Options options) : options_(std::move(options)) {
    if (!options_.fixed.empty()) {
        authorization_ = "Bearer " + options_.fixed;
        return;
    }
    auto [address, path] = net::split_url(options_.endpoint);
    path_ = path.empty() ? "/" : std::move(path);
    try {
        if (address.find("://") == std::string::npos)
            throw ConfigError(options_.property, "it does not begin with http:// or https://");
        client_ = std::make_unique<net::HttpClient>(address, options_.tls, options_.read_timeout_ms);
    } catch (const ConfigError& fault) {
        throw ConfigError(options_.property, format("The '{}' value is invalid: {}", options_.property, fault.what()));
    }
}

void BearerToken::ask() {
    std::string form = "grant_type=client_credentials&client_id=" + net::encode_segment(options_.client_id) +
                       "&client_secret=" + net::encode_segment(options_.client_secret);
    if (!options_.scope.empty()) form += "&scope=" + net::encode_segment(options_.scope);
    net::HttpAnswer answer;
    try {
        answer = client_->send("POST", path_, form, {}, {{"Content-Type", "application/x-www-form-urlencoded"}});
    } catch (const EnvironmentError& fault) {
        throw RetriableError(format("No token for the schema registry: {}: {}", options_.endpoint, fault.what()));
    }
    if (answer.status >= 500)
        throw RetriableError(
            format("No token for the schema registry: {} answers {}", options_.endpoint, answer.status));
    const auto json = parse_json(answer.body);
    if (answer.status >= 300 || !json || !json->is_object() || !json->contains("access_token") ||
        !(*json)["access_token"].is_string())
        throw FatalError(format(
            "{} gives client {} no token for the schema registry: {} {}. Look at {} and the client's "
            "id, secret and scope",
            options_.endpoint, options_.client_id, answer.status, answer.body.substr(0, 300), options_.property));
    authorization_ = "Bearer " + (*json)["access_token"].get<std::string>();
    constexpr int64_t kUntoldS = 300, kSpareS = 10;
    const int64_t lasts_s = json->contains("expires_in") && (*json)["expires_in"].is_number()
                                ? (*json)["expires_in"].get<int64_t>()
                                : kUntoldS;
    good_until_ms_ = steady_ms() + std::max<int64_t>(1, lasts_s - std::min(kSpareS, lasts_s / 2)) * 1000;
}

const std::string& BearerToken::authorization() {
    if (client_ != nullptr && steady_ms() >= good_until_ms_) ask();
    return authorization_;
}

bool BearerToken::renew() {
    good_until_ms_ = 0;
    return client_ != nullptr;
}

}  // namespace millrace::convert
