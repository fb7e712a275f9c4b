// C++ libprotobuf (Debian's) as a peer.
#include "opentelemetry/proto/trace/v1/trace.pb.h"
#include "peer.h"

#include <google/protobuf/arena.h>

#include <string>
#include <vector>

using google::protobuf::Arena;
using google::protobuf::ArenaOptions;
using opentelemetry::proto::trace::v1::TracesData;

namespace {

struct State {
    const uint8_t *bytes;
    int size;
    TracesData batch;
    std::vector<uint8_t> output;
    std::vector<char> block;
};

size_t spanCount(const TracesData &batch) {
    size_t count = 0;
    for (const auto &resource : batch.resource_spans()) {
        for (const auto &scope : resource.scope_spans()) {
            count += static_cast<size_t>(scope.spans_size());
        }
    }
    return count;
}

size_t decodeOn(Arena &arena, const State &state) {
    auto *batch = Arena::CreateMessage<TracesData>(&arena);
    return batch->ParseFromArray(state.bytes, state.size) ? spanCount(*batch) : 0;
}

size_t decodeHeap(void *data) {
    const auto &state = *static_cast<State *>(data);
    TracesData batch;
    return batch.ParseFromArray(state.bytes, state.size) ? spanCount(batch) : 0;
}

size_t decodeArena(void *data) {
    Arena arena;
    return decodeOn(arena, *static_cast<State *>(data));
}

size_t decodeBlock(void *data) {
    auto &state = *static_cast<State *>(data);
    ArenaOptions options;
    options.initial_block = state.block.data();
    options.initial_block_size = state.block.size();
    Arena arena(options);
    return decodeOn(arena, state);
}

size_t encode(void *data) {
    auto &state = *static_cast<State *>(data);
    const size_t size = state.batch.ByteSizeLong();
    if (size > state.output.size()) {
        return 0;
    }
    return static_cast<size_t>(state.batch.SerializeWithCachedSizesToArray(state.output.data()) - state.output.data());
}

size_t works(const uint8_t *bytes, size_t size, work works[MAX_WORKS]) {
    auto *state = new State{bytes, static_cast<int>(size), {}, {}, {}};
    Arena arena;
    if (!state->batch.ParseFromArray(bytes, state->size) || decodeOn(arena, *state) == 0) {
        return 0;
    }
    state->output.resize(size * 2);
    // Room enough that the arena never asks for more.
    state->block.resize(arena.SpaceAllocated() * 2);
    works[0] = {"decode:heap", decodeHeap, state};
    works[1] = {"decode:arena", decodeArena, state};
    works[2] = {"decode:block", decodeBlock, state};
    works[3] = {"encode", encode, state};
    return 4;
}

}  // namespace

int main(int count, char **arguments) {
    const std::string version = google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION);
    const codec libprotobuf = {"C++ libprotobuf", version.c_str(), works};
    return serve(&libprotobuf, count > 1 ? arguments[1] : ".");
}
