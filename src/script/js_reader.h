#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "record/arena.h"
#include "record/record.h"
#include "script/js_engine.h"

namespace millrace::script {

/// What a script made of a key, a value or a header, as Connect has it.
///
/// A property that is a field of the schema is read as the field's type says; another one becomes a field of a type
/// that its value tells: texts, booleans, whole numbers (int64), other numbers (float64), decimals, dates, bytes, lists
/// (of what their first item is) and objects, all optional. A field that the script left out is left out of the schema.
/// Where nothing was added and left out, the schema is the one that it was.
class JsReader {
  public:
    /// `kind_of` is java_objects' function of that name.
    JsReader(JSContext* context, JsValue kind_of) : context_(context), kind_of_(std::move(kind_of)) {}

    /// `schema` is the one that the value had; none: it is told from the value. `path` is what a fault names. Throws
    /// FatalError for a value that is none of its field's.
    record::SchemaAndValue read(const record::SchemaPtr& schema, JSValueConst value, const std::string& path,
                                record::Arena& arena);

  private:
    /// As java_objects numbers them.
    enum class Kind { Null, Boolean, Number, Integer, Text, Decimal, Date, Bytes, List, Object, Other };

    Kind kind_of(JSValueConst value, const std::string& path);
    record::SchemaAndValue told(JSValueConst value, Kind kind, const std::string& path, record::Arena& arena);
    record::Value scalar(const record::Schema& schema, JSValueConst value, Kind kind, const std::string& path,
                         record::Arena& arena);
    record::Value whole(const record::Schema& schema, JSValueConst value, Kind kind, const std::string& path);
    record::Value decimal(int scale, JSValueConst value, const std::string& path, record::Arena& arena);
    record::Value bytes(JSValueConst value, const std::string& path, record::Arena& arena);
    record::SchemaAndValue list(const record::SchemaPtr& schema, JSValueConst value, const std::string& path,
                                record::Arena& arena);
    record::Value map_key(const record::Schema& schema, const std::string& name, const std::string& path,
                          record::Arena& arena);
    record::SchemaAndValue map(const record::SchemaPtr& schema, JSValueConst value, const std::string& path,
                               record::Arena& arena);
    record::SchemaAndValue structure(const record::SchemaPtr& schema, JSValueConst value, const std::string& path,
                                     record::Arena& arena);
    const record::SchemaPtr& pooled(record::Schema&& made);
    std::string text(JSValueConst value, const std::string& path);
    [[noreturn]] void refuse(const std::string& path, const record::Schema& schema, JSValueConst value);

    JSContext* context_;
    JsValue kind_of_;
    size_t depth_ = 0;
    std::unordered_multimap<std::string, record::SchemaPtr> made_;  ///< By the names of its fields.
};

}  // namespace millrace::script
