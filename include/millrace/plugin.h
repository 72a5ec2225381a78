/* Transforms of your own in a shared library that `plugin.path` of the worker names: the interface, in C.
 *
 * A library has one function, millrace_plugin(), that tells its transforms. A connector uses one as it does Kafka
 * Connect's: transforms=x, transforms.x.type=CLASS_NAME, transforms.x.OPTION=VALUE, with predicates if it likes.
 * examples/plugin has a whole one.
 *
 *     cc -shared -fPIC -I include -o mine.so mine.c
 *
 * Keys, values and headers are JSON, as Kafka Connect's JsonConverter writes payloads and schemas with
 * decimal.format=BASE64, whatever converters the connector has; so a struct is an object, bytes are base64.
 *
 * Stability: a library that was built with this header runs with every Millrace whose ABI number is the same. What is
 * added comes at the end of millrace_host, whose `size` tells what there is; nothing moves.
 *
 * Threads: create() may be called by any thread, also only to check a configuration. What it gives is used by one
 * thread at a time. Different ones run side by side, so a library keeps no state outside them.
 *
 * No exception and no longjmp may leave a function of a library. */
#ifndef MILLRACE_PLUGIN_H
#define MILLRACE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MILLRACE_PLUGIN_ABI 1

/* UTF-8, without a zero at its end. data NULL: there is none (null). */
typedef struct millrace_text {
    const char* data;
    size_t size;
} millrace_text;

typedef enum millrace_side { MILLRACE_KEY = 0, MILLRACE_VALUE = 1 } millrace_side;

/* The record that apply() is called with, and the options that create() is; both for that call alone. Texts that the
 * host gives live as long; what is given to the host is copied. */
typedef struct millrace_record millrace_record;
typedef struct millrace_options millrace_options;

#define MILLRACE_NO_PARTITION (-1)
#define MILLRACE_NO_TIMESTAMP INT64_MIN

/* What the program offers. */
typedef struct millrace_host {
    size_t size; /* of this struct, in bytes */

    /* An option of the transform, with its default; data NULL: not set. */
    millrace_text (*option)(const millrace_options* options, const char* name);
    /* create() is about to return NULL because of this option. */
    void (*refuse)(millrace_options* options, const char* name, millrace_text why);

    millrace_text (*topic)(const millrace_record* record);
    void (*set_topic)(millrace_record* record, millrace_text topic);
    int32_t (*partition)(const millrace_record* record); /* MILLRACE_NO_PARTITION: by the key */
    void (*set_partition)(millrace_record* record, int32_t partition);
    int64_t (*timestamp_ms)(const millrace_record* record); /* MILLRACE_NO_TIMESTAMP: that of sending */
    void (*set_timestamp_ms)(millrace_record* record, int64_t timestamp_ms);

    /* The JSON of a side; data NULL: it has none, as the value of a tombstone. A null within is "null". */
    millrace_text (*payload)(millrace_record* record, millrace_side side);
    /* The JSON of its schema; data NULL: it has none. */
    millrace_text (*schema)(millrace_record* record, millrace_side side);
    /* Puts another payload there. schema.data NULL: it is of the schema that is there. payload.data NULL: the side has
     * none any more. A payload that is not of its schema fails the task. Optional fields may be missing. */
    void (*set)(millrace_record* record, millrace_side side, millrace_text schema, millrace_text payload);

    size_t (*header_count)(const millrace_record* record);
    millrace_text (*header_name)(const millrace_record* record, size_t at);
    millrace_text (*header_payload)(millrace_record* record, size_t at);
    millrace_text (*header_schema)(millrace_record* record, size_t at);
    void (*add_header)(millrace_record* record, millrace_text name, millrace_text schema, millrace_text payload);
    void (*remove_headers)(millrace_record* record, millrace_text name); /* all of this name */

    /* apply() is about to return MILLRACE_FAILED: what the task's status and the log say. */
    void (*fail)(millrace_record* record, millrace_text why);
} millrace_host;

typedef struct millrace_option {
    const char* name;
    const char* default_value; /* NULL: none */
    int is_required;
    const char* documentation;
} millrace_option;

/* What of a record a transform looks at or changes. Where no transform of a chain needs keys and values, they go from
 * the source to the topic as they are. */
enum { MILLRACE_USES_TOPIC = 1, MILLRACE_USES_HEADERS = 2, MILLRACE_USES_KEY = 4, MILLRACE_USES_VALUE = 8 };

enum { MILLRACE_FAILED = -1, MILLRACE_DROPPED = 0, MILLRACE_PASSED = 1 };

typedef struct millrace_transform {
    const char* class_name; /* what transforms.X.type names: com.example.Upper */
    unsigned uses;
    const millrace_option* options;
    size_t option_count;
    /* The transform with these options; NULL: refused, and host->refuse() was told why. */
    void* (*create)(const millrace_host* host, millrace_options* options);
    int (*apply)(void* self, const millrace_host* host, millrace_record* record);
    void (*destroy)(void* self);
} millrace_transform;

typedef struct millrace_library {
    uint32_t abi; /* MILLRACE_PLUGIN_ABI */
    const char* version;
    const millrace_transform* transforms;
    size_t transform_count;
} millrace_library;

/* The library's one function: what it has. All that this points to lives as long as the program. */
const millrace_library* millrace_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
