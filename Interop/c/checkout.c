/* The `checkout` service of the checkout (see Interop/README.md for the contract and the story). */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"
#include "story.h"

static bool parse_trace_id(const char *text, uint8_t id[TRACE_ID_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * TRACE_ID_BYTES) return false;
    uint8_t any = 0;
    for (size_t index = 0; index < TRACE_ID_BYTES; index++) {
        const char *high = strchr(digits, text[2 * index]), *low = strchr(digits, text[2 * index + 1]);
        if (high == NULL || low == NULL) return false;
        id[index] = (uint8_t)((high - digits) << 4 | (low - digits));
        any |= id[index];
    }
    return any != 0;
}

static bool parse_number(const char *text, uint64_t greatest, uint64_t *number) {
    if (*text < '0' || *text > '9') return false;
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return errno == 0 && *end == '\0' && value > 0 && value <= greatest;
}

static FILE *open_capture(const char *prefix, const char *suffix) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s%s", prefix, suffix);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return fopen(path, "wb");
}

/* The payload of the richest batch alone, for a decoder to try. */
static bool save_payload(const char *prefix, const uint8_t *payload, size_t length) {
    FILE *file = open_capture(prefix, ".pb");
    if (file == NULL) return false;
    bool written = fwrite(payload, 1, length, file) == length;
    return fclose(file) == 0 && written;
}

/* Reports the request as running, then its parts, then the request as ended: three batches. */
static bool report_all(struct session *session, const struct story *story, const char *prefix) {
    for (int report = REQUEST_RUNNING; report <= REQUEST_ENDED; report++) {
        uint64_t sequence = (uint64_t)report + 1;
        if (sequence <= session->stored_sequence) continue;
        size_t length = 0;
        uint8_t *payload = story_batch(story, (enum report)report, sequence, &length);
        if (payload == NULL) {
            snprintf(session->error, sizeof session->error, "out of memory");
            return false;
        }
        bool done = session_send(session, sequence, payload, length);
        if (done && report == REQUEST_PARTS && !save_payload(prefix, payload, length)) {
            snprintf(session->error, sizeof session->error, "cannot write %s.pb: %s", prefix, strerror(errno));
            done = false;
        }
        free(payload);
        if (!done) return false;
    }
    return session_finish(session);
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: checkout HOST PORT TRACE_ID BASE_UNIX_NANO CAPTURE\n");
        return 2;
    }
    const char *host = arguments[1], *port = arguments[2], *prefix = arguments[5];
    struct story story;
    uint64_t port_number = 0;
    if (!parse_number(port, UINT16_MAX, &port_number)) {
        fprintf(stderr, "checkout: PORT must be a number from 1 to 65535\n");
        return 2;
    }
    if (!parse_trace_id(arguments[3], story.trace_id)) {
        fprintf(stderr, "checkout: TRACE_ID must be 32 lowercase hex digits, not all 0\n");
        return 2;
    }
    if (!parse_number(arguments[4], INT64_MAX, &story.base_unix_nano)) {
        fprintf(stderr, "checkout: BASE_UNIX_NANO must be a number of nanoseconds since 1970\n");
        return 2;
    }
    uint8_t sender_id[SENDER_ID_BYTES];
    if (getentropy(sender_id, sizeof sender_id) != 0) {
        fprintf(stderr, "checkout: no randomness: %s\n", strerror(errno));
        return 1;
    }
    static struct session session;
    session.capture = open_capture(prefix, ".frames");
    if (session.capture == NULL) {
        fprintf(stderr, "checkout: cannot write %s.frames: %s\n", prefix, strerror(errno));
        return 1;
    }

    bool done = session_open(&session, host, port, sender_id, "spanwire-interop-c/1") &&
                report_all(&session, &story, prefix);
    session_close(&session);
    if (fclose(session.capture) != 0 && done) {
        snprintf(session.error, sizeof session.error, "cannot write %s.frames: %s", prefix, strerror(errno));
        done = false;
    }
    if (done && (session.rejected_spans != 0 || session.warning[0] != '\0')) {
        snprintf(session.error, sizeof session.error, "%" PRId64 " spans rejected: %.180s", session.rejected_spans,
                 session.warning);
        done = false;
    }
    if (!done) fprintf(stderr, "checkout: %s\n", session.error);
    return done ? 0 : 1;
}
