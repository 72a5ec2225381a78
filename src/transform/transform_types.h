#pragma once

#include <span>

#include "transform/transform.h"

/// All transforms and predicates there are. Each is declared here and lives in a file of its own, or with its kin: its
/// options, what it does, its class names.
namespace millrace::transform {

extern const TransformType kCastKey, kCastValue;  // value_transforms.cc
extern const TransformType kFlattenKey, kFlattenValue;
extern const TransformType kMaskFieldKey, kMaskFieldValue;
extern const TransformType kSetSchemaMetadataKey, kSetSchemaMetadataValue;
extern const TransformType kExtractFieldKey, kExtractFieldValue;  // field_transforms.cc
extern const TransformType kHoistFieldKey, kHoistFieldValue;
extern const TransformType kInsertFieldKey, kInsertFieldValue;
extern const TransformType kReplaceFieldKey, kReplaceFieldValue;
extern const TransformType kValueToKey;
extern const TransformType kDropHeaders, kFilter, kInsertHeader;  // header_transforms.cc
extern const TransformType kHeaderFromKey, kHeaderFromValue;
extern const TransformType kRegexRouter, kTimestampRouter;  // routers.cc
extern const TransformType kTimestampConverterKey, kTimestampConverterValue;
extern const TransformType kExtractNewRecordState;
extern const TransformType kEventRouter;
extern const TransformType kActivateTracingSpan;
extern const TransformType kByLogicalTableRouter;
extern const TransformType kPartitionRouting;
extern const TransformType kExtractChangedRecordState, kHeaderToValue;  // change_transforms.cc
extern const TransformType kSchemaChangeEventFilter, kReadToInsertEvent;
extern const TransformType kExtractSchemaToNewRecord;
extern const TransformType kTimezoneConverter;
extern const TransformType kGeometryFormatTransformer, kSwapGeometryCoordinates,
    kVectorToJsonConverter;  // geometry_transforms.cc
extern const TransformType kDecodeLogicalDecodingMessageContent;
extern const TransformType kScriptingFilter, kContentBasedRouter, kScript;  // scripting.cc

extern const PredicateType kHasHeaderKey, kRecordIsTombstone, kTopicNameMatches;  // predicates.cc

/// Those that a user's library brought stand last.
std::span<const TransformType* const> transform_types();
/// A further one, which lives as long as the program. Before other threads look.
void add_transform_type(const TransformType& type);
std::span<const PredicateType* const> predicate_types();

}  // namespace millrace::transform
