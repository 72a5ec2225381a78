#include "source/engine/signal_actions.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

std::string text(const Json& data, const char* name) {
    const auto found = data.find(name);
    return found == data.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

/// "data-collections", trimmed.
std::vector<std::string> collections(const Json& data) {
    std::vector<std::string> names;
    const auto found = data.find("data-collections");
    if (found == data.end() || !found->is_array()) return names;
    for (const auto& name : *found)
        if (name.is_string()) names.emplace_back(trimmed(name.get<std::string>()));
    return names;
}

std::vector<IncrementalSnapshot::Condition> conditions(const Json& data) {
    std::vector<IncrementalSnapshot::Condition> all;
    const auto found = data.find("additional-conditions");
    if (found != data.end() && found->is_array())
        for (const auto& entry : *found)
            if (entry.is_object()) all.push_back({text(entry, "data-collection"), text(entry, "filter")});
    return all;
}

}  // namespace

SignalActions::SignalActions(IncrementalSnapshot& snapshot, Hooks hooks, std::string logger)
    : snapshot_(snapshot), hooks_(std::move(hooks)), logger_(std::move(logger)) {}

void SignalActions::warn(const std::string& message) const {
    log::warn(logger_, message);
}

void SignalActions::note(const Signal& signal) {
    if (signal.type != "execute-snapshot") return;
    const auto data = parse_json(signal.data);
    if (!data || !data->is_object()) return;
    const auto tables = collections(*data);
    const std::string type = lower(text(*data, "type"));
    if (!tables.empty() && (type.empty() || type == "incremental"))
        snapshot_.enqueue(signal.id, tables, conditions(*data), text(*data, "surrogate-key"));
}

void SignalActions::act(const Signal& signal) {
    if (signal.type == "snapshot-window-open") {
        snapshot_.window_opened(signal.id);
        return;
    }
    if (signal.type == "snapshot-window-close") {
        snapshot_.window_closed(signal.id);
        return;
    }
    std::string problem;
    const auto data = parse_json(trimmed(signal.data).empty() ? "{}" : signal.data, &problem);
    if (!data || !data->is_object()) {
        warn(format("Signal '{}' has been received but the data '{}' cannot be parsed: {}", signal.id, signal.data,
                    problem.empty() ? "an object is expected" : problem));
        return;
    }
    log::info(logger_,
              format("Received signal id = '{}', type = '{}', data = '{}'", signal.id, signal.type, signal.data));
    if (signal.type == "execute-snapshot")
        execute_snapshot(signal, *data);
    else if (signal.type == "stop-snapshot")
        stop_snapshot(*data);
    else if (signal.type == "pause-snapshot")
        snapshot_.pause();
    else if (signal.type == "resume-snapshot")
        snapshot_.unpause();
    else if (signal.type == "log")
        write_log(*data);
    else if (signal.type == "schema-changes" && hooks_.schema_changes)
        change_schema(*data);
    else if (const auto own = hooks_.own.find(signal.type); own != hooks_.own.end())
        own->second(*data);
    else
        warn(format("Signal '{}' has been received but the type '{}' is not recognized", signal.id, signal.type));
}

void SignalActions::execute_snapshot(const Signal& signal, const Json& data) {
    const auto tables = collections(data);
    if (tables.empty()) {
        warn(format(
            "Execute snapshot signal '{}' has arrived but the requested field 'data-collections' is missing from "
            "data or is empty",
            signal.id));
        return;
    }
    const std::string type = lower(text(data, "type"));
    if (type.empty() || type == "incremental")
        snapshot_.begin();  // note() has put it down
    else if (type == "blocking")
        hooks_.blocking_snapshot(tables, conditions(data));
    else
        warn(format("Detected an unexpected snapshot type '{}'. Signal '{}' will be skipped.", type, signal.id));
}

void SignalActions::stop_snapshot(const Json& data) {
    const std::string type = lower(text(data, "type"));
    if (type.empty() || type == "incremental") snapshot_.stop(collections(data));
}

void SignalActions::write_log(const Json& data) const {
    const std::string message = text(data, "message");
    if (message.empty()) {
        warn("Logging signal has arrived but the requested field 'message' is missing from data");
        return;
    }
    const size_t place = message.find("{}");
    log::info(logger_, place == std::string::npos
                           ? message
                           : message.substr(0, place) + hooks_.offset_text() + message.substr(place + 2));
}

void SignalActions::change_schema(const Json& data) {
    const std::string database = text(data, "database");
    const auto changes = data.find("changes");
    if (database.empty() || changes == data.end() || !changes->is_array() || changes->empty()) {
        warn(format("Table changes signal has arrived but the requested field '{}' is missing from data",
                    database.empty() ? "database" : "changes"));
        return;
    }
    try {
        hooks_.schema_changes(database, relational::parse_table_changes(to_text(*changes)));
    } catch (const FatalError& fault) {
        warn(format("Table changes signal cannot be read: {}", fault.what()));
    }
}

}  // namespace millrace::engine
