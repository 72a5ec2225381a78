#include <algorithm>
#include <set>

#include "convert/java_text.h"
#include "record/plan_cache.h"
#include "transform/options.h"
#include "transform/require.h"
#include "transform/transform_types.h"

/// Debezium's transforms of geometries and vectors.
namespace millrace::transform {
namespace {

using record::Record;
using record::Schema;
using record::SchemaPtr;
using record::StructView;
using record::Type;
using record::Value;

constexpr std::string_view kGeometry = "io.debezium.data.geometry.Geometry";
constexpr std::string_view kJson = "io.debezium.data.Json";
constexpr uint32_t kHasSrid = 0x20000000, kHasZ = 0x80000000, kHasM = 0x40000000;
constexpr size_t kHeadBytes = 5;  ///< Byte order and type.

constexpr Property kSwapOptions[] = {
    {.name = "srids",
     .default_value = "4326,3857,4269",
     .documentation = "The reference systems whose geometries have their first two coordinates swapped."},
};
constexpr Property kFormatOptions[] = {
    {.name = "format",
     .default_value = "wkb",
     .allowed = "wkb, ewkb",
     .ignores_case = true,
     .documentation = "What the transform is told to make; what it does make see docs/differences.md."},
};

uint32_t word_at(std::string_view bytes, size_t at, bool is_little) {
    uint32_t word = 0;
    for (size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<uint8_t>(bytes[at + (is_little ? 3 - i : i)]);
    return word;
}

void append_word(std::string& out, uint32_t word, bool is_little) {
    for (size_t i = 0; i < 4; ++i) out += static_cast<char>(word >> (is_little ? i * 8 : 24 - i * 8));
}

bool is_extended(std::string_view wkb) {
    return wkb.size() >= kHeadBytes && (word_at(wkb, 1, wkb[0] == 1) & kHasSrid) != 0;
}

std::string with_srid(std::string_view wkb, int32_t srid) {
    if (is_extended(wkb) || wkb.size() < kHeadBytes) return std::string(wkb);
    const bool is_little = wkb[0] == 1;
    std::string out(1, wkb[0]);
    append_word(out, word_at(wkb, 1, is_little) | kHasSrid, is_little);
    append_word(out, static_cast<uint32_t>(srid), is_little);
    return out.append(wkb.substr(kHeadBytes));
}

std::string without_srid(std::string_view wkb) {
    if (!is_extended(wkb) || wkb.size() < kHeadBytes + 4) return std::string(wkb);
    const bool is_little = wkb[0] == 1;
    std::string out(1, wkb[0]);
    append_word(out, word_at(wkb, 1, is_little) & ~kHasSrid, is_little);
    return out.append(wkb.substr(kHeadBytes + 4));
}

/// Walks through well-known binary and swaps the first two ordinates of each point where it lies.
class CoordinateSwap {
  public:
    explicit CoordinateSwap(std::string& wkb) : wkb_(wkb) {}
    /// Throws FatalError for what is no geometry.
    void run() { geometry(0); }

  private:
    void need(size_t bytes) const {
        if (wkb_.size() - at_ < bytes) throw FatalError("Failed to swap EWKB/WKB coordinates: the geometry is cut off");
    }
    uint32_t word() {
        need(4);
        at_ += 4;
        return word_at(wkb_, at_ - 4, is_little_);
    }
    void point(size_t stride) {
        need(stride * 8);
        std::swap_ranges(wkb_.begin() + static_cast<std::ptrdiff_t>(at_),
                         wkb_.begin() + static_cast<std::ptrdiff_t>(at_) + 8,
                         wkb_.begin() + static_cast<std::ptrdiff_t>(at_) + 8);
        at_ += stride * 8;
    }
    void points(size_t stride) {
        for (uint32_t count = word(); count > 0; --count) point(stride);
    }
    void rings(size_t stride) {
        for (uint32_t count = word(); count > 0; --count) points(stride);
    }
    void geometry(int depth) {
        constexpr int kDepthMax = 64;
        if (depth > kDepthMax) throw FatalError("Failed to swap EWKB/WKB coordinates: collections within collections");
        need(1);
        is_little_ = wkb_[at_++] == 1;
        const uint32_t type = word();
        const size_t stride = 2 + ((type & kHasZ) != 0 ? 1 : 0) + ((type & kHasM) != 0 ? 1 : 0);
        if ((type & kHasSrid) != 0) word();
        switch (type & 0xFF) {
            case 1:
                return point(stride);
            case 2:
                return points(stride);
            case 3:
                return rings(stride);
            case 4:
            case 5:
            case 6:
            case 7: {
                const bool is_little = is_little_;
                for (uint32_t count = word(); count > 0; --count) {
                    geometry(depth + 1);
                    is_little_ = is_little;
                }
                return;
            }
            default:
                throw FatalError(format("Invalid geometry type: {}", type & 0xFF));
        }
    }

    std::string& wkb_;
    size_t at_ = 0;
    bool is_little_ = false;
};

/// Whether there is something to change: a geometry, or a field with a default, which takes the place of its null.
bool is_concerned(const Schema& schema) {
    if (schema.is_logical(kGeometry)) return true;
    if (schema.items && is_concerned(*schema.items)) return true;
    return std::any_of(schema.fields.begin(), schema.fields.end(),
                       [](const auto& field) { return field.schema->default_json || is_concerned(*field.schema); });
}

/// A transform that changes the bytes of geometries, wherever in the value they are.
class GeometryTransform : public Transform {
  public:
    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null() || !record.value.schema || record.value.schema->type != Type::Struct)
            return true;
        if (!plans_.get(record.value.schema, [](const SchemaPtr& schema) { return is_concerned(*schema); }))
            return true;
        record.value.value = changed(*record.value.schema, record.value.value, arena);
        return true;
    }
    unsigned parts() const override { return kValue; }

  protected:
    /// The new bytes; nothing: they stay.
    virtual std::optional<std::string> change(std::string_view wkb, std::optional<int32_t> srid) = 0;
    virtual bool enters_arrays() const = 0;

  private:
    Value changed(const Schema& schema, const Value& raw, record::Arena& arena) {
        if (raw.is_null() || !is_concerned(schema)) return raw;
        const Value value = record::opened(schema, raw, arena);
        if (schema.type == Type::Array && enters_arrays()) {
            const auto items = record::new_fields(value.children().size(), arena);
            for (size_t i = 0; i < items.size(); ++i) items[i] = changed(*schema.items, value.children()[i], arena);
            return Value::list(items);
        }
        if (schema.type != Type::Struct) return value;
        const StructView view(schema, value, arena);
        const auto fields = record::new_fields(view.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) fields[i] = view.raw(i);
        if (schema.is_logical(kGeometry)) {
            const auto wkb = schema.index_of("wkb"), srid = schema.index_of("srid");
            if (!wkb || !srid || view.get(*wkb).is_null()) return Value::list(fields);
            const Value system = view.get(*srid);
            const auto made =
                change(view.get(*wkb).bytes(),
                       system.is_null() ? std::nullopt : std::optional(static_cast<int32_t>(system.integer())));
            if (made) fields[*wkb] = Value::bytes(arena.copy(*made));
            return Value::list(fields);
        }
        for (size_t i = 0; i < view.size(); ++i) fields[i] = changed(*schema.fields[i].schema, fields[i], arena);
        return Value::list(fields);
    }

    record::PlanCache<bool> plans_;
};

/// io.debezium.transforms.SwapGeometryCoordinates
class SwapGeometryCoordinates : public GeometryTransform {
  public:
    explicit SwapGeometryCoordinates(const config::Settings& settings) {
        for (const auto& srid : settings.list("srids")) {
            const auto number = parse_int(srid);
            if (!number)
                throw ConfigError("srids", format("Invalid value {} for configuration srids: {} is no number",
                                                  settings.text("srids"), srid));
            srids_.insert(*number);
        }
    }

  private:
    std::optional<std::string> change(std::string_view wkb, std::optional<int32_t> srid) override {
        if (!srid || !srids_.contains(*srid)) return std::nullopt;
        std::string swapped(wkb);
        CoordinateSwap(swapped).run();
        return swapped;
    }
    bool enters_arrays() const override { return true; }

    std::set<int64_t> srids_;
};

/// io.debezium.transforms.GeometryFormatTransformer. Debezium's does the reverse of what its option says, and from the
/// first extended geometry on takes the srid out whatever it says; ours is the same but for the latter.
class GeometryFormatTransformer : public GeometryTransform {
  public:
    explicit GeometryFormatTransformer(const config::Settings& settings)
        : adds_srid_(!iequals(settings.text("format"), "ewkb")) {}

  private:
    std::optional<std::string> change(std::string_view wkb, std::optional<int32_t> srid) override {
        if (is_extended(wkb) || !adds_srid_) return without_srid(wkb);
        if (!srid)
            throw FatalError(
                "Cannot convert to EWKB when SRID is null; give the transform a predicate that leaves such tables out");
        return with_srid(wkb, *srid);
    }
    bool enters_arrays() const override { return false; }

    const bool adds_srid_;
};

/// io.debezium.transforms.VectorToJsonConverter: vectors as JSON texts.
class VectorToJsonConverter : public Transform {
  public:
    explicit VectorToJsonConverter(const config::Settings& /*settings*/) {}
    bool apply(Record& record, record::Arena& arena) override {
        if (record.value.value.is_null()) return true;
        require_struct(record.value, "Value should be a struct", arena);
        const SchemaPtr to = plans_.get(record.value.schema, [](const SchemaPtr& from) { return schema_of(*from); });
        record.value = {to, converted(*record.value.schema, record.value.value, arena)};
        return true;
    }
    unsigned parts() const override { return kValue; }

  private:
    static bool is_vector(const Schema& schema) {
        return schema.is_logical("io.debezium.data.DoubleVector") || schema.is_logical("io.debezium.data.FloatVector");
    }
    static bool is_sparse(const Schema& schema) { return schema.is_logical("io.debezium.data.SparseDoubleVector"); }

    static SchemaPtr schema_of(const Schema& from) {
        Schema to = record::basics_of(from);
        to.optional = from.optional;
        for (const auto& field : from.fields) {
            if (is_vector(*field.schema) || is_sparse(*field.schema))
                to.fields.push_back(
                    {field.name, record::logical(Type::String, std::string(kJson), field.schema->optional)});
            else if (field.schema->type == Type::Struct)
                to.fields.push_back({field.name, schema_of(*field.schema)});
            else
                to.fields.push_back(field);
        }
        return record::made(std::move(to));
    }
    static Value converted(const Schema& from, const Value& value, record::Arena& arena) {
        if (value.is_null()) return value;
        const StructView view(from, value, arena);
        const auto fields = record::new_fields(view.size(), arena);
        for (size_t i = 0; i < view.size(); ++i) {
            const Schema& schema = *from.fields[i].schema;
            fields[i] = view.raw(i);
            if (fields[i].is_null()) continue;
            if (is_vector(schema))
                fields[i] = Value::text(arena.copy(vector_json(schema, view.get(i), arena)));
            else if (is_sparse(schema))
                fields[i] = Value::text(arena.copy(sparse_json(schema, view.get(i), arena)));
            else if (schema.type == Type::Struct)
                fields[i] = converted(schema, fields[i], arena);
        }
        return Value::list(fields);
    }
    static std::string vector_json(const Schema& schema, const Value& value, record::Arena& arena) {
        std::string out = "{ \"values\": ";
        convert::append_java_text(out, &schema, value, arena);
        return out + " }";
    }
    static std::string sparse_json(const Schema& schema, const Value& value, record::Arena& arena) {
        const StructView view(schema, value, arena);
        const auto at = schema.index_of("vector");
        const Value dimensions = view.get("dimensions"), vector = at ? view.get(*at) : Value();
        std::vector<std::pair<int64_t, std::string>> entries;
        for (size_t i = 0; i + 1 < (vector.is_null() ? 0 : vector.children().size()); i += 2) {
            const Schema& map = *schema.fields[*at].schema;
            std::string number;
            convert::append_java_text(number, map.items.get(), vector.children()[i + 1], arena);
            entries.emplace_back(record::opened(*map.keys, vector.children()[i], arena).integer(), std::move(number));
        }
        std::sort(entries.begin(), entries.end());
        std::vector<std::string> parts;
        for (const auto& [place, number] : entries) parts.push_back(format("\"{}\": {}", place, number));
        return format("{{ \"dimensions\": {}, \"vector\": {{ {} }} }}",
                      dimensions.is_null() ? "null" : std::to_string(dimensions.integer()), join(parts, ", "));
    }

    record::PlanCache<SchemaPtr> plans_;
};

}  // namespace

const TransformType kSwapGeometryCoordinates{"io.debezium.transforms.SwapGeometryCoordinates", table_of<kSwapOptions>,
                                             make_from<SwapGeometryCoordinates>};
const TransformType kGeometryFormatTransformer{"io.debezium.transforms.GeometryFormatTransformer",
                                               table_of<kFormatOptions>, make_from<GeometryFormatTransformer>};
const TransformType kVectorToJsonConverter{"io.debezium.transforms.VectorToJsonConverter", no_options,
                                           make_from<VectorToJsonConverter>};

}  // namespace millrace::transform
