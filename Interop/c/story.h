/* The spans of the `checkout` service: see Interop/README.md. */
#ifndef SPANWIRE_INTEROP_STORY_H
#define SPANWIRE_INTEROP_STORY_H

#include <stdint.h>

#include "spanwire/transport/v1/transport.pb-c.h"

enum { TRACE_ID_BYTES = 16 };

struct story {
    uint8_t trace_id[TRACE_ID_BYTES];
    uint64_t base_unix_nano; /* when the request began */
};

/* What one batch of this service holds. */
enum report {
    REQUEST_RUNNING, /* the server span, not ended, revision 1 */
    REQUEST_PARTS,   /* what the server span called, ended */
    REQUEST_ENDED    /* the server span, ended */
};

/* The encoded Batch under that sequence, in memory from malloc; its size in *length. NULL when memory is out. */
uint8_t *story_batch(const struct story *story, enum report report, uint64_t sequence, size_t *length);

#endif
