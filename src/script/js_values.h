#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/arena.h"
#include "record/plan_cache.h"
#include "record/record.h"
#include "script/js_engine.h"

namespace millrace::script {

/// How scripts see what is in a record, as Debezium shows it to them (io.debezium.transforms.scripting): structs by
/// their fields' names, decimals, dates, lists, maps and schemas as the Java objects they are there.
///
/// - JavaScript: a struct is its fields, read-only; a name that is no field is undefined (GraalJsEngine's ProxyObject).
/// - Groovy: a struct also has Struct's getters and schema(); a name that is no field is an error (Jsr223Engine).
///
/// Integers that a JavaScript number does not hold exactly are objects of their own. Nothing is read before a script
/// asks for it. What a script keeps of a record beyond its evaluation is an error when it is used.
class JsValues {
  public:
    /// Whether structs are read as they are asked for, or objects that the script may change.
    enum class Structs { Seen, Copied };

    JsValues(JsEngine& engine, Language language, Structs structs = Structs::Seen);
    ~JsValues();
    JsValues(const JsValues&) = delete;
    JsValues& operator=(const JsValues&) = delete;

    /// Everything made before is void; what is made from now on lives in `arena`.
    void begin(record::Arena& arena);
    JsValue value(const record::SchemaPtr& schema, const record::Value& value);
    /// org.apache.kafka.connect.data.Schema; null for none.
    JsValue schema(const record::SchemaPtr& schema);
    /// By name, each with value and schema; of several of one name the last.
    JsValue headers(const std::vector<record::Header>& headers);
    /// The makers of java_objects.
    JSValueConst makers() const { return makers_.get(); }

  private:
    /// A struct that a script has in hand.
    struct Node {
        record::SchemaPtr schema;
        record::Value value;  ///< A list.
    };
    /// The names of a schema's fields, interned.
    class Names {
      public:
        Names(JSContext* context, const record::Schema& schema);
        Names(Names&& other) noexcept : context_(other.context_), atoms_(std::move(other.atoms_)) {}
        Names& operator=(Names&&) = delete;
        ~Names();
        /// The field's place, or -1.
        int index_of(JSAtom name) const;
        const std::vector<JSAtom>& atoms() const { return atoms_; }

      private:
        JSContext* context_;
        std::vector<JSAtom> atoms_;
    };

    static JsValues& of(JSContext* context);
    static JSValue get_property(JSContext* context, JSValueConst of, JSAtom name, JSValueConst receiver);
    static int get_own_property(JSContext* context, JSPropertyDescriptor* found, JSValueConst of, JSAtom name);
    static int get_own_property_names(JSContext* context, JSPropertyEnum** names, uint32_t* count, JSValueConst of);
    static int define_own_property(JSContext* context, JSValueConst of, JSAtom name, JSValueConst value,
                                   JSValueConst getter, JSValueConst setter, int flags);
    static int delete_property(JSContext* context, JSValueConst of, JSAtom name);
    static int set_property(JSContext* context, JSValueConst of, JSAtom name, JSValueConst value, JSValueConst receiver,
                            int flags);
    /// Struct's own methods, by their place in kStructMethods.
    static JSValue struct_method(JSContext* context, JSValueConst of, int count, JSValueConst* arguments, int method);

    void add_struct_class();
    void add_struct_methods();
    JsValue maker(const char* name) const;
    /// nullptr, with an exception pending, for a struct of an earlier evaluation.
    const Node* node_of(JSValueConst value) const;
    const Names& names_of(const record::SchemaPtr& schema);
    JSValue field(const Node& node, size_t at, bool has_defaults);
    JSValue made(const record::SchemaPtr& schema, const record::Value& value);
    JSValue made_number(int64_t value);
    JSValue made_logical(const record::Schema& schema, const record::Value& value);
    JSValue made_list(const record::Schema& schema, const record::Value& value);
    JSValue made_map(const record::Schema& schema, const record::Value& value);
    JSValue made_copy(const record::SchemaPtr& schema, const record::Value& value);
    JSValue made_struct(const record::SchemaPtr& schema, const record::Value& value);
    JSValue made_schema(const record::SchemaPtr& schema);
    JSValue made_parameters(const record::Schema& schema);
    /// Frees the arguments.
    JSValue called(const JsValue& maker, JSValue first, JSValue second = JS_UNDEFINED);
    JSValue text(std::string_view value) { return JS_NewStringLen(context_, value.data(), value.size()); }
    void set(JSValueConst object, std::string_view name, JSValue value);

    JSContext* context_;
    Language language_;
    Structs structs_;
    JSClassID struct_class_ = 0;
    JsValue makers_, decimal_, long_, date_, list_, map_, bytes_, schema_;
    record::Arena* arena_ = nullptr;
    std::vector<Node> nodes_;
    uint64_t evaluation_ = 0;
    record::PlanCache<Names> names_;
    record::PlanCache<JsValue> schemas_;
};

}  // namespace millrace::script
