#include <zstd.h>

// Macros with a cast in them, which Swift does not import.

static const unsigned long long spanwire_zstd_size_unknown = ZSTD_CONTENTSIZE_UNKNOWN;
static const unsigned long long spanwire_zstd_size_error = ZSTD_CONTENTSIZE_ERROR;
