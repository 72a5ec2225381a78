#include "transform/transform_types.h"

#include <vector>

namespace millrace::transform {
namespace {

std::vector<const TransformType*>& all_transforms() {
    static std::vector<const TransformType*> types = {&kCastKey,
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
    return types;
}

}  // namespace

std::span<const TransformType* const> transform_types() {
    return all_transforms();
}

void add_transform_type(const TransformType& type) {
    all_transforms().push_back(&type);
}

std::span<const PredicateType* const> predicate_types() {
    static const PredicateType* const kTypes[] = {&kHasHeaderKey, &kRecordIsTombstone, &kTopicNameMatches};
    return kTypes;
}

}  // namespace millrace::transform
