#include "transform/transform_types.h"

namespace millrace::transform {

std::span<const TransformType* const> transform_types() {
    static const TransformType* const kTypes[] = {&kCastKey,
                                                  &kCastValue,
                                                  &kDropHeaders,
                                                  &kExtractFieldKey,
                                                  &kExtractFieldValue,
                                                  &kExtractNewRecordState,
                                                  &kFilter,
                                                  &kFlattenKey,
                                                  &kFlattenValue,
                                                  &kHeaderFromKey,
                                                  &kHeaderFromValue,
                                                  &kHoistFieldKey,
                                                  &kHoistFieldValue,
                                                  &kInsertFieldKey,
                                                  &kInsertFieldValue,
                                                  &kInsertHeader,
                                                  &kMaskFieldKey,
                                                  &kMaskFieldValue,
                                                  &kRegexRouter,
                                                  &kReplaceFieldKey,
                                                  &kReplaceFieldValue,
                                                  &kSetSchemaMetadataKey,
                                                  &kSetSchemaMetadataValue,
                                                  &kTimestampConverterKey,
                                                  &kTimestampConverterValue,
                                                  &kTimestampRouter,
                                                  &kValueToKey,
                                                  &kActivateTracingSpan,
                                                  &kByLogicalTableRouter,
                                                  &kDecodeLogicalDecodingMessageContent,
                                                  &kScriptingFilter,
                                                  &kContentBasedRouter,
                                                  &kEventRouter,
                                                  &kExtractChangedRecordState,
                                                  &kExtractSchemaToNewRecord,
                                                  &kGeometryFormatTransformer,
                                                  &kHeaderToValue,
                                                  &kPartitionRouting,
                                                  &kReadToInsertEvent,
                                                  &kSchemaChangeEventFilter,
                                                  &kSwapGeometryCoordinates,
                                                  &kTimezoneConverter,
                                                  &kVectorToJsonConverter,
                                                  &kScript};
    return kTypes;
}

std::span<const PredicateType* const> predicate_types() {
    static const PredicateType* const kTypes[] = {&kHasHeaderKey, &kRecordIsTombstone, &kTopicNameMatches};
    return kTypes;
}

}  // namespace millrace::transform
