#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "record/arena.h"
#include "record/record.h"
#include "script/limits.h"

namespace millrace::script {

/// An expression over one record, as Debezium's Filter and ContentBasedRouter have them: `value.op == 'u'`. It sees
/// key, value, keySchema, valueSchema, topic, header (and headers, the same) as JsValues shows them. A value that is
/// missing is null.
///
/// JavaScript may also be statements; the last one's value counts. Groovy is what groovy_translation knows of it.
/// Used by one thread at a time.
class Expression {
  public:
    /// Throws std::invalid_argument for a text that is no such expression, with what it stumbles over.
    Expression(Language language, const std::string& text, Limits limits);
    ~Expression();

    /// What of a record the text may ask for.
    struct Needs {
        bool content = false;  ///< Key, value or their schemas.
        bool headers = false;
        bool plain_nulls = false;  ///< Whether a null is to be told from its field's default.
    };
    Needs needs() const;

    struct Result {
        enum class Kind { Null, Boolean, Text, Other };
        Kind kind = Kind::Null;
        bool boolean = false;
        std::string text = {};  ///< Of Other how JavaScript prints it.
    };
    /// Throws FatalError with what the script failed of.
    Result evaluate(const record::Record& record, record::Arena& arena);

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace millrace::script
