#include "source/engine/converter_stage.h"

#include <utility>

namespace millrace::engine {

ConverterStage::Batch::Text ConverterStage::converted(Batch& to, const Batch::Text& text, bool as_string) {
    if (text.is_null) return {};
    const size_t start = to.bytes().size();
    if (!as_string) {
        to.bytes() += source_.own_bytes(text);
        return to.text_from(start, text.prefix);
    }
    const bool has_value =
        strings_.append(to.bytes(), text.prefix != nullptr ? std::string_view(*text.prefix) : std::string_view(),
                        source_.own_bytes(text));
    return has_value ? to.text_from(start) : Batch::Text{};
}

void ConverterStage::apply(topiclog::AppendBatch& batch) {
    std::swap(source_, batch);
    batch.clear();
    batch.set_commits(source_.take_commits());
    for (const auto& entry : source_.entries()) {
        const std::string& topic = source_.topic(entry.slot);
        const bool is_internal = options_.internal_topics.contains(topic);
        Batch::Entry made = entry;
        made.slot = batch.slot(topic);
        made.key = converted(batch, entry.key, options_.key_is_string && !is_internal);
        made.value = converted(batch, entry.value, options_.value_is_string && !is_internal);
        batch.add(made);
    }
}

}  // namespace millrace::engine
