// The floor of a run on Kafka: the same client sending ready-made values of the same size, as fast as it goes.
//   millrace-kafka-floor BOOTSTRAP TOPIC COUNT VALUE_FILE KEY_FILE
// Prints {"seconds":…,"cpu_us":…}.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "topiclog/kafka/kafka_log.h"

namespace {

std::string read(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int64_t cpu_us() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace millrace;
    if (argc != 6) return 2;
    topiclog::KafkaOptions options;
    options.common["bootstrap.servers"] = argv[1];
    topiclog::KafkaLog log(std::move(options));
    const std::string topic = argv[2];
    const auto count = parse_int(argv[3]).value_or(0);
    const std::string value = read(argv[4]);
    const std::string key = read(argv[5]);
    log.ensure_topic(topic, {});
    const auto writer = log.open_writer({});
    constexpr int64_t kBatch = 2000;
    topiclog::AppendBatch batch;
    for (int64_t i = 0; i < kBatch; ++i) batch.add(topic, &key, &value, 0);
    const auto began = std::chrono::steady_clock::now();
    const int64_t cpu = cpu_us();
    for (int64_t sent = 0; sent < count; sent += kBatch) writer->write(batch, std::nullopt);
    writer->flush();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("{\"seconds\":%.3f,\"cpu_us\":%lld}\n", seconds, static_cast<long long>(cpu_us() - cpu));
    return 0;
}
