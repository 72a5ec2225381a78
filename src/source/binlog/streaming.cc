#include "source/binlog/streaming.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"
#include "source/binlog/lost_log.h"

namespace millrace::binlog {
namespace {

/// A sequence object of MariaDB: a table of one row and these eight columns.
bool is_sequence(const TableMap& map) {
    constexpr WireType kTypes[] = {WireType::LongLong, WireType::LongLong, WireType::LongLong, WireType::LongLong,
                                   WireType::LongLong, WireType::LongLong, WireType::Tiny,     WireType::LongLong};
    if (map.columns.size() != std::size(kTypes)) return false;
    return std::equal(map.columns.begin(), map.columns.end(), std::begin(kTypes),
                      [](const auto& column, auto type) { return column.type == type; });
}

/// While there is one, the task counts as connected.
class Connected {
  public:
    explicit Connected(engine::SourceFigures& figures) : figures_(figures) { figures_.is_connected = 1; }
    ~Connected() { figures_.is_connected = 0; }
    Connected(const Connected&) = delete;
    Connected& operator=(const Connected&) = delete;

  private:
    engine::SourceFigures& figures_;
};

}  // namespace

Streaming::Streaming(const Dialect& dialect, Options options, SchemaState& schema, ChangeWriter& writer,
                     engine::RecordQueue& queue, BinlogOffset& offset)
    : dialect_(dialect),
      options_(std::move(options)),
      schema_(schema),
      writer_(writer),
      queue_(queue),
      offset_(offset),
      gtids_(dialect.server(), offset_.gtids),
      events_to_skip_(offset_.events_to_skip),
      rows_to_skip_(offset_.rows_to_skip) {
    if (options_.transactions != nullptr && !offset_.transaction_id.empty())
        options_.transactions->resume(offset_.transaction_id, offset_.transaction_counts);
}

void Streaming::complete_offset() {
    offset_.gtids = gtids_.completed();
    options_.figures->tell([&](auto& texts) {
        texts.log_file = offset_.file;
        texts.gtids = offset_.gtids;
        texts.last_transaction = gtids_.current();
    });
    if (steering_ != nullptr) steering_->complete_offset();
    const bool is_open = options_.transactions != nullptr && options_.transactions->is_open();
    offset_.transaction_id = is_open ? options_.transactions->id() : std::string();
    if (is_open)
        offset_.transaction_counts = options_.transactions->counts();
    else
        offset_.transaction_counts.clear();
}

int64_t Streaming::time_us(const Event& event) const {
    return committed_us_ != 0 ? committed_us_ : static_cast<int64_t>(event.header.timestamp) * 1'000'000;
}

std::string Streaming::place(const Event& event) const {
    return format("{}:{}{}", stream_->file(), event.start,
                  gtids_.current().empty() ? "" : " (" + gtids_.current() + ")");
}

SourceInfo Streaming::source_info(const Event& event) const {
    SourceInfo info;
    info.ts_us = time_us(event);
    info.server_id = event.header.server_id;
    info.gtid = gtids_.current();
    info.file = stream_->file();
    info.position = event.start;
    if (dialect_.server() == ddl::Server::MySql) info.thread = thread_;
    if (options_.include_query && has_query_) info.query = query_text_;
    return info;
}

void Streaming::note_position(const Event& event) {
    offset_.file = stream_->file();
    offset_.position = event.end;
    offset_.events_to_skip = offset_.rows_to_skip = 0;
    if (event.header.timestamp != 0) offset_.ts_sec = event.header.timestamp;
    offset_.server_id = event.header.server_id;
}

/// From here to the commit a restart comes back to this place.
void Streaming::begin_transaction(const Event& event) {
    in_transaction_ = true;
    events_done_ = 0;
    offset_.file = stream_->file();
    offset_.position = event.start;
    offset_.events_to_skip = offset_.rows_to_skip = 0;
}

/// Writes the transaction's BEGIN, unless a restart came between it and the transaction's end.
void Streaming::announce_transaction(const Event& event, topiclog::AppendBatch& batch) {
    if (options_.transactions == nullptr) return;
    const std::string id = gtids_.current().empty() ? format("file={},pos={}", stream_->file(), event.start)
                                                    : std::string(gtids_.current());
    if (options_.transactions->is_open() && options_.transactions->id() == id) return;
    options_.transactions->begin(batch, id, time_us(event) / 1000);
}

void Streaming::end_transaction(const Event& event, topiclog::AppendBatch& batch) {
    if (options_.transactions != nullptr) options_.transactions->end(batch, time_us(event) / 1000);
    has_query_ = false;  // only here, as in Debezium: a statement stays in force beyond XA transactions
    thread_.reset();
    commit_transaction(event);
}

void Streaming::commit_transaction(const Event& event) {
    in_transaction_ = false;
    mariadb_gtid_opens_ = false;
    has_group_start_ = false;
    events_to_skip_ = rows_to_skip_ = 0;
    tables_.clear();
    gtids_.commit();
    committed_us_ = 0;
    note_position(event);
    options_.figures->transactions.fetch_add(1, std::memory_order_relaxed);
    options_.figures->position.store(static_cast<int64_t>(event.end), std::memory_order_relaxed);
}

/// Counts the event as done, for the offset of what follows in the same transaction.
void Streaming::finish_event(const Event&) {
    if (!in_transaction_) return;
    ++events_done_;
}

Streaming::MappedTable Streaming::map_table(const Event& event) {
    MappedTable table;
    table.body = event.body;
    auto map = parse_table_map(table.body);
    if (!map)
        throw FatalError(
            format("The TABLE_MAP event at {} cannot be read; the log is damaged or of an unknown kind", place(event)));
    table.map = std::move(*map);
    table.id = {std::string(table.map.database), std::string(table.map.table)};
    if (!schema_.filters().captures(table.id)) return table;
    table.is_unknown = !schema_.catalog().tables.contains(table.id);
    if (table.is_unknown && dialect_.server() == ddl::Server::MariaDb && is_sequence(table.map)) {
        table.is_unknown = false;
        return table;
    }
    if (!table.is_unknown) table.plan = schema_.plan(table.id);
    return table;
}

/// What is passed over.
void Streaming::tell(Handling handling, const std::string& message) const {
    if (handling == Handling::Warn)
        log::warn(dialect_.name() + ".streaming", message);
    else
        log::debug(dialect_.name() + ".streaming", message);
}

/// Do the table's rows in the log fit what the schema says of it? Asked once for each TABLE_MAP event that is new.
void Streaming::check_structure(MappedTable& table, topiclog::AppendBatch& batch, const Event& stands_for) {
    table.is_checked = true;
    if (table.plan == nullptr && !table.is_unknown) return;
    if (table.plan != nullptr && table.plan->fits(table.body)) return;
    if (table.is_unknown && options_.unknown_tables != Handling::Fail) {
        tell(options_.unknown_tables,
             format("The change at {} is passed over: table {} is captured, but the schema history does not know it "
                    "(inconsistent.schema.handling.mode)",
                    place(stands_for), table.id.dotted()));
        return;
    }
    BinlogOffset behind;
    behind.file = stream_->file();
    behind.position = stands_for.end;
    auto structure = options_.structure_check->settle(table.id, table.map, {std::move(behind), place(stands_for)});
    if (structure) learn(table, std::move(*structure), batch, stands_for);
    table.plan->note_fit(table.body);
}

/// Corrects the schema. Its history has it from where this transaction begins.
void Streaming::learn(MappedTable& table, relational::Table structure, topiclog::AppendBatch& batch,
                      const Event& stands_for) {
    using Kind = relational::TableChange::Kind;
    SchemaState::Place at;
    at.info = source_info(stands_for);
    at.text = place(stands_for);
    BinlogOffset position = offset_.history_position();
    position.gtids = gtids_.completed();
    at.position_json = position.to_json();
    const Kind kind = table.is_unknown ? Kind::Create : Kind::Alter;
    schema_.change(batch, writer_, table.id.database, {{kind, table.id, std::nullopt, std::move(structure)}}, at);
    schema_.tell_tables();
    table.is_unknown = false;
    table.plan = schema_.plan(table.id);
    if (steering_ != nullptr) steering_->note_altered(table.id);
}

/// event.processing.failure.handling.mode: an event that cannot be understood leaves nothing behind and is passed over.
void Streaming::handle_as_told(const Event& event, topiclog::AppendBatch& batch) {
    const size_t entries = batch.entries().size();
    const size_t bytes = batch.bytes().size();
    try {
        handle(event, batch);
    } catch (const FatalError& fault) {
        const bool is_change = is_rows(event.header.type) || event.header.type == EventType::TableMap;
        if (options_.unreadable == Handling::Fail || !is_change) throw;
        ++options_.figures->passed_over;
        batch.truncate(entries);
        batch.bytes().resize(bytes);
        tell(options_.unreadable, format("The event at {} is passed over: {}", place(event), fault.what()));
        finish_event(event);
    }
}

void Streaming::handle_table_map(const Event& event) {
    const ByteCursor id(event.body.substr(0, 6));
    const uint64_t table_id = ByteCursor(id).u48();
    const auto known = tables_.find(table_id);
    if (known != tables_.end() && known->second.body == event.body) return;  // announced again in the same transaction
    tables_[table_id] = map_table(event);
}

/// Was the table read at a place in the log that the stream has not come to?
bool Streaming::is_read_already(const relational::TableId& id) {
    if (offset_.read_at.empty()) return false;
    const auto read = offset_.read_at.find(id.dotted());
    if (read == offset_.read_at.end()) return false;
    if (is_at_or_before(stream_->file(), stream_->position(), read->second.first, read->second.second)) return true;
    offset_.read_at.erase(read);
    return false;
}

/// Writes the rows of one event; `stands_for` gives the place and GTID that the records name.
void Streaming::write_mapped_rows(const Event& event, MappedTable& table, topiclog::AppendBatch& batch,
                                  const Event& stands_for) {
    const bool skip_all = events_done_ < events_to_skip_;
    const bool is_captured = table.plan != nullptr || table.is_unknown;
    if (is_captured && (skip_all || is_read_already(table.id))) return;
    if (!table.is_checked) check_structure(table, batch, stands_for);
    if (table.plan == nullptr) {
        options_.figures->filtered.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const auto rows = parse_rows(event.header.type, event.body, unpacked_);
    if (!rows) throw FatalError(format("The rows event at {} cannot be read", place(stands_for)));
    const uint32_t first_row =
        events_done_ == events_to_skip_ ? static_cast<uint32_t>(std::exchange(rows_to_skip_, 0)) : 0;
    SourceInfo info = source_info(stands_for);
    info.database = table.id.database;
    info.table = table.id.table;
    if (event.header.timestamp != 0) info.ts_us = time_us(event);
    writer_.set_reselection(schema_.filters().is_signal_table(table.id) ? nullptr : options_.reselection);
    uint32_t count = 0;
    const size_t first_entry = batch.entries().size();
    const auto take_back = [&, bytes = batch.bytes().size()] {  // the offset does not know of the event's first rows
        batch.truncate(first_entry);
        batch.bytes().resize(bytes);
    };
    try {
        count = writer_.write_rows(batch, table.plan, table.map, *rows, info, first_row);
    } catch (const FatalError& fault) {
        take_back();
        throw FatalError(format("At {}: {}", place(stands_for), fault.what()));
    } catch (...) {
        take_back();
        throw;
    }
    batch.note_commit(info.ts_us, batch.entries().size() - first_entry);
    offset_.events_to_skip = events_done_;
    offset_.rows_to_skip = count;
    offset_.ts_sec = info.ts_us / 1'000'000;
    offset_.server_id = info.server_id;
    if (steering_ != nullptr && steering_->reads_signals_of(table.id)) {
        topiclog::AppendBatch signals;
        writer_.write_all_rows(signals, table.plan, table.map, *rows, info, first_row);
        steering_->note_signals(signals);
    }
    MILLRACE_FAILPOINT("stream.rows");
}

bool Streaming::is_beyond(const std::string& file, uint64_t position) const {
    return !is_at_or_before(stream_->file(), stream_->position(), file, position);
}

SourceInfo Streaming::current_place() const {
    SourceInfo info;
    info.server_id = last_server_id_;
    info.gtid = gtids_.current();
    info.file = stream_->file();
    info.position = last_position_;
    if (dialect_.server() == ddl::Server::MySql) info.thread = thread_;
    return info;
}

void Streaming::handle_rows(const Event& event, topiclog::AppendBatch& batch) {
    if (open_xa_) return;  // they wait for XA COMMIT
    if (ignores_changes_) return;
    const uint64_t table_id = ByteCursor(event.body).u48();
    const auto table = tables_.find(table_id);
    if (table == tables_.end() && options_.unreadable != Handling::Fail) return;  // its TABLE_MAP was passed over
    if (table == tables_.end())
        throw FatalError(format("The rows event at {} is of table number {}, which no TABLE_MAP event announced",
                                place(event), table_id));
    write_mapped_rows(event, table->second, batch, event);
}

/// The statement behind the rows that follow, where the server writes it to its log.
void Streaming::note_query(const Event& event) {
    if (event.header.type == EventType::RowsQuery)
        query_text_ = event.body.substr(std::min<size_t>(1, event.body.size()));  // a length of one byte is in front
    else if (event.header.type == EventType::AnnotateRows)
        query_text_ = event.body;
    else
        return;
    has_query_ = true;
}

void Streaming::handle(const Event& event, topiclog::AppendBatch& batch) {
    const EventType type = event.header.type;
    if (is_rows(type)) {
        handle_rows(event, batch);
        finish_event(event);
        return;
    }
    const auto open_group = [&] {
        group_start_file_ = stream_->file();
        group_start_ = event.start;
        has_group_start_ = true;
    };
    switch (type) {
        case EventType::TableMap:
            handle_table_map(event);
            finish_event(event);
            return;
        case EventType::Query:
        case EventType::QueryCompressed:
            handle_query(event, batch);
            return;
        case EventType::Xid:
            end_transaction(event, batch);
            return;
        case EventType::Gtid:
        case EventType::GtidTagged: {
            const auto gtid = type == EventType::Gtid ? parse_gtid(event.body) : parse_gtid_tagged(event.body);
            if (!gtid) throw FatalError(format("The GTID event at {} cannot be read", place(event)));
            gtids_.begin(*gtid);
            committed_us_ = gtid->committed_us;
            ignores_changes_ = options_.gtid_filter.filters_changes() && !options_.gtid_filter.includes(gtid->uuid);
            open_group();
            return;
        }
        case EventType::AnonymousGtid:
            gtids_.forget_current();
            committed_us_ = 0;
            ignores_changes_ = false;
            open_group();
            return;
        case EventType::MariaDbGtid: {
            const auto gtid = parse_mariadb_gtid(event.body);
            if (!gtid) throw FatalError(format("The GTID event at {} cannot be read", place(event)));
            gtids_.begin(*gtid, event.header.server_id);
            ignores_changes_ = options_.gtid_filter.filters_changes() &&
                               !options_.gtid_filter.includes(format("{}-{}", gtid->domain, event.header.server_id));
            open_group();
            begin_transaction(event);
            announce_transaction(event, batch);
            mariadb_gtid_opens_ = gtid->is_standalone();
            if (gtid->is_prepared_xa()) open_xa_ = gtids_.current();  // its XA START is not in the log
            finish_event(event);
            return;
        }
        case EventType::RowsQuery:
        case EventType::AnnotateRows:
            note_query(event);
            finish_event(event);
            return;
        case EventType::XaPrepare:
            handle_xa_prepare(event, batch);
            return;
        case EventType::Rotate:
            if (!in_transaction_ && (event.header.flags & LOG_EVENT_ARTIFICIAL_F) == 0) {
                offset_.file = stream_->file();
                offset_.position = stream_->position();
            }
            return;
        case EventType::Incident:
            throw FatalError(format(
                "The server reports an incident in its log at {}: changes may be missing from it. Take a new snapshot",
                place(event)));
        case EventType::BeginLoadQuery:
        case EventType::ExecuteLoadQuery:
            throw FatalError(
                format("The change at {} is a LOAD DATA in statement form; set binlog_format=ROW", place(event)));
        case EventType::FormatDescription:
        case EventType::Stop:
        case EventType::Heartbeat:
        case EventType::HeartbeatV2:
        case EventType::PreviousGtids:
        case EventType::MariaDbGtidList:
        case EventType::BinlogCheckpoint:
        case EventType::TransactionContext:
        case EventType::ViewChange:
        case EventType::Ignorable:
            return;
        case EventType::Intvar:
        case EventType::Rand:
        case EventType::UserVar:
            finish_event(event);
            return;  // belong to a statement, which is refused when it comes
        case EventType::StartEncryption:
            throw FatalError(
                format("The log at {} is encrypted in the stream; the server must send it decrypted", place(event)));
        default:
            if ((event.header.flags & LOG_EVENT_IGNORABLE_F) != 0) return;
            throw FatalError(format("The event of type {} at {} is not known and not marked as ignorable",
                                    static_cast<int>(type), place(event)));
    }
}

void Streaming::run(const std::stop_token& stop) {
    DumpRequest request;
    request.server_id = options_.server_id;
    request.heartbeat_ms = options_.heartbeat_ms;
    request.wants_annotations = options_.include_query;
    {
        Connection control(options_.connection);
        dialect_.aim(request, offset_, options_.gtid_filter, control);
        request.net_write_timeout_s = options_.net_write_timeout_s;
        request.net_read_timeout_s = options_.net_read_timeout_s;
    }
    ConnectionOptions dump = options_.connection;
    dump.read_timeout_ms = options_.heartbeat_ms * 3 + 10'000;  // a server that is alive sends heartbeats
    stream_ = std::make_unique<EventStream>(dump, request);
    const std::stop_callback wake(stop, [this] { stream_->shut_down(); });
    const std::stop_callback wake_on_failure(queue_.failure(), [this] { stream_->shut_down(); });
    if (options_.reselection != nullptr) options_.reselection->set_stop(stop);
    options_.connected();
    const Connected connected(*options_.figures);
    options_.figures->has_gtids = request.by_gtid ? 1 : 0;
    schema_.tell_tables();
    log::info(
        dialect_.name() + ".streaming",
        format(
            "Connected to {} as replica {}, reading from {} (binlog {}:{}, gtids '{}', {} events and {} rows to skip)",
            options_.connection.host, options_.server_id, request.by_gtid ? "GTIDs" : "the position", offset_.file,
            offset_.position, offset_.gtids, offset_.events_to_skip, offset_.rows_to_skip));
    try {
        if (steering_ != nullptr) steering_->begin();
        while (!stop.stop_requested()) {
            const auto event = stream_->next();
            if (!event && queue_.failure().stop_requested()) queue_.enter();  // throws what is behind it
            if (!event) throw RetriableError("The server ended the binlog stream");
            const bool beats = options_.heartbeat != nullptr && options_.heartbeat->is_due();
            if (beats) options_.heartbeat->act();
            {
                auto entry = queue_.enter();
                handle_as_told(*event, entry.batch());
                if (beats) options_.heartbeat->write(entry.batch());
            }
            if (event->header.timestamp != 0) {
                last_position_ = event->start;
                last_server_id_ = event->header.server_id;
                last_written_s_ = event->header.timestamp;
            }
            if (last_written_s_ != 0 && options_.purge_watch->is_due())
                options_.purge_watch->look({stream_->file(), stream_->position(), last_written_s_});
            if (steering_ != nullptr) steering_->act(in_transaction_);
        }
    } catch (const ServerError& fault) {
        if (stop.stop_requested()) return;
        ++options_.figures->disconnects;
        if (queue_.failure().stop_requested()) queue_.enter();  // throws what is behind it
        constexpr unsigned kFatalReadingBinlog = 1236;
        if (fault.code == kFatalReadingBinlog) {
            Connection connection(options_.connection);
            throw lost_log(connection, offset_, fault.message);
        }
        throw RetriableError(format("The connection to {}:{} broke while reading the binlog: {}",
                                    options_.connection.host, options_.connection.port, fault.message));
    }
}

}  // namespace millrace::binlog
