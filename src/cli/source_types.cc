#include "cli/source_types.h"

#include "source/mariadb/mariadb_source.h"
#include "source/mysql/mysql_source.h"
#include "source/postgres/postgres_source.h"
#include "source/postgres/timescale_db.h"
#include "transform/transform_types.h"

namespace millrace::cli {

const std::vector<const engine::SourceType*>& source_types() {
    static const std::vector<const engine::SourceType*> types{&mysql::source_type(), &mariadb::source_type(),
                                                              &postgres::source_type()};
    return types;
}

void add_source_transforms() {
    transform::add_transform_type(postgres::kTimescaleDb);
}

}  // namespace millrace::cli
