#include "topiclog/topic_log.h"

#include <cstring>

namespace millrace::topiclog {
namespace {

/// org.apache.kafka.common.utils.Utils.murmur2: MurmurHash2 with seed 0x9747b28c.
uint32_t murmur2(std::string_view bytes) {
    constexpr uint32_t kMultiplier = 0x5bd1e995;
    uint32_t hash = 0x9747b28c ^ static_cast<uint32_t>(bytes.size());
    size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) {
        uint32_t word;
        std::memcpy(&word, bytes.data() + i, 4);
        word *= kMultiplier;
        word ^= word >> 24;
        word *= kMultiplier;
        hash *= kMultiplier;
        hash ^= word;
    }
    const auto tail = [&](size_t j) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + j])); };
    switch (bytes.size() - i) {
        case 3:
            hash ^= tail(2) << 16;
            [[fallthrough]];
        case 2:
            hash ^= tail(1) << 8;
            [[fallthrough]];
        case 1:
            hash ^= tail(0);
            hash *= kMultiplier;
            break;
        default:
            break;
    }
    hash ^= hash >> 13;
    hash *= kMultiplier;
    hash ^= hash >> 15;
    return hash;
}

}  // namespace

void for_each_record(TopicLog& log, const std::string& topic, const TopicReader::Visit& visit) {
    log.open_reader(topic)->read_to_end(visit);
}

int32_t partition_of(std::string_view key, int32_t partitions) {
    return static_cast<int32_t>(murmur2(key) & 0x7fffffffu) % partitions;
}

}  // namespace millrace::topiclog
