#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::script {

struct GroovyTranslation {
    std::string body;                   ///< Of a JavaScript function.
    std::vector<std::string> patterns;  ///< The regular expressions that stand in it between slashes.
};

/// A JavaScript function that says what a Groovy expression says, with Groovy's own operators in `$` (java_objects.h,
/// kGroovyRuntime).
///
/// Known are: the record's names, literals, texts with ${…}, lists, maps and ranges, fields, indexes, ?. and ?:,
/// arithmetic, comparisons, =~, ==~, in, and the methods of texts, numbers, lists, structs and schemas that filters
/// use, closures as their arguments, `def`, `if`, `return`. https://groovy-lang.org/operators.html
///
/// Throws std::invalid_argument that names what is not known: classes, `new`, casts, loops, other methods.
GroovyTranslation groovy_translation(std::string_view text);

}  // namespace millrace::script
