#pragma once

#include <memory>
#include <string>

#include "record/arena.h"
#include "record/record.h"
#include "script/limits.h"

namespace millrace::script {

/// A transform of whole records that users write: a JavaScript function of a record.
///
///     record => { record.value.after.name = record.value.after.name.toUpperCase(); return record; }
///
/// It gets {topic, partition, timestamp, key, keySchema, value, valueSchema, headers}, whose key and value are plain
/// objects of its own, and headers a list of {key, value, schema}; a partition or timestamp that is not set is null.
/// What it returns is the record: the same object or another of this shape. null drops it. JsReader says how values
/// become Connect's. Used by one thread at a time.
class RecordScript {
  public:
    /// Throws std::invalid_argument for a text that is no function.
    RecordScript(const std::string& text, Limits limits);
    ~RecordScript();

    /// False: it is dropped. Throws FatalError with what the script failed of.
    bool apply(record::Record& record, record::Arena& arena);

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace millrace::script
