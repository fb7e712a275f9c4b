// protobuf-c (Debian's) as a peer: it checks no UTF-8, which is less than the others do.
#include "opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "peer.h"

#include <stdlib.h>

typedef Opentelemetry__Proto__Trace__V1__TracesData TracesData;

// One block that is filled from the start and forgotten at once.
struct bump {
    uint8_t *block;
    size_t size;
    size_t used;
};

struct state {
    const uint8_t *bytes;
    size_t size;
    ProtobufCAllocator allocator;
    struct bump bump;
    TracesData *batch;
    uint8_t *output;
    size_t output_size;
};

static void *bump_allocate(void *data, size_t size) {
    struct bump *bump = data;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size || rounded > bump->size - bump->used) {
        return NULL;
    }
    void *result = bump->block + bump->used;
    bump->used += rounded;
    return result;
}

static void bump_free(void *data, void *block) {
    (void)data;
    (void)block;
}

static size_t span_count(const TracesData *batch) {
    size_t count = 0;
    for (size_t i = 0; i < batch->n_resource_spans; i++) {
        for (size_t j = 0; j < batch->resource_spans[i]->n_scope_spans; j++) {
            count += batch->resource_spans[i]->scope_spans[j]->n_spans;
        }
    }
    return count;
}

static size_t decode_malloc(void *data) {
    struct state *state = data;
    TracesData *batch = opentelemetry__proto__trace__v1__traces_data__unpack(NULL, state->size, state->bytes);
    if (batch == NULL) {
        return 0;
    }
    size_t count = span_count(batch);
    opentelemetry__proto__trace__v1__traces_data__free_unpacked(batch, NULL);
    return count;
}

static size_t decode_bump(void *data) {
    struct state *state = data;
    state->bump.used = 0;
    TracesData *batch =
        opentelemetry__proto__trace__v1__traces_data__unpack(&state->allocator, state->size, state->bytes);
    return batch == NULL ? 0 : span_count(batch);
}

// Measures first, as one must who cannot know that the buffer suffices.
static size_t encode(void *data) {
    struct state *state = data;
    if (opentelemetry__proto__trace__v1__traces_data__get_packed_size(state->batch) > state->output_size) {
        return 0;
    }
    return opentelemetry__proto__trace__v1__traces_data__pack(state->batch, state->output);
}

static size_t works(const uint8_t *bytes, size_t size, struct work works[MAX_WORKS]) {
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return 0;
    }
    state->bytes = bytes;
    state->size = size;
    state->output_size = size * 2;
    state->bump.size = size * 16;
    state->allocator = (ProtobufCAllocator){bump_allocate, bump_free, &state->bump};
    state->batch = opentelemetry__proto__trace__v1__traces_data__unpack(NULL, size, bytes);
    state->output = malloc(state->output_size);
    state->bump.block = malloc(state->bump.size);
    if (state->batch == NULL || state->output == NULL || state->bump.block == NULL) {
        return 0;
    }
    works[0] = (struct work){"decode:malloc", decode_malloc, state};
    works[1] = (struct work){"decode:bump", decode_bump, state};
    works[2] = (struct work){"encode", encode, state};
    return 3;
}

int main(int count, char **arguments) {
    const struct codec codec = {"protobuf-c", protobuf_c_version(), works};
    return serve(&codec, count > 1 ? arguments[1] : ".");
}
