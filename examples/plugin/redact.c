/* com.example.Redact: replaces a text wherever it stands in a value, counts that in a header, and drops records of topics
 * that end with a suffix. An example of include/millrace/plugin.h:
 *
 *     cc -shared -fPIC -I include -o redact.so examples/plugin/redact.c
 *
 *     plugin.path=/path/of/redact.so                                     (worker)
 *     transforms=redact                                                  (connector)
 *     transforms.redact.type=com.example.Redact
 *     transforms.redact.text=secret
 */
#include <millrace/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct redact {
    char* text;
    char* drop_suffix;
} redact;

static millrace_text of(const char* text) {
    millrace_text out = {text, strlen(text)};
    return out;
}

static char* copy(millrace_text text) {
    char* out = malloc(text.size + 1);
    if (out == NULL) return NULL;
    if (text.size > 0) memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return out;
}

static void destroy(void* self) {
    redact* r = self;
    free(r->text);
    free(r->drop_suffix);
    free(r);
}

static void* create(const millrace_host* host, millrace_options* options) {
    redact* r = calloc(1, sizeof *r);
    if (r == NULL) return NULL;
    r->text = copy(host->option(options, "text"));
    r->drop_suffix = copy(host->option(options, "drop.suffix"));
    if (strpbrk(r->text, "\"\\") != NULL) {
        host->refuse(options, "text", of("quotes and backslashes are written otherwise in JSON"));
        destroy(r);
        return NULL;
    }
    return r;
}

/* What the text is replaced by is as long, so the payload can be changed in place. */
static size_t redacted(char* payload, const char* text) {
    size_t count = 0;
    for (char* at = strstr(payload, text); at != NULL; at = strstr(at, text), ++count) memset(at, '*', strlen(text));
    return count;
}

static int apply(void* self, const millrace_host* host, millrace_record* record) {
    const redact* r = self;
    const millrace_text topic = host->topic(record);
    const size_t suffix = strlen(r->drop_suffix);
    if (suffix > 0 && topic.size >= suffix && memcmp(topic.data + topic.size - suffix, r->drop_suffix, suffix) == 0)
        return MILLRACE_DROPPED;
    const millrace_text given = host->payload(record, MILLRACE_VALUE);
    if (given.data == NULL) return MILLRACE_PASSED; /* a tombstone */
    char* payload = copy(given);
    if (payload == NULL) {
        host->fail(record, of("there is no memory left"));
        return MILLRACE_FAILED;
    }
    const size_t count = redacted(payload, r->text);
    if (count > 0) {
        const millrace_text same_schema = {NULL, 0};
        char number[24];
        snprintf(number, sizeof number, "%zu", count);
        host->set(record, MILLRACE_VALUE, same_schema, of(payload));
        host->add_header(record, of("redacted"), of("{\"type\":\"int32\",\"optional\":false}"), of(number));
    }
    free(payload);
    return MILLRACE_PASSED;
}

static const millrace_option kOptions[] = {
    {"text", NULL, 1, "The text that is replaced by asterisks."},
    {"drop.suffix", "", 0, "Records of topics that end so are dropped; empty: none."},
};
static const millrace_transform kTransforms[] = {
    {"com.example.Redact", MILLRACE_USES_TOPIC | MILLRACE_USES_HEADERS | MILLRACE_USES_VALUE, kOptions, 2, create, apply,
     destroy},
};
static const millrace_library kLibrary = {MILLRACE_PLUGIN_ABI, "1.0", kTransforms, 1};

const millrace_library* millrace_plugin(void) {
    return &kLibrary;
}
