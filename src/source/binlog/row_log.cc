#include "source/binlog/row_log.h"

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace millrace::binlog {

void require_row_log(const ConnectionOptions& options, const std::string& logger) {
    Connection connection(options);
    if (connection.value("SELECT @@GLOBAL.log_bin") != "1")
        throw FatalError("The server writes no binary log; start it with --log-bin and binlog_format=ROW");
    const auto setting = [&](const char* name) {
        const auto rows = connection.rows(format("SHOW GLOBAL VARIABLES LIKE '{}'", name));
        return rows.empty() ? std::string() : rows[0][1].value_or("");
    };
    const std::string binlog_format = setting("binlog_format");
    if (!binlog_format.empty() && !iequals(binlog_format, "ROW"))
        throw FatalError(
            format("The server runs with binlog_format={}; changes can only be captured with binlog_format=ROW",
                   binlog_format));
    const std::string image = setting("binlog_row_image");
    if (!image.empty() && !iequals(image, "FULL"))
        log::warn(logger,
                  format("The server runs with binlog_row_image={}: a column that a change leaves out has the value of "
                         "the row's other image or unavailable.value.placeholder, and where neither is possible the "
                         "task stops; set binlog_row_image=FULL",
                         image));
}

}  // namespace millrace::binlog
