#pragma once

#include <string>

#include "config/settings.h"

namespace millrace::engine {

/// snapshot.mode, and with configuration_based the properties behind it: what a start reads before it streams, and
/// whether it streams at all.
class SnapshotMode {
  public:
    /// Throws ConfigError.
    static SnapshotMode from(const config::Settings& settings);

    const std::string& name() const { return name_; }
    /// `has_offset`: there is a place to stream from. `in_progress`: that of a snapshot that was not completed.
    bool reads_data(bool has_offset, bool in_progress) const { return reads(data_, has_offset, in_progress); }
    bool reads_structure(bool has_offset, bool in_progress) const { return reads(structure_, has_offset, in_progress); }
    bool streams() const { return streams_; }
    /// The structure is read again where the schema history is gone; streaming goes on from the offset.
    bool restores_history() const { return restores_history_; }
    /// A new snapshot is taken where the server no longer has the log at the offset.
    bool restarts_when_lost() const { return restarts_when_lost_; }
    /// Everything that streaming needs may come from the log itself.
    bool is_never() const { return name_ == "never"; }

  private:
    enum class When { Never, FirstTime, Always };
    static bool reads(When when, bool has_offset, bool in_progress) {
        return when == When::Always || (when == When::FirstTime && (!has_offset || in_progress));
    }

    std::string name_;
    When data_ = When::FirstTime;
    When structure_ = When::FirstTime;
    bool streams_ = true;
    bool restores_history_ = false;
    bool restarts_when_lost_ = false;
};

}  // namespace millrace::engine
