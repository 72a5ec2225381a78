#include "source/postgres/replication_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/byte_cursor.h"
#include "base/calendar.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

std::string start_command(const ReplicationStream::Options& options, int server_version) {
    std::vector<std::pair<std::string, std::string>> further;
    for (const auto& pair : split(options.further, ';'))
        if (const size_t equals = pair.find('='); equals != std::string::npos)
            further.emplace_back(trimmed(pair.substr(0, equals)), trimmed(pair.substr(equals + 1)));
    const auto is_given = [&](std::string_view name) {
        return std::any_of(further.begin(), further.end(), [&](const auto& one) { return one.first == name; });
    };
    const bool streams_open =
        options.with_open && server_version >= 140000 && !is_given("proto_version") && !is_given("streaming");
    std::string command =
        format("START_REPLICATION SLOT {} LOGICAL {} (\"publication_names\" {}", quote_name(options.slot),
               options.from.text(), quote_text(quote_name(options.publication)));
    if (!is_given("proto_version")) command += streams_open ? ", \"proto_version\" '2'" : ", \"proto_version\" '1'";
    if (server_version >= 140000 && !is_given("messages")) command += ", \"messages\" 'true'";
    if (streams_open) command += ", \"streaming\" 'on'";
    for (const auto& [name, value] : further) command += format(", {} {}", quote_name(name), quote_text(value));
    return command + ")";
}

void append_big(std::string& out, uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
}

}  // namespace

ReplicationStream::ReplicationStream(const Options& options)
    : connection_(options.connection, Connection::Kind::Replication),
      status_interval_ms_(options.status_interval_ms),
      confirmed_(options.from),
      server_end_(options.from) {
    connection_.start_copy(start_command(options, connection_.server_version()));
    last_status_ms_ = steady_ms();
}

std::optional<ReplicationStream::Data> ReplicationStream::next(int timeout_ms) {
    send_status_if_due();
    const auto message = connection_.read_copy(timeout_ms);
    if (!message) return std::nullopt;
    ByteCursor cursor(*message);
    const auto kind = static_cast<char>(cursor.u8());
    if (kind == 'k') {
        server_end_ = std::max(server_end_, Lsn{cursor.big(8)});
        cursor.big(8);
        is_asked_ = cursor.u8() == 1;
        return std::nullopt;
    }
    Data data;
    data.start = {cursor.big(8)};
    cursor.big(8);
    cursor.big(8);
    data.bytes = cursor.rest();
    if (kind != 'w' || !cursor.ok()) {
        ServerError fault;
        fault.message = "the server sent a message that is none of its replication protocol";
        throw fault;
    }
    return data;
}

void ReplicationStream::confirm(Lsn durable) {
    confirmed_ = std::max(confirmed_, durable);
}

void ReplicationStream::stay_alive() {
    constexpr int64_t kEveryMs = 200;
    if (steady_ms() - last_status_ms_ >= kEveryMs) send_status();
}

void ReplicationStream::send_status_if_due() {
    const int64_t now = steady_ms();
    constexpr int64_t kHurryMs = 100;  // what is confirmed anew is told soon, so that the server can stop in peace
    const bool is_due = is_asked_ || now - last_status_ms_ >= status_interval_ms_ ||
                        (confirmed_ != told_ && now - last_status_ms_ >= kHurryMs);
    if (is_due) send_status();
}

void ReplicationStream::send_status() {
    constexpr int64_t kEpochMicros = 946'684'800'000'000;
    std::string status = "r";
    for (int i = 0; i < 3; ++i) append_big(status, confirmed_.value);  // written, flushed, applied
    append_big(status, static_cast<uint64_t>(now_ns() / 1000 - kEpochMicros));
    status += '\0';
    connection_.write_copy(status);
    last_status_ms_ = steady_ms();
    told_ = confirmed_;
    is_asked_ = false;
}

}  // namespace millrace::postgres
