#pragma once

#include <span>

#include "config/property_table.h"

namespace millrace::engine {

/// The properties that every connector to a relational database has, in the order and groups in which Debezium's
/// list them; a connector puts its own ones in (config::with_own). The group of those about the connection is empty
/// here: it has the connector's name.
std::span<const config::Property> connector_properties();

/// A connector's table. `title` names the group of the connection's properties.
config::PropertyTable property_table(std::string_view title, std::span<const config::OwnProperty> own);

}  // namespace millrace::engine
