#include "story.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef Opentelemetry__Proto__Common__V1__AnyValue AnyValue;
typedef Opentelemetry__Proto__Common__V1__KeyValue KeyValue;
typedef Opentelemetry__Proto__Trace__V1__Span Span;

#define KIND(name) OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_##name

/* One fact of a span as a table can hold it: text, or a number where text is NULL. */
struct fact {
    const char *key;
    const char *text;
    int64_t number;
};

enum { MAX_FACTS = 12, SPAN_ID_BYTES = 8 };

struct part {
    const char *name;
    uint8_t id, parent; /* last byte; the first is 0xC0, of the caller 0xA0 */
    bool parent_is_caller;
    int kind;
    uint32_t start_microseconds, end_microseconds; /* after the request began */
    struct fact facts[MAX_FACTS];                  /* ended by a NULL key */
};

static const struct part request = {
    .name = "POST /api/checkout", .id = 1, .parent = 2, .parent_is_caller = true, .kind = KIND(SERVER),
    .start_microseconds = 15000, .end_microseconds = 450000,
    .facts = {{"http.request.method", "POST", 0}, {"http.route", "/api/checkout", 0}, {"url.path", "/api/checkout", 0},
              {"url.scheme", "http", 0}, {"network.protocol.version", "1.1", 0}, {"server.address", "checkout", 0},
              {"server.port", NULL, 8080}, {"client.address", "10.4.2.9", 0}, {"enduser.id", "jürgen.weiß", 0}}};

/* Known only when the request has ended. */
static const struct fact outcome[] = {{"http.response.status_code", NULL, 200}, {"shop.order.items", NULL, 3}};

static const struct part parts[] = {
    {.name = "HGETALL", .id = 2, .parent = 1, .kind = KIND(CLIENT), .start_microseconds = 18000,
     .end_microseconds = 20750,
     .facts = {{"db.system.name", "redis", 0}, {"db.operation.name", "HGETALL", 0},
               {"db.query.text", "HGETALL cart:jürgen.weiß", 0}, {"server.address", "redis-carts", 0},
               {"server.port", NULL, 6379}}},
    {.name = "SELECT shop.inventory", .id = 3, .parent = 1, .kind = KIND(CLIENT), .start_microseconds = 24000,
     .end_microseconds = 51800,
     .facts = {{"db.system.name", "postgresql", 0}, {"db.namespace", "shop", 0}, {"db.operation.name", "SELECT", 0},
               {"db.collection.name", "inventory", 0}, {"server.address", "pg-shop", 0}, {"server.port", NULL, 5432},
               {"db.query.text", "SELECT sku, stock FROM inventory WHERE sku = ANY($1) FOR UPDATE", 0},
               {"db.response.returned_rows", NULL, 3}}},
    {.name = "POST", .id = 4, .parent = 1, .kind = KIND(CLIENT), .start_microseconds = 55000,
     .end_microseconds = 390000,
     .facts = {{"http.request.method", "POST", 0}, {"url.full", "http://payment:8080/charge", 0},
               {"server.address", "payment", 0}, {"server.port", NULL, 8080},
               {"http.response.status_code", NULL, 201}}},
    {.name = "send orders", .id = 5, .parent = 1, .kind = KIND(PRODUCER), .start_microseconds = 395000,
     .end_microseconds = 402300,
     .facts = {{"messaging.system", "kafka", 0}, {"messaging.operation.type", "send", 0},
               {"messaging.operation.name", "send", 0}, {"messaging.destination.name", "orders", 0},
               {"messaging.destination.partition.id", "3", 0}, {"messaging.kafka.offset", NULL, 918273},
               {"messaging.message.body.size", NULL, 742}}},
};

enum { MAX_SPANS = sizeof parts / sizeof parts[0] };

/* A span with everything that it points to, so that a batch needs one allocation. */
struct span_storage {
    Span span;
    uint8_t id[SPAN_ID_BYTES], parent[SPAN_ID_BYTES];
    KeyValue attributes[MAX_FACTS];
    AnyValue values[MAX_FACTS];
    KeyValue *attribute_pointers[MAX_FACTS];
};

static void set_attribute(KeyValue *attribute, AnyValue *value, const struct fact *fact) {
    opentelemetry__proto__common__v1__key_value__init(attribute);
    opentelemetry__proto__common__v1__any_value__init(value);
    attribute->key = (char *)fact->key;
    attribute->value = value;
    if (fact->text != NULL) {
        value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
        value->string_value = (char *)fact->text;
    } else {
        value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        value->int_value = fact->number;
    }
}

static void add_fact(struct span_storage *storage, const struct fact *fact) {
    size_t index = storage->span.n_attributes;
    if (index == MAX_FACTS) return;
    set_attribute(&storage->attributes[index], &storage->values[index], fact);
    storage->attribute_pointers[index] = &storage->attributes[index];
    storage->span.n_attributes = index + 1;
}

static void fill_span(struct span_storage *storage, const struct story *story, const struct part *part) {
    Span *span = &storage->span;
    opentelemetry__proto__trace__v1__span__init(span);
    memset(storage->id, 0, SPAN_ID_BYTES);
    memset(storage->parent, 0, SPAN_ID_BYTES);
    storage->id[0] = 0xC0;
    storage->id[SPAN_ID_BYTES - 1] = part->id;
    storage->parent[0] = part->parent_is_caller ? 0xA0 : 0xC0;
    storage->parent[SPAN_ID_BYTES - 1] = part->parent;
    span->trace_id = (ProtobufCBinaryData){TRACE_ID_BYTES, (uint8_t *)story->trace_id};
    span->span_id = (ProtobufCBinaryData){SPAN_ID_BYTES, storage->id};
    span->parent_span_id = (ProtobufCBinaryData){SPAN_ID_BYTES, storage->parent};
    span->name = (char *)part->name;
    span->kind = (Opentelemetry__Proto__Trace__V1__Span__SpanKind)part->kind;
    span->flags = part->parent_is_caller ? 0x301 : 0x101;
    span->start_time_unix_nano = story->base_unix_nano + part->start_microseconds * UINT64_C(1000);
    span->end_time_unix_nano = story->base_unix_nano + part->end_microseconds * UINT64_C(1000);
    span->attributes = storage->attribute_pointers;
    for (const struct fact *fact = part->facts; fact < part->facts + MAX_FACTS && fact->key != NULL; fact++)
        add_fact(storage, fact);
}

static size_t fill_spans(struct span_storage *storage, const struct story *story, enum report report) {
    switch (report) {
    case REQUEST_RUNNING:
        fill_span(storage, story, &request);
        storage->span.end_time_unix_nano = 0;
        storage->span.revision = 1;
        return 1;
    case REQUEST_PARTS:
        for (size_t index = 0; index < MAX_SPANS; index++) fill_span(&storage[index], story, &parts[index]);
        return MAX_SPANS;
    case REQUEST_ENDED:
        fill_span(storage, story, &request);
        for (size_t index = 0; index < sizeof outcome / sizeof outcome[0]; index++)
            add_fact(storage, &outcome[index]);
        return 1;
    }
    return 0;
}

static uint8_t *packed(const Spanwire__Transport__V1__Batch *batch, size_t *length) {
    *length = spanwire__transport__v1__batch__get_packed_size(batch);
    uint8_t *bytes = malloc(*length);
    if (bytes != NULL) spanwire__transport__v1__batch__pack(batch, bytes);
    return bytes;
}

uint8_t *story_batch(const struct story *story, enum report report, uint64_t sequence, size_t *length) {
    struct span_storage *storage = calloc(MAX_SPANS, sizeof *storage);
    if (storage == NULL) return NULL;
    Span *spans[MAX_SPANS];
    size_t count = fill_spans(storage, story, report);
    for (size_t index = 0; index < count; index++) spans[index] = &storage[index].span;

    static const struct fact service[] = {
        {"service.name", "checkout", 0},           {"service.version", "2.8.0", 0},
        {"service.namespace", "shop", 0},          {"service.instance.id", "checkout-1", 0},
        {"telemetry.sdk.language", "c", 0},        {"host.name", "node-7", 0},
        {"deployment.environment.name", "demo", 0}};
    enum { FACTS = sizeof service / sizeof service[0] };
    KeyValue attributes[FACTS], *pointers[FACTS];
    AnyValue values[FACTS];
    for (size_t index = 0; index < FACTS; index++) {
        set_attribute(&attributes[index], &values[index], &service[index]);
        pointers[index] = &attributes[index];
    }

    Opentelemetry__Proto__Resource__V1__Resource resource = OPENTELEMETRY__PROTO__RESOURCE__V1__RESOURCE__INIT;
    resource.attributes = pointers;
    resource.n_attributes = FACTS;
    Opentelemetry__Proto__Common__V1__InstrumentationScope scope =
        OPENTELEMETRY__PROTO__COMMON__V1__INSTRUMENTATION_SCOPE__INIT;
    scope.name = "checkout.http";
    scope.version = "2.8.0";
    Opentelemetry__Proto__Trace__V1__ScopeSpans scope_spans = OPENTELEMETRY__PROTO__TRACE__V1__SCOPE_SPANS__INIT;
    scope_spans.scope = &scope;
    scope_spans.spans = spans;
    scope_spans.n_spans = count;
    Opentelemetry__Proto__Trace__V1__ScopeSpans *scopes[] = {&scope_spans};
    Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans =
        OPENTELEMETRY__PROTO__TRACE__V1__RESOURCE_SPANS__INIT;
    resource_spans.resource = &resource;
    resource_spans.scope_spans = scopes;
    resource_spans.n_scope_spans = 1;
    Opentelemetry__Proto__Trace__V1__ResourceSpans *resources[] = {&resource_spans};
    Spanwire__Transport__V1__Batch batch = SPANWIRE__TRANSPORT__V1__BATCH__INIT;
    batch.sequence = sequence;
    batch.resource_spans = resources;
    batch.n_resource_spans = 1;

    uint8_t *bytes = packed(&batch, length);
    free(storage);
    return bytes;
}
