#pragma once

#include <optional>
#include <set>
#include <string>

#include "convert/string_converter.h"
#include "topiclog/append_batch.h"

namespace millrace::engine {

/// Turns the records of a batch from the JSON that sources write into what `key.converter` and `value.converter` ask
/// for, where that is not JSON. Used by one thread.
class ConverterStage {
  public:
    struct Options {
        bool key_is_string = false;  ///< org.apache.kafka.connect.storage.StringConverter
        bool value_is_string = false;
        std::set<std::string> internal_topics;  ///< Whose records no converter sees.
    };
    explicit ConverterStage(Options options) : options_(std::move(options)) {}

    bool is_needed() const { return options_.key_is_string || options_.value_is_string; }
    /// Replaces what `batch` holds; what its entries point to stays alive until the next call. Throws FatalError.
    void apply(topiclog::AppendBatch& batch);

  private:
    using Batch = topiclog::AppendBatch;
    Batch::Text converted(Batch& to, const Batch::Text& text, bool as_string);

    const Options options_;
    convert::StringConverter strings_;
    Batch source_;  ///< What the last batch was made from; owns its headers.
};

}  // namespace millrace::engine
