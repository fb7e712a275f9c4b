// How a codec in C or C++ is asked for its numbers: Benchmarks/README.md, "Peers".
#ifndef SPANWIRE_PEER_H
#define SPANWIRE_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Something a codec does with one payload: `run` does it once, lets go of what it made, and returns how many spans it
// read or how many bytes it wrote; 0 when it failed.
struct work {
    const char *name;
    size_t (*run)(void *state);
    void *state;
};

enum { MAX_WORKS = 8 };

// A codec. `works` says what it can do with a payload that stays where it is, and returns how many works it filled in;
// 0 when it cannot read the payload.
struct codec {
    const char *name;
    const char *version;
    size_t (*works)(const uint8_t *bytes, size_t size, struct work works[MAX_WORKS]);
};

// Answers requests on standard input until it ends; returns the program's exit code. The payloads lie in `folder`.
int serve(const struct codec *codec, const char *folder);

#ifdef __cplusplus
}
#endif

#endif
