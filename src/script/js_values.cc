#include "script/js_values.h"

#include <array>
#include <bit>
#include <cctype>

#include "base/calendar.h"
#include "base/decimal.h"
#include "base/errors.h"
#include "convert/java_text.h"
#include "record/json_value.h"
#include "record/struct_view.h"
#include "script/java_objects.h"

namespace millrace::script {

using record::SchemaPtr;
using record::Type;
using record::Value;

namespace {

/// A struct's object holds the evaluation that it is of and its place among the evaluation's structs.
constexpr unsigned kPlaceBits = 24;
constexpr uint64_t kMostStructs = uint64_t{1} << kPlaceBits;
constexpr int64_t kMostExact = (int64_t{1} << 53) - 1;

enum Method { kGet, kGetWithoutDefault, kSchema, kToString };

struct StructMethod {
    const char* name;
    Method method;
};
/// The typed getters of Struct give no defaults.
constexpr StructMethod kStructMethods[] = {{"get", kGet},
                                           {"getWithoutDefault", kGetWithoutDefault},
                                           {"getInt8", kGetWithoutDefault},
                                           {"getInt16", kGetWithoutDefault},
                                           {"getInt32", kGetWithoutDefault},
                                           {"getInt64", kGetWithoutDefault},
                                           {"getFloat32", kGetWithoutDefault},
                                           {"getFloat64", kGetWithoutDefault},
                                           {"getBoolean", kGetWithoutDefault},
                                           {"getString", kGetWithoutDefault},
                                           {"getBytes", kGetWithoutDefault},
                                           {"getArray", kGetWithoutDefault},
                                           {"getMap", kGetWithoutDefault},
                                           {"getStruct", kGetWithoutDefault},
                                           {"schema", kSchema},
                                           {"toString", kToString}};

/// What `read` gives; a FatalError of a record that cannot be read becomes JavaScript's, since QuickJS is C and must
/// not be unwound.
template <typename Result, typename Read>
Result guarded(JSContext* context, Result failed, Read&& read) {
    try {
        return read();
    } catch (const FatalError& fault) {
        JS_ThrowTypeError(context, "%s", fault.what());
        return failed;
    }
}

int refuse_change(JSContext* context) {
    JS_ThrowTypeError(context, "Record attributes must not be modified from within this transformation");
    return -1;
}

bool is_date(const record::Schema& schema) {
    return schema.name == record::kDate || schema.name == record::kTime || schema.name == record::kTimestamp;
}

}  // namespace

JsValues::Names::Names(JSContext* context, const record::Schema& schema) : context_(context) {
    atoms_.reserve(schema.fields.size());
    for (const auto& field : schema.fields)
        atoms_.push_back(JS_NewAtomLen(context, field.name.data(), field.name.size()));
}

JsValues::Names::~Names() {
    for (const JSAtom atom : atoms_) JS_FreeAtom(context_, atom);
}

int JsValues::Names::index_of(JSAtom name) const {
    for (size_t at = 0; at < atoms_.size(); ++at)
        if (atoms_[at] == name) return static_cast<int>(at);
    return -1;
}

JsValues::JsValues(JsEngine& engine, Language language, Structs structs)
    : context_(engine.context()), language_(language), structs_(structs) {
    JS_SetContextOpaque(context_, this);
    const JsValue make = engine.run(kJavaObjects, "java_objects");
    JSValue is_groovy = JS_NewBool(context_, language == Language::Groovy);
    makers_ = JsValue(context_, JS_Call(context_, make.get(), JS_UNDEFINED, 1, &is_groovy));
    decimal_ = maker("decimal");
    long_ = maker("long");
    date_ = maker("date");
    list_ = maker("list");
    map_ = maker("map");
    bytes_ = maker("bytes");
    schema_ = maker("schema");
    add_struct_class();
    if (language == Language::Groovy) add_struct_methods();
}

JsValues::~JsValues() {
    JS_SetContextOpaque(context_, nullptr);
}

JsValue JsValues::maker(const char* name) const {
    return {context_, JS_GetPropertyStr(context_, makers_.get(), name)};
}

JsValues& JsValues::of(JSContext* context) {
    return *static_cast<JsValues*>(JS_GetContextOpaque(context));
}

void JsValues::add_struct_class() {
    static JSClassExoticMethods exotic = {.get_own_property = &JsValues::get_own_property,
                                          .get_own_property_names = &JsValues::get_own_property_names,
                                          .delete_property = &JsValues::delete_property,
                                          .define_own_property = &JsValues::define_own_property,
                                          .has_property = nullptr,
                                          .get_property = &JsValues::get_property,
                                          .set_property = &JsValues::set_property};
    const JSClassDef definition = {
        .class_name = "Struct", .finalizer = nullptr, .gc_mark = nullptr, .call = nullptr, .exotic = &exotic};
    JSRuntime* runtime = JS_GetRuntime(context_);
    JS_NewClassID(runtime, &struct_class_);
    JS_NewClass(runtime, struct_class_, &definition);
    JS_SetClassProto(context_, struct_class_, JS_NewObject(context_));
}

void JsValues::add_struct_methods() {
    const JsValue prototype(context_, JS_GetClassProto(context_, struct_class_));
    for (const auto& [name, method] : kStructMethods)
        JS_SetPropertyStr(context_, prototype.get(), name,
                          JS_NewCFunctionMagic(context_, &JsValues::struct_method, name, 1, JS_CFUNC_generic_magic,
                                               static_cast<int>(method)));
}

void JsValues::begin(record::Arena& arena) {
    arena_ = &arena;
    nodes_.clear();
    ++evaluation_;
}

const JsValues::Node* JsValues::node_of(JSValueConst value) const {
    const auto mark = std::bit_cast<uintptr_t>(JS_GetOpaque(value, struct_class_));
    if (mark == 0 || mark >> kPlaceBits != evaluation_) {
        JS_ThrowTypeError(context_, "a record that an earlier evaluation kept is gone");
        return nullptr;
    }
    return &nodes_[mark & (kMostStructs - 1)];
}

const JsValues::Names& JsValues::names_of(const SchemaPtr& schema) {
    return names_.get(schema, [&](const SchemaPtr& of) { return Names(context_, *of); });
}

JSValue JsValues::field(const Node& node, size_t at, bool has_defaults) {
    const auto& schema = node.schema->fields[at].schema;
    Value value = node.value.children()[at];
    if (value.is_null() && has_defaults) value = record::default_of(*schema);
    return made(schema, value);
}

JSValue JsValues::get_property(JSContext* context, JSValueConst of, JSAtom name, JSValueConst /*receiver*/) {
    JsValues& self = JsValues::of(context);
    const Node* node = self.node_of(of);
    if (node == nullptr) return JS_EXCEPTION;
    const int at = self.names_of(node->schema).index_of(name);
    if (at >= 0)
        return guarded(context, JS_EXCEPTION, [&] { return self.field(*node, static_cast<size_t>(at), true); });
    const JsValue prototype(context, JS_GetClassProto(context, self.struct_class_));
    const JsValue key(context, JS_AtomToValue(context, name));
    if (self.language_ == Language::JavaScript || JS_IsSymbol(key.get()) ||
        JS_HasProperty(context, prototype.get(), name) > 0)
        return JS_GetProperty(context, prototype.get(), name);
    const char* text = JS_AtomToCString(context, name);
    JS_ThrowTypeError(context, "%s is not a valid field name", text == nullptr ? "" : text);
    JS_FreeCString(context, text);
    return JS_EXCEPTION;
}

int JsValues::get_own_property(JSContext* context, JSPropertyDescriptor* found, JSValueConst of, JSAtom name) {
    JsValues& self = JsValues::of(context);
    const Node* node = self.node_of(of);
    if (node == nullptr) return -1;
    const int at = self.names_of(node->schema).index_of(name);
    if (at < 0) return 0;
    if (found == nullptr) return 1;
    found->flags = JS_PROP_ENUMERABLE | JS_PROP_CONFIGURABLE;
    found->getter = found->setter = JS_UNDEFINED;
    found->value = guarded(context, JS_EXCEPTION, [&] { return self.field(*node, static_cast<size_t>(at), true); });
    return JS_IsException(found->value) ? -1 : 1;
}

int JsValues::get_own_property_names(JSContext* context, JSPropertyEnum** names, uint32_t* count, JSValueConst of) {
    JsValues& self = JsValues::of(context);
    const Node* node = self.node_of(of);
    if (node == nullptr) return -1;
    const auto& atoms = self.names_of(node->schema).atoms();
    // QuickJS frees it.
    auto* made = static_cast<JSPropertyEnum*>(js_malloc(context, sizeof(JSPropertyEnum) * (atoms.size() + 1)));
    if (made == nullptr) return -1;
    for (size_t at = 0; at < atoms.size(); ++at) made[at] = {true, JS_DupAtom(context, atoms[at])};
    *names = made;
    *count = static_cast<uint32_t>(atoms.size());
    return 0;
}

int JsValues::define_own_property(JSContext* context, JSValueConst /*of*/, JSAtom /*name*/, JSValueConst /*value*/,
                                  JSValueConst /*getter*/, JSValueConst /*setter*/, int /*flags*/) {
    return refuse_change(context);
}

int JsValues::delete_property(JSContext* context, JSValueConst /*of*/, JSAtom /*name*/) {
    return refuse_change(context);
}

int JsValues::set_property(JSContext* context, JSValueConst /*of*/, JSAtom /*name*/, JSValueConst /*value*/,
                           JSValueConst /*receiver*/, int /*flags*/) {
    return refuse_change(context);
}

JSValue JsValues::struct_method(JSContext* context, JSValueConst of, int count, JSValueConst* arguments, int method) {
    JsValues& self = JsValues::of(context);
    const Node* node = self.node_of(of);
    if (node == nullptr) return JS_EXCEPTION;
    if (method == kSchema) return self.made_schema(node->schema);
    if (method == kToString) {
        return guarded(context, JS_EXCEPTION, [&] {
            std::string out;
            convert::append_java_text(out, node->schema.get(), node->value, *self.arena_);
            return self.text(out);
        });
    }
    const char* name = count > 0 ? JS_ToCString(context, arguments[0]) : nullptr;
    if (name == nullptr) return JS_ThrowTypeError(context, "the name of a field is missing");
    const auto at = node->schema->index_of(name);
    if (!at) JS_ThrowTypeError(context, "%s is not a valid field name", name);
    JS_FreeCString(context, name);
    if (!at) return JS_EXCEPTION;
    return guarded(context, JS_EXCEPTION, [&] { return self.field(*node, *at, method == kGet); });
}

JsValue JsValues::value(const SchemaPtr& schema, const Value& value) {
    return {context_, made(schema, value)};
}

JsValue JsValues::schema(const SchemaPtr& schema) {
    return {context_, made_schema(schema)};
}

JSValue JsValues::made(const SchemaPtr& schema, const Value& value) {
    if (value.is_null() || !schema) return JS_NULL;
    if (schema->type == Type::Struct)
        return structs_ == Structs::Copied ? made_copy(schema, value) : made_struct(schema, value);
    const Value opened = record::opened(*schema, value, *arena_);
    if (schema->name == record::kDecimal || is_date(*schema)) return made_logical(*schema, opened);
    switch (opened.kind()) {
        case Value::Kind::Boolean:
            return JS_NewBool(context_, opened.boolean());
        case Value::Kind::Integer:
            return made_number(opened.integer());
        case Value::Kind::Float32:
        case Value::Kind::Float64:
            return JS_NewFloat64(context_, opened.floating());
        case Value::Kind::Text:
            return text(opened.text());
        case Value::Kind::List:
            return made_list(*schema, opened);
        case Value::Kind::Map:
            return made_map(*schema, opened);
        case Value::Kind::Bytes:
            return called(bytes_,
                          JS_NewArrayBufferCopy(context_, reinterpret_cast<const uint8_t*>(opened.bytes().data()),
                                                opened.bytes().size()));
        case Value::Kind::Null:
        case Value::Kind::Json:
            break;
    }
    return JS_NULL;
}

JSValue JsValues::made_number(int64_t value) {
    if (value >= -kMostExact && value <= kMostExact) return JS_NewInt64(context_, value);
    return called(long_, text(std::to_string(value)));
}

JSValue JsValues::made_logical(const record::Schema& schema, const Value& value) {
    if (schema.name == record::kDecimal)
        return called(decimal_, text(decimal::text_of(value.bytes(), record::decimal_scale(schema))));
    const int64_t ms = schema.name == record::kDate ? value.integer() * kDayMs : value.integer();
    std::string shown;
    convert::append_java_text(shown, &schema, value, *arena_);
    return called(date_, JS_NewInt64(context_, ms), text(shown));
}

JSValue JsValues::made_list(const record::Schema& schema, const Value& value) {
    JsValue array(context_, JS_NewArray(context_));
    uint32_t at = 0;
    for (const Value& item : value.children()) {
        JSValue one = made(schema.items, item);
        if (JS_IsException(one)) return one;
        JS_SetPropertyUint32(context_, array.get(), at++, one);
    }
    return called(list_, array.release());
}

JSValue JsValues::made_map(const record::Schema& schema, const Value& value) {
    JsValue map(context_, JS_NewObject(context_));
    const auto children = value.children();
    for (size_t at = 0; at + 1 < children.size(); at += 2) {
        JSValue one = made(schema.items, children[at + 1]);
        if (JS_IsException(one)) return one;
        std::string name;
        convert::append_java_text(name, schema.keys.get(), children[at], *arena_);
        set(map.get(), name, one);
    }
    return called(map_, map.release());
}

/// Nulls stay nulls: what the script leaves as it is must come back as it was.
JSValue JsValues::made_copy(const SchemaPtr& schema, const Value& value) {
    JsValue object(context_, JS_NewObject(context_));
    const auto fields = record::opened(*schema, value, *arena_).children();
    for (size_t at = 0; at < fields.size(); ++at) {
        JSValue one = made(schema->fields[at].schema, fields[at]);
        if (JS_IsException(one)) return one;
        set(object.get(), schema->fields[at].name, one);
    }
    return object.release();
}

JSValue JsValues::made_struct(const SchemaPtr& schema, const Value& value) {
    if (nodes_.size() >= kMostStructs) return JS_ThrowRangeError(context_, "a record has too many structs");
    nodes_.push_back({schema, record::opened(*schema, value, *arena_)});
    JSValue object = JS_NewObjectClass(context_, struct_class_);
    if (JS_IsException(object)) return object;
    const uint64_t mark = evaluation_ << kPlaceBits | (nodes_.size() - 1);
    JS_SetOpaque(object, std::bit_cast<void*>(static_cast<uintptr_t>(mark)));
    return object;
}

JSValue JsValues::made_schema(const SchemaPtr& schema) {
    if (!schema) return JS_NULL;
    const JsValue& known = schemas_.get(schema, [&](const SchemaPtr& of) {
        const auto text_or_null = [&](const std::string& value) { return value.empty() ? JS_NULL : text(value); };
        JsValue is(context_, JS_NewObject(context_));
        std::string type(record::name_of(of->type));
        if (of->type == Type::Float32 || of->type == Type::Float64)
            type = of->type == Type::Float32 ? "float32" : "float64";
        for (char& letter : type) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
        set(is.get(), "name", text_or_null(of->name));
        set(is.get(), "type", text(type));
        set(is.get(), "doc", text_or_null(of->doc));
        set(is.get(), "version", of->version ? JS_NewInt32(context_, *of->version) : JS_NULL);
        set(is.get(), "isOptional", JS_NewBool(context_, of->optional));
        set(is.get(), "keys", made_schema(of->keys));
        set(is.get(), "items", made_schema(of->items));
        set(is.get(), "parameters", of->parameters.empty() ? JS_NULL : made_parameters(*of));
        if (of->type == Type::Struct) {
            JSValue fields = JS_NewArray(context_);
            uint32_t at = 0;
            for (const auto& field : of->fields) {
                std::array<JSValue, 2> pair = {text(field.name), made_schema(field.schema)};
                JS_SetPropertyUint32(context_, fields, at++, JS_NewArrayFrom(context_, 2, pair.data()));
            }
            set(is.get(), "fields", fields);
        }
        return JsValue(context_, called(schema_, is.release()));
    });
    return known.copy();
}

JSValue JsValues::made_parameters(const record::Schema& schema) {
    JSValue map = JS_NewObject(context_);
    for (const auto& [name, value] : schema.parameters) set(map, name, text(value));
    return called(map_, map);
}

JsValue JsValues::headers(const std::vector<record::Header>& headers) {
    JsValue map(context_, JS_NewObject(context_));
    for (const auto& header : headers) {
        JsValue one(context_, JS_NewObject(context_));
        set(one.get(), "value", made(header.content.schema, header.content.value));
        set(one.get(), "schema", made_schema(header.content.schema));
        set(map.get(), header.name, one.release());
    }
    return {context_, called(map_, map.release())};
}

JSValue JsValues::called(const JsValue& maker, JSValue first, JSValue second) {
    std::array<JSValue, 2> given = {first, second};
    JSValue result = JS_IsException(first) || JS_IsException(second)
                         ? JS_EXCEPTION
                         : JS_Call(context_, maker.get(), JS_UNDEFINED, 2, given.data());
    for (JSValue one : given) JS_FreeValue(context_, one);
    return result;
}

void JsValues::set(JSValueConst object, std::string_view name, JSValue value) {
    const JSAtom atom = JS_NewAtomLen(context_, name.data(), name.size());
    JS_DefinePropertyValue(context_, object, atom, value, JS_PROP_C_W_E);
    JS_FreeAtom(context_, atom);
}

}  // namespace millrace::script
