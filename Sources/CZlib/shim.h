#include <zlib.h>

// Initialisers are macros, which Swift does not import. 15 + 16: a window of 32 KiB, and the gzip form alone.

static inline int spanwire_deflate_init(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int spanwire_inflate_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
