#include "source/postgres/streaming.h"

#include <algorithm>
#include <chrono>

#include "base/calendar.h"
#include "base/errors.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/stoppable_sleep.h"
#include "base/text.h"
#include "source/postgres/replication_slot.h"

namespace millrace::postgres {
namespace {

using Operation = engine::ChangeWriter::Operation;
using engine::KeyPlaces;

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

std::string transaction_id(uint32_t xid, Lsn lsn) {
    return format("{}:{}", xid, lsn.value);
}

}  // namespace

Streaming::Streaming(Options options, Connection& control, SchemaState& schema, engine::ChangeWriter& writer,
                     engine::RecordQueue& queue, PostgresOffset& offset)
    : options_(std::move(options)),
      control_(control),
      schema_(schema),
      writer_(writer),
      queue_(queue),
      offset_(offset),
      open_(options_.open_transactions) {
    if (options_.transactions != nullptr && !offset_.transaction_id.empty())
        options_.transactions->resume(offset_.transaction_id, offset_.transaction_counts);
    // An offset of Debezium's from within a transaction: its changes up to there are done.
    if (!offset_.transaction_end && offset_.processed && offset_.last_commit &&
        *offset_.processed > *offset_.last_commit)
        skip_before_ = *offset_.processed;
}

void Streaming::complete_offset() {
    if (steering_ != nullptr) steering_->complete_offset();
    const bool is_open = options_.transactions != nullptr && options_.transactions->is_open();
    offset_.transaction_id = is_open ? options_.transactions->id() : std::string();
    if (is_open)
        offset_.transaction_counts = options_.transactions->counts();
    else
        offset_.transaction_counts.clear();
}

SourceInfo Streaming::source_info(Lsn lsn) const {
    SourceInfo info;
    info.ts_us = committed_us_;
    info.database = options_.stream.connection.database;
    info.last_commit = offset_.last_commit;
    info.lsn = lsn;
    if (in_transaction_) info.xid = xid_;
    info.xmin = offset_.xmin;
    info.origin = origin_;
    info.origin_lsn = origin_lsn_;
    return info;
}

SourceInfo Streaming::current_place() const {
    return source_info(last_lsn_);
}

bool Streaming::is_ahead(const UnseenTransactions& unseen) const {
    return std::any_of(recent_.begin(), recent_.begin() + std::min(recent_count_, kRecent),
                       [&](uint32_t xid) { return unseen.contains(xid); });
}

void Streaming::note(Lsn lsn, const char* type) {
    last_lsn_ = lsn;
    offset_.lsn = offset_.processed = lsn;
    offset_.message_type = type;
    if (in_transaction_) offset_.xid = xid_;
    if (committed_us_ != 0) offset_.ts_us = committed_us_;
}

void Streaming::begin(const Begin& begin, Lsn lsn, topiclog::AppendBatch& batch) {
    in_transaction_ = true;
    xid_ = begin.xid;
    committed_us_ = begin.committed_us;
    transaction_end_ = begin.final;
    origin_.clear();
    events_to_skip_ = offset_.transaction_end == begin.final ? offset_.events_done : 0;
    if (skip_before_ && (skip_before_ < lsn || skip_before_ > begin.final)) skip_before_ = {};  // of another one
    if (events_to_skip_ == 0) {
        offset_.events_done = 0;
        offset_.transaction_end = begin.final;
    }
    std::erase_if(offset_.read_at, [&](const auto& read) { return read.second <= begin.final; });
    if (options_.transactions != nullptr && !options_.transactions->is_open())
        options_.transactions->begin(batch, transaction_id(xid_, lsn), committed_us_ / 1000);
}

void Streaming::commit(const Commit& commit, Lsn lsn, topiclog::AppendBatch& batch) {
    if (options_.transactions != nullptr) {
        if (options_.transactions->is_open()) options_.transactions->rename(transaction_id(xid_, lsn));
        options_.transactions->end(batch, committed_us_ / 1000);
    }
    note(lsn, "COMMIT");
    offset_.last_commit = commit.end;
    offset_.transaction_end = {};
    offset_.events_done = 0;
    in_transaction_ = false;
    events_to_skip_ = 0;
    skip_before_ = {};
    recent_[recent_count_++ % kRecent] = xid_;
    options_.figures->transactions.fetch_add(1, std::memory_order_relaxed);
    options_.figures->transaction.store(xid_, std::memory_order_relaxed);
    options_.figures->position.store(static_cast<int64_t>(commit.end.value), std::memory_order_relaxed);
}

/// Each connection begins without any knowledge of tables on the server's side, so this comes before the first change
/// of each, and again when its structure changes.
void Streaming::announce(const Relation& relation) {
    Announced table{{std::string(relation.schema), std::string(relation.table)}, nullptr};
    if (schema_.filters().captures(table.id)) {
        catalogue_is_reachable();
        Catalog catalog(control_, schema_.types());
        for (const auto& column : relation.columns)  // an enum may have got new labels
            if (schema_.types().root(column.type, -1).type.kind == 'e') schema_.types().forget(column.type);
        const auto before = schema_.tables().contains(table.id) ? schema_.plan(table.id) : nullptr;
        table.plan = schema_.learn(catalog.read(relation));
        if (steering_ != nullptr && before != nullptr && before != table.plan) steering_->note_altered(table.id);
    }
    relations_[relation.id] = std::move(table);
}

void Streaming::catalogue_is_reachable() {
    if (control_.is_alive()) return;
    control_ = Connection(options_.stream.connection);
    schema_.connect(control_);
    for (auto& [id, table] : relations_)
        if (table.plan != nullptr) table.plan = schema_.plan(table.id);
}

const Streaming::Announced& Streaming::announced(uint32_t relation) const {
    const auto found = relations_.find(relation);
    if (found == relations_.end())
        throw FatalError(format("A change at {} is of a table that the log has not announced", last_lsn_.text()));
    return found->second;
}

/// Was this change of the open transaction written before a restart?
bool Streaming::is_done_already(Lsn lsn) {
    if (events_to_skip_ > 0) {
        --events_to_skip_;
        return true;
    }
    return skip_before_ && lsn < skip_before_;
}

void Streaming::begin_event(topiclog::AppendBatch& batch, const Announced& table, Lsn lsn) {
    writer_.begin_event(batch, table.plan);
    SourceInfo info = source_info(lsn);
    info.schema = table.id.database;
    info.table = table.id.table;
    append_source(writer_.source_text().before_row, writer_.head(), info);
    if (options_.transactions != nullptr && options_.transactions->is_open())
        options_.transactions->rename(transaction_id(xid_, lsn));
}

template <typename Write>
void Streaming::write_change(Operation operation, const char* type, uint32_t relation, Lsn lsn,
                             topiclog::AppendBatch& batch, Write&& write) {
    if (is_done_already(lsn)) return;
    const Announced& table = announced(relation);
    if (table.plan == nullptr) {
        ++options_.figures->filtered;
    } else if (!is_read_already(table.id)) {
        const size_t first_entry = batch.entries().size();
        begin_event(batch, table, lsn);
        const bool completes = options_.reselection != nullptr && !schema_.filters().is_signal_table(table.id);
        if (completes) options_.reselection->set_row(table.plan, new_row_, xid_);
        writer_.set_completion(completes ? options_.reselection : nullptr);
        try {
            write(batch, *table.plan, !writer_.skips(operation));
        } catch (const FatalError& fault) {
            throw FatalError(format("At {}: {}", lsn.text(), fault.what()));
        }
        writer_.count(operation, 1, committed_us_);
        batch.note_commit(committed_us_, batch.entries().size() - first_entry);
        if (steering_ != nullptr && steering_->reads_signals_of(table.id)) {
            topiclog::AppendBatch signals;
            writer_.begin_event(signals, table.plan, false);
            append_source(writer_.source_text().before_row, writer_.head(), source_info(lsn));
            write(signals, *table.plan, true);
            steering_->note_signals(signals);
        }
    }
    note(lsn, type);
    ++offset_.events_done;
    MILLRACE_FAILPOINT("stream.rows");
}

void Streaming::insert(const Insert& insert, Lsn lsn, topiclog::AppendBatch& batch) {
    write_change(Operation::Create, "INSERT", insert.relation, lsn, batch,
                 [&](topiclog::AppendBatch& to, TablePlan& plan, bool is_wanted) {
                     writer_.create(to, 0, is_wanted, [&](std::string& out, KeyPlaces& places) {
                         plan.append_row(out, new_row_, nullptr, places);
                     });
                 });
}

void Streaming::update(const Update& update, Lsn lsn, topiclog::AppendBatch& batch) {
    write_change(
        Operation::Update, "UPDATE", update.relation, lsn, batch,
        [&](topiclog::AppendBatch& to, TablePlan& plan, bool is_wanted) {
            writer_.update(to, 0, is_wanted, [&](std::string& out, engine::ChangeWriter::UpdateImages& images) {
                images.has_old_key = update.old_kind != '\0';
                images.begin_before(out);
                if (images.has_old_key)
                    plan.append_row(out, old_row_, nullptr, images.before_places);
                else
                    out += "null";
                images.begin_after(out);
                plan.append_row(out, new_row_, update.old_kind == 'O' ? &old_row_ : nullptr, images.after_places);
                images.end(out);
            });
        });
}

void Streaming::remove(const Delete& remove, Lsn lsn, topiclog::AppendBatch& batch) {
    write_change(Operation::Delete, "DELETE", remove.relation, lsn, batch,
                 [&](topiclog::AppendBatch& to, TablePlan& plan, bool is_wanted) {
                     writer_.remove(to, 0, is_wanted, [&](std::string& out, KeyPlaces& places) {
                         plan.append_row(out, old_row_, nullptr, places);
                     });
                 });
}

void Streaming::truncate(const Truncate& truncate, Lsn lsn, topiclog::AppendBatch& batch) {
    if (is_done_already(lsn)) return;
    if (options_.truncates_are_events)
        for (const uint32_t relation : truncate.relations) {
            const Announced& table = announced(relation);
            if (table.plan == nullptr || is_read_already(table.id)) continue;
            begin_event(batch, table, lsn);
            writer_.write_truncate(batch, 0);
        }
    note(lsn, "TRUNCATE");
    ++offset_.events_done;
}

void Streaming::emit_message(const LogicalMessage& message, Lsn lsn, topiclog::AppendBatch& batch) {
    if (message.is_transactional && is_done_already(lsn)) return;
    const bool was_in_transaction = in_transaction_;
    const int64_t committed_us = committed_us_;
    if (!message.is_transactional) {
        in_transaction_ = false;
        committed_us_ = 0;
    }
    if (options_.messages->captures(message.prefix)) {
        SourceInfo info = source_info(lsn);
        if (!message.is_transactional) {
            info.ts_us = offset_.ts_us;
            info.last_commit = lsn;
        }
        std::string source, block = "null";
        append_source(source, writer_.head(), info);
        if (message.is_transactional && options_.transactions != nullptr && options_.transactions->is_open()) {
            options_.transactions->rename(transaction_id(xid_, lsn));
            block.clear();
            options_.transactions->append_block(block, options_.transactions->counter(std::string(message.prefix)));
        }
        writer_.note_topic(options_.messages->topic());
        options_.messages->write(batch, message, source, block);
    }
    note(lsn, "MESSAGE");
    if (message.is_transactional) {
        ++offset_.events_done;
    } else if (!was_in_transaction) {
        offset_.last_commit = std::max(offset_.last_commit.value_or(Lsn{}), lsn);
    }
    in_transaction_ = was_in_transaction;
    committed_us_ = committed_us;
}

void Streaming::parse(std::string_view bytes, Lsn lsn) {
    if (!parse_message(bytes, message_, old_row_, new_row_))
        throw FatalError(format("The message at {} (after {}) cannot be read; it is damaged or of an unknown kind",
                                lsn.text(), last_lsn_.text()));
}

/// What was parsed last.
void Streaming::handle(Lsn lsn, topiclog::AppendBatch& batch) {
    if (const auto* row = std::get_if<Insert>(&message_)) return insert(*row, lsn, batch);
    if (const auto* row = std::get_if<Update>(&message_)) return update(*row, lsn, batch);
    if (const auto* row = std::get_if<Delete>(&message_)) return remove(*row, lsn, batch);
    if (const auto* one = std::get_if<Begin>(&message_)) return begin(*one, lsn, batch);
    if (const auto* one = std::get_if<Commit>(&message_)) return commit(*one, lsn, batch);
    if (const auto* one = std::get_if<Relation>(&message_)) return announce(*one);
    if (const auto* one = std::get_if<Truncate>(&message_)) return truncate(*one, lsn, batch);
    if (const auto* one = std::get_if<LogicalMessage>(&message_)) return emit_message(*one, lsn, batch);
    if (const auto* one = std::get_if<Origin>(&message_)) {
        origin_ = one->name;
        origin_lsn_ = one->commit;
    }
}

/// One message, and what goes on beside it.
void Streaming::act(Lsn lsn) {
    {
        auto entry = queue_.enter();
        handle(lsn, entry.batch());
    }
    if (steering_ != nullptr) steering_->act(in_transaction_);
}

/// A message of the server: handled at once, or kept until its transaction commits.
void Streaming::receive(const ReplicationStream::Data& data, const std::stop_token& stop) {
    if (open_.is_receiving() && !data.bytes.starts_with('E')) return open_.add(data.start, data.bytes);
    parse(data.bytes, data.start);
    if (const auto* one = std::get_if<StreamStart>(&message_)) return open_.start(one->xid);
    if (std::holds_alternative<StreamStop>(message_)) return open_.stop();
    if (const auto* one = std::get_if<StreamAbort>(&message_)) return open_.abort(one->xid, one->subtransaction);
    if (const auto* one = std::get_if<StreamCommit>(&message_)) return replay(StreamCommit(*one), data.start, stop);
    act(data.start);
}

/// A transaction that was kept has committed: its messages take the way of any other's.
void Streaming::replay(const StreamCommit& end, Lsn lsn, const std::stop_token& stop) {
    const auto begin = [&](Lsn place) {
        message_ = Begin{end.commit.commit, end.commit.committed_us, end.xid};
        act(place);
    };
    uint64_t count = 0;
    open_.replay(end.xid, [&](const OpenTransactions::Message& message) {
        // Structures may come from parts that were rolled back; the server's own Begin has the place of the first
        // change.
        const bool is_structure = message.bytes.starts_with('R') || message.bytes.starts_with('Y');
        if (!in_transaction_ && !is_structure) begin(message.place);
        parse(message.bytes, message.place);
        act(message.place);
        constexpr uint64_t kBetweenLooks = 256;
        if (++count % kBetweenLooks != 0) return true;
        stream_->stay_alive();
        return !stop.stop_requested();
    });
    if (stop.stop_requested()) return;
    if (!in_transaction_) begin(lsn);
    message_ = end.commit;
    act(lsn);
}

/// Between two transactions the place moves on with the server's log, so that a slot on an idle database does not keep
/// the log of a busy server.
void Streaming::note_idle() {
    if (in_transaction_ || stream_->server_end() <= offset_.resume_from()) return;
    const auto entry = queue_.enter();
    offset_.passed = stream_->server_end();
}

void Streaming::look_for_xmin() {
    if (options_.xmin_interval_ms <= 0 || steady_ms() - last_xmin_ms_ < options_.xmin_interval_ms) return;
    last_xmin_ms_ = steady_ms();
    catalogue_is_reachable();
    const auto xmin = control_.value(
        format("SELECT coalesce(xmin, catalog_xmin)::text::bigint FROM pg_catalog.pg_replication_slots WHERE "
               "slot_name = {}",
               quote_text(options_.stream.slot)));
    const auto entry = queue_.enter();
    offset_.xmin = xmin ? parse_int(*xmin) : std::nullopt;
}

/// Another process may still hold the slot: one of ours that died, until the server notices.
void Streaming::open(const std::stop_token& stop) {
    options_.stream.from = offset_.resume_from();
    for (int64_t tries = 0;; ++tries) {
        try {
            stream_ = std::make_unique<ReplicationStream>(options_.stream);
            return;
        } catch (const ServerError& fault) {
            constexpr std::string_view kObjectInUse = "55006";
            if (fault.state != kObjectInUse || tries >= options_.slot_tries || stop.stop_requested()) throw;
            log::warn(options_.logger, format("The slot {} is not free yet: {}", options_.stream.slot, fault.message));
        }
        constexpr int64_t kLookMs = 200;
        for (int64_t waited = 0; waited < options_.slot_retry_ms && !stop.stop_requested(); waited += kLookMs) {
            sleep_for(std::chrono::milliseconds(kLookMs), stop);
            const auto slot = find_slot(control_, options_.stream.slot);
            if (!slot || !slot->is_active) break;
        }
    }
}

void Streaming::run(const std::stop_token& stop) {
    open(stop);
    const std::stop_callback wake(stop, [this] { stream_->shut_down(); });
    const std::stop_callback wake_on_failure(queue_.failure(), [this] { stream_->shut_down(); });
    if (options_.reselection != nullptr) options_.reselection->set_stop(stop);
    options_.connected();
    const Connected connected(*options_.figures);
    log::info(options_.logger,
              format("Streaming from slot {} at {} ({} changes of a transaction to skip)", options_.stream.slot,
                     options_.stream.from.text(), offset_.transaction_end ? offset_.events_done : 0));
    try {
        if (steering_ != nullptr) steering_->begin();
        while (!stop.stop_requested()) {
            const auto data = stream_->next(static_cast<int>(options_.tick_ms));
            if (queue_.failure().stop_requested()) queue_.enter();  // throws what is behind it
            if (options_.confirms) stream_->confirm({options_.durable_mark()});
            const bool beats = options_.heartbeat != nullptr && options_.heartbeat->is_due() && !in_transaction_;
            if (beats) options_.heartbeat->act();
            look_for_xmin();
            if (options_.slot_watch != nullptr && options_.slot_watch->is_due()) options_.slot_watch->look();
            if (data) {
                receive(*data, stop);
            } else {
                note_idle();
                if (steering_ != nullptr) steering_->act(in_transaction_);
            }
            if (beats) {
                auto entry = queue_.enter();
                options_.heartbeat->write(entry.batch());
            }
        }
    } catch (const ServerError& fault) {
        if (stop.stop_requested()) return;
        ++options_.figures->disconnects;
        if (queue_.failure().stop_requested()) queue_.enter();  // throws what is behind it
        throw;
    }
}

}  // namespace millrace::postgres
