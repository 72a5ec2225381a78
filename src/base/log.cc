#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/calendar.h"
#include "base/text.h"

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

constexpr std::array<std::string_view, 5> kLevelNames = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};
constexpr const char* kRoot = "root";

/// Levels by logger. A line asks for its own once: whoever has no level of its own follows the one above it.
class Levels {
  public:
    bool shows(std::string_view logger, Level level) {
        if (level >= lowest_.load(std::memory_order_relaxed)) {
            const std::lock_guard lock(mutex_);
            auto& known = by_logger_.try_emplace(std::string(logger)).first->second;
            return level >= (known.own ? *known.own : above(logger));
        }
        return false;
    }
    void set(const std::string& logger, Level level) {
        const std::lock_guard lock(mutex_);
        if (logger == kRoot)
            root_ = level;
        else
            by_logger_[logger].own = level;
        auto& changed = logger == kRoot ? root_changed_ms_ : by_logger_[logger].changed_ms;
        changed = now_ms();
        Level lowest = root_;
        for (const auto& [name, known] : by_logger_)
            if (known.own) lowest = std::min(lowest, *known.own);
        lowest_ = lowest;
    }
    void set_root(Level level) {
        const std::lock_guard lock(mutex_);
        root_ = level;
        lowest_ = level;
    }
    std::vector<LoggerLevel> all() {
        const std::lock_guard lock(mutex_);
        std::vector<LoggerLevel> list = {{kRoot, root_, root_changed_ms_}};
        for (const auto& [name, known] : by_logger_)
            list.push_back({name, known.own ? *known.own : above(name), known.changed_ms});
        return list;
    }

  private:
    struct Known {
        std::optional<Level> own;
        std::optional<int64_t> changed_ms;
    };
    Level above(std::string_view logger) const {
        for (size_t dot = logger.rfind('.'); dot != std::string_view::npos; dot = logger.rfind('.', dot - 1)) {
            const auto found = by_logger_.find(std::string(logger.substr(0, dot)));
            if (found != by_logger_.end() && found->second.own) return *found->second.own;
            if (dot == 0) break;
        }
        return root_;
    }

    std::mutex mutex_;
    std::map<std::string, Known> by_logger_;
    Level root_ = Level::Info;
    std::optional<int64_t> root_changed_ms_;
    std::atomic<Level> lowest_ = Level::Info;
};

Levels& all_levels() {
    static Levels levels;
    return levels;
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
    all_levels().set_root(level);
}

void set_level(const std::string& logger, Level level) {
    all_levels().set(logger, level);
}

std::vector<LoggerLevel> levels() {
    return all_levels().all();
}

std::string_view name_of(Level level) {
    return kLevelNames[static_cast<size_t>(level)];
}

std::optional<Level> parse_level(std::string_view name) {
    for (size_t i = 0; i < kLevelNames.size(); ++i)
        if (iequals(kLevelNames[i], name)) return static_cast<Level>(i);
    if (iequals(name, "FATAL")) return Level::Error;
    return std::nullopt;
}

std::string timestamp() {
    const std::time_t now = static_cast<std::time_t>(now_ms() / 1000);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
}

void write(Level level, std::string_view logger_name, std::string_view message) {
    if (!all_levels().shows(logger_name, level)) return;
    logger().log(spdlog::level::critical, "{:<5}  {}  {}   [{}]", name_of(level), context.empty() ? "||" : context,
                 message, logger_name);
}

}  // namespace millrace::log
