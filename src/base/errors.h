#pragma once

#include <stdexcept>
#include <string>
#include <utility>

/// The three faults that end what a task, a request or the program is doing. They are caught at the task loop,
/// the REST handler and main, nowhere else. A failure that the caller expects is a return value instead.
namespace millrace {

/// The user's configuration is wrong; nothing was started. `property` names the culprit (may be empty).
class ConfigError : public std::runtime_error {
  public:
    ConfigError(std::string property, const std::string& message)
        : std::runtime_error(message), property_(std::move(property)) {}
    const std::string& property() const { return property_; }

  private:
    std::string property_;
};

/// A fault that may pass (network, lock timeout, full disk): the task is tried again with back-off.
class RetriableError : public std::runtime_error {
  public:
    /// What the task's status says while it waits: RESTARTING for what passes by itself, FAILED for what somebody
    /// must see to (a full disk); it is tried again in either case.
    enum class Shown { Restarting, Failed };
    explicit RetriableError(const std::string& message, Shown shown = Shown::Restarting)
        : std::runtime_error(message), shown_(shown) {}
    Shown shown() const { return shown_; }

  private:
    Shown shown_;
};

/// A fault that will not pass by itself (purged log, unreadable event): the task is FAILED. The message names
/// the position, the cause and the way out.
class FatalError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What the program needs of its surroundings is missing (port taken, store owned by another process);
/// ends the program with exit code 3.
class EnvironmentError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace millrace
