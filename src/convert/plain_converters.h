#pragma once

#include "convert/converter.h"

/// The converters of Kafka Connect that write one plain thing.
namespace millrace::convert {

/// org.apache.kafka.connect.storage.StringConverter: a value's Java toString(), in UTF-8.
class StringConverter : public Converter {
  public:
    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
};

/// org.apache.kafka.connect.storage.SimpleHeaderConverter: Values.convertToString; a null is a null.
class SimpleHeaderConverter : public Converter {
  public:
    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
};

/// org.apache.kafka.connect.converters.ByteArrayConverter: the bytes of a value of type bytes as they are. Throws
/// FatalError for any other.
class ByteArrayConverter : public Converter {
  public:
    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;
};

/// The converters for one primitive type, org.apache.kafka.connect.converters.{Short,Integer,Long,Float,Double,Boolean}
/// Converter: big-endian bytes. Throw FatalError for any other type.
class PrimitiveConverter : public Converter {
  public:
    explicit PrimitiveConverter(record::Type type) : type_(type) {}
    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;

  private:
    const record::Type type_;
};

/// io.debezium.converters.BinaryDataConverter and ByteArrayConverter: bytes as they are, anything else by a delegate,
/// where one is configured (`delegate.converter.type`); else FatalError.
class BinaryDataConverter : public Converter {
  public:
    explicit BinaryDataConverter(std::unique_ptr<Converter> delegate) : delegate_(std::move(delegate)) {}
    Converted append(std::string& out, std::string_view topic, const record::SchemaPtr& schema,
                     const record::Value& value, record::Arena& arena) override;

  private:
    const std::unique_ptr<Converter> delegate_;
};

}  // namespace millrace::convert
