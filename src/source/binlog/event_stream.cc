#include "source/binlog/event_stream.h"

#include "base/calendar.h"
#include "base/compression.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::binlog {
namespace {

constexpr uint8_t COM_BINLOG_DUMP = 0x12;
constexpr uint8_t COM_REGISTER_SLAVE = 0x15;
constexpr uint8_t COM_BINLOG_DUMP_GTID = 0x1e;
constexpr uint16_t BINLOG_DUMP_NON_BLOCK = 1;
constexpr uint16_t BINLOG_SEND_ANNOTATE_ROWS_EVENT = 2;
constexpr uint16_t BINLOG_THROUGH_GTID = 4;
constexpr size_t kChecksumBytes = 4;
constexpr size_t kPayloadBytesMax = size_t{8} << 30;

void append_little(std::string& out, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 255);
}

/// A server ends the dump of a replica when another of the same number comes. A look into the log beside the stream
/// takes a number that no replica has.
uint32_t passing_server_id() {
    constexpr uint32_t kFirst = 0x7F000000;
    return kFirst | (static_cast<uint32_t>(now_ns()) & 0xFFFFFF);
}

}  // namespace

EventStream::EventStream(const ConnectionOptions& options, const DumpRequest& asked)
    : connection_(options), file_(asked.file) {
    DumpRequest request = asked;
    if (!request.registers) request.server_id = passing_server_id();
    set_up(request);
    if (request.registers) {
        std::string body;
        append_little(body, request.server_id, 4);
        for (int i = 0; i < 3; ++i) append_little(body, 0, 1);  // host, user, password: not told
        append_little(body, 0, 2);                              // port
        append_little(body, 0, 8);                              // rank, source's id
        connection_.send_command(COM_REGISTER_SLAVE, body);
        connection_.read_packet();
    }
    send_dump(request);
}

void EventStream::set_up(const DumpRequest& request) {
    const std::string checksum = connection_.value("SELECT @@GLOBAL.binlog_checksum");
    has_checksums_ = iequals(checksum, "CRC32");
    const int64_t heartbeat_ns = request.heartbeat_ms * 1'000'000;
    if (request.net_write_timeout_s > 0)
        connection_.execute(format("SET SESSION net_write_timeout = {}", request.net_write_timeout_s));
    if (request.net_read_timeout_s > 0)
        connection_.execute(format("SET SESSION net_read_timeout = {}", request.net_read_timeout_s));
    if (connection_.is_mariadb()) {
        connection_.execute(
            "SET @master_binlog_checksum = @@GLOBAL.binlog_checksum, @mariadb_slave_capability = 4, "
            "@master_heartbeat_period = " +
            std::to_string(heartbeat_ns));
        if (request.by_gtid) {
            connection_.execute("SET @slave_connect_state = " + quote_text(request.mariadb_gtids));
            connection_.execute("SET @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0");
        }
    } else {
        connection_.execute(
            format("SET @source_binlog_checksum = @@GLOBAL.binlog_checksum, @master_binlog_checksum = "
                   "@@GLOBAL.binlog_checksum, "
                   "@source_heartbeat_period = {0}, @master_heartbeat_period = {0}",
                   heartbeat_ns));
        if (!request.registers) {
            const std::string uuid = uuid_v7();
            connection_.execute(format("SET @replica_uuid = '{0}', @slave_uuid = '{0}'", uuid));
        }
    }
}

void EventStream::send_dump(const DumpRequest& request) {
    const bool through_gtid = request.by_gtid && !connection_.is_mariadb();
    uint16_t flags = request.non_blocking ? BINLOG_DUMP_NON_BLOCK : 0;
    if (through_gtid) flags |= BINLOG_THROUGH_GTID;
    if (connection_.is_mariadb() && request.wants_annotations) flags |= BINLOG_SEND_ANNOTATE_ROWS_EVENT;
    // The old command carries 32 bits of position: from beyond them the file is read from its start.
    const bool beyond = request.position > UINT32_MAX;
    position_ = beyond ? 4 : request.position;
    if (beyond) wanted_position_ = request.position;
    std::string body;
    if (through_gtid) {
        const std::string set = request.gtids.wire_bytes();
        append_little(body, flags, 2);
        append_little(body, request.server_id, 4);
        append_little(body, 0, 4);  // file name
        append_little(body, 4, 8);
        append_little(body, set.size(), 4);
        body += set;
        connection_.send_command(COM_BINLOG_DUMP_GTID, body);
    } else {
        append_little(body, position_, 4);
        append_little(body, flags, 2);
        append_little(body, request.server_id, 4);
        if (!request.by_gtid) body += request.file;
        connection_.send_command(COM_BINLOG_DUMP, body);
    }
}

void EventStream::fail(std::string_view cause) const {
    throw FatalError(format("The binlog of {} cannot be read after {}:{}: {}", connection_.server_version_text(), file_,
                            position_, cause));
}

std::string_view EventStream::without_checksum(std::string_view event, const EventHeader& header) const {
    if (!has_checksums_ || header.type == EventType::FormatDescription) return event;
    if (event.size() < kEventHeaderBytes + kChecksumBytes) fail("an event is shorter than its checksum");
    const std::string_view covered = event.substr(0, event.size() - kChecksumBytes);
    ByteCursor stored(event.substr(covered.size()));
    if (stored.u32() != compression::crc32(covered))
        fail(format("the checksum of an event of type {} is wrong; the log or the connection is damaged",
                    static_cast<int>(header.type)));
    return covered;
}

/// Tracks where events stand. Artificial events (the server makes them up for the stream) stand nowhere.
void EventStream::follow(Event& event) {
    const EventHeader& header = event.header;
    event.start = event.end = position_;
    if (header.type == EventType::Rotate) {
        const auto rotate = parse_rotate(event.body);
        if (!rotate) fail("a ROTATE event is damaged");
        file_ = rotate->file;
        position_ = rotate->position;
        if (wanted_position_ != 0 && position_ > UINT32_MAX) position_ = 4;
        return;
    }
    const bool stands_nowhere = (header.flags & LOG_EVENT_ARTIFICIAL_F) != 0 || header.log_pos == 0 ||
                                header.type == EventType::Heartbeat || header.type == EventType::HeartbeatV2;
    if (stands_nowhere) return;
    // The header has the low 32 bits of the end; files grow beyond them.
    uint64_t end = (position_ & ~uint64_t{UINT32_MAX}) | header.log_pos;
    if (end < position_) end += uint64_t{1} << 32;
    event.start = end - header.event_size;
    // A description sent again in the middle of a file carries the position of the file's beginning.
    if (header.type == EventType::FormatDescription && end > position_ + header.event_size) {
        event.start = event.end = position_;
        return;
    }
    event.end = end;
    position_ = end;
}

Event EventStream::accept(std::string_view packet) {
    const auto header = parse_header(packet);
    if (!header) fail("an event has no valid header");
    Event event;
    event.header = *header;
    event.body = without_checksum(packet, *header).substr(kEventHeaderBytes);
    if (header->type == EventType::FormatDescription) {
        const auto description = parse_format_description(event.body);
        if (!description) fail("the FORMAT_DESCRIPTION event is not of binlog version 4");
        has_checksums_ = description->has_checksums;
    }
    follow(event);
    return event;
}

void EventStream::unpack(const Event& event) {
    const auto payload = parse_transaction_payload(event.body);
    if (!payload) fail("a TRANSACTION_PAYLOAD event is damaged");
    if (payload->is_zstd) {
        auto plain = compression::zstd_decompress(payload->payload, kPayloadBytesMax);
        if (!plain) fail("a compressed transaction cannot be unpacked");
        unpacked_ = std::move(*plain);
    } else {
        unpacked_ = payload->payload;
    }
    unpacked_at_ = 0;
    packed_in_ = event;
}

std::optional<Event> EventStream::next_packed() {
    if (unpacked_at_ >= unpacked_.size()) {
        if (!unpacked_.empty()) {
            unpacked_.clear();
            unpacked_.shrink_to_fit();
            unpacked_at_ = 0;
        }
        return std::nullopt;
    }
    const std::string_view rest = std::string_view(unpacked_).substr(unpacked_at_);
    const auto header = parse_header(rest);
    if (!header || header->event_size > rest.size()) fail("an event inside a compressed transaction is damaged");
    Event event;
    event.header = *header;
    event.body = rest.substr(kEventHeaderBytes, header->event_size - kEventHeaderBytes);
    event.start = packed_in_.start;
    event.end = packed_in_.end;
    event.is_packed = true;
    unpacked_at_ += header->event_size;
    return event;
}

std::optional<Event> EventStream::next() {
    for (;;) {
        if (auto event = next_packed()) return event;
        const auto packet = connection_.read_packet();
        if (!packet) return std::nullopt;
        Event event = accept(*packet);
        if (wanted_position_ != 0 && event.end <= wanted_position_ &&
            event.header.type != EventType::FormatDescription && event.header.type != EventType::Rotate)
            continue;
        if (event.header.type != EventType::TransactionPayload) return event;
        unpack(event);
    }
}

}  // namespace millrace::binlog
