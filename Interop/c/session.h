/* The sender's side of a Spanwire connection (docs/protocol.md) over a plain socket. */
#ifndef SPANWIRE_INTEROP_SESSION_H
#define SPANWIRE_INTEROP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SENDER_ID_BYTES = 16, MAX_OUTSTANDING = 64 };

/* One connection. Zero it, then session_open. After a function returned false, `error` says why in one line and the
 * only legal call is session_close. */
struct session {
    int socket;
    FILE *capture;            /* every byte sent goes here too; NULL for none */
    uint64_t stored_sequence; /* from Welcome: batches up to here need not be sent */
    uint64_t max_payload_bytes; /* of a Batch: what the collector takes, and never too heavy for it */
    int64_t credit; /* may go below zero for the one frame that is always allowed */
    uint64_t outstanding[MAX_OUTSTANDING]; /* sequences sent and not yet acknowledged, oldest first */
    size_t outstanding_count;
    int64_t rejected_spans;
    char warning[256]; /* the first partial success message */
    char error[256];
};

/* Connects, says Hello, waits for Welcome. `host` is a name or an address. */
bool session_open(struct session *session, const char *host, const char *port,
                  const uint8_t sender_id[SENDER_ID_BYTES], const char *agent);

/* Sends one encoded Batch; waits for credit where there is none, except that one frame may always be under way. */
bool session_send(struct session *session, uint64_t sequence, const uint8_t *payload, size_t length);

/* Waits until every batch is acknowledged, says Goodbye, waits for the close. */
bool session_finish(struct session *session);

void session_close(struct session *session);

#endif
