#pragma once

namespace millrace::script {

/// JavaScript that gives scripts the Java objects which Debezium's have: a function (isGroovy) that returns the makers
/// that js_values.cc calls, {decimal, long, date, list, map, bytes, schema}, and kind, which tells JsReader what a
/// value is.
extern const char kJavaObjects[];

/// JavaScript of a function (makers) that returns Groovy's operators under the names that groovy_translation writes,
/// and gives texts, numbers and lists the methods that Groovy's have.
extern const char kGroovyRuntime[];

}  // namespace millrace::script
