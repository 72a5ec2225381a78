#include "cli/topic_commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/topic_store.h"

namespace millrace::cli {
namespace {

struct Where {
    WorkerAddress worker;
    std::string directory;
    std::unique_ptr<TopicStore> open() const { return TopicStore::open(worker, directory); }
};

void add_where(CLI::App* command, const std::shared_ptr<Where>& where) {
    auto* at = where->worker.add_options(*command);
    command->add_option("--store", where->directory, "Directory of an embedded store, read directly")->excludes(at);
}

void print_table(const Json& topics) {
    size_t width = 5;
    for (const auto& topic : topics) width = std::max(width, topic["name"].get<std::string>().size());
    std::cout << format("{:<{}}  {:>10}  {:>12}\n", "TOPIC", width, "PARTITIONS", "RECORDS");
    for (const auto& topic : topics)
        std::cout << format("{:<{}}  {:>10}  {:>12}\n", topic["name"].get<std::string>(), width,
                            topic["partitions"].get<int64_t>(), topic["records"].get<int64_t>());
}

/// Moves `next` past the lines' records; returns how many there were.
int64_t advance(const std::string& lines, std::vector<int64_t>& next, const std::function<bool(const Json&)>& each) {
    int64_t count = 0;
    size_t start = 0;
    while (start < lines.size()) {
        const size_t end = lines.find('\n', start);
        const auto json = parse_json(std::string_view(lines).substr(start, end - start));
        start = end + 1;
        if (!json) continue;
        const auto partition = (*json)["p"].get<size_t>();
        if (next.size() <= partition) next.resize(partition + 1, 0);
        next[partition] = (*json)["o"].get<int64_t>() + 1;
        ++count;
        if (!each(*json)) break;
    }
    return count;
}

int export_topics(TopicStore& store, const std::vector<std::string>& topics) {
    for (const auto& topic : topics) {
        store.describe(topic);
        std::vector<int64_t> next;
        for (;;) {
            const std::string lines = store.records(topic, next, 0);
            if (lines.empty()) break;
            std::cout << lines;
            advance(lines, next, [](const Json&) { return true; });
        }
    }
    std::cout.flush();
    return 0;
}

std::string shown(const Json& text, const std::string& form) {
    if (text.is_null()) return "null";
    auto raw = text.get<std::string>();
    if (form == "raw") return raw;
    const auto json = parse_json(raw);
    if (!json) return raw;
    const Json& payload =
        json->is_object() && json->contains("schema") && json->contains("payload") ? (*json)["payload"] : *json;
    if (form == "payload") return to_text(payload);
    if (form == "pretty") return payload.dump(2);
    return raw;
}

struct WatchOptions {
    Where where;
    std::string topic;
    bool from_beginning = false;
    bool with_keys = false;
    std::string form = "raw";
    int64_t count = 0;
};

/// Where each partition ends now.
std::vector<int64_t> ends_of(TopicStore& store, const std::string& topic) {
    std::vector<int64_t> next;
    try {
        const Json described = Json::parse(store.describe(topic));
        for (const auto& partition : described["offsets"]) next.push_back(partition["next"].get<int64_t>());
    } catch (const std::exception&) {
        next.clear();  // no such topic yet: all that comes is new
    }
    return next;
}

int watch(const WatchOptions& options) {
    constexpr int64_t kWaitMs = 1000;
    const auto store = options.where.open();
    std::vector<int64_t> next = options.from_beginning ? std::vector<int64_t>{} : ends_of(*store, options.topic);
    int64_t printed = 0;
    for (;;) {
        advance(store->records(options.topic, next, kWaitMs), next, [&](const Json& record) {
            if (options.form == "json") {
                std::cout << to_text(record) << '\n';
            } else {
                if (options.with_keys) std::cout << shown(record["k"], options.form) << '\t';
                std::cout << shown(record["v"], options.form) << '\n';
            }
            std::cout.flush();
            return options.count == 0 || ++printed < options.count;
        });
        if (options.count != 0 && printed >= options.count) return 0;
        if (!std::cout) return 0;  // whoever read us is gone
    }
}

}  // namespace

void add_topic_commands(CLI::App& app, Action& action) {
    auto* topics = app.add_subcommand("topics", "List, describe, delete, write and export topics");
    const auto where = std::make_shared<Where>();
    const auto as_json = std::make_shared<bool>(false);
    add_where(topics, where);
    topics->add_flag("--json", *as_json, "A JSON array in place of a table");
    topics->require_subcommand(0, 1);
    topics->callback([=, &action] {
        if (!topics->get_subcommands().empty()) return;
        action = [=] {
            const std::string list = where->open()->list();
            if (*as_json)
                std::cout << list << '\n';
            else
                print_table(Json::parse(list));
            return 0;
        };
    });

    const auto names = std::make_shared<std::vector<std::string>>();
    const auto add_verb = [&](const char* verb, const char* help, auto run) {
        auto* command = topics->add_subcommand(verb, help);
        add_where(command, where);
        command->add_option("TOPIC", *names, "Names of topics")->required();
        command->callback([=, &action] { action = [=] { return run(*where->open(), *names); }; });
    };
    add_verb("describe", "Show partitions, offsets and settings",
             [](TopicStore& store, const std::vector<std::string>& all) {
                 for (const auto& topic : all) std::cout << Json::parse(store.describe(topic)).dump(2) << '\n';
                 return 0;
             });
    add_verb("delete", "Delete topics with their records", [](TopicStore& store, const std::vector<std::string>& all) {
        for (const auto& topic : all) store.remove(topic);
        return 0;
    });
    add_verb("export", "Write all records as JSON lines",
             [](TopicStore& store, const std::vector<std::string>& all) { return export_topics(store, all); });

    auto* put = topics->add_subcommand("put", "Write one record");
    add_where(put, where);
    const auto record = std::make_shared<std::array<std::string, 3>>();
    put->add_option("TOPIC", (*record)[0], "Name of the topic")->required();
    put->add_option("KEY", (*record)[1], "The record's key")->required();
    put->add_option("VALUE", (*record)[2], "The record's value")->required();
    put->callback([=, &action] {
        action = [=] {
            where->open()->put((*record)[0], (*record)[1], (*record)[2]);
            return 0;
        };
    });

    auto* watch_topic = app.add_subcommand("watch-topic", "Follow a topic");
    const auto options = std::make_shared<WatchOptions>();
    const auto watched = std::make_shared<Where>();
    add_where(watch_topic, watched);
    watch_topic->add_flag("-a,--all", options->from_beginning, "From the topic's beginning");
    watch_topic->add_flag("-k,--keys", options->with_keys, "Print keys too");
    watch_topic
        ->add_option("-f,--format", options->form, "raw; payload or pretty (without the schema); json (whole records)")
        ->check(CLI::IsMember({"raw", "payload", "pretty", "json"}))
        ->capture_default_str();
    watch_topic->add_option("-n,--count", options->count, "Stop after so many records");
    watch_topic->add_option("TOPIC", options->topic, "Name of the topic")->required();
    watch_topic->callback([=, &action] {
        action = [=] {
            options->where = *watched;
            return watch(*options);
        };
    });
}

}  // namespace millrace::cli
