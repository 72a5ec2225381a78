#include "source/engine/window_marks.h"

#include "base/calendar.h"
#include "base/iso_text.h"
#include "base/text.h"

namespace millrace::engine {
namespace {

/// As Java's Instant prints itself.
std::string instant_now() {
    std::string text;
    iso_text::append_instant(text, now_ns() / 1000, -1);
    return text.substr(1, text.size() - 2);
}

}  // namespace

std::string WindowMarks::open(const std::string& chunk) {
    opened_at_ = instant_now();
    return format("INSERT INTO {} VALUES ({}, 'snapshot-window-open', {})", options_.table,
                  options_.quote_text(chunk + "-open"),
                  options_.quote_text(format("{{\"openWindowTimestamp\": \"{}\"}}", opened_at_)));
}

std::string WindowMarks::close(const std::string& chunk) {
    if (options_.deletes)
        return format("DELETE FROM {} WHERE id = {}", options_.table, options_.quote_text(chunk + "-open"));
    return format("INSERT INTO {} VALUES ({}, 'snapshot-window-close', {})", options_.table,
                  options_.quote_text(chunk + "-close"),
                  options_.quote_text(format("{{\"openWindowTimestamp\": \"{}\", \"closeWindowTimestamp\": \"{}\"}}",
                                             opened_at_, instant_now())));
}

}  // namespace millrace::engine
