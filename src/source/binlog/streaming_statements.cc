#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "source/binlog/streaming.h"

/// Statements in the log: what begins and ends transactions, DDL, and XA transactions, whose rows stand in the log
/// before it is known whether they count.
namespace millrace::binlog {
namespace {

/// The first words of a statement, upper case, comments left out.
std::string first_words(std::string_view statement, size_t count, ddl::Server server) {
    // The head is enough, and rows of a CREATE … SELECT or LOAD DATA may be long.
    constexpr size_t kHeadBytes = 512;
    const auto tokens = ddl::tokenize(statement.substr(0, kHeadBytes), {server, false, false});
    std::string out;
    for (size_t i = 0; i < std::min(count, tokens.size()); ++i) {
        if (tokens[i].kind != ddl::Token::Kind::Word) break;
        if (i > 0) out += ' ';
        out += upper(tokens[i].source);
    }
    return out;
}

/// "XA COMMIT X'31',X'',1" gives X'31',X'',1 in lower-case hexadecimal, as XaPrepare::xid has it.
std::string xid_of(std::string_view statement) {
    const size_t start = statement.find('\'');
    if (start == std::string_view::npos || start == 0) return {};
    std::string xid(trimmed(statement.substr(start - 1)));
    if (const size_t end = xid.find_first_of(" \t"); end != std::string::npos) xid.resize(end);
    std::string out = lower(xid);
    for (size_t at = 0; (at = out.find("x'", at)) != std::string::npos; ++at) out[at] = 'X';
    return out;
}

}  // namespace

void Streaming::handle_query(const Event& event, topiclog::AppendBatch& batch) {
    std::string unpacked;
    const auto query = parse_query(event.body, event.header.type == EventType::QueryCompressed, unpacked);
    if (!query) throw FatalError(format("The QUERY event at {} cannot be read", place(event)));
    const std::string_view statement = query->statement;
    const ddl::Server server = dialect_.server();
    const std::string head = statement == "BEGIN" ? "BEGIN" : first_words(statement, 2, server);
    const std::string verb = head.substr(0, head.find(' '));
    if (head == "BEGIN") {
        thread_ = query->thread_id;
        begin_transaction(event);
        announce_transaction(event, batch);
        finish_event(event);
        return;
    }
    if (head == "COMMIT" || head == "ROLLBACK") {
        end_transaction(event, batch);
    } else if (verb == "SAVEPOINT" || head == "ROLLBACK TO" || head == "RELEASE SAVEPOINT") {
        finish_event(event);
    } else if (head == "XA START" || head == "XA BEGIN") {
        thread_.reset();  // Debezium tells the thread of ordinary transactions only
        if (!has_group_start_) {
            group_start_file_ = stream_->file();
            group_start_ = event.start;
        }
        open_xa_ = xid_of(statement);
        begin_transaction(event);
        finish_event(event);
    } else if (head == "XA END") {
        finish_event(event);
    } else if (head == "XA COMMIT" || head == "XA ROLLBACK") {
        thread_.reset();
        handle_xa_end(event, batch, statement);
    } else if (verb == "INSERT" || verb == "UPDATE" || verb == "DELETE" || verb == "REPLACE" || verb == "LOAD" ||
               verb == "WITH") {
        refuse_statement(event, *query, statement);
        finish_event(event);
    } else {
        thread_ = query->thread_id;
        handle_ddl(event, batch, *query, statement);
    }
}

void Streaming::refuse_statement(const Event& event, const Query& query, std::string_view statement) const {
    // The statement's table may be one that is not captured; its name stands behind INTO, FROM, UPDATE or TABLE.
    const auto tokens = ddl::tokenize(statement.substr(0, 1024), {dialect_.server(), false, false});
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        const bool before_name = tokens[i].kind == ddl::Token::Kind::Word &&
                                 (iequals(tokens[i].source, "INTO") || iequals(tokens[i].source, "FROM") ||
                                  iequals(tokens[i].source, "UPDATE") || iequals(tokens[i].source, "TABLE"));
        if (!before_name) continue;
        const auto name = [&](size_t at) {
            return replace_all(std::string(at < tokens.size() ? tokens[at].source : ""), "`", "");
        };
        relational::TableId id{std::string(query.database), name(i + 1)};
        if (i + 3 < tokens.size() && tokens[i + 2].source == ".") id = {name(i + 1), name(i + 3)};
        if (iequals(tokens[i].source, "UPDATE") && iequals(id.table, "IGNORE")) continue;
        if (!schema_.filters().captures(id)) return;
        break;
    }
    throw FatalError(format(
        "The change at {} is in the log as a statement, not as rows, so it cannot be captured: {} — a session ran with "
        "binlog_format=STATEMENT or MIXED. Set binlog_format=ROW on the server and in that session; the rows that this "
        "statement changed need a new snapshot",
        place(event), statement.substr(0, 200)));
}

void Streaming::handle_ddl(const Event& event, topiclog::AppendBatch& batch, const Query& query,
                           std::string_view statement) {
    if (!in_transaction_ && events_to_skip_ > 0)
        begin_transaction(event);  // CREATE TABLE … SELECT, in part done before the restart
    if (in_transaction_ && events_done_ < events_to_skip_) {
        finish_event(event);
        return;
    }
    SchemaState::Place at;
    at.info = source_info(event);
    at.info.query.reset();
    if (!statement.ends_with("START TRANSACTION"))
        at.info.thread.reset();  // Debezium tells the thread of transactions only
    at.text = place(event);
    BinlogOffset position = offset_.history_position();
    position.file = stream_->file();
    position.position = event.end;
    // With the statement's own GTID, so that an offset tells whether it stands before or behind the statement.
    position.gtids = statement.ends_with("START TRANSACTION") ? gtids_.completed() : gtids_.completed_with_current();
    position.events_to_skip = position.rows_to_skip = 0;
    if (in_transaction_) {  // MariaDB's GTID event has begun one
        position.position = offset_.position;
        position.events_to_skip = events_done_;
    } else if (statement.ends_with("START TRANSACTION")) {
        position.position = event.start;
        position.events_to_skip = 1;
    }
    position.ts_sec = event.header.timestamp;
    position.server_id = event.header.server_id;
    at.position_json = position.to_json();
    // The statement is in the client's character set.
    std::string text;
    const std::string charset = query.client_collation ? charset_of_collation_id(*query.client_collation) : "utf8mb4";
    const auto decoder = charset == "binary" ? nullptr : CharsetDecoder::make(charset);
    if (decoder != nullptr)
        decoder->append_utf8(text, statement);
    else
        text = statement;
    const auto result =
        schema_.apply(batch, writer_, text, std::string(query.database), query.sql_mode.value_or(0), at);
    if (result.truncated && options_.truncates_are_events && schema_.filters().captures(*result.truncated)) {
        SourceInfo info = source_info(event);
        info.database = result.truncated->database;
        info.table = result.truncated->table;
        info.thread.reset();
        writer_.write_truncate(batch, schema_.plan(*result.truncated), info);
    }
    for (const auto& id : result.touched) {
        if (steering_ != nullptr) steering_->note_altered(id);
        std::erase_if(tables_, [&](const auto& entry) { return entry.second.id == id; });
    }
    if (result.begins_transaction) {  // CREATE TABLE … SELECT: its rows and their commit follow
        if (!in_transaction_) begin_transaction(event);
        finish_event(event);
        offset_.events_to_skip = events_done_;
        offset_.position = group_start_;
        offset_.file = group_start_file_;
        return;
    }
    if (in_transaction_ && !mariadb_gtid_opens_) {
        finish_event(event);
        if (!result.events.empty()) offset_.events_to_skip = events_done_;
        return;
    }
    commit_transaction(event);
    MILLRACE_FAILPOINT("stream.ddl");
}

void Streaming::handle_xa_prepare(const Event& event, topiclog::AppendBatch& batch) {
    const auto prepare = parse_xa_prepare(event.body);
    if (!prepare) throw FatalError(format("The XA_PREPARE event at {} cannot be read", place(event)));
    const std::string start = format("{}:{}", group_start_file_, group_start_);
    open_xa_.reset();
    if (prepare->one_phase) {
        replay_xa(event, batch, start);
    } else {
        offset_.prepared_xa[prepare->xid] = start;
    }
    commit_transaction(event);
}

void Streaming::handle_xa_end(const Event& event, topiclog::AppendBatch& batch, std::string_view statement) {
    const bool commits = first_words(statement, 2, dialect_.server()) == "XA COMMIT";
    const auto found = offset_.prepared_xa.find(xid_of(statement));
    if (found != offset_.prepared_xa.end()) {
        if (commits) {
            if (!in_transaction_) begin_transaction(event);
            events_done_ = 0;
            replay_xa(event, batch, found->second);
        }
        offset_.prepared_xa.erase(found);
    } else if (commits) {
        throw FatalError(
            format("The transaction {} that is committed at {} was prepared before the connector's first position; its "
                   "rows are not "
                   "known. Take a new snapshot",
                   xid_of(statement), place(event)));
    }
    commit_transaction(event);
}

/// Reads the prepared transaction again from where it stands in the log and writes its rows now.
void Streaming::replay_xa(const Event& commit, topiclog::AppendBatch& batch, const std::string& where) {
    const size_t colon = where.rfind(':');
    DumpRequest request;
    request.server_id = options_.server_id;
    request.file = where.substr(0, colon);
    request.position = static_cast<uint64_t>(parse_int(where.substr(colon + 1)).value_or(4));
    request.non_blocking = true;
    request.registers = false;
    std::unordered_map<uint64_t, MappedTable> tables;
    try {
        EventStream again(options_.connection, request);
        while (const auto event = again.next()) {
            if (event->header.type == EventType::XaPrepare) return;
            note_query(*event);
            if (event->header.type == EventType::TableMap) {
                tables[ByteCursor(event->body).u48()] = map_table(*event);
            } else if (is_rows(event->header.type)) {
                const auto table = tables.find(ByteCursor(event->body).u48());
                if (table != tables.end() && !ignores_changes_) write_mapped_rows(*event, table->second, batch, commit);
                ++events_done_;
            }
        }
    } catch (const ServerError& fault) {
        throw FatalError(
            format("The rows of the XA transaction committed at {} stand at {}, which the server no longer sends: {}",
                   place(commit), where, fault.message));
    }
    throw FatalError(format("The log at {} holds no prepared XA transaction", where));
}

}  // namespace millrace::binlog
