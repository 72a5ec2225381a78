// The floor under every capture of this log on this machine: reads it raw from FILE on to its end and throws it away.
//   millrace-floor HOST PORT USER PASSWORD FILE
#include <cstdio>

#include "base/calendar.h"
#include "source/binlog/event_stream.h"

int main(int argc, char** argv) {
    using namespace millrace;
    if (argc != 6) {
        std::fprintf(stderr, "usage: millrace-floor HOST PORT USER PASSWORD FILE\n");
        return 2;
    }
    try {
        binlog::ConnectionOptions options;
        options.host = argv[1];
        options.port = static_cast<unsigned>(std::stoul(argv[2]));
        options.user = argv[3];
        options.password = argv[4];
        binlog::Connection connection(options);
        connection.execute(
            "SET @master_binlog_checksum = @@GLOBAL.binlog_checksum, @source_binlog_checksum = "
            "@@GLOBAL.binlog_checksum");
        if (connection.is_mariadb()) connection.execute("SET @mariadb_slave_capability = 4");
        std::string body("\4\0\0\0\1\0\x7B\0\0\0", 10);  // position 4, BINLOG_DUMP_NON_BLOCK, server id 123
        connection.send_command(0x12, body + argv[5]);
        const int64_t started = now_ns();
        const int64_t cpu = process_cpu_us();
        int64_t events = 0;
        int64_t bytes = 0;
        while (const auto packet = connection.read_packet()) {
            ++events;
            bytes += static_cast<int64_t>(packet->size());
        }
        std::printf("{\"events\":%ld,\"bytes\":%ld,\"seconds\":%.3f,\"cpu_us\":%ld}\n", events, bytes,
                    static_cast<double>(now_ns() - started) / 1e9, process_cpu_us() - cpu);
        return 0;
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "millrace-floor: %s\n", fault.what());
        return 1;
    }
}
