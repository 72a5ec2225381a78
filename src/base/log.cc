#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace millrace::log {
namespace {

thread_local std::string context;

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto created = std::make_shared<spdlog::logger>("millrace", std::make_shared<spdlog::sinks::stdout_sink_mt>());
        created->set_pattern("%Y-%m-%d %H:%M:%S,%e %v");
        created->flush_on(spdlog::level::info);
        return created;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Trace:
            return spdlog::level::trace;
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warn:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

const char* name(Level level) {
    switch (level) {
        case Level::Trace:
            return "TRACE";
        case Level::Debug:
            return "DEBUG";
        case Level::Info:
            return "INFO ";
        case Level::Warn:
            return "WARN ";
        case Level::Error:
            return "ERROR";
    }
    return "INFO ";
}

}  // namespace

Context::Context(const std::string& connector_type, const std::string& connector_name, const std::string& phase)
    : previous_(std::exchange(context, connector_type + "|" + connector_name + "|" + phase)) {}

Context::~Context() {
    context = std::move(previous_);
}

void set_phase(std::string_view phase) {
    const size_t bar = context.rfind('|');
    if (bar != std::string::npos) context = context.substr(0, bar + 1) + std::string(phase);
}

void set_level(Level level) {
    logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view name_of_logger, std::string_view message) {
    logger().log(to_spdlog(level), "{}  {}  {}   [{}]", name(level), context.empty() ? "||" : context, message,
                 name_of_logger);
}

}  // namespace millrace::log
