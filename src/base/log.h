#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Logging in the form that Debezium's tutorial shows:
///   2021-11-30 01:38:44,534 INFO   MySQL|dbserver1|snapshot  Snapshot step 1 - Preparing   [mysql.snapshot]
/// The triple is the calling thread's LogContext; the name in brackets says which part of the program speaks.
/// Never log cell values or credentials.
namespace millrace::log {

enum class Level { Trace, Debug, Info, Warn, Error };

/// What stands between the bars on this thread until the object dies. Objects nest.
class Context {
  public:
    Context(const std::string& connector_type, const std::string& connector_name, const std::string& phase);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

  private:
    std::string previous_;
};

/// Changes the third part of the triple on this thread.
void set_phase(std::string_view phase);

void set_level(Level level);
/// Of one logger and those below it ("mysql" and "mysql.snapshot"), or of all ("root"). Nothing if the level is none.
std::optional<Level> parse_level(std::string_view name);
void set_level(const std::string& logger, Level level);
struct LoggerLevel {
    std::string logger;
    Level level = Level::Info;
    std::optional<int64_t> changed_ms;  ///< Nothing: as it was at the start.
};
/// The root and all loggers that have spoken or were given a level.
std::vector<LoggerLevel> levels();
std::string_view name_of(Level level);
/// The time as it stands before a line.
std::string timestamp();

void write(Level level, std::string_view logger, std::string_view message);

inline void debug(std::string_view logger, std::string_view message) {
    write(Level::Debug, logger, message);
}
inline void info(std::string_view logger, std::string_view message) {
    write(Level::Info, logger, message);
}
inline void warn(std::string_view logger, std::string_view message) {
    write(Level::Warn, logger, message);
}
inline void error(std::string_view logger, std::string_view message) {
    write(Level::Error, logger, message);
}

}  // namespace millrace::log
