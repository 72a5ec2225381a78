#include "source/postgres/open_transactions.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/byte_cursor.h"
#include "base/errors.h"
#include "base/text.h"

namespace millrace::postgres {
namespace {

/// What stands before each kept message.
struct Frame {
    uint64_t place = 0;
    uint32_t subtransaction = 0;
    uint32_t size = 0;
};

/// Structures are told once a transaction; one that came in a part that was rolled back holds for what follows.
bool outlives_rollback(std::string_view bytes) {
    return bytes.starts_with('R') || bytes.starts_with('Y');
}

std::string folder_of(const std::string& wanted) {
    if (!wanted.empty()) return wanted;
    const char* temporary = std::getenv("TMPDIR");
    return temporary != nullptr && *temporary != '\0' ? temporary : "/var/tmp";
}

[[noreturn]] void fail(const std::string& folder, const char* what) {
    throw FatalError(
        format("A transaction that is larger than stream.spill.bytes cannot be kept in {}: {}: {}. Make room there, "
               "name another folder with stream.spill.directory, or let the server keep such transactions with "
               "stream.open.transactions=false",
               folder, what, std::strerror(errno)));
}

}  // namespace

/// A file that is gone when it is closed, written at its end and read from its beginning.
class SpillFile {
  public:
    explicit SpillFile(const std::string& folder) : folder_(folder) {
        descriptor_ = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (descriptor_ < 0 && errno == EOPNOTSUPP) open_named();
        if (descriptor_ < 0) fail(folder_, "cannot make a file");
    }
    ~SpillFile() { close(descriptor_); }
    SpillFile(const SpillFile&) = delete;
    SpillFile& operator=(const SpillFile&) = delete;

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) fail(folder_, "cannot write");
            bytes.remove_prefix(static_cast<size_t>(count));
            size_ += count;
        }
    }
    /// Up to so many bytes from a place on.
    size_t read(char* to, size_t size, int64_t from) const {
        for (;;) {
            const ssize_t count = pread(descriptor_, to, size, from);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) fail(folder_, "cannot read");
            return static_cast<size_t>(count);
        }
    }
    int64_t size() const { return size_; }

  private:
    /// Where the file system has no files without a name.
    void open_named() {
        std::string name = folder_ + "/millrace-transaction-XXXXXX";
        descriptor_ = mkostemp(name.data(), O_CLOEXEC);
        if (descriptor_ >= 0) unlink(name.c_str());
    }

    const std::string folder_;
    int descriptor_ = -1;
    int64_t size_ = 0;
};

struct OpenTransactions::Transaction {
    uint32_t xid = 0;
    std::unique_ptr<SpillFile> file;  ///< What came first.
    std::string buffer;               ///< What came behind it.
    std::unordered_set<uint32_t> aborted;
};

OpenTransactions::OpenTransactions(const Options& options)
    : options_{options.memory_bytes, folder_of(options.folder)} {}
OpenTransactions::~OpenTransactions() = default;

void OpenTransactions::start(uint32_t xid) {
    auto& transaction = transactions_[xid];
    if (transaction == nullptr) {
        transaction = std::make_unique<Transaction>();
        transaction->xid = xid;
    }
    current_ = transaction.get();
}

void OpenTransactions::add(Lsn place, std::string_view bytes) {
    // In a stream the id of the (sub)transaction follows the kind, but in an Origin message.
    Frame frame{place.value, current_->xid, static_cast<uint32_t>(bytes.size())};
    std::string_view rest = bytes.substr(std::min<size_t>(1, bytes.size()));
    if (!bytes.starts_with('O')) {
        ByteCursor cursor(rest);
        frame.subtransaction = static_cast<uint32_t>(cursor.big(4));
        if (!cursor.ok())
            throw FatalError(
                format("The message at {} is too short to be one of a transaction in progress", place.text()));
        rest = cursor.rest();
        frame.size -= 4;
    }
    std::string& buffer = current_->buffer;
    const size_t before = buffer.size();
    buffer.append(reinterpret_cast<const char*>(&frame), sizeof frame);
    buffer += bytes[0];
    buffer += rest;
    memory_bytes_ += buffer.size() - before;
    while (memory_bytes_ > options_.memory_bytes) {
        const auto largest = std::max_element(
            transactions_.begin(), transactions_.end(),
            [](const auto& a, const auto& b) { return a.second->buffer.size() < b.second->buffer.size(); });
        if (largest->second->buffer.empty()) return;
        spill(*largest->second);
    }
}

void OpenTransactions::spill(Transaction& transaction) {
    if (transaction.file == nullptr) transaction.file = std::make_unique<SpillFile>(options_.folder);
    transaction.file->write(transaction.buffer);
    spilled_bytes_ += static_cast<int64_t>(transaction.buffer.size());
    memory_bytes_ -= transaction.buffer.size();
    transaction.buffer.clear();
}

void OpenTransactions::forget(uint32_t xid) {
    const auto found = transactions_.find(xid);
    if (found == transactions_.end()) return;
    const Transaction& transaction = *found->second;
    if (transaction.file != nullptr) spilled_bytes_ -= transaction.file->size();
    memory_bytes_ -= transaction.buffer.size();
    if (current_ == &transaction) current_ = nullptr;
    transactions_.erase(found);
}

void OpenTransactions::abort(uint32_t xid, uint32_t subtransaction) {
    if (xid == subtransaction) return forget(xid);
    const auto found = transactions_.find(xid);
    if (found != transactions_.end()) found->second->aborted.insert(subtransaction);
}

void OpenTransactions::replay(uint32_t xid, const std::function<bool(const Message&)>& each) {
    const auto found = transactions_.find(xid);
    if (found == transactions_.end()) return;
    const Transaction& transaction = *found->second;
    bool goes_on = true;
    /// Takes whole frames from the front; returns how many bytes they are.
    const auto take = [&](std::string_view bytes) {
        size_t taken = 0;
        Frame frame;
        while (goes_on && bytes.size() - taken >= sizeof frame) {
            std::memcpy(&frame, bytes.data() + taken, sizeof frame);
            if (bytes.size() - taken - sizeof frame < frame.size) break;
            const auto message = bytes.substr(taken + sizeof frame, frame.size);
            taken += sizeof frame + frame.size;
            if (transaction.aborted.contains(frame.subtransaction) && !outlives_rollback(message)) continue;
            goes_on = each({{frame.place}, message});
        }
        return taken;
    };
    if (transaction.file != nullptr) {
        constexpr size_t kPiece = 1 << 20;
        std::string piece;
        for (int64_t place = 0; place < transaction.file->size() && goes_on;) {
            const size_t left = piece.size();
            piece.resize(left + kPiece);
            const size_t count = transaction.file->read(piece.data() + left, kPiece, place);
            piece.resize(left + count);
            place += static_cast<int64_t>(count);
            piece.erase(0, take(piece));
        }
    }
    take(transaction.buffer);
    forget(xid);
}

}  // namespace millrace::postgres
