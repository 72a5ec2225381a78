#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace millrace::record {

/// Memory for the values of one batch of records: taken piece by piece, given back all at once by clear(), which keeps
/// the blocks for the next batch. Not thread-safe.
class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Uninitialised room for `count` objects that need no destruction.
    template <typename T>
    T* allocate(size_t count) {
        static_assert(std::is_trivially_destructible_v<T>);
        return static_cast<T*>(take(count * sizeof(T), alignof(T)));
    }
    std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        char* to = allocate<char>(text.size());
        std::memcpy(to, text.data(), text.size());
        return {to, text.size()};
    }
    /// Everything handed out so far is void.
    void clear() {
        block_ = 0;
        used_ = 0;
    }

  private:
    struct Block {
        std::unique_ptr<std::byte[]> bytes;
        size_t size = 0;
    };
    static constexpr size_t kBlockBytes = size_t{64} * 1024;

    void* take(size_t bytes, size_t alignment) {
        used_ = (used_ + alignment - 1) / alignment * alignment;
        while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
            ++block_;
            used_ = 0;
        }
        if (block_ == blocks_.size()) {
            const size_t size = bytes > kBlockBytes ? bytes : kBlockBytes;
            blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
        }
        void* at = blocks_[block_].bytes.get() + used_;
        used_ += bytes;
        return at;
    }

    std::vector<Block> blocks_;
    size_t block_ = 0;  ///< The one being filled,
    size_t used_ = 0;   ///< and how far.
};

}  // namespace millrace::record
